"""Starting and stopping a handoff's clocks, and recording where one ran out."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Min
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.lib.durations import spoken
from handoff.outbox.notices import notify
from handoff.people.models import User
from handoff.queue.models import Assignment, Breach, Clock, Handoff
from handoff.sla.calendars import calendar_of, hours_of
from handoff.sla.clock import business_time_between, due_at
from handoff.sla.models import Covered, Metric, PinnedHours, Policy


def start_clocks(handoff: Handoff, *, at: datetime, metrics: Sequence[str] = (), round_: int = 1) -> None:
    """Start the clocks of the first policy that covers `handoff` (only those of `metrics`, if any are named)."""
    policy = policy_for(handoff)
    if policy is None:
        return
    hours = hours_of(policy, calendar_of(handoff.team))
    pinned = PinnedHours.of(hours)
    wanted = set(metrics) or {Metric.FIRST_TOUCH, Metric.CONNECT, Metric.VERDICT}
    clocks = []
    for target in policy.targets.all():
        if target.metric in wanted:
            due = due_at(hours, at, target.for_clock())
            clock = Clock(handoff=handoff, metric=target.metric, policy=policy, hours=pinned, round=round_)
            clock.started_at, clock.due_at, clock.acts_at = at, due, due
            clocks.append(clock)
    Clock.objects.bulk_create(clocks)
    Handoff.objects.filter(pk=handoff.pk).update(policy=policy)
    refresh_due(handoff)


def policy_for(handoff: Handoff) -> Policy | None:
    """Return the first policy in force that covers `handoff`."""
    policies = Policy.objects.in_force().prefetch_related("targets")
    return next((policy for policy in policies if policy.covers(covered(handoff))), None)


def covered(handoff: Handoff) -> Covered:
    """Return what policies ask of `handoff`."""
    lead = handoff.lead
    return Covered(
        route=handoff.route,
        source=handoff.source,
        grade=handoff.grade,
        total=handoff.total,
        team=handoff.team.slug if handoff.team else "",
        country=lead.country or (lead.company.country if lead.company else ""),
    )


def refresh_due(handoff: Handoff) -> None:
    """Keep the earliest instant at which something is due, a clock or the next step: the queue is ordered by it."""
    clock = Clock.objects.running().filter(handoff=handoff).aggregate(first=Min("due_at"))["first"]
    handoff.due_at = min(filter(None, [clock, handoff.next_step_at]), default=None)
    Handoff.objects.filter(pk=handoff.pk).update(due_at=handoff.due_at)


def stop_clocks(
    handoff: Handoff, *, metrics: Sequence[str], happened_at: datetime, at: datetime, ending: str = Clock.Ending.MET
) -> None:
    """Stop the running clocks of `metrics` as of `happened_at`, which was written down at `at`."""
    clocks = Clock.objects.running().filter(handoff=handoff, metric__in=metrics, started_at__lte=happened_at)
    for clock in clocks.select_related("hours").select_for_update(of=("self",)).order_by("id"):
        stop(clock, happened_at=happened_at, at=at, ending=ending)
    refresh_due(handoff)


def stop(clock: Clock, *, happened_at: datetime, at: datetime, ending: str) -> None:
    """Stop one clock; what came too late is a breach even if no tick has seen it yet."""
    clock.stopped_at, clock.ending = happened_at, ending
    clock.elapsed = business_time_between(clock.hours.hours(), clock.started_at, happened_at)
    clock.save(update_fields=["stopped_at", "ending", "elapsed"])
    if happened_at > clock.due_at:
        record_breach(clock, at=at)
    else:
        # Done in time but logged late: the breach stays on record, annulled.
        Breach.objects.filter(clock=clock, annulled_at=None).update(annulled_at=at)


def cancel_clocks(handoff: Handoff, *, happened_at: datetime, at: datetime) -> None:
    """End the running clocks without anybody having met them."""
    metrics = list(Metric.values)
    stop_clocks(handoff, metrics=metrics, happened_at=happened_at, at=at, ending=Clock.Ending.CANCELLED)


def record_breach(clock: Clock, *, at: datetime) -> bool:
    """Record that `clock` passed its due instant, dated then, and tell owner and managers; False if it was known."""
    holder = holder_at(clock.handoff_id, clock.due_at)
    breach, is_new = Breach.objects.get_or_create(
        clock=clock, defaults={"due_at": clock.due_at, "holder": holder, "recorded_at": at}
    )
    if is_new and clock.is_running:
        _tell_of_breach(breach, clock, at)
    return is_new


def holder_at(handoff_id: int, at: datetime) -> User | None:
    """Return who held the handoff at `at`."""
    held = Assignment.objects.filter(handoff_id=handoff_id, started_at__lte=at).exclude(ended_at__lte=at)
    last = held.select_related("user").order_by("-started_at", "-id").first()
    return last.user if last else None


def _tell_of_breach(breach: Breach, clock: Clock, at: datetime) -> None:
    handoff = Handoff.objects.select_related("lead", "team").get(pk=clock.handoff_id)
    people = {person.pk: person for person in User.objects.managers_of(handoff.team)}
    if breach.holder and breach.holder.is_active:
        people[breach.holder.pk] = breach.holder
    late = at - breach.due_at

    def say() -> str:
        if late > NOTICED_LATE:
            text = _("%(lead)s: %(metric)s was due %(ago)s ago (noticed late).")
        else:
            text = _("%(lead)s: %(metric)s was due %(ago)s ago.")
        return text % {"lead": handoff.lead.name, "metric": str(Metric(clock.metric).label), "ago": spoken(late)}

    notify(people.values(), cause=f"breach:{clock.pk}", say=say, url=reverse("handoff", args=[handoff.pk]), at=at)


NOTICED_LATE = timedelta(minutes=5)
