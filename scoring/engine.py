"""The scoring engine: from columns of facts and activities to the course of every lead's score.

A course is a list of terms. A term belongs to one rule and one lead and is worth, from `start` until before `end`,
`points * 0.5 ** ((t - anchor) / half_life)`; all times are microseconds since 1970. Totals, entries, charts and
crossings only read terms. Pure: no Django, no clock, no database.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scoring.conditions import Catalogue, expression, fields_of
from scoring.counting import Matches, at_least_intervals, counted, end_of_window, silence_intervals
from scoring.course import FOREVER, Course, Term
from scoring.crossing import first_crossing
from scoring.fields import FieldType
from scoring.spec import DIMENSIONS, ModelSpec, RuleSpec

DAY = 86_400_000_000
HORIZON = 5 * 365 * DAY  # how far ahead a crossing is looked for
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """A model made ready for scoring: its conditions as expressions over columns, built once."""

    model: ModelSpec
    profile: list[tuple[int, RuleSpec, pl.Expr]]
    activity: list[tuple[int, RuleSpec, pl.Expr]]
    profile_fields: dict[str, FieldType]
    activity_fields: dict[str, FieldType]


@dataclass(frozen=True)
class Facts:
    """What the engine reads. `leads` has `created` (µs) and the profile columns, one row a lead; `activities` has
    `lead` (row number in `leads`), `at` (µs), `kind`, `is_machine` and property columns, sorted by (lead, at, source,
    id).
    """

    leads: pl.DataFrame
    activities: pl.DataFrame


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
    offsets: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.offsets = np.searchsorted(self.lead, np.arange(len(self.created) + 1))

    def values(self, at: int) -> Floats:
        """Return what each term is worth at `at`."""
        fading = self.half_life > 0
        # What is yet to come has a negative age, would overflow, and is worth nothing below.
        age = np.maximum(at - self.anchor[fading], 0) / self.half_life[fading]
        values = self.points.copy()
        values[fading] *= np.exp2(-age)
        values[(self.start > at) | (at >= self.end) | (self.created[self.lead] > at)] = 0.0
        return values

    def dimensions(self, at: int) -> Floats:
        """Return an array leads x 3: fit, interest and timing at `at`, groups clamped."""
        groups = self.model.groups
        number = {group.key: index for index, group in enumerate(groups)}
        group_of = np.array([number[rule.group] for rule in self.model.rules], dtype=np.int64)
        cells = self.lead * len(groups) + (group_of[self.rule] if len(self.rule) else self.rule)
        sums = np.bincount(cells, weights=self.values(at), minlength=len(self.created) * len(groups))
        sums = sums.reshape(len(self.created), len(groups))
        exists = (self.created <= at)[:, None]
        result = np.zeros((len(self.created), len(DIMENSIONS)))
        for index, group in enumerate(groups):
            low, high = _bounds(group.floor, group.cap)
            result[:, DIMENSIONS.index(group.dimension)] += np.clip(sums[:, index], low, high)
        return np.where(exists, result, 0.0)

    def course(self, lead: int) -> Course:
        """Return the course of one lead, by its row number."""
        span = slice(self.offsets[lead], self.offsets[lead + 1])
        columns = (self.rule, self.start, self.end, self.points, self.anchor, self.half_life, self.activity)
        terms = [Term(*row) for row in zip(*(column[span].tolist() for column in columns), strict=True)]
        return Course(self.model, int(self.created[lead]), terms)

    def may_cross(self, at: int, held: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which leads could still cross after `at`; the others certainly never do without a new activity."""
        ahead = self.end > at
        future = ahead & (self.start > at)
        moving = ahead & ((self.end < FOREVER) | (self.half_life > 0) | future)
        # A lead below the line rises only by what a negative term loses or a future one brings; clamps only dampen.
        rising = (moving & (self.points < 0)) | (future & (self.points > 0))
        leads = len(self.created)
        unborn = self.created > at  # a group's floor may count from then on
        moves = (np.bincount(self.lead[moving], minlength=leads) > 0) | unborn
        gain = np.bincount(self.lead[rising], weights=np.abs(self.points[rising]), minlength=leads)
        reach = self.dimensions(at).sum(axis=1) + gain
        return moves & (held | unborn | ((gain > 0) & (reach >= self.model.threshold - 1e-6)))

    def holds(self, at: int, held: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which leads are MQL at `at`; those that `held` before have the hysteresis in their favour."""
        dimensions = self.dimensions(at)
        slack = np.where(held, self.model.hysteresis, 0.0)
        result = np.round(dimensions.sum(axis=1), 6) >= np.round(self.model.threshold - slack, 6)
        for name, minimum in self.model.minimums.items():
            if minimum is not None:
                values = np.round(dimensions[:, DIMENSIONS.index(name)], 6)
                result &= values >= np.round(minimum - slack, 6)
        return result

    def first_crossings(self, at: int, held: npt.NDArray[np.bool_]) -> dict[int, int]:
        """Return, by row number, the leads that cross after `at` within HORIZON, with the instant in µs."""
        found = {}
        for lead in np.flatnonzero(self.may_cross(at, held)).tolist():
            crosses = first_crossing(self.course(lead), at, at + HORIZON, held=bool(held[lead]))
            if crosses is not None:
                found[lead] = crosses
        return found


def _bounds(floor: float | None, cap: float | None) -> tuple[float, float]:
    return (-np.inf if floor is None else floor, np.inf if cap is None else cap)


def prepare(model: ModelSpec, profile: Catalogue, activity: Catalogue) -> Prepared:
    """Make `model` ready for scoring; BadCondition where a rule looks at what the catalogues do not have."""
    numbered = list(enumerate(model.rules))
    profile_rules = [(n, rule, expression(rule.condition, profile)) for n, rule in numbered if rule.kind == "profile"]
    activity_rules = [(n, rule, _activity_mask(rule, activity)) for n, rule in numbered if rule.kind != "profile"]
    wanted = {name for _, rule, _ in profile_rules for name in fields_of(rule.condition)}
    properties = {name for _, rule, _ in activity_rules for name in fields_of(rule.condition)}
    properties |= {rule.values_of for _, rule, _ in activity_rules if rule.values_of}
    return Prepared(
        model,
        profile_rules,
        activity_rules,
        {name: profile[name].type for name in sorted(wanted)},
        {name: activity[name].type for name in sorted(properties)},
    )


def score(prepared: Prepared, facts: Facts) -> Scores:
    """Evaluate every rule of the model over `facts`."""
    created = facts.leads["created"].to_numpy().astype(np.int64)
    zone = prepared.model.time_zone
    parts = [_profile_terms(prepared, facts, created)]
    parts += [_activity_terms(index, rule, found, created, zone) for index, rule, found in _matches(prepared, facts)]
    columns = [np.concatenate([part[name] for part in parts]) for name in _COLUMNS]
    order = np.argsort(columns[0], kind="stable")
    return Scores(prepared.model, created, *[column[order] for column in columns])


_COLUMNS = ("lead", "rule", "start", "end", "points", "anchor", "half_life", "activity")
_TYPES = (np.int64, np.int64, np.int64, np.int64, np.float64, np.int64, np.float64, np.int64)


def _terms(**given: object) -> dict[str, npt.NDArray[np.generic]]:
    length = len(given["lead"])  # type: ignore[arg-type]
    return {
        name: np.broadcast_to(np.asarray(given[name], dtype=type_), length)
        for name, type_ in zip(_COLUMNS, _TYPES, strict=True)
    }


def _true_rows(frame: pl.DataFrame, masks: Sequence[pl.Expr]) -> list[Ints]:
    """Return, for each mask, the row numbers at which it is true."""
    if frame.is_empty() or not masks:
        return [np.empty(0, np.int64) for _ in masks]
    # A literal mask has one row; beside a column it is as long as the frame.
    found = frame.select(pl.first(), *[mask.alias(str(number)) for number, mask in enumerate(masks)])
    return [np.flatnonzero(found[str(number)].to_numpy()).astype(np.int64) for number in range(len(masks))]


def _profile_terms(prepared: Prepared, facts: Facts, created: Ints) -> dict[str, npt.NDArray[np.generic]]:
    rules = prepared.profile
    leads = _true_rows(facts.leads, [mask for _, _, mask in rules])
    lead = np.concatenate([np.empty(0, np.int64), *leads])
    lengths = [len(found) for found in leads]
    return _terms(
        lead=lead,
        rule=np.repeat(np.array([index for index, _, _ in rules], dtype=np.int64), lengths),
        start=created[lead],
        end=FOREVER,
        points=np.repeat(np.array([rule.points for _, rule, _ in rules], dtype=np.float64), lengths),
        anchor=created[lead],
        half_life=0.0,
        activity=-1,
    )


def _matches(prepared: Prepared, facts: Facts) -> Iterator[tuple[int, RuleSpec, Matches]]:
    """Yield, for each activity or silence rule, the activities that count, in order."""
    matching_rows = _true_rows(facts.activities, [mask for _, _, mask in prepared.activity])
    lead = facts.activities["lead"].to_numpy()
    at = facts.activities["at"].to_numpy()
    for (index, rule, _), rows in zip(prepared.activity, matching_rows, strict=True):
        values = facts.activities[rule.values_of].cast(pl.String).gather(rows) if rule.values_of else None
        yield index, rule, counted(Matches(lead[rows], at[rows], rows, values), rule, prepared.model.time_zone)


def _activity_mask(rule: RuleSpec, fields: Catalogue) -> pl.Expr:
    mask = expression(rule.condition, fields)
    if rule.kinds:
        mask = pl.col("kind").is_in(list(rule.kinds)) & mask
    if "is_machine" not in fields_of(rule.condition):
        mask = mask & pl.col("is_machine").not_()
    return mask


def _activity_terms(
    index: int, rule: RuleSpec, found: Matches, created: Ints, time_zone: str
) -> dict[str, npt.NDArray[np.generic]]:
    if rule.kind == "silence":
        lead, start, end = silence_intervals(found, created, (rule.silence_days or 0) * DAY)
        return _terms(
            lead=lead, rule=index, start=start, end=end, points=rule.points, anchor=start, half_life=0.0, activity=-1
        )
    window = round(rule.window * DAY) if rule.window else FOREVER
    if rule.at_least:
        end, source = at_least_intervals(found, rule, window, time_zone)
    else:
        end, source = np.minimum(end_of_window(found.at, window), found.until), np.arange(len(found.at))
    start = np.maximum(found.at, created[found.lead])
    alive = end > start
    source = source[alive]
    return _terms(
        lead=found.lead[alive],
        rule=index,
        start=start[alive],
        end=end[alive],
        points=rule.points,
        anchor=found.at[source],
        half_life=(rule.half_life or 0.0) * DAY,
        activity=found.row[source],
    )


def matching(
    kinds: Sequence[str], condition: Mapping[str, Any], activities: pl.DataFrame, fields: Catalogue
) -> list[int]:
    """Return the rows of `activities` of one of these kinds on which `condition` holds; no kinds match nothing."""
    if not kinds or activities.is_empty():
        return []
    mask = pl.col("kind").is_in(list(kinds)) & pl.col("is_machine").not_() & expression(condition, fields)
    return _true_rows(activities, [mask])[0].tolist()
