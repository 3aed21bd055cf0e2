"""Objections: somebody wants no contact, and that holds, whatever comes in later."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.leads.consent import lift_objection, object_to_contact
from handoff.leads.models import Basis, Hold, Lead, Stage
from handoff.leads.stages import move
from handoff.lib.refusals import Incomplete, WrongStage, require
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.closing import close
from handoff.queue.disqualification import DO_NOT_CONTACT
from handoff.queue.lapsing import end_as_lapsed, has_lapsed
from handoff.queue.models import Disqualification, DisqualificationReason, Handoff, Verdict
from handoff.queue.reasons import ensure_reasons
from handoff.queue.rescoring import rescore
from handoff.queue.working import lock_unmerged


@transaction.atomic
def record_objection(lead: Lead, *, by: User, at: datetime) -> Handoff | None:
    """Withdraw every consent of `lead`, hold it, and end its open handoff for good; return that handoff.

    Whoever sees the lead may: an objection counts from when anybody of us hears it.
    """
    require(Lead.objects.visible_to(by).filter(pk=lead.pk).exists())
    lock_unmerged(lead)
    open_one = Handoff.objects.open().filter(lead=lead).select_for_update(of=("self",)).select_related("lead", "team")
    handoff = open_one.first()
    if handoff:
        end_for_objection(handoff, by=by, at=at)
    object_to_contact(lead, by=by, at=at)
    record("objected", f"lead {lead.pk}", by=by, at=at)
    return handoff


def end_for_objection(handoff: Handoff, *, by: User, at: datetime) -> None:
    """End `handoff` (locked, its lead too) for good, because its lead wants no contact."""
    if has_lapsed(handoff, at=at):
        assert handoff.lapses_at is not None
        end_as_lapsed(handoff, lapsed_at=handoff.lapses_at, at=at)
        return
    reason = _reason()
    Disqualification.objects.create(handoff=handoff, by=by, at=at, reason=reason, is_permanent=True)
    close(handoff, verdict=Verdict.DISQUALIFIED, by=by, at=at)
    move(handoff.lead, Stage.DISQUALIFIED, at=at)
    record("disqualified", f"handoff {handoff.pk}", by=by, at=at, reason=reason.slug, permanent=True)


@transaction.atomic
def take_back_objection(lead: Lead, *, words: str, by: User, at: datetime) -> None:
    """Record that `lead` itself wants contact again: `words` says what it said, and where. Nothing else lifts it."""
    require(by.is_marketer or by.is_admin)
    if not words.strip():
        message = _("Say what they said, and where.")
        raise Incomplete(message, fields={"words": message})
    lock_unmerged(lead)
    if not lead.holds.filter(reason=Hold.Reason.OBJECTION, released_at=None).exists():
        raise WrongStage(_("%(lead)s has not objected to contact.") % {"lead": lead.name})
    lift_objection(lead, basis=Basis.OPT_IN, note=words.strip(), by=by, at=at)
    record("objection taken back", f"lead {lead.pk}", by=by, at=at, words=words)
    rescore([lead.pk], at=at)


def _reason() -> DisqualificationReason:
    if not DisqualificationReason.objects.filter(slug=DO_NOT_CONTACT).exists():
        ensure_reasons()
    return DisqualificationReason.objects.get(slug=DO_NOT_CONTACT)
