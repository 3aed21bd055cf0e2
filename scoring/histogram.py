"""How many leads have how many points, under what is live and under the version at hand, as bars."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoring.findings import BAR

WIDTH, HEIGHT = 320, 110
MOST_BARS = 24


@dataclass(frozen=True)
class Bar:
    """One bar pair: from how many points, and its two columns in the picture's units."""

    first: int
    live: int
    draft: int
    x: float
    width: float
    live_height: float
    draft_height: float

    @property
    def last(self) -> int:
        """Up to before how many points it reaches."""
        return self.first + BAR

    @property
    def live_y(self) -> float:
        """Where its live column begins."""
        return HEIGHT - self.live_height

    @property
    def draft_y(self) -> float:
        """Where its other column begins."""
        return HEIGHT - self.draft_height

    @property
    def draft_x(self) -> float:
        """Where its other column stands."""
        return round(self.x + self.width, 1)


@dataclass(frozen=True)
class Histogram:
    """The bars, and where the thresholds stand (None without a live version, or outside)."""

    bars: list[Bar]
    live_x: float | None
    draft_x: float | None


def histogram(findings: Mapping[str, Any]) -> Histogram:
    """Return the picture of what a rehearsal found; the many near nought are cut, so that the others are seen."""
    rows = findings["histogram"]
    threshold = findings["thresholds"][1]
    first = max(min(row[0] for row in rows), threshold - MOST_BARS * BAR // 2) // BAR * BAR if rows else 0
    last = min(max(row[0] for row in rows), first + (MOST_BARS - 1) * BAR) if rows else 0
    counts = {row[0]: (row[1], row[2]) for row in rows}
    places = range(int(first), int(last) + 1, BAR)
    heights = sorted(count for place in places for count in counts.get(place, (0, 0)))
    # The second highest of the crowd sets the scale: whoever never did anything would flatten all others.
    top = max(heights[-3] if len(heights) > 4 else heights[-1] if heights else 1, 1)
    step = WIDTH / max(len(places), 1)
    bars = []
    for number, place in enumerate(places):
        live, draft = counts.get(place, (0, 0))
        live_height, draft_height = (round(min(count / top, 1) * HEIGHT, 1) for count in (live, draft))
        bars.append(
            Bar(place, live, draft, round(number * step + 1, 1), round(step / 2 - 1, 1), live_height, draft_height)
        )
    return Histogram(bars, *(_x(at, first, step, len(bars)) for at in findings["thresholds"]))


def _x(threshold: float | None, first: float, step: float, bars: int) -> float | None:
    x = None if threshold is None else (threshold - first) / BAR * step
    return round(x, 1) if x is not None and 0 <= x <= bars * step else None
