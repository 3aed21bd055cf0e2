"""What a lead has gained since an instant: its score now, beside what it would be without all that came since."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from handoff.leads.facts import facts_of
from handoff.leads.models import Lead
from scoring.course import Reading
from scoring.engine import Facts, score
from scoring.fields import microseconds
from scoring.models import Publication
from scoring.publishing import published


@dataclass(frozen=True)
class Gain:
    """What one rule gives more (or less) for what is known since: points, and how many more activities it counts."""

    rule: str
    name: str
    points: float
    count: int


def gains_since(lead: Lead, since: datetime, *, at: datetime, publication: Publication) -> list[Gain]:
    """Return what `lead` gained by what it did, and by what was learned of it, after `since`: the most points first.

    The gains sum to the difference of the two totals. What fades meanwhile fades in both, so it is no loss here.
    """
    prepared = published(publication)
    whole, then = facts_of([lead], prepared.needs), facts_of([lead], prepared.needs, known_at=since)
    before = Facts(then.leads, then.activities.filter(pl.col("at") <= microseconds(since)))
    now = microseconds(at)
    readings: tuple[Reading, ...] = tuple(score(prepared, facts).course(0).reading(now) for facts in (whole, before))
    latest, earlier = ({entry.rule: entry for entry in reading.entries} for reading in readings)
    gains = []
    for rule in latest | earlier:
        new, old = latest.get(rule), earlier.get(rule)
        points = (new.points if new else 0.0) - (old.points if old else 0.0)
        count = (new.count if new else 0) - (old.count if old else 0)
        gains.append(Gain(rule, (new or old).name, points, count))  # type: ignore[union-attr]
    return sorted((gain for gain in gains if gain.points), key=lambda gain: -gain.points)
