"""Six weeks of silence: a handoff that nobody answers lapses, or shows that too little was tried."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handoff.lib.refusals import NotOpen
from handoff.outbox.audit import record
from handoff.outbox.notices import notify, settle
from handoff.people.models import User
from handoff.queue.assignment import end_assignment
from handoff.queue.clocks import cancel_clocks, holder_at, next_act, pauses_of, plan_of, refresh_due
from handoff.queue.contracts import rest
from handoff.queue.models import Breach, Clock, Handoff, Touch, Verdict
from handoff.queue.models.work import CONNECTS
from handoff.queue.working import lock_lead
from handoff.sla.clock import Hours
from handoff.sla.models import Metric

SILENCE = 42  # local dates
LAPSE = ("lapses_at", "lapse_warned_at")
WARNED_BEFORE = timedelta(days=7)


def set_lapse(handoff: Handoff) -> None:
    """Set when six weeks without an answer are over for `handoff` (locked), none before the first attempt.

    The caller saves LAPSE.
    """
    was, handoff.lapses_at = handoff.lapses_at, lapse_instant(handoff)
    if handoff.lapses_at != was:
        handoff.lapse_warned_at = None


def moves_lapse(handoff: Handoff, touch: Touch) -> bool:
    """Return whether `touch` may change when the six weeks of `handoff` are over; one more attempt in them doesn't."""
    if handoff.touched_at is None or handoff.lapses_at is None or touch.is_answer:
        return True
    return not handoff.touched_at <= touch.at < handoff.lapses_at


def lapse_instant(handoff: Handoff) -> datetime | None:
    """Return the end of the local date 42 days after the first attempt or the last answer, later by paused dates.

    None where somebody has worked on since: what did not lapse then waits for a verdict.
    """
    is_answer = Q(outcome__in=CONNECTS) | Q(direction=Touch.Direction.IN)
    since = handoff.touches.aggregate(first=Min("at"), last=Max("at"), answered=Max("at", filter=is_answer))
    if since["first"] is None:
        return None
    counted_from = max(filter(None, [since["first"], since["answered"], handoff.raised_at, handoff.reopened_at]))
    hours = handoff.clocks.order_by("id").values_list("hours__value", flat=True).first()
    zone = ZoneInfo(Hours.from_json(hours).zone if hours else settings.TIME_ZONE)
    last = counted_from.astimezone(zone).date() + timedelta(days=SILENCE)
    for start, until in sorted(pauses_of(handoff)):
        # What is paused once they are over doesn't bring them back.
        if until is not None and until > counted_from and start < _end_of(last, zone):
            last += until.astimezone(zone).date() - max(start, counted_from).astimezone(zone).date()
    over = _end_of(last, zone)
    return over if over > since["last"] else None


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)


def settle_lapse(handoff: Handoff, *, at: datetime) -> None:
    """See that an act at `at` on `handoff` (locked) finds what a tick would have done by then.

    Raises NotOpen where the silence has ended the handoff, whether or not a worker has noticed.
    """
    if has_lapsed(handoff, at=at):
        raise NotOpen(_("%(lead)s lapsed after six weeks without an answer.") % {"lead": handoff.lead.name})
    find_wanting(handoff, at=at)


def has_lapsed(handoff: Handoff, *, at: datetime) -> bool:
    """Return whether six weeks of silence have ended an open `handoff` by `at`, whether or not a worker noticed."""
    return handoff.lapses_at is not None and at >= handoff.lapses_at and _has_enough_attempts(handoff)


def end_silence(*, at: datetime) -> int:
    """Warn the owners a week before, and end or escalate what has been silent for six weeks; return how many."""
    soon = Handoff.objects.open().filter(lapses_at__lte=at + WARNED_BEFORE, lapses_at__gt=at, lapse_warned_at=None)
    done = sum(_warn(handoff, at) for handoff in soon.select_related("lead", "team").order_by("lapses_at", "id"))
    over = Handoff.objects.open().filter(lapses_at__lte=at).order_by("lapses_at", "id")
    for pk, lead_id in list(over.values_list("pk", "lead_id")):
        with transaction.atomic():
            lock_lead(lead_id)
            still = over.select_for_update(of=("self",)).select_related("lead", "team", "policy").filter(pk=pk).first()
            if still and still.lapses_at and _has_enough_attempts(still):
                end_as_lapsed(still, lapsed_at=still.lapses_at, at=at)
            elif still:
                find_wanting(still, at=at)
            done += still is not None
    return done


