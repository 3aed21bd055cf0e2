"""Amounts of money in the currencies that they are in: never added up over currencies."""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Money:
    """An amount of each currency there is any of; the currency "" is one that nobody gave."""

    amounts: Mapping[str, Decimal] = field(default_factory=dict)

    @classmethod
    def total(cls, parts: Iterable[tuple[str, Decimal]]) -> Self:
        """Return the sum of amounts with their currencies."""
        sums: dict[str, Decimal] = {}
        for currency, amount in parts:
            sums[currency] = sums.get(currency, Decimal(0)) + amount
        return cls(sums)

    def __add__(self, other: Self) -> Self:
        return self.total([*self.amounts.items(), *other.amounts.items()])

    def __bool__(self) -> bool:
        return bool(self.amounts)

    def per(self, number: int) -> Self | None:
        """Return what that is for each of `number`, to the cent; None for each of none, or of no money."""
        if not number or not self:
            return None
        return type(self)(
            {currency: (amount / number).quantize(CENT, ROUND_HALF_UP) for currency, amount in self.amounts.items()}
        )

    def times(self, other: Self) -> float | None:
        """Return how many times `other` this is, None unless both are in one and the same currency."""
        if len(self.amounts) != 1 or self.amounts.keys() != other.amounts.keys() or "" in self.amounts:
            return None
        (mine,), (theirs,) = self.amounts.values(), other.amounts.values()
        return float(mine / theirs) if theirs else None


def share_of_month(amount: Decimal, month: date, first: date, last: date) -> Decimal:
    """Return what part of the amount of `month` (its first day) falls on the dates from `first` to `last`, by days."""
    days = monthrange(month.year, month.month)[1]
    end = month + timedelta(days=days - 1)
    inside = (min(last, end) - max(first, month)).days + 1
    return (amount * max(inside, 0) / days).quantize(CENT, ROUND_HALF_UP)
