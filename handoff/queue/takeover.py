"""Taking an SQL on: whoever it is offered to accepts or returns it, under a clock of their own."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.lib.refusals import Incomplete, WrongStage
from handoff.outbox.audit import record
from handoff.outbox.notices import notify, settle
from handoff.people.models import User
from handoff.queue.clocks import start_clocks, stop_takeover
from handoff.queue.models import Clock, Handoff, Qualification, TakeoverReturn
from handoff.queue.working import lock_sql, require_colleague
from handoff.sla.models import Metric


def offer(qualification: Qualification, *, to: User, by: User, at: datetime) -> None:
    """Make the SQL (locked by the caller, its lead too) `to`'s, who answers under a clock unless they gave it."""
    handoff, lead = qualification.handoff, qualification.handoff.lead
    lead.owner = to
    lead.save(update_fields=["owner"])
    if to.pk == by.pk:
        return
    last = handoff.clocks.filter(metric=Metric.TAKEOVER).aggregate(last=Max("round"))["last"] or 0
    start_clocks(handoff, at=at, metrics=[Metric.TAKEOVER], rep=to, round_=last + 1)

    def say() -> str:
        return _("%(lead)s is qualified and yours to take on.") % {"lead": lead.name}

    _tell(to, f"qualified:{handoff.pk}:{qualification.pk}:{last}", say, handoff, at)


@transaction.atomic
def accept_takeover(handoff: Handoff, *, by: User, at: datetime) -> None:
    """Accept the SQL that came of `handoff`, as the one who was to take it on, or their manager; again does nothing."""
    found = lock_sql(handoff, by=by)
    if found.accepted_at is None:
        settle_takeover(found, at=at)
        record("took over", f"handoff {found.handoff_id}", by=by, at=at)


@transaction.atomic
def return_takeover(handoff: Handoff, *, reason: str, by: User, at: datetime) -> TakeoverReturn:
    """Give an SQL back to who qualified it, with a reason, instead of taking it on; the clock is answered by that."""
    if not reason.strip():
        message = _("Say why you give it back.")
        raise Incomplete(message, fields={"reason": message})
    found = lock_sql(handoff, by=by)
    to = found.by if found.by.is_rep else found.handoff.holder or found.by
    if found.accepted_at or to == found.takes_over:
        raise WrongStage(_("%(lead)s was taken on already; pass it to a colleague instead.") % {"lead": _name(found)})
    settle_takeover(found, at=at)
    returned = TakeoverReturn.objects.create(
        qualification=found, by=found.takes_over, to=to, reason=reason.strip()[:300], at=at
    )
    found.takes_over = to
    found.save(update_fields=["takes_over"])
    offer(found, to=to, by=to, at=at)
    record("returned", f"handoff {found.handoff_id}", by=by, at=at, to=to.pk, reason=reason)

    def say() -> str:
        words = {"name": returned.by, "lead": _name(found), "reason": returned.reason}
        return _("%(name)s gives %(lead)s back: %(reason)s") % words

    _tell(to, f"returned:{returned.pk}", say, found.handoff, at)
    return returned


@transaction.atomic
def pass_sql(handoff: Handoff, *, to: User, by: User, at: datetime) -> None:
    """Offer an SQL to another colleague, who takes it on or returns it as the first one would."""
    found = lock_sql(handoff, by=by)
    require_colleague(to, by)
    if to == found.takes_over:
        return
    stop_takeover(found.handoff, at=at, ending=Clock.Ending.CANCELLED)
    settle(f"handoff {found.handoff_id}", kinds=["qualified"], at=at)
    found.takes_over, found.accepted_at = to, at if to == by else None
    found.save(update_fields=["takes_over", "accepted_at"])
    offer(found, to=to, by=by, at=at)
    record("passed an SQL", f"handoff {found.handoff_id}", by=by, at=at, to=to.pk)


def settle_takeover(qualification: Qualification, *, at: datetime) -> None:
    """Write down that the offer was answered, which stops its clock."""
    stop_takeover(qualification.handoff, at=at)
    settle(f"handoff {qualification.handoff_id}", kinds=["qualified"], at=at)
    qualification.accepted_at = qualification.accepted_at or at
    qualification.save(update_fields=["accepted_at"])


def _name(qualification: Qualification) -> str:
    return qualification.handoff.lead.name


def _tell(person: User, cause: str, say: Callable[[], str], handoff: Handoff, at: datetime) -> None:
    url = reverse("lead", args=[handoff.lead_id])
    notify([person], cause=cause, say=say, url=url, at=at, about=f"handoff {handoff.pk}")