def end_as_lapsed(handoff: Handoff, *, lapsed_at: datetime, at: datetime, cancelled_at: datetime | None = None) -> None:
    """End `handoff` (locked, its lead too) as of `lapsed_at`: its lead goes back to nurture.

    Where a ladder sends it back, its clocks end as of `cancelled_at`, when the step was due.
    """
    cancel_clocks(handoff, happened_at=cancelled_at or lapsed_at, at=at)
    handoff.next_steps.filter(ended_at=None).update(ended_at=lapsed_at)
    handoff.snoozes.filter(ended_at=None).update(ended_at=lapsed_at)
    holder = handoff.holder
    end_assignment(handoff, at=lapsed_at, because=Verdict.LAPSED)
    settle(_about(handoff), but=["breach"], at=at)
    handoff.closed_at, handoff.verdict, handoff.version = lapsed_at, Verdict.LAPSED, handoff.version + 1
    handoff.next_step_at = handoff.snoozed_until = handoff.due_at = handoff.lapses_at = None
    handoff.save(
        update_fields=["closed_at", "verdict", "version", "next_step_at", "snoozed_until", "due_at", "lapses_at"]
    )
    lead = handoff.lead
    lead.owner = None
    lead.save(update_fields=["owner"])
    rest(handoff, at=lapsed_at)
    record("lapsed", f"handoff {handoff.pk}", by=None, at=at, as_of=lapsed_at.isoformat())

    def say() -> str:
        if cancelled_at:
            return _("%(lead)s goes back to nurture: it was not worked in time.") % {"lead": lead.name}
        return _("%(lead)s goes back to nurture: no response.") % {"lead": lead.name}

    notify([holder] if holder else [], cause=f"lapsed:{handoff.pk}", say=say, url=_url(handoff), at=at, by_mail=False)


def _has_enough_attempts(handoff: Handoff) -> bool:
    wanted = handoff.policy.attempts if handoff.policy else 1
    tried = handoff.touches.filter(direction=Touch.Direction.OUT, at__lte=handoff.lapses_at)
    return tried.count() >= wanted


def find_wanting(handoff: Handoff, *, at: datetime) -> None:
    """Where too little was tried in six weeks that are over by `at`, the verdict is late, and the managers hear it."""
    lapsed_at = handoff.lapses_at
    if lapsed_at is None or at < lapsed_at or has_lapsed(handoff, at=at):
        return
    clocks = Clock.objects.running().filter(handoff=handoff, metric=Metric.VERDICT, breach=None, due_at__gt=lapsed_at)
    cause = f"silence:{handoff.pk}:{lapsed_at:%Y%m%d}"
    # A verdict that had longer is late now, so its breach is dated when the silence was over.
    for clock in clocks.select_related("policy", "hours").select_for_update(of=("self",)):
        clock.due_at = lapsed_at
        plan = plan_of(clock, clock.policy, clock.hours.hours(), pauses_of(handoff))
        # Steps at due are taken yet; those before it would have warned of what has come already.
        clock.steps_done = next(place for place, what in enumerate(plan) if what.at >= lapsed_at)
        clock.acts_at = next_act(clock, plan)
        clock.save(update_fields=["due_at", "steps_done", "acts_at"])
        Breach.objects.create(clock=clock, due_at=lapsed_at, holder=holder_at(handoff.pk, lapsed_at), recorded_at=at)
        cause = f"breach:{clock.pk}"  # told here, with its reason, and not once more by the tick that enforces
    handoff.lapses_at = None
    Handoff.objects.filter(pk=handoff.pk).update(lapses_at=None)
    refresh_due(handoff)

    def say() -> str:
        return _("%(lead)s: six weeks without an answer, and fewer attempts than agreed.") % {"lead": handoff.lead.name}

    people = {user.pk: user for user in [*User.objects.managers_of(handoff.team), handoff.holder] if user}
    notify(people.values(), cause=cause, say=say, url=_url(handoff), at=at, about=_about(handoff))


@transaction.atomic
def _warn(handoff: Handoff, at: datetime) -> int:
    """Tell the holder once that the six weeks end soon."""
    assert handoff.lapses_at is not None
    if not Handoff.objects.filter(pk=handoff.pk, lapse_warned_at=None).update(lapse_warned_at=at):
        return 0
    days = (handoff.lapses_at - at).days

    def say() -> str:
        said = ngettext(
            "%(lead)s lapses in %(days)d day unless somebody answers.",
            "%(lead)s lapses in %(days)d days unless somebody answers.",
            days,
        )
        return said % {"lead": handoff.lead.name, "days": days}

    people = [handoff.holder] if handoff.holder else list(User.objects.managers_of(handoff.team))
    cause = f"lapses:{handoff.pk}:{handoff.lapses_at:%Y%m%d}"
    notify(people, cause=cause, say=say, url=_url(handoff), at=at, about=_about(handoff))
    return 1


def _url(handoff: Handoff) -> str:
    return reverse("handoff", args=[handoff.pk])


def _about(handoff: Handoff) -> str:
    return f"handoff {handoff.pk}"
