"""Starting, stopping and pausing a handoff's clocks, and recording where one ran out."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Min

from handoff.outbox.notices import settle
from handoff.people.models import User
from handoff.queue.models import Assignment, Breach, Clock, FiredStep, Handoff, Snooze, Touch
from handoff.queue.models.clocks import ClockQuerySet
from handoff.sla.agreements import Agreements
from handoff.sla.clock import Hours, NoOpenHours, business_time_between, due_at
from handoff.sla.ladder import Planned, planned
from handoff.sla.models import Covered, LadderStep, Metric, Policy, Target

log = logging.getLogger(__name__)
OF_A_HANDOFF = (Metric.FIRST_TOUCH, Metric.CONNECT, Metric.VERDICT)
Pauses = list[tuple[datetime, datetime | None]]


def start_clocks(
    handoff: Handoff,
    *,
    at: datetime,
    metrics: Sequence[str] = OF_A_HANDOFF,
    round_: int = 1,
    rep: User | None = None,
    route: str = "",
    before: datetime | None = None,
    agreements: Agreements | None = None,
) -> None:
    """Start the clocks of `metrics` under the first policy that covers `handoff`.

    Whose hours count is fixed now: those of `rep` (else of the holder) where the policy counts in the rep's. What came
    by another `route` than the handoff is under that one's policy; none starts that would not be due `before` then.
    """
    agreed = Agreements.load(agreements)
    policy = agreed.policy_for(covered(handoff, route))
    if policy is None:
        return
    hours = agreed.hours_of(policy, team_id=handoff.team_id, rep_id=rep.pk if rep else handoff.holder_id)
    targets = [target for target in policy.targets.all() if target.metric in metrics]
    try:
        clocks = [_started(handoff, target, policy, hours, at, round_) for target in targets]
    except NoOpenHours as error:
        # A lead is not lost to a calendar that never opens: its clocks run all the time, and the log says why.
        log.error("handoff %d under %s counts around the clock: %s", handoff.pk, policy, error)
        hours = agreed.always
        clocks = [_started(handoff, target, policy, hours, at, round_) for target in targets]
    clocks = [clock for clock in clocks if before is None or clock.due_at < before]
    for clock in clocks:
        clock.hours = agreed.pinned(hours)
        clock.offered_to = rep if clock.metric == Metric.TAKEOVER else None
    Clock.objects.bulk_create(clocks)
    handoff.policy = handoff.policy or policy
    if handoff.is_open:
        handoff.due_at = min(filter(None, [handoff.due_at, *(clock.due_at for clock in clocks)]), default=None)
    Handoff.objects.filter(pk=handoff.pk).update(policy=handoff.policy, due_at=handoff.due_at)


def _started(handoff: Handoff, target: Target, policy: Policy, hours: Hours, at: datetime, round_: int) -> Clock:
    clock = Clock(handoff=handoff, metric=target.metric, policy=policy, round=round_)
    clock.started_at, clock.due_at = at, due_at(hours, at, target.for_clock())
    clock.acts_at = plan_of(clock, policy, hours)[0].at
    return clock


def covered(handoff: Handoff, route: str = "") -> Covered:
    """Return what policies ask of `handoff`, or of what came for it by another `route`."""
    lead = handoff.lead
    return Covered(
        route=route or handoff.route,
        source=handoff.source,
        grade=handoff.grade,
        total=handoff.total,
        team=handoff.team.slug if handoff.team else "",
        country=lead.country or (lead.company.country if lead.company else ""),
    )


def plan_of(clock: Clock, policy: Policy, hours: Hours, pauses: Pauses | None = None) -> list[Planned]:
    """Return the steps and the breach of `clock`, first things first."""
    rungs = [step.rung() for step in policy.ladder.all() if step.metric == clock.metric]
    return planned(rungs, hours, clock.started_at, clock.due_at, pauses or ())


def next_act(clock: Clock, plan: list[Planned]) -> datetime | None:
    """Return when something is next to be done about a running `clock`."""
    return plan[clock.steps_done].at if clock.steps_done < len(plan) else None


def refresh_due(handoff: Handoff) -> None:
    """Find and store the earliest instant at which something is due: the queue is ordered by it."""
    find_due(handoff)
    Handoff.objects.filter(pk=handoff.pk).update(due_at=handoff.due_at)


def find_due(handoff: Handoff) -> None:
    """Set the earliest instant at which something is due on `handoff`, a clock or the next step; the caller saves."""
    running = Clock.objects.running().filter(handoff=handoff)
    _set_due(handoff, [running.aggregate(first=Min("due_at"))["first"]] if handoff.is_open else [])


def _set_due(handoff: Handoff, dues: Iterable[datetime | None]) -> None:
    handoff.due_at = min(filter(None, [*dues, handoff.next_step_at]), default=None) if handoff.is_open else None


def stop_met(handoff: Handoff, touch: Touch, *, at: datetime) -> None:
    """Stop the running clocks that `touch` meets by the targets of their policies; the caller saves what is due."""
    running = list(_running(handoff, OF_A_HANDOFF))
    asked = [clock for clock in running if clock.metric != Metric.VERDICT and clock.started_at <= touch.at]
    policies = {clock.policy_id for clock in asked}
    wanted = Target.objects.filter(policy__in=policies) if policies else ()
    targets = {(target.policy_id, target.metric): target for target in wanted}

    def is_met(clock: Clock) -> bool:
        target = targets.get((clock.policy_id, clock.metric))
        return target is not None and target.is_met_by(
            channel=touch.channel,
            outcome=touch.outcome,
            is_connect=touch.is_connect,
            has_proof=bool(touch.note or touch.evidence),
        )

    met = [(clock, Clock.Ending.MET) for clock in asked if is_met(clock)]
    _stop(handoff, met, happened_at=touch.at, at=at)
    _set_due(handoff, [clock.due_at for clock in running if clock.stopped_at is None])


def stop_by_verdict(handoff: Handoff, *, first_touch: Clock.Ending, at: datetime) -> None:
    """Stop every running clock of `handoff`, on which a person gives a verdict at `at`; the caller settles notices."""
    endings, cancelled = {Metric.FIRST_TOUCH: first_touch, Metric.VERDICT: Clock.Ending.MET}, Clock.Ending.CANCELLED

    def ending_of(clock: Clock) -> Clock.Ending:
        # What was started by a request that came while the act waited for its lock was met by nothing.
        return cancelled if clock.started_at > at else endings.get(Metric(clock.metric), cancelled)

    endings_of = [(clock, ending_of(clock)) for clock in _running(handoff, OF_A_HANDOFF)]
    _stop(handoff, endings_of, happened_at=at, at=at, settles=False)


def stop_takeover(handoff: Handoff, *, at: datetime, ending: Clock.Ending = Clock.Ending.MET) -> None:
    """Stop the clock of an offered SQL; nothing meets one that started later."""
    running = _running(handoff, [Metric.TAKEOVER])
    if ending != Clock.Ending.CANCELLED:
        running = running.filter(started_at__lte=at)
    _stop(handoff, [(clock, ending) for clock in running], happened_at=at, at=at)


def cancel_clocks(handoff: Handoff, *, happened_at: datetime, at: datetime) -> None:
    """End the running clocks as of `happened_at` without anybody having met them."""
    running = _running(handoff, Metric.values)
    _stop(handoff, [(clock, Clock.Ending.CANCELLED) for clock in running], happened_at=happened_at, at=at)


def _running(handoff: Handoff, metrics: Sequence[str]) -> ClockQuerySet:
    running = Clock.objects.running().filter(handoff=handoff, metric__in=metrics)
    return running.select_related("hours").select_for_update(of=("self",)).order_by("id")


def _stop(
    handoff: Handoff,
    endings: Sequence[tuple[Clock, Clock.Ending]],
    *,
    happened_at: datetime,
    at: datetime,
    settles: bool = True,
) -> None:
    """Stop clocks as of `happened_at`, written down at `at`; too late is a breach even if no tick has seen it yet."""
    if not endings:
        return
    paused = pauses_of(handoff) if any(clock.metric == Metric.VERDICT for clock, _ending in endings) else []
    in_time = []
    for clock, ending in endings:
        clock.stopped_at, clock.ending, clock.acts_at = max(happened_at, clock.started_at), ending, None
        pauses = paused if clock.metric == Metric.VERDICT else []
        clock.elapsed = business_time_between(clock.hours.hours(), clock.started_at, clock.stopped_at, pauses)
        clock.save(update_fields=["stopped_at", "ending", "elapsed", "acts_at"])
        was_late = clock.stopped_at > clock.due_at
        if was_late or (at > clock.due_at and ending != Clock.Ending.CANCELLED):
            # Done in time but logged late: the breach is on record, annulled, whether or not a tick had seen it.
            values = {"due_at": clock.due_at, "holder": _blamed(clock), "recorded_at": at}
            Breach.objects.get_or_create(clock=clock, defaults=values)
        if not was_late:
            in_time.append(clock)
    Breach.objects.filter(clock__in=in_time, annulled_at=None).update(annulled_at=at)
    if settles:
        answered = ["request"] if any(clock.metric == Metric.FIRST_TOUCH for clock, _ending in endings) else []
        settle(f"handoff {handoff.pk}", kinds=[*(f"step:{clock.pk}" for clock, _ending in endings), *answered], at=at)
    if handoff.priority:
        _refresh_priority(handoff)


def _refresh_priority(handoff: Handoff) -> None:
    """What the ladder put on top of the queue stays there only while the clock runs for which it did."""
    raising = FiredStep.objects.filter(clock__handoff=handoff, clock__stopped_at=None)
    handoff.priority = int(raising.filter(step__action=LadderStep.Action.RAISE).exists())
    Handoff.objects.filter(pk=handoff.pk).update(priority=handoff.priority)


def pauses_of(handoff: Handoff) -> Pauses:
    """Return when `handoff` was snoozed."""
    return pauses_in(handoff.snoozes.all())


def pauses_in(snoozes: "Iterable[Snooze]") -> Pauses:
    """Return when `snoozes` lasted, each until it came back; a snooze never outlasts its date."""
    return [
        (snooze.at, min(snooze.until, snooze.ended_at or snooze.until))
        for snooze in snoozes
        if snooze.ended_at is None or snooze.ended_at > snooze.at
    ]


def replan_pauses(handoff: Handoff) -> None:
    """Work out anew when the running verdict clocks of `handoff` (locked) are due, from all its pauses.

    The caller saves what is due first.
    """
    running = Clock.objects.running().filter(handoff=handoff, metric=Metric.VERDICT, breach=None)
    pauses = pauses_of(handoff)
    for clock in running.select_related("policy", "hours").select_for_update(of=("self",)).order_by("id"):
        target = next(target for target in clock.policy.targets.all() if target.metric == clock.metric)
        hours = clock.hours.hours()
        clock.due_at = due_at(hours, clock.started_at, target.for_clock(), pauses)
        clock.acts_at = next_act(clock, plan_of(clock, clock.policy, hours, pauses))
        clock.save(update_fields=["due_at", "acts_at"])
    find_due(handoff)


def restart(handoff: Handoff, clocks: "Iterable[Clock]") -> None:
    """Let stopped `clocks` of `handoff` (locked) run on as if nothing had stopped them."""
    for clock in clocks:
        clock.stopped_at, clock.ending, clock.elapsed = None, "", None
        pauses = pauses_of(clock.handoff) if clock.metric == Metric.VERDICT else None
        clock.acts_at = next_act(clock, plan_of(clock, clock.policy, clock.hours.hours(), pauses))
        clock.save(update_fields=["stopped_at", "ending", "elapsed", "acts_at"])
    _refresh_priority(handoff)


def _blamed(clock: Clock) -> User | None:
    """Return who had the lead when `clock` was due: for a takeover, to whom the SQL was offered."""
    if clock.metric == Metric.TAKEOVER:
        return clock.offered_to
    return holder_at(clock.handoff_id, clock.due_at)


def holder_at(handoff_id: int, at: datetime) -> User | None:
    """Return who held the handoff at `at`."""
    held = Assignment.objects.filter(handoff_id=handoff_id, started_at__lte=at).exclude(ended_at__lte=at)
    last = held.select_related("user").order_by("-started_at", "-id").first()
    return last.user if last else None
