"""Money keeps its currencies apart and its cents right."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.money import Money, share_of_month

AMOUNTS = st.decimals(0, 10**9, places=2)
EUR, USD = Money({"EUR": Decimal("10.10")}), Money({"USD": Decimal(4)})


@given(st.lists(st.tuples(st.sampled_from(["EUR", "USD", ""]), AMOUNTS)))
def test_a_total_is_the_sum_of_each_currency_by_itself(parts: list[tuple[str, Decimal]]) -> None:
    total = Money.total(parts)
    assert set(total.amounts) == {currency for currency, _amount in parts}
    for currency, amount in total.amounts.items():
        assert amount == sum(part for name, part in parts if name == currency)
    assert sum((Money({name: part}) for name, part in parts), start=Money()) == total


def test_money_per_head_is_to_the_cent_and_of_none_is_nothing() -> None:
    assert (EUR + USD).per(3) == Money({"EUR": Decimal("3.37"), "USD": Decimal("1.33")})
    assert EUR.per(0) is None
    assert Money().per(3) is None


@pytest.mark.parametrize(
    ("mine", "theirs", "times"),
    [
        pytest.param(EUR, Money({"EUR": Decimal(4)}), 2.525, id="the same currency"),
        pytest.param(EUR, USD, None, id="another one"),
        pytest.param(EUR + USD, EUR, None, id="several"),
        pytest.param(Money(), EUR, None, id="no revenue that is known"),
        pytest.param(EUR, Money({"EUR": Decimal(0)}), None, id="for nothing"),
        pytest.param(Money({"": Decimal(1)}), Money({"": Decimal(1)}), None, id="nobody said which currency"),
    ],
)
def test_only_money_of_one_currency_is_compared(mine: Money, theirs: Money, times: float | None) -> None:
    assert mine.times(theirs) == times


@given(AMOUNTS, st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 90), st.integers(1, 6))
def test_a_month_is_shared_out_by_days(amount: Decimal, first: date, days: int, parts: int) -> None:
    last, month = first + timedelta(days=days), first.replace(day=1)
    next_month = (month + timedelta(days=32)).replace(day=1)
    whole = [month + timedelta(days=day) for day in range((next_month - month).days)]
    inside = sum(first <= day <= last for day in whole)
    assert share_of_month(amount, month, first, last) == round_half_up(amount * inside / len(whole))
    assert share_of_month(amount, month, whole[0], whole[-1]) == amount
    cut = whole[len(whole) // (parts + 1)]
    two = (
        share_of_month(amount, month, whole[0], cut),
        share_of_month(amount, month, cut + timedelta(days=1), whole[-1]),
    )
    assert abs(sum(two) - amount) <= Decimal("0.01")


def round_half_up(amount: Decimal) -> Decimal:
    """Return the amount to the cent, by whole numbers."""
    return Decimal(int(amount * 1000 + 5) // 10) / 100
