"""Business time of many instants at once. It agrees with `handoff.sla.clock`, which does one at a time."""

from itertools import accumulate
from typing import Any

import numpy as np

from handoff.sla.clock import Hours
from handoff.sla.timeline import instant

Instants = np.ndarray[Any, np.dtype[np.int64]]


class OpenTime:
    """The open time of `hours` between the first and the last of some instants."""

    def __init__(self, hours: Hours, first: int, last: int) -> None:
        spans = list(hours.timeline.spans_in(range(instant(first).year, instant(last).year + 1)))
        self._opens = np.array([opens for opens, _closes in spans], dtype=np.int64)
        self._closes = np.array([closes for _opens, closes in spans], dtype=np.int64)
        self._before = np.array(list(accumulate((c - o for o, c in spans), initial=0)), dtype=np.int64)

    def until(self, at: Instants) -> Instants:
        """Return the open time from a fixed beginning to each instant."""
        if not self._opens.size:
            return np.zeros_like(at)
        index = np.searchsorted(self._opens, at, side="right") - 1
        inside = np.minimum(at, self._closes[index]) - self._opens[index]
        return np.where(index < 0, 0, self._before[index] + inside)

    def is_open(self, at: Instants) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Return which instants lie inside an opening."""
        if not self._opens.size:
            return np.zeros(at.shape, dtype=bool)
        index = np.searchsorted(self._opens, at, side="right") - 1
        return (index >= 0) & (at < self._closes[index])
