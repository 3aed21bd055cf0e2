"""The triage list: what marketing does with a request for contact of a lead that is kept out of the queue."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from handoff.leads.consent import lift_objection
from handoff.leads.models import HANDED_OVER_FROM, Activity, Basis, Hold, Lead, Stage
from handoff.leads.stages import move
from handoff.lib.refusals import Incomplete, NotOpen, WrongStage, require
from handoff.outbox.audit import record
from handoff.outbox.notices import notify, settle
from handoff.people.models import Role, User
from handoff.queue.clocks import covered
from handoff.queue.models import Handoff, Route, Triage
from handoff.queue.opening import open_by_person
from handoff.queue.working import lock_lead
from handoff.sla.agreements import Agreements
from handoff.sla.clock import NoOpenHours, due_at
from handoff.sla.models import Metric


def put_on_list(lead: Lead, request: Activity, *, at: datetime) -> Triage:
    """Put the request of `lead` (locked) on the list; where one waits already, that one is raised and stays due."""
    waiting = Triage.objects.waiting().filter(lead=lead).first()
    if waiting:
        waiting.request, waiting.raised_at = request, at
        waiting.save(update_fields=["request", "raised_at"])
        return waiting
    return Triage.objects.create(
        lead=lead, request=request, asked_at=request.occurred_at, opened_at=at, due_at=_due_at(lead, at)
    )


def _due_at(lead: Lead, at: datetime) -> datetime | None:
    """Return when a first touch would be due if `lead` were handed over at `at`, None where no policy says."""
    score = getattr(lead, "score", None)
    # Never saved: what policies would ask of the handoff that this request would have opened.
    as_handoff = Handoff(lead=lead, team=lead.team, route=Route.FAST_LANE, source=lead.source)
    as_handoff.total, as_handoff.grade = (score.total, score.grade) if score else (0.0, "")
    agreed = Agreements()
    policy = agreed.policy_for(covered(as_handoff))
    target = next((t for t in policy.targets.all() if t.metric == Metric.FIRST_TOUCH), None) if policy else None
    if policy is None or target is None:
        return None
    try:
        return due_at(agreed.hours_of(policy, team_id=lead.team_id), at, target.for_clock())
    except NoOpenHours:
        return due_at(agreed.always, at, target.for_clock())


def may_triage(user: User) -> bool:
    """Return whether `user` answers the list: marketers and administrators."""
    return user.is_marketer or user.is_admin


@transaction.atomic
def let_through(triage: Triage, *, note: str = "", by: User, at: datetime) -> Handoff | None:
    """Release what holds the lead and hand it over at once, by the fast lane, with its request as the trigger.

    A disqualified lead too. An objection from before the request is lifted by it; a later one stands. None where
    sales has the lead already: whoever owns it is told.
    """
    found = _lock(triage, by)
    standing = found.lead.holds.filter(released_at=None)
    if standing.filter(reason=Hold.Reason.OBJECTION, at__gt=_asked_last(found)).exists():
        words = {"lead": found.lead.name}
        raise WrongStage(_("%(lead)s objected to contact after asking; only they can take that back.") % words)
    if standing.filter(reason=Hold.Reason.OBJECTION).exists():
        lift_objection(found.lead, basis=Basis.REQUEST, by=by, at=at, note=_("asked for contact since"))
    standing.update(released_at=at, released_by=by, release_note=note.strip()[:300] or _("asked for contact"))
    return _send_on(found, note=note, by=by, at=at)


@transaction.atomic
def keep_held(triage: Triage, *, reason: str, by: User, at: datetime) -> None:
    """Answer the request with no: the lead stays out of the queue, for a reason."""
    if not reason.strip():
        message = _("Say why they stay held.")
        raise Incomplete(message, fields={"reason": message})
    found = _lock(triage, by)
    _close(found, Triage.Outcome.KEPT, note=reason, by=by, at=at)
    record("kept held", f"lead {found.lead_id}", by=by, at=at, triage=found.pk, reason=reason)


def keep_triage(*, at: datetime) -> int:
    """Send on what nothing keeps out any more, and tell marketing once of what is overdue; return how many."""
    held = Hold.objects.filter(lead=OuterRef("lead"), released_at=None)
    free = Triage.objects.waiting().exclude(Exists(held)).exclude(lead__stage=Stage.DISQUALIFIED)
    done = sum(_send_free(pk, at) for pk in list(free.order_by("id").values_list("pk", flat=True)))
    for pk in list(Triage.objects.overdue(at).filter(told_at=None).order_by("id").values_list("pk", flat=True)):
        done += _tell_overdue(pk, at)
    return done


@transaction.atomic
def _send_free(pk: int, at: datetime) -> int:
    lock_lead(Triage.objects.values_list("lead_id", flat=True).get(pk=pk))
    found = _fresh(pk)
    is_held = found.lead.holds.filter(released_at=None).exists() or found.lead.stage == Stage.DISQUALIFIED
    if found.is_open and not is_held:
        _send_on(found, note="", by=None, at=at)
        return 1
    return 0


@transaction.atomic
def _tell_overdue(pk: int, at: datetime) -> int:
    # One conditional UPDATE: of two ticks, or a tick and an answer, one matches the row.
    if not Triage.objects.overdue(at).filter(pk=pk, told_at=None).update(told_at=at):
        return 0
    found = _fresh(pk)

    def say() -> str:
        words = {"lead": found.lead.name, "when": _spoken(found.asked_at)}
        return _("%(lead)s asked for contact on %(when)s and has no answer from marketing.") % words

    marketers = User.objects.filter(is_active=True, role=Role.MARKETER)
    notify(marketers, cause=f"triage:{pk}", say=say, url=reverse("triage"), at=at, about=f"triage {pk}", urgent=True)
    return 1


def _lock(triage: Triage, by: User) -> Triage:
    """Return `triage` fresh, its lead locked; refuses who may not answer it, and what has its answer."""
    require(may_triage(by))
    lock_lead(triage.lead_id)
    found = _fresh(triage.pk)
    if not found.is_open:
        words = {"lead": found.lead.name, "outcome": found.get_outcome_display()}
        raise NotOpen(_("The request of %(lead)s is answered already: %(outcome)s.") % words)
    return found


def _fresh(pk: int) -> Triage:
    rows = Triage.objects.select_for_update(of=("self",)).select_related("lead__company", "lead__team", "request")
    return rows.get(pk=pk)


def _asked_last(triage: Triage) -> datetime:
    return triage.request.occurred_at if triage.request else triage.raised_at or triage.asked_at


def _send_on(triage: Triage, *, note: str, by: User | None, at: datetime) -> Handoff | None:
    """Bring the request to sales: raised where the lead is there already, else handed over by it."""
    from handoff.queue.raising import raise_open, tell_owner  # noqa: PLC0415 (raising puts requests on the list)

    lead, handoff = triage.lead, Handoff.objects.open().filter(lead=triage.lead).first()
    if handoff and triage.request:
        raise_open(lead, triage.request, at=at)
    elif handoff is None and lead.stage in {*HANDED_OVER_FROM, Stage.DISQUALIFIED}:
        if lead.stage == Stage.DISQUALIFIED:
            move(lead, Stage.LEAD, at=at)
        # Whoever opens it reads since when they have waited.
        said = " ".join(filter(None, [_("Asked on %(when)s.") % {"when": _spoken(triage.asked_at)}, note.strip()]))
        handoff = open_by_person(lead, route=Route.FAST_LANE, trigger=triage.request, note=said[:300], by=by, at=at)
        _tell_when(handoff, triage, at)
    elif triage.request:
        tell_owner(lead, triage.request, at)
    _close(triage, Triage.Outcome.LET_THROUGH, note=note, by=by, at=at, handoff=handoff)
    record("let through", f"lead {lead.pk}", by=by, at=at, triage=triage.pk, handoff=handoff.pk if handoff else None)
    return handoff


def _close(
    triage: Triage, outcome: str, *, note: str, by: User | None, at: datetime, handoff: Handoff | None = None
) -> None:
    triage.closed_at, triage.outcome, triage.by, triage.handoff = at, outcome, by, handoff
    triage.note = note.strip()[:300]
    triage.save(update_fields=["closed_at", "outcome", "by", "handoff", "note"])
    settle(f"triage {triage.pk}", at=at)


def _tell_when(handoff: Handoff, triage: Triage, at: datetime) -> None:
    """Whoever answers it knows since when the lead has waited."""

    def say() -> str:
        words = {"lead": triage.lead.name, "when": _spoken(triage.asked_at)}
        return _("%(lead)s asked for contact on %(when)s; marketing has let the request through.") % words

    reps = list(User.objects.reps_of(handoff.team)) if handoff.team else []
    people = [handoff.holder] if handoff.holder else reps
    url, about = reverse("handoff", args=[handoff.pk]), f"handoff {handoff.pk}"
    notify(people, cause=f"request:triage:{triage.pk}", say=say, url=url, at=at, about=about, urgent=True)


def _spoken(moment: datetime) -> str:
    return date_format(localtime(moment), "j M H:i")
