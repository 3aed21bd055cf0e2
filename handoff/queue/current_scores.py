"""How strong the leads of some handoffs are now, while the handoffs keep what was true when they were opened."""

from collections.abc import Sequence
from datetime import datetime

from handoff.leads.facts import facts_of
from handoff.leads.models import LeadScore
from handoff.queue.models import Handoff
from scoring.engine import score
from scoring.fields import microseconds
from scoring.models import Publication
from scoring.publishing import published

Strength = Handoff | LeadScore


def current_scores(handoffs: Sequence[Handoff], live: Publication | None, at: datetime) -> dict[int, Strength]:
    """Return by handoff the score at `at`, in one query: a closed one's is what it was, one at rest is the stored."""
    found: dict[int, Strength] = {handoff.pk: handoff for handoff in handoffs}
    moving = []
    for handoff in handoffs:
        stored = getattr(handoff.lead, "score", None)
        if stored is None or not handoff.is_open:
            continue
        found[handoff.pk] = stored
        if stored.is_moving or (live and stored.publication_id != live.pk):
            moving.append(handoff)
    if live and moving:
        found |= _computed(moving, live, at)
    return found


def _computed(handoffs: list[Handoff], live: Publication, at: datetime) -> dict[int, Strength]:
    prepared = published(live)
    scores = score(prepared, facts_of([handoff.lead for handoff in handoffs], prepared.needs))
    dimensions = scores.dimensions(microseconds(at))
    parts = zip(handoffs, dimensions.tolist(), scores.grades(dimensions), strict=True)
    return {
        handoff.pk: LeadScore(total=sum(three), fit=three[0], interest=three[1], timing=three[2], grade=grade)
        for handoff, three, grade in parts
    }
