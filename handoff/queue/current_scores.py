"""How strong the leads of some handoffs are now, while the handoffs keep what was true when they were opened."""

from collections.abc import Sequence
from datetime import datetime

from handoff.leads.challenging import publications_for
from handoff.leads.facts import facts_of
from handoff.leads.models import LeadScore
from handoff.queue.models import Handoff
from scoring.engine import score
from scoring.fields import microseconds
from scoring.models import Publication
from scoring.publishing import published

Strength = Handoff | LeadScore


def current_scores(handoffs: Sequence[Handoff], at: datetime) -> dict[int, Strength]:
    """Return by handoff the score at `at` under what scores its lead: a query for these publications, and one for each.

    A closed one's score is what it was, and that of one at rest is the stored one.
    """
    found: dict[int, Strength] = {handoff.pk: handoff for handoff in handoffs}
    moving: dict[Publication, list[Handoff]] = {}
    publications = publications_for([handoff.lead for handoff in handoffs], at)
    for handoff, publication in zip(handoffs, publications, strict=True):
        stored = getattr(handoff.lead, "score", None)
        if stored is None or not handoff.is_open:
            continue
        found[handoff.pk] = stored
        if publication and (stored.is_moving or stored.publication_id != publication.pk):
            moving.setdefault(publication, []).append(handoff)
    for publication, some in moving.items():
        found |= _computed(some, publication, at)
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
