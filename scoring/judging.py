"""How well a score tells verdicts apart: ROC AUC, average precision, precision, share kept and lift. Pure.

Each figure has its 95 % interval: Wilson's for shares; DeLong's for the AUC (DeLong, DeLong and Clarke-Pearson 1988);
for the average precision that on the logit scale (Boyd, Eng and Page 2013). Equal totals share their places.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.rates import Z_95, Interval, Rate, wilson

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval, over `n` leads."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Judgement:
    """What a score is worth against verdicts. None where there is nothing to tell by."""

    n: int
    accepted: int
    precision: Rate  # of those over the line, accepted
    kept: Rate  # of those accepted, over the line
    top_tenth: Figure | None
    top_fifth: Figure | None
    auc: Figure | None
    average_precision: Figure | None


def judge(totals: Floats, over: Bools, yes: Bools) -> Judgement:
    """Judge `totals` and who is `over` the line by who was accepted."""
    n, accepted = len(yes), int(yes.sum())
    both = int((over & yes).sum())
    return Judgement(
        n,
        accepted,
        Rate(both, int(over.sum())),
        Rate(both, accepted),
        lift(totals, yes, 10),
        lift(totals, yes, 5),
        auc(totals, yes),
        average_precision(totals, yes),
    )


def auc(totals: Floats, yes: Bools) -> Figure | None:
    """Return how often one accepted has more points than one refused, ties counting half."""
    if not yes.any() or yes.all():
        return None
    good, bad = np.sort(totals[yes]), np.sort(totals[~yes])
    over = _share_below(bad, good)  # of the refused, how many are below each accepted
    under = 1 - _share_below(good, bad)
    value = float(over.mean())
    variance = _variance_of_mean(over) + _variance_of_mean(under)
    reach = Z_95 * math.sqrt(variance)
    return Figure(value, max(value - reach, 0.0), min(value + reach, 1.0), len(yes))


def _share_below(ordered: Floats, values: Floats) -> Floats:
    left, right = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((left + right) / (2 * len(ordered)), dtype=np.float64)


def _variance_of_mean(values: Floats) -> float:
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0


def average_precision(totals: Floats, yes: Bools) -> Figure | None:
    """Return the mean, over those accepted, of the share accepted among all with as many points or more."""
    if not yes.any():
        return None
    levels, place = np.unique(-totals, return_inverse=True)
    n = np.bincount(place, minlength=len(levels)).cumsum()
    hits = np.bincount(place, weights=yes, minlength=len(levels))
    accepted = int(yes.sum())
    value = float((hits / accepted * hits.cumsum() / n).sum())
    if not 0 < value < 1:
        return Figure(value, value, value, len(yes))
    logit, reach = math.log(value / (1 - value)), Z_95 / math.sqrt(accepted * value * (1 - value))
    low, high = (1 / (1 + math.exp(-(logit + side * reach))) for side in (-1, 1))
    return Figure(value, low, high, len(yes))


def lift(totals: Floats, yes: Bools, parts: int) -> Figure | None:
    """Return the share accepted in the top one of so many equal parts, as a multiple of that among all.

    Of those who are level at the edge, as many count as there is room for, each by the share accepted among them. The
    interval is Wilson's of the top's share; the share among all is taken as known.
    """
    usual = float(yes.mean()) if len(yes) else 0.0
    if not usual:
        return None
    top = -(-len(yes) // parts)
    edge = np.sort(totals)[-top]
    above, level = totals > edge, totals == edge
    hits = float(yes[above].sum() + (top - above.sum()) * yes[level].mean())
    bounds: Interval = wilson(hits, top)
    return Figure(hits / top / usual, bounds.low / usual, bounds.high / usual, top)
