"""The statistics, against textbook values and against what they must always satisfy."""

import statistics
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.statistics import TOO_FEW, Lift, Rate, Spread, percentile, wilson

HOURS = st.lists(st.integers(0, 10_000), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        pytest.param(0, 10, 0.0, 0.2775, id="none of ten"),
        pytest.param(10, 10, 0.7225, 1.0, id="all of ten"),
        pytest.param(5, 10, 0.2366, 0.7634, id="half of ten"),
        pytest.param(81, 263, 0.2553, 0.3662, id="Newcombe's first example"),
        pytest.param(1, 29, 0.0061, 0.1718, id="Newcombe's last example"),
    ],
)
def test_the_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    found = wilson(count, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 10**7).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share_and_mirrors(pair: tuple[int, int]) -> None:
    count, of = pair
    found, mirrored = wilson(count, of), wilson(of - count, of)
    assert 0 <= found.low <= count / of <= found.high <= 1
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-9)


@given(st.integers(1, 500), st.integers(1, 500))
def test_more_of_the_same_makes_the_interval_narrower(count: int, missed: int) -> None:
    once, ten_times = wilson(count, count + missed), wilson(10 * count, 10 * (count + missed))
    assert ten_times.high - ten_times.low < once.high - once.low


@given(HOURS)
def test_median_and_percentile_agree_with_their_definitions(numbers: list[int]) -> None:
    spread = Spread.over(timedelta(seconds=number) for number in numbers)
    assert spread.median == timedelta(seconds=statistics.median(numbers))
    assert spread.p90 is not None
    ninetieth = spread.p90 / timedelta(seconds=1)
    assert ninetieth in numbers
    assert sum(number <= ninetieth for number in numbers) >= 0.9 * len(numbers)
    assert sum(number < ninetieth for number in numbers) < 0.9 * len(numbers)


@pytest.mark.parametrize(
    ("n", "rank"),
    [
        pytest.param(1, 1, id="a single one"),
        pytest.param(10, 9, id="the ninth of ten"),
        pytest.param(11, 10, id="the tenth of eleven"),
        pytest.param(20, 18, id="no rounding error at twenty"),
    ],
)
def test_the_ninetieth_percentile_is_the_nearest_rank(n: int, rank: int) -> None:
    assert percentile([timedelta(hours=hour) for hour in range(1, n + 1)], 90) == timedelta(hours=rank)


def test_of_nothing_there_is_no_figure() -> None:
    nothing = Rate(0, 0)
    assert (nothing.share, nothing.interval, nothing.is_too_few) == (None, None, True)
    assert Spread.over([]) == Spread(0, None, None)


def test_ten_are_enough_to_compare() -> None:
    assert [Rate(1, of).is_too_few for of in (TOO_FEW - 1, TOO_FEW)] == [True, False]


def test_more_than_all_is_refused() -> None:
    with pytest.raises(ValueError, match="11 of 10"):
        Rate(11, 10)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(Rate(189, 11034), Rate(104, 11037), (1.82, 1.43, 2.31), id="placebo against aspirin, physicians"),
        pytest.param(Rate(24, 40), Rate(10, 50), (3.0, 1.63, 5.52), id="three times as large"),
        pytest.param(Rate(0, 10), Rate(5, 20), (0.17, 0.01, 2.86), id="none with it: each cell gets a half more"),
        pytest.param(Rate(5, 20), Rate(0, 10), (5.76, 0.35, 94.91), id="none without it"),
        pytest.param(Rate(10, 10), Rate(10, 10), (1.0, 0.83, 1.2), id="all on both sides is not certainly equal"),
    ],
)
def test_the_lift_is_the_risk_ratio_with_katz_interval(one: Rate, other: Rate, expected: tuple[float, ...]) -> None:
    lift = Lift.of(one, other)
    assert lift
    assert tuple(round(value, 2) for value in (lift.ratio, lift.low, lift.high)) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(Rate(5, TOO_FEW - 1), Rate(5, TOO_FEW), id="too few with it"),
        pytest.param(Rate(5, TOO_FEW), Rate(5, TOO_FEW - 1), id="too few without it"),
        pytest.param(Rate(0, TOO_FEW), Rate(0, TOO_FEW), id="none on either side"),
    ],
)
def test_too_few_are_not_compared(one: Rate, other: Rate) -> None:
    assert Lift.of(one, other) is None
    assert Lift.of(Rate(1, TOO_FEW), Rate(1, TOO_FEW))


@given(st.integers(0, 40), st.integers(40, 90), st.integers(0, 40), st.integers(40, 90))
def test_the_lift_lies_within_its_interval_and_turns_round(a: int, n: int, b: int, m: int) -> None:
    lift, turned = Lift.of(Rate(a, n), Rate(b, m)), Lift.of(Rate(b, m), Rate(a, n))
    if lift and turned:
        assert lift.low <= lift.ratio <= lift.high
        assert (lift.ratio * turned.ratio, lift.low * turned.high) == pytest.approx((1, 1))
