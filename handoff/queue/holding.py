"""Holding by hand: a lead kept from being handed over, with a reason, until somebody lets it through."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.leads.models import Hold, Lead
from handoff.lib.refusals import Incomplete, WrongStage, require
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.rescoring import rescore
from handoff.queue.working import lock_unmerged

# What marketing holds, marketing lets through; an objection only the lead takes back.
BY_MARKETING = (Hold.Reason.EXCLUDED, Hold.Reason.PERSONA)


def may_hold(lead: Lead, user: User) -> bool:
    """Return whether `user` may hold `lead` and release it: marketers, and the managers of its team."""
    return user.is_admin or user.is_marketer or (user.is_manager and lead.team_id in user.team_ids())


def released_by(user: User) -> tuple[str, ...]:
    """Return the reasons for which `user` may let through whom they may hold."""
    return (Hold.Reason.BY_HAND, *(BY_MARKETING if user.is_marketer or user.is_admin else ()))


@transaction.atomic
def hold(lead: Lead, *, reason: str, by: User, at: datetime) -> None:
    """Keep `lead` from being handed over; what is open already stays open."""
    require(may_hold(lead, by))
    if not reason.strip():
        raise Incomplete(_("Say why it is held."), fields={"reason": _("Say why it is held.")})
    lock_unmerged(lead)
    if lead.holds.filter(reason=Hold.Reason.BY_HAND, released_at=None).exists():
        raise WrongStage(_("%(lead)s is held already.") % {"lead": lead.name})
    Hold.objects.create(lead=lead, reason=Hold.Reason.BY_HAND, note=reason.strip()[:300], by=by, at=at)
    record("held", f"lead {lead.pk}", by=by, at=at, reason=reason)


@transaction.atomic
def release_hold(lead: Lead, *, reason: str, by: User, at: datetime) -> None:
    """Let `lead` be handed over again, for a reason: at once, where its score is high enough.

    The entries of the exclusion list and the personas that held it do so no more; an objection stays.
    """
    require(may_hold(lead, by))
    if not reason.strip():
        message = _("Say why it is let through.")
        raise Incomplete(message, fields={"reason": message})
    lock_unmerged(lead)
    standing = lead.holds.filter(released_at=None)
    released = standing.filter(reason__in=released_by(by)).update(
        released_at=at, released_by=by, release_note=reason.strip()[:300]
    )
    if not released:
        raise WrongStage(_why_not(lead, set(standing.values_list("reason", flat=True))))
    record("released", f"lead {lead.pk}", by=by, at=at, reason=reason)
    rescore([lead.pk], at=at)


def _why_not(lead: Lead, reasons: set[str]) -> str:
    words = {"lead": lead.name}
    if Hold.Reason.OBJECTION in reasons:
        return _("%(lead)s objected to contact; only their own new consent or request lifts that.") % words
    if reasons:
        return _("%(lead)s is held by marketing; ask a marketer to let them through.") % words
    return _("%(lead)s is not held.") % words
