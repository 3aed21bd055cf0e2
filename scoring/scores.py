"""Many leads' scores: their terms as arrays, and what is read from them at any instant. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scoring.counting import Matches, window_of
from scoring.course import FOREVER, Course, Term
from scoring.crossing import CLEAR, first_crossing
from scoring.fields import DAY
from scoring.spec import DIMENSIONS, ModelSpec

HORIZON = 5 * 365 * DAY  # how far ahead a crossing is looked for
# Days ahead between which bounds are taken.
STRETCHES = (0, 1, 3, 7, 14, 21, 30, 45, 60, 90, 120, 180, 365, 730, 5 * 365)
FEW = 5  # leads
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
COLUMNS = ("lead", "rule", "start", "end", "points", "anchor", "half_life", "activity")


@dataclass
class Scores:
    """The terms of many leads, as parallel arrays sorted by lead, with what is read from them."""

    model: ModelSpec
    created: Ints
    lead: Ints
    rule: Ints
    start: Ints
    end: Ints
    points: Floats
    anchor: Ints
    half_life: Floats  # µs; 0 where points do not fade
    activity: Ints  # row of the activity, -1 for none
    several: dict[int, Matches] = field(default_factory=dict)  # by rule: what an "at least" counts
    offsets: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.offsets = np.searchsorted(self.lead, np.arange(len(self.created) + 1))

    def only(self, leads: Ints, at: int) -> "Scores":
        """Return the scores of some leads (row numbers in order), without the terms that are over at `at`."""
        kept = np.isin(self.lead, leads) & (self.end > at)
        columns = [getattr(self, name)[kept] for name in COLUMNS[1:]]
        return Scores(self.model, self.created[leads], np.searchsorted(leads, self.lead[kept]), *columns)

    def values(self, at: int | Ints) -> Floats:
        """Return what each term is worth at `at`: one instant, or one for each lead."""
        moment = at if isinstance(at, int) else at[self.lead]
        fading = self.half_life > 0
        # What is yet to come has a negative age, would overflow, and is worth nothing below.
        age = np.maximum((moment - self.anchor)[fading], 0) / self.half_life[fading]
        values = self.points.copy()
        values[fading] *= np.exp2(-age)
        values[(self.start > moment) | (moment >= self.end) | (self.created[self.lead] > moment)] = 0.0
        return values

    def dimensions(self, at: int | Ints) -> Floats:
        """Return an array leads x 3: fit, interest and timing at `at`, groups clamped."""
        return np.where((self.created <= at)[:, None], self._summed(self.values(at)), 0.0)

    def _summed(self, values: Floats) -> Floats:
        """Return what terms of these values add up to, an array leads x 3."""
        groups = self.model.groups
        number = {group.key: index for index, group in enumerate(groups)}
        group_of = np.array([number[rule.group] for rule in self.model.rules], dtype=np.int64)
        cells = self.lead * len(groups) + (group_of[self.rule] if len(self.rule) else self.rule)
        sums = np.bincount(cells, weights=values, minlength=len(self.created) * len(groups))
        sums = sums.reshape(len(self.created), len(groups))
        result = np.zeros((len(self.created), len(DIMENSIONS)))
        for index, group in enumerate(groups):
            low, high = _bounds(group.floor, group.cap)
            result[:, DIMENSIONS.index(group.dimension)] += np.clip(sums[:, index], low, high)
        return result

    def course(self, lead: int) -> Course:
        """Return the course of one lead, by its row number."""
        span = slice(self.offsets[lead], self.offsets[lead + 1])
        columns = (self.rule, self.start, self.end, self.points, self.anchor, self.half_life, self.activity)
        terms = [Term(*row) for row in zip(*(column[span].tolist() for column in columns), strict=True)]
        return Course(self.model, int(self.created[lead]), terms, partial(self._counted, lead))

    def _counted(self, lead: int, rule: int, at: int) -> tuple[int, ...] | None:
        found = self.several.get(rule)
        return found.inside(lead, at, window_of(self.model.rules[rule])) if found else None

    def may_cross(self, at: int, held: Bools) -> Bools:
        """Return which leads could still cross after `at`; the others certainly never do without a new activity."""
        lasts = (self.end >= FOREVER) & (self.half_life == 0)
        future = self.start > at
        ahead = self.end > at
        leads = len(self.created)
        unborn = self.created > at  # a group's floor may count from then on
        moves = (np.bincount(self.lead[ahead & (future | ~lasts)], minlength=leads) > 0) | unborn
        # A score rises only by what a negative term that counts now still takes, or a positive one will bring; what is
        # yet to be taken and given back again never lifts it above where it is. Clamps only dampen.
        values = self.values(at)
        rising = np.where(future & (self.points > 0), self.points, np.where(~lasts & (values < 0), -values, 0.0))
        gain = np.bincount(self.lead, weights=rising, minlength=leads)
        reach = self.dimensions(at).sum(axis=1) + gain
        return moves & (held | unborn | ((gain > 0) & (reach >= self.model.threshold - 1e-6)))

    def grades(self, dimensions: Floats) -> list[str]:
        """Return the reading beside each total, such as "B1"."""
        fit = np.round(dimensions[:, 0, None], 6) < np.array(self.model.fit_cuts)
        engagement = np.round(dimensions[:, 1:].sum(axis=1)[:, None], 6) < np.array(self.model.engagement_cuts)
        letters, numbers = np.array(list("ABCD"))[fit.sum(axis=1)], np.array(list("1234"))[engagement.sum(axis=1)]
        found: list[str] = np.char.add(letters, numbers).tolist()
        return found

    def moving(self, at: int) -> Bools:
        """Return which leads' scores still change after `at` without a new activity."""
        moves = (self.end > at) & ((self.half_life > 0) | (self.end < FOREVER) | (self.start > at))
        return np.bincount(self.lead[moves], minlength=len(self.created)) > 0

    def holds(self, at: int | Ints, held: Bools) -> Bools:
        """Return which leads are MQL at `at`; those that `held` before have the hysteresis in their favour."""
        return self._passes(self.dimensions(at), held)

    def _passes(self, dimensions: Floats, held: Bools) -> Bools:
        slack = np.where(held, self.model.hysteresis, 0.0)
        result = np.round(dimensions.sum(axis=1), 6) >= np.round(self.model.threshold - slack, 6)
        for name, minimum in self.model.minimums.items():
            if minimum is not None:
                values = np.round(dimensions[:, DIMENSIONS.index(name)], 6)
                result &= values >= np.round(minimum - slack, 6)
        return result

    def first_crossings(self, at: int, held: Bools) -> dict[int, int]:
        """Return, by row number, the leads that cross after `at` within HORIZON, with the instant in µs."""
        may = np.flatnonzero(self.may_cross(at, held))
        if not len(may):
            return {}
        ahead, held_ahead = self.only(may, at), held[may]
        # One by one is quicker for a few.
        one_way = ahead._moves_one_way(at, held_ahead) if len(may) > FEW else np.zeros(len(may), dtype=bool)
        found = ahead._bisected(at, held_ahead, np.flatnonzero(one_way))
        for row, since in ahead._earliest(at, held_ahead, np.flatnonzero(~one_way)):
            crosses = first_crossing(ahead.course(row), since, at + HORIZON, held=bool(held_ahead[row]))
            if crosses is not None:
                found[row] = crosses
        return {int(may[row]): crosses for row, crosses in found.items()}

    def _earliest(self, at: int, held: Bools, rows: Ints) -> Iterator[tuple[int, int]]:
        """Yield those of `rows` for whom bounds can't rule a crossing out, with an instant before it."""
        some, were = self.only(rows, at), held[rows]
        pending = np.ones(len(rows), dtype=bool)
        for first, last in pairwise(at + day * DAY for day in STRETCHES):
            least, most = some._bounds_between(first, last)
            may = np.where(were, ~some._passes(least - CLEAR, were), some._passes(most + CLEAR, were))
            found = pending & (may | (some.created > first))
            yield from ((row, first) for row in rows[found].tolist())
            pending &= ~found

    def _bounds_between(self, first: int, last: int) -> tuple[Floats, Floats]:
        """Return what each lead's dimensions certainly lie between from `first` to `last`, once it is there."""
        rate = np.divide(1.0, self.half_life, out=np.zeros(len(self.rule)), where=self.half_life > 0)
        ages = [np.maximum(at - self.anchor, 0) for at in (np.maximum(first, self.start), np.minimum(last, self.end))]
        early, late = (self.points * np.exp2(-age * rate) for age in ages)
        counts = (self.start <= last) & (self.end > first)
        whole = (self.start <= first) & (self.end > last)
        least, most = np.minimum(early, late), np.maximum(early, late)
        least[~whole], most[~whole] = np.minimum(least[~whole], 0.0), np.maximum(most[~whole], 0.0)
        return self._summed(np.where(counts, least, 0.0)), self._summed(np.where(counts, most, 0.0))

    def _moves_one_way(self, at: int, held: Bools) -> Bools:
        """Return for which leads all that is ahead moves the score towards the line only: down if held, else up."""
        lasts = (self.end >= FOREVER) & (self.half_life == 0)
        # What begins lifts a score by its sign; what ends or fades does so against it.
        upwards = np.where(self.start > at, self.points > 0, (self.points < 0) & ~lasts)
        downwards = np.where(self.start > at, self.points < 0, (self.points > 0) & ~lasts)
        both = (self.start > at) & ~lasts
        against = both | np.where(held[self.lead], upwards, downwards)
        return (np.bincount(self.lead[against], minlength=len(self.created)) == 0) & (self.created <= at)

    def _bisected(self, at: int, held: Bools, rows: Ints) -> dict[int, int]:
        """Return when those leads cross, all halved at once; right where their scores move one way."""
        some, were = self.only(rows, at), held[rows]
        low, high = np.full(len(rows), at), np.full(len(rows), at + HORIZON)
        crosses = some.holds(high, were) != were
        while np.any(high - low > 1):
            middle = low + (high - low) // 2
            flipped = some.holds(middle, were) != were
            low, high = np.where(flipped, low, middle), np.where(flipped, middle, high)
        return {int(row): int(moment) for row, moment, does in zip(rows, high, crosses, strict=True) if does}


def _bounds(floor: float | None, cap: float | None) -> tuple[float, float]:
    return (-np.inf if floor is None else floor, np.inf if cap is None else cap)
