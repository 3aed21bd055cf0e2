"""Figures of a score against verdicts, beside the slow way to count them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.judging import Bools, Floats, auc, average_precision, judge, lift

pytestmark = pytest.mark.properties
rows = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40)


def split(given_rows: list[tuple[int, bool]]) -> tuple[Floats, Bools]:
    return np.array([total for total, _ in given_rows], dtype=float), np.array([yes for _, yes in given_rows])


@given(rows)
def test_the_auc_is_the_share_of_pairs_in_order(given_rows: list[tuple[int, bool]]) -> None:
    good = [total for total, yes in given_rows if yes]
    bad = [total for total, yes in given_rows if not yes]
    found = auc(*split(given_rows))
    if not good or not bad:
        assert found is None
        return
    slow = sum((one > other) + 0.5 * (one == other) for one, other in product(good, bad)) / len(good) / len(bad)
    assert found is not None
    assert found.value == pytest.approx(slow)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.n == len(given_rows)


@given(rows)
def test_the_average_precision_is_the_mean_over_the_accepted(given_rows: list[tuple[int, bool]]) -> None:
    found = average_precision(*split(given_rows))
    accepted = [total for total, yes in given_rows if yes]
    if not accepted:
        assert found is None
        return
    slow = []
    for edge in accepted:
        reached = [yes for total, yes in given_rows if total >= edge]
        slow.append(sum(reached) / len(reached))
    assert found is not None
    assert found.value == pytest.approx(sum(slow) / len(slow))
    assert found.low <= found.value <= found.high


@given(rows, st.sampled_from([5, 10]))
def test_the_lift_is_that_of_the_top_with_the_edge_shared(given_rows: list[tuple[int, bool]], parts: int) -> None:
    totals, yes = split(given_rows)
    found = lift(totals, yes, parts)
    usual = sum(yes) / len(yes)
    if not usual:
        assert found is None
        return
    top = -(-len(yes) // parts)
    edge = sorted(totals, reverse=True)[top - 1]
    above = [said for total, said in given_rows if total > edge]
    level = [said for total, said in given_rows if total == edge]
    hits = sum(above) + (top - len(above)) * sum(level) / len(level)
    assert found is not None
    assert found.value == pytest.approx(hits / top / usual)
    assert found.n == top
    assert found.low <= found.value + 1e-9
    assert found.high >= found.value - 1e-9


def test_the_interval_of_an_auc_is_delongs() -> None:
    # The two variances of the placements by hand: accepted 3, 4, 5 against refused 1, 2, 4.
    found = auc(np.array([3.0, 4.0, 5.0, 1.0, 2.0, 4.0]), np.array([True] * 3 + [False] * 3))
    assert found is not None
    placements, others = [2 / 3, 2.5 / 3, 1.0], [1.0, 1.0, 1.5 / 3]
    variance = np.var(placements, ddof=1) / 3 + np.var(others, ddof=1) / 3
    assert found.value == pytest.approx(np.mean(placements))
    assert found.low == pytest.approx(found.value - 1.959964 * variance**0.5)
    assert found.high == 1.0


def test_precision_and_what_is_kept_are_about_who_is_over_the_line() -> None:
    found = judge(np.array([9.0, 8, 3, 2]), np.array([True, True, False, False]), np.array([True, False, True, False]))
    assert (found.n, found.accepted) == (4, 2)
    assert (found.precision.count, found.precision.of) == (1, 2)
    assert (found.kept.count, found.kept.of) == (1, 2)
