"""Which publication scores a lead: what is live, or the challenger that it was drawn for."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from django.db.models import Q

from handoff.leads.models import Lead
from scoring.models import Challenge, Publication
from scoring.publishing import running_challenge


def publication_for(lead: Lead, at: datetime) -> Publication | None:
    """Return what scores `lead` at `at`, None before the first publication."""
    return publications_for([lead], at)[0]


def publications_for(leads: Iterable[Lead], at: datetime) -> list[Publication | None]:
    """Return what scores each of `leads` at `at`, in one query."""
    # At most one live one and one challenger count. Nothing is published while one runs, so they are the newest.
    is_asked = Q(challenge=None, at__lte=at) | Q(challenge__in=Challenge.objects.running(at))
    newest = Publication.objects.filter(is_asked).order_by("-at", "-id").select_related("challenge", "model")[:2]
    challenger: dict[int, Publication | None] = {one.challenge.pk: one for one in newest if hasattr(one, "challenge")}
    live = next((one for one in newest if not hasattr(one, "challenge")), None)
    return [challenger.get(lead.challenge_id or 0, live) for lead in leads]


def by_publication(leads: Sequence[Lead], live: Publication, at: datetime) -> list[tuple[Publication, list[Lead]]]:
    """Return `leads` (locked, with their scores) by what scores them; who is scored for the first time may be drawn."""
    challenge = running_challenge(at)
    if challenge is None:
        return [(live, list(leads))]
    _draw([lead for lead in leads if not hasattr(lead, "score")], challenge)
    theirs = [lead for lead in leads if lead.challenge_id == challenge.pk]
    others = [lead for lead in leads if lead.challenge_id != challenge.pk]
    return [(publication, some) for publication, some in ((live, others), (challenge.publication, theirs)) if some]


def _draw(leads: Collection[Lead], challenge: Challenge) -> None:
    drawn = [
        lead
        for lead in leads
        if challenge.started_at <= lead.created_at < challenge.ends_at
        and not lead.is_imported_history
        and lot(challenge, lead.pk) < challenge.share / 100
    ]
    for lead in drawn:
        lead.challenge = challenge
    Lead.objects.filter(pk__in=[lead.pk for lead in drawn]).update(challenge=challenge)


def lot(challenge: Challenge, lead_id: int) -> float:
    """Return where between 0 and 1 the lot of a lead falls."""
    return int.from_bytes(sha256(f"challenge {challenge.pk} {lead_id}".encode()).digest()[:7]) / 2**56
