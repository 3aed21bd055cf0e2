"""Personas of leads: what a rep reads about them, and who is kept out of the queue as never a customer."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from handoff.leads.facts import profiles_of
from handoff.leads.models import Hold, Lead
from handoff.outbox.audit import record
from scoring.engine import personas_of
from scoring.fields import microseconds
from scoring.models import Publication
from scoring.publishing import current_publication, published
from scoring.spec import PersonaSpec


def personas_at(lead: Lead, at: datetime, *, publication: Publication | None = None) -> list[PersonaSpec]:
    """Return the personas that fit `lead` under the model that is live (`publication`, if known), ideal ones first."""
    publication = publication or current_publication(at)
    if publication is None:
        return []
    order = {"ideal": 0, "usual": 1, "negative": 2}
    return sorted(fitting_personas([lead], publication, at)[lead.pk], key=lambda persona: order[persona.standing])


def fitting_personas(leads: Sequence[Lead], publication: Publication, at: datetime) -> dict[int, list[PersonaSpec]]:
    """Return by its id the personas that fit each of `leads` (with their companies loaded)."""
    prepared = published(publication)
    if not prepared.personas or not leads:
        return {lead.pk: [] for lead in leads}
    found = personas_of(prepared, profiles_of(leads, prepared.persona_fields), microseconds(at))
    return {lead.pk: personas for lead, personas in zip(leads, found, strict=True)}


def held_back(leads: Sequence[Lead], publication: Publication, *, at: datetime) -> set[int]:
    """Return which of `leads` (locked by the caller) are held, once a negative persona has set or lifted its hold."""
    if not leads:
        return set()
    standing: dict[int, dict[str, Hold]] = {}
    let_through: set[tuple[int, str]] = set()
    for hold in Hold.objects.filter(Q(released_at=None) | Q(released_by__isnull=False), lead__in=leads):
        if hold.released_at is None:
            standing.setdefault(hold.lead_id, {})[hold.reason] = hold
        elif hold.persona:
            let_through.add((hold.lead_id, hold.persona))
    for lead_id, personas in fitting_personas(leads, publication, at).items():
        negative = next((p for p in personas if p.standing == "negative" and (lead_id, p.key) not in let_through), None)
        held = standing.setdefault(lead_id, {})
        stands = held.get(Hold.Reason.PERSONA)
        if negative and stands is None:
            cause = {"persona": negative.key, "note": negative.name}
            held[Hold.Reason.PERSONA] = Hold.objects.create(lead_id=lead_id, reason=Hold.Reason.PERSONA, at=at, **cause)
            record("held", f"lead {lead_id}", by=None, at=at, persona=negative.name)
        elif negative and stands and stands.persona != negative.key:
            stands.persona, stands.note = negative.key, negative.name
            stands.save(update_fields=["persona", "note"])
        elif stands and not negative:
            stands.released_at = at
            stands.save(update_fields=["released_at"])
            del held[Hold.Reason.PERSONA]
            record("released", f"lead {lead_id}", by=None, at=at, persona=stands.note)
    return {lead_id for lead_id, holds in standing.items() if holds}
