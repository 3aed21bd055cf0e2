"""What a negative persona would have done: whom it would have blocked, and whom it would have spared sales."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from scoring.conditions import expression, fields_of
from scoring.engine import Needs
from scoring.fields import microseconds
from scoring.population import Known, population
from scoring.preparing import true_rows

LOOKED_BACK = timedelta(days=730)
SHOWN = 20
NOTHING = Needs({}, {}, frozenset())


@dataclass(frozen=True)
class Hindsight:
    """Of those on whom sales decided: how many it accepted, some of them, and how many it refused for good."""

    blocked: int
    some: list[Known]
    spared: int


def hindsight(condition: Mapping[str, Any], at: datetime) -> Hindsight:
    """Return what a negative persona with this `condition` would have done in the last two years, as known at `at`."""
    seen = population()
    catalogue = seen.profile_fields()
    fields = {name: catalogue[name].type for name in sorted(fields_of(condition))}
    found = seen.outcomes(fields, since=at - LOOKED_BACK)
    moments = found.profiles.with_columns(pl.lit(microseconds(at)).alias("$now"))
    fits = true_rows(moments, [expression(condition, catalogue)])[0]
    blocked = found.ids[fits[found.accepted[fits]]]
    # The latest first: they are the best known.
    some, _facts, _said = seen.some(blocked[::-1][:SHOWN].tolist(), NOTHING)
    return Hindsight(len(blocked), some, int(found.refused[fits].sum()))
