"""How many leads have how many points, under what is live and under the version at hand, as bars."""

from collections.abc import Mapping
from typing import Any

from scoring.findings import BAR

WIDTH, HEIGHT = 320, 110
MOST_BARS = 24


def histogram(findings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the picture of what a rehearsal found; the many near nought are cut, so that the others are seen.

    `bars` are (whose, x, y, width, height) in the picture's units, `ends` the points at its left and right, and
    `threshold` is where that of the version stands, None outside.
    """
    rows, threshold = findings["histogram"], findings["thresholds"][1]
    first = max(min(row[0] for row in rows), threshold - MOST_BARS * BAR // 2) // BAR * BAR if rows else 0
    last = min(max(row[0] for row in rows), first + (MOST_BARS - 1) * BAR) if rows else 0
    counts = {row[0]: (row[1], row[2]) for row in rows}
    places = range(int(first), int(last) + 1, BAR)
    heights = sorted(count for place in places for count in counts.get(place, (0, 0)))
    # The second highest of the crowd sets the scale: whoever never did anything would flatten all others.
    top = max(heights[-3] if len(heights) > 4 else heights[-1] if heights else 1, 1)
    step = WIDTH / max(len(places), 1)
    width = round(step / 2 - 1, 1)
    bars = []
    for number, place in enumerate(places):
        x = round(number * step + 1, 1)
        for whose, left, count in zip(
            ("live", "here"), (x, round(x + width, 1)), counts.get(place, (0, 0)), strict=True
        ):
            height = round(min(count / top, 1) * HEIGHT, 1)
            bars.append((whose, left, HEIGHT - height, width, height))
    at = round((threshold - first) / BAR * step, 1)
    ends = (places[0], places[-1] + BAR) if places else None
    return {"bars": bars, "ends": ends, "threshold": at if 0 <= at <= WIDTH else None}
