"""Holding by hand: a lead kept from being handed over, with a reason, until somebody releases it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.leads.models import Hold, Lead
from handoff.lib.refusals import Incomplete, NotAllowed, WrongStage
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.rescoring import rescore
from handoff.queue.working import lock_lead

# An objection stays, and the hold of a negative persona goes when the persona no longer fits.
RELEASED_BY_HAND = (Hold.Reason.BY_HAND, Hold.Reason.EXCLUDED)


def may_hold(lead: Lead, user: User) -> bool:
    """Return whether `user` may hold `lead` and release it: marketers, and the managers of its team."""
    return user.is_admin or user.is_marketer or (user.is_manager and lead.team_id in user.team_ids())


@transaction.atomic
def hold(lead: Lead, *, reason: str, by: User, at: datetime) -> None:
    """Keep `lead` from being handed over; what is open already stays open."""
    if not may_hold(lead, by):
        raise NotAllowed
    if not reason.strip():
        raise Incomplete(_("Say why it is held."), fields={"reason": _("Say why it is held.")})
    lock_lead(lead.pk)
    if lead.holds.filter(reason=Hold.Reason.BY_HAND, released_at=None).exists():
        raise WrongStage(_("%(lead)s is held already.") % {"lead": lead.name})
    Hold.objects.create(lead=lead, reason=Hold.Reason.BY_HAND, note=reason.strip()[:300], by=by, at=at)
    record("held", f"lead {lead.pk}", by=by, at=at, reason=reason)


@transaction.atomic
def release_hold(lead: Lead, *, by: User, at: datetime) -> None:
    """Let `lead` be handed over again: at once, where its score is high enough."""
    if not may_hold(lead, by):
        raise NotAllowed
    lock_lead(lead.pk)
    standing = lead.holds.filter(reason__in=RELEASED_BY_HAND, released_at=None)
    if not standing.update(released_at=at, released_by=by):
        raise WrongStage(_("%(lead)s is not held by hand.") % {"lead": lead.name})
    record("released", f"lead {lead.pk}", by=by, at=at)
    rescore([lead.pk], at=at)
