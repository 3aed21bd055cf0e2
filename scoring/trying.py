"""Trying a version on one lead: its entries beside those of what is live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scoring.course import Reading
from scoring.engine import score
from scoring.fields import microseconds
from scoring.models import ScoringModel
from scoring.population import Known, population
from scoring.publishing import current_publication, prepared_of, published


@dataclass(frozen=True)
class TriedRow:
    """One rule as both versions see it; None where it gives nothing."""

    name: str
    dimension: str
    live: float | None
    draft: float | None
    because: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        """Whether the versions give other points."""
        return round(self.live or 0.0, 6) != round(self.draft or 0.0, 6)


@dataclass(frozen=True)
class Tried:
    """One of those who are scored, under both versions."""

    known: Known
    live: Reading | None
    draft: Reading
    rows: list[TriedRow]


def tried(model: ScoringModel, ids: Sequence[int], at: datetime) -> list[Tried]:
    """Return how `model` and what is live score these at `at`; who is gone is left out."""
    draft, publication, now = prepared_of(model), current_publication(at), microseconds(at)
    live = published(publication) if publication else None
    people, facts, activities = population().some(ids, draft.needs | live.needs if live else draft.needs)
    new, old = score(draft, facts), score(live, facts) if live else None
    return [
        _tried(known, old.course(row).reading(now) if old else None, new.course(row).reading(now), activities)
        for row, known in enumerate(people)
    ]


def _tried(known: Known, live: Reading | None, draft: Reading, activities: Sequence[str]) -> Tried:
    before = {entry.rule: entry for entry in live.entries} if live else {}
    after = {entry.rule: entry for entry in draft.entries}
    rows = []
    for key, entry in {**before, **after}.items():
        points = [found[key].points if key in found else None for found in (before, after)]
        because = tuple(activities[number] for number in entry.activities)
        rows.append(TriedRow(entry.name, entry.dimension, points[0], points[1], because))
    rows.sort(key=lambda row: (not row.is_changed, -abs(row.draft or row.live or 0)))
    return Tried(known, live, draft, rows)
