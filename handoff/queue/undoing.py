"""Undoing a verdict within ten seconds by the rep, and overturning one by a manager."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from handoff.leads.models import Basis, Consent, Hold, Stage
from handoff.leads.stages import move
from handoff.lib.refusals import Incomplete, NotAllowed, TooLate, WrongStage, require
from handoff.outbox.audit import record
from handoff.outbox.notices import UNDO_TIME, withdraw
from handoff.people.models import User
from handoff.queue.clocks import find_due, restart, start_clocks, stop_takeover
from handoff.queue.lapsing import LAPSE, set_lapse
from handoff.queue.models import Assignment, Clock, Disqualification, Handoff, Qualification, Recycling, Route, Verdict
from handoff.queue.working import lock_lead
from handoff.sla.models import Metric

BY_PEOPLE = (Verdict.QUALIFIED, Verdict.DISQUALIFIED)


@transaction.atomic
def undo(handoff: Handoff, *, by: User, at: datetime) -> None:
    """Take back the verdict that `by` gave less than ten seconds ago; nothing has left the house yet."""
    found = _closed(handoff)
    given = _verdict_row(found)
    if given.by_id != by.pk:
        raise NotAllowed(_("Only who gave the verdict can undo it."))
    if at > given.at + UNDO_TIME:
        raise TooLate(_("A verdict can be undone for ten seconds; ask a manager to overturn it."))
    _reopen(found, at=at, anew=False)
    record("undone", f"handoff {found.pk}", by=by, at=at)
    handoff.refresh_from_db()


@transaction.atomic
def overturn(handoff: Handoff, *, reason: str, by: User, at: datetime) -> None:
    """Reopen a handoff whose verdict was wrong, as a manager, with a reason."""
    require(by.is_admin or (by.is_manager and handoff.team_id in by.team_ids()))
    if not reason.strip():
        raise Incomplete(_("Say why the verdict was wrong."), fields={"reason": _("Say why the verdict was wrong.")})
    found = _closed(handoff)
    _reopen(found, at=at, anew=True)
    record("overturned", f"handoff {found.pk}", by=by, at=at, reason=reason)
    handoff.refresh_from_db()


def _closed(handoff: Handoff) -> Handoff:
    lock_lead(handoff.lead_id)
    found = Handoff.objects.select_for_update(of=("self",)).select_related("lead").get(pk=handoff.pk)
    if found.verdict not in BY_PEOPLE:
        raise WrongStage(_("This lead has no verdict that could be taken back."))
    others = Handoff.objects.filter(lead=found.lead_id).exclude(pk=found.pk)
    # Of a merged lead, an earlier one may be open, or have ended later.
    later = others.filter(Q(pk__gt=found.pk) | Q(closed_at=None) | Q(closed_at__gt=found.closed_at))
    if found.lead.stage in {Stage.OPPORTUNITY, Stage.CUSTOMER} or hasattr(found, "deal") or later.exists():
        raise WrongStage(_("The lead has moved on since; its verdict stands."))
    return found


def _verdict_row(handoff: Handoff) -> Qualification | Disqualification:
    return handoff.qualification if handoff.verdict == Verdict.QUALIFIED else handoff.disqualification


def _reopen(handoff: Handoff, *, at: datetime, anew: bool) -> None:
    """Put everything back as it was before the verdict: holder, plans, stage, and clocks unless they start `anew`."""
    closed_at, given = handoff.closed_at, handoff.verdict
    verdict = _verdict_row(handoff)
    withdraw(f"qualified:{handoff.pk}:{verdict.pk}:0")
    withdraw(f"in-contact:{verdict.pk}")
    # What the verdict itself recorded goes with it; words that came from elsewhere stay.
    Consent.objects.filter(lead=handoff.lead, at=verdict.at, by=verdict.by, basis=Basis.OBJECTION).delete()
    Hold.objects.filter(lead=handoff.lead, at=verdict.at, by=verdict.by, reason=Hold.Reason.OBJECTION).delete()
    verdict.delete()
    Recycling.objects.filter(handoff=handoff).delete()
    # Nobody rests while they are open: of two leads that are one, the contract of the other may have been the one kept.
    Recycling.objects.filter(lead=handoff.lead_id, woken_at=None).update(woken_at=at, woken_by=Route.MANUAL)
    ended = Clock.objects.filter(handoff=handoff, stopped_at__gte=closed_at).exclude(metric=Metric.TAKEOVER)
    stopped = list(ended.select_related("policy", "hours", "handoff").order_by("id"))
    if anew:  # what was late by then stays on record
        stop_takeover(handoff, at=at, ending=Clock.Ending.CANCELLED)
    else:
        Clock.objects.filter(handoff=handoff, metric=Metric.TAKEOVER).delete()
    _give_back(handoff, given)
    if not handoff.next_steps.filter(ended_at=None).exists():  # one may have been planned for the SQL since
        handoff.next_steps.filter(ended_at=closed_at).update(ended_at=None)
    handoff.snoozes.filter(ended_at=closed_at).update(ended_at=None)
    step, snooze = handoff.next_steps.filter(ended_at=None).first(), handoff.snoozes.filter(ended_at=None).first()
    handoff.next_step_at = step.at if step else None
    handoff.snoozed_until = snooze.until if snooze else None
    handoff.closed_at, handoff.verdict = None, ""
    handoff.version += 1
    handoff.save(
        update_fields=["claimed_by", "claimed_at", "next_step_at", "snoozed_until", "closed_at", "verdict", "version"]
    )
    handoff.lead.owner = handoff.holder
    handoff.lead.save(update_fields=["owner"])
    move(handoff.lead, Stage.MQL, at=at if anew else handoff.reopened_at or handoff.opened_at)
    if anew:
        _start_anew(handoff, {clock.metric for clock in stopped}, at=at)
    else:
        restart(handoff, stopped)
    set_lapse(handoff)
    if handoff.lapses_at and closed_at and handoff.lapses_at <= closed_at:
        handoff.lapses_at = None  # before the verdict, too little had been tried in them, and that is on record
    find_due(handoff)
    handoff.save(update_fields=["due_at", *LAPSE])


def _start_anew(handoff: Handoff, metrics: set[str], *, at: datetime) -> None:
    """What the verdict answered was answered in its time; from now on there is a new round."""
    handoff.reopened_at = at
    handoff.save(update_fields=["reopened_at"])
    last = handoff.clocks.aggregate(last=Max("round"))["last"] or 0
    start_clocks(handoff, at=at, metrics=sorted(metrics), round_=last + 1)


def _give_back(handoff: Handoff, verdict: str) -> None:
    """Give `handoff` back to whoever held it; nobody, where it was the verdict itself that took it."""
    last = Assignment.objects.filter(handoff=handoff).order_by("-id").first()
    if last and last.ended_because == verdict:
        last.ended_at, last.ended_because = None, ""
        last.save(update_fields=["ended_at", "ended_because"])
    if handoff.claimed_at == handoff.closed_at:
        handoff.claimed_by = handoff.claimed_at = None
        if last and handoff.assigned_to_id != last.user_id:
            last.delete()
