"""Suggested points for a live model: a fresh draft, or the few rules that gain most beside those there are.

Learned from the older verdicts on handoffs of the last two years, judged on the newer ones; each lead as it was known
at its handoff. See `learning` for how, and `evaluating` for when nothing is suggested.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from scoring.backtesting import MOST, OLD_ENOUGH, scored_then
from scoring.candidates import single_candidates, where, with_pairs
from scoring.engine import Needs
from scoring.evaluating import ADDED, Examples, Offer, newest, offer
from scoring.fields import FieldType
from scoring.hindsight import LOOKED_BACK
from scoring.learning import STEP, Bools
from scoring.models import NotScorable, ScoringModel
from scoring.population import Population, population
from scoring.publishing import prepared_of
from scoring.spec import RuleSpec

NEWER = 0.3  # of the verdicts are judged by
WINDOW = 30.0  # days in which activities are counted
TIMES = (1, 2, 3, 5)
SEEN = 8  # values of an activity's property, each of which may be a candidate
SIZES = (10, 20)


@dataclass(frozen=True)
class Suggestions:
    """What the verdicts suggest instead of the rules there are, with a threshold that as many reach, or beside them."""

    n: int
    accepted: int
    fresh: Offer
    threshold: float
    added: Offer


def suggest_points(model: ScoringModel, *, most: int, at: datetime) -> Suggestions:
    """Return what the verdicts of the last two years suggest instead of the rules of `model`, and beside them."""
    examples, over = _examples(model, at)
    (split,) = newest(len(examples.yes), NEWER)
    fresh = offer(examples, most, split)
    # As many as now pass the line shall pass it then.
    line = float(np.quantile(fresh.totals, 1 - over.mean(), method="lower")) if fresh.rules else 0.0
    added = offer(examples, ADDED, split, add=True)
    return Suggestions(len(over), int(examples.yes.sum()), fresh, max(line, STEP), added)


def _examples(model: ScoringModel, at: datetime) -> tuple[Examples, Bools]:
    """Return what can be learned from, oldest first, and who was over the line of `model`."""
    seen, prepared = population(), prepared_of(model)
    left_out = seen.not_suggested() | set(NotScorable.objects.values_list("name", flat=True))
    profile = {name: field for name, field in seen.profile_fields().items() if name not in left_out}
    activities = list(_activity_candidates(seen, left_out))
    properties = {name: field.type for name, field in seen.activity_fields().items() if "." not in name}
    needs = prepared.needs | Needs({name: field.type for name, field in profile.items()}, properties)
    parts = list(seen.judged(needs, since=at - LOOKED_BACK, until=at - OLD_ENOUGH, most=MOST))[::-1]
    if not parts:
        nobody = np.zeros(0, dtype=np.bool_)
        return Examples([], np.zeros((0, 0), dtype=np.float32), nobody, np.zeros(0)), nobody
    single = [*single_candidates(pl.concat([part.facts.leads for part in parts]), profile), *activities]
    fields = seen.profile_fields(), seen.activity_fields()
    holds = np.concatenate([where(single, part.facts, part.at, *fields) for part in parts])
    base, over = map(np.concatenate, zip(*(scored_then(prepared, part) for part in parts), strict=True))
    yes = np.concatenate([part.accepted for part in parts])
    return Examples(*with_pairs(single, holds), yes, base), over


def _activity_candidates(seen: Population, left_out: frozenset[str]) -> Iterator[RuleSpec]:
    """Yield what leads may have done: a kind of activity so many times, or one with a value that is often seen."""
    for kind, _label in seen.activity_kinds():
        if kind not in left_out:
            yield from (_done(times, kinds=(kind,)) for times in TIMES)
    for name, field in seen.activity_fields().items():
        if field.type in {FieldType.TEXT, FieldType.CHOICE} and "." not in name and name not in left_out:
            for value in seen.seen_values("activity", name)[:SEEN]:
                yield _done(1, condition={"field": name, "op": "is", "value": value})


def _done(times: int, **what: object) -> RuleSpec:
    return RuleSpec("", "", "", "activity", 1.0, at_least=times, window=WINDOW, **what)  # type: ignore[arg-type]
