"""The scoring engine: from columns of facts and activities to the course of every lead's score.

A course is a list of terms. A term belongs to one rule and one lead and is worth, from `start` until before `end`,
`points * 0.5 ** ((t - anchor) / half_life)`; all times are microseconds since 1970. Totals, entries, charts and
crossings only read terms. Pure: no Django, no clock, no database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scoring.content import with_content
from scoring.counting import Calendar, Matches, at_least_intervals, counted, end_of_window, silence_intervals, window_of
from scoring.course import FOREVER
from scoring.fields import DAY
from scoring.preparing import Needs, Prepared, matching, personas_of, prepare, true_rows
from scoring.scores import HORIZON, Scores
from scoring.spec import ModelSpec, RuleSpec

__all__ = ["HORIZON", "Facts", "Needs", "Prepared", "Scores", "matching", "personas_of", "prepare", "score"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Facts:
    """What the engine reads. `leads` has `created` (µs) and the profile columns, one row a lead; `activities` has
    `lead` (row number in `leads`), `at` (µs), `kind`, `is_machine` and property columns, sorted by (lead, at, source,
    id).
    """

    leads: pl.DataFrame
    activities: pl.DataFrame


@dataclass(frozen=True)
class _Terms:
    """The terms of one rule: where they begin and end, from when they fade, and by which activity they are there."""

    rule: int
    lead: Ints
    start: Ints
    end: Ints
    anchor: Ints
    activity: Ints


def score(prepared: Prepared, facts: Facts) -> Scores:
    """Evaluate every rule of the model over `facts`."""
    created = facts.leads["created"].to_numpy().astype(np.int64)
    parts = [*_profile_terms(prepared, facts, created), *_turning_terms(prepared, facts, created)]
    calendar = Calendar(facts.activities["at"].to_numpy(), prepared.model.time_zone)
    several = {}
    for number, rule, found in _matches(prepared, facts, calendar):
        parts.append(_activity_terms(number, rule, found, created, calendar))
        if rule.at_least:
            several[number] = found
    return Scores(prepared.model, created, several=several, **_sorted_by_lead(prepared.model, parts))


def _sorted_by_lead(model: ModelSpec, parts: list[_Terms]) -> dict[str, Any]:
    """Return the terms of all rules as arrays."""
    nothing = np.empty(0, np.int64)
    columns: dict[str, Any] = {
        name: np.concatenate([nothing, *(getattr(part, name) for part in parts)])
        for name in ("lead", "start", "end", "anchor", "activity")
    }
    columns["rule"] = np.repeat([part.rule for part in parts] or nothing, [len(part.lead) for part in parts] or nothing)
    columns["points"] = np.array([rule.points for rule in model.rules] or [0.0], dtype=np.float64)[columns["rule"]]
    half_lives = np.array([(rule.half_life or 0.0) * DAY for rule in model.rules] or [0.0])
    columns["half_life"] = half_lives[columns["rule"]]
    order = np.argsort(columns["lead"], kind="stable")
    return {name: column[order] for name, column in columns.items()}


def _lasting(rule: int, lead: Ints, start: Ints, end: Ints) -> _Terms:
    """Return terms that neither fade nor come from an activity."""
    return _Terms(rule, lead, start, end, start, np.full(len(lead), -1, np.int64))


def _profile_terms(prepared: Prepared, facts: Facts, created: Ints) -> Iterator[_Terms]:
    rules = [entry for entry in prepared.profile if not entry.turns]
    for entry, lead in zip(rules, true_rows(facts.leads, [entry.mask for entry in rules]), strict=True):
        yield _lasting(entry.number, lead, created[lead], np.full(len(lead), FOREVER, np.int64))


def _turning_terms(prepared: Prepared, facts: Facts, created: Ints) -> Iterator[_Terms]:
    """Yield the terms of the rules with relative dates: one for each stretch in which the condition holds."""
    for entry in prepared.profile:
        if not entry.turns or facts.leads.is_empty():
            continue
        turns = facts.leads.select([turn.alias(str(n)) for n, turn in enumerate(entry.turns)])
        later = [np.maximum(turns[name].fill_null(FOREVER).to_numpy(), created) for name in turns.columns]
        starts = np.sort(np.stack([created, *later], axis=1), axis=1)
        ends = np.concatenate([starts[:, 1:], np.full((len(created), 1), FOREVER)], axis=1)
        lead = np.repeat(np.arange(len(created)), starts.shape[1])
        moments = facts.leads[lead].with_columns(pl.Series("$now", starts.ravel()))
        holds = true_rows(moments, [entry.mask])[0]
        rows = holds[starts.ravel()[holds] < ends.ravel()[holds]]
        yield _lasting(entry.number, lead[rows], starts.ravel()[rows], ends.ravel()[rows])


def _matches(prepared: Prepared, facts: Facts, calendar: Calendar) -> Iterator[tuple[int, RuleSpec, Matches]]:
    """Yield, for each activity or silence rule, the activities that count, in order."""
    activities = facts.activities.with_columns(pl.col("at").alias("$now"))
    if prepared.reads_content:
        activities = with_content(activities, prepared.model.content)
    matching_rows = true_rows(activities, [mask for _, _, mask in prepared.activity])
    lead = activities["lead"].to_numpy()
    at = calendar.at
    for (index, rule, _), rows in zip(prepared.activity, matching_rows, strict=True):
        values = activities[rule.values_of].cast(pl.String).gather(rows) if rule.values_of else None
        yield index, rule, counted(Matches(lead[rows], at[rows], rows, values), rule, calendar)


def _activity_terms(number: int, rule: RuleSpec, found: Matches, created: Ints, calendar: Calendar) -> _Terms:
    if rule.kind == "silence":
        return _lasting(number, *silence_intervals(found, created, (rule.silence_days or 0) * DAY))
    window = window_of(rule)
    if rule.at_least:
        end, source = at_least_intervals(found, rule, window, calendar)
    else:
        end, source = np.minimum(end_of_window(found.at, window), found.until), np.arange(len(found.at))
    start = np.maximum(found.at, created[found.lead])
    alive = end > start
    source = source[alive]
    return _Terms(number, found.lead[alive], start[alive], end[alive], found.at[source], found.row[source])
