"""The statistics of the reports: rates with an interval, medians and percentiles, and when a group is too small.

Pure: values in, values out. What is defined here is what every page, file and API answer means by these words.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeVar

import numpy as np

from scoring.rates import TOO_FEW, Z_95, Interval, Rate, wilson

__all__ = ["TOO_FEW", "Interval", "Lengths", "Lift", "Rate", "Spread", "grouped", "median", "percentile", "wilson"]

Key = TypeVar("Key")
Row = TypeVar("Row")
Lengths = np.ndarray[Any, np.dtype[np.int64]]  # in microseconds


@dataclass(frozen=True)
class Spread:
    """How long something took: over how many, the median and the 90th percentile.

    Where some have not got there yet, `censored` says how many, and both are estimates that reckon with them.
    """

    n: int
    median: timedelta | None
    p90: timedelta | None
    censored: int = 0

    @classmethod
    def over(cls, durations: Iterable[timedelta]) -> Self:
        """Return the spread of `durations`, which may come in any order."""
        ordered = sorted(durations)
        return cls(len(ordered), median(ordered), percentile(ordered, 90))

    @classmethod
    def reaching(cls, took: Lengths, waiting: Lengths) -> Self:
        """Return the spread of those that got there, and of others that have waited so long and still may (µs).

        Where some wait, the median is where the estimate of Kaplan and Meier (JASA 53, 1958) of those still on their
        way first falls to one half, the 90th percentile where it falls to a tenth; None where it never does. Of equal
        times, arrivals come before those that still wait.
        """
        came, waits = np.sort(took), np.sort(waiting)
        n, half = len(came), len(came) // 2
        if not n:
            return cls(0, None, None, len(waits))
        if not len(waits):
            middle = int(came[half]) if n % 2 else (int(came[half - 1]) + int(came[half])) / 2
            return cls(n, timedelta(microseconds=middle), timedelta(microseconds=int(came[-(-90 * n // 100) - 1])))
        times, arrivals = np.unique(came, return_counts=True)
        at_risk = n - np.searchsorted(came, times) + len(waits) - np.searchsorted(waits, times)
        left = np.cumprod(1 - arrivals / at_risk)
        return cls(n, _first_at(times, left, 0.5), _first_at(times, left, 0.1), len(waits))


@dataclass(frozen=True)
class Lift:
    """A share as a multiple of another, with its 95 % interval."""

    ratio: float
    low: float
    high: float

    @classmethod
    def of(cls, one: Rate, other: Rate) -> Self | None:
        """Return how many times as large the share of `one` is as that of `other`.

        None where either is too small to be compared, or neither counts any. The interval is that of the log risk ratio
        (Katz, Baptista, Azen and Pike, Biometrics 34, 1978); where one of the four cells is zero, each of them gets one
        half more (Haldane 1956, Anscombe 1956), for the ratio too.
        """
        if one.is_too_few or other.is_too_few or not one.count + other.count:
            return None
        cells = (one.count, one.of - one.count, other.count, other.of - other.count)
        hit, missed, other_hit, other_missed = (cell + (0.0 if all(cells) else 0.5) for cell in cells)
        n, other_n = hit + missed, other_hit + other_missed
        ratio = (hit / n) / (other_hit / other_n)
        reach = Z_95 * math.sqrt(1 / hit - 1 / n + 1 / other_hit - 1 / other_n)
        return cls(ratio, ratio * math.exp(-reach), ratio * math.exp(reach))


def median(ordered: Sequence[timedelta]) -> timedelta | None:
    """Return the middle of sorted durations, the mean of the two middle ones of an even number, None of none."""
    if not ordered:
        return None
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def percentile(ordered: Sequence[timedelta], percent: int) -> timedelta | None:
    """Return the smallest of sorted durations that at least `percent` in a hundred do not exceed (nearest rank)."""
    if not ordered:
        return None
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1]


def _first_at(times: Any, left: Any, share: float) -> timedelta | None:
    """Return the first time at which at most `share` are still on their way."""
    reached = np.flatnonzero(left <= share + 1e-9)
    return timedelta(microseconds=int(times[reached[0]])) if reached.size else None


def grouped(rows: Iterable[Row], key: Callable[[Row], Key]) -> defaultdict[Key, list[Row]]:
    """Return the rows by their key, in the order in which they come; a key that none has gives no rows."""
    groups: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
