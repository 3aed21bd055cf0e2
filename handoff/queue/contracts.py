"""Contracts of recycling: a lead rests under one until it may come back (decision 0009)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from handoff.leads.models import Lead, Stage
from handoff.leads.stages import move
from handoff.outbox.audit import record
from handoff.queue.gains import gains_since
from handoff.queue.models import DisqualificationReason, Handoff, Recycling
from handoff.queue.models.verdicts import REQUESTS
from scoring.models import Publication

RETURNS_AT_MOST = 3  # where no policy says otherwise
ENOUGH = 1e-6


def rest(
    handoff: Handoff,
    *,
    at: datetime,
    stage: Stage = Stage.NURTURE,
    reason: DisqualificationReason | None = None,
    wake_at: datetime | None = None,
    wake_kinds: Sequence[str] | None = None,
    wake_points: float | None = None,
) -> Recycling:
    """Let the lead of an ended `handoff` (both locked) rest in `stage` until its contract is met.

    What is not said follows from `reason`; a request for contact always wakes.
    """
    lead = handoff.lead
    if wake_at is None and reason and reason.wake_after_days:
        wake_at = at + timedelta(days=reason.wake_after_days)
    if wake_kinds is None:
        wake_kinds = reason.wake_kinds if reason else REQUESTS
    if wake_points is None:
        wake_points = reason.wake_points if reason else 0.0
    move(lead, stage, at=at)
    score = getattr(lead, "score", None)
    return Recycling.objects.create(
        lead=lead,
        handoff=handoff,
        at=at,
        wake_at=wake_at,
        wake_kinds=list(wake_kinds),
        wake_points=wake_points,
        points_then=score.total if score else 0.0,
        is_last=is_last_return(handoff),
    )


def is_last_return(handoff: Handoff) -> bool:
    """Return whether the lead of `handoff` has come back as often as its policy allows."""
    most = handoff.policy.returns_at_most if handoff.policy else RETURNS_AT_MOST
    return Recycling.objects.filter(lead=handoff.lead_id).exclude(handoff=handoff).count() >= most


def wake(recycling: Recycling, *, by: str, at: datetime) -> None:
    """Wake the lead of `recycling` (locked): from now on its score can hand it over. `by` says what did."""
    recycling.woken_at, recycling.woken_by = at, by
    recycling.save(update_fields=["woken_at", "woken_by"])
    Lead.objects.filter(pk=recycling.lead_id).update(woken_at=at)
    record("woken", f"lead {recycling.lead_id}", by=None, at=at, by_what=by)


def wake_or_consider(recycling: Recycling, *, by: str, at: datetime, publication: Publication | None) -> bool:
    """Wake its lead, or where points are missing write down that only they are; return whether it is awake."""
    if has_enough_points(recycling, at=at, publication=publication):
        wake(recycling, by=by, at=at)
        return True
    Recycling.objects.filter(pk=recycling.pk, considered_at=None).update(considered_at=at)
    return False


def has_enough_points(recycling: Recycling, *, at: datetime, publication: Publication | None) -> bool:
    """Return whether the lead has gained as many points since as its contract wants."""
    if not recycling.wake_points or publication is None:
        return not recycling.wake_points
    gains = gains_since(recycling.lead, recycling.at, at=at, publication=publication)
    return sum(gain.points for gain in gains) >= recycling.wake_points - ENOUGH


def wake_with_points(leads: Iterable[Lead], publication: Publication, *, at: datetime) -> None:
    """Of `leads` (locked, and high enough to be handed over), wake the sleepers that lacked nothing but points."""
    asleep = {lead.pk: lead for lead in leads if lead.is_asleep}
    considered = Recycling.objects.filter(lead__in=asleep, woken_at=None, considered_at__isnull=False, is_last=False)
    for recycling in considered.select_related("lead__company").order_by("id") if asleep else ():
        if has_enough_points(recycling, at=at, publication=publication):
            wake(recycling, by="points", at=at)
            asleep[recycling.lead_id].woken_at = at
