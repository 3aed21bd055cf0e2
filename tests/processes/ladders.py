"""Many handoffs whose ladders fall due one after another, and what must have come of them in the end."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q

from handoff.leads.models import Lead, Stage
from handoff.outbox.models import AuditEntry, Notice
from handoff.queue.clocks import plan_of
from handoff.queue.models import Assignment, Breach, Clock, FiredStep, Handoff, Route
from handoff.sla.clock import Hours
from handoff.sla.models import LadderStep, Metric, PinnedHours, Policy, Target
from tests.making import DAY, MONDAY_9AM, make_manager, make_rep, make_team

Action, How = LadderStep.Action, Assignment.How
LADDER = {
    Action.TELL_OWNER: 25,
    Action.NEXT_REP: 50,
    Action.RAISE: 75,
    Action.TELL_MANAGER: 100,
    Action.TELL_TEAM: 150,
}
REPS, AT_ONCE = 3, 2_000
# How many notices of what cause come of one clock; whoever had the lead when it was due hears of a breach too.
TOLD = {Action.TELL_OWNER: 1, Action.TELL_MANAGER: 1, Action.TELL_TEAM: REPS, Action.NEXT_REP: 1, "breach": 1}


def make_ladders(
    count: int,
    *,
    first_at: datetime,
    apart: timedelta,
    whole: timedelta,
    actions: tuple[LadderStep.Action, ...] = tuple(LADDER),
) -> None:
    """Make `count` handoffs, held by three reps in turn, whose clocks of length `whole` start `apart` from each other.

    The first step of the first one falls due at `first_at`.
    """
    team, opened_at = make_team(giving="rotation"), first_at - DAY
    make_manager("mia", notice_mail="never")
    reps = [make_rep(f"rep{number}", notice_mail="never") for number in range(REPS)]
    team.memberships.update(capacity=32_000)
    policy = Policy.objects.create(slug="quick", name="Quick", counted_in=Policy.Hours.ALWAYS, created_at=MONDAY_9AM)
    Target.objects.create(policy=policy, metric=Metric.FIRST_TOUCH, amount=1, unit=Target.Unit.MINUTES)
    for action in actions:
        policy.ladder.create(metric=Metric.FIRST_TOUCH, action=action, share=LADDER[action])
    zero = first_at - whole * LADDER[actions[0]] / 100
    starts = [zero + apart * number for number in range(count)]

    dates = {"stage_since": opened_at, "created_at": opened_at, "updated_at": opened_at}
    leads = [
        Lead(email=f"{n}@ladder.example", team=team, stage=Stage.MQL, owner=reps[n % REPS], **dates)
        for n in range(count)
    ]
    Lead.objects.bulk_create(leads, batch_size=AT_ONCE)
    # Being given to somebody made it the second version.
    frozen: dict[str, Any] = {
        "version": 2,
        "route": Route.MANUAL,
        "total": 0,
        "fit": 0,
        "interest": 0,
        "timing": 0,
        "policy": policy,
    }
    handoffs = [
        Handoff(lead=lead, team=team, opened_at=opened_at, assigned_to=lead.owner, due_at=start + whole, **frozen)
        for lead, start in zip(leads, starts, strict=True)
    ]
    Handoff.objects.bulk_create(handoffs, batch_size=AT_ONCE)
    Assignment.objects.bulk_create(
        (Assignment(handoff=one, user=one.assigned_to, how=How.ROTATION, started_at=opened_at) for one in handoffs),
        batch_size=AT_ONCE,
    )
    hours = Hours.around_the_clock("UTC")
    pinned, clocks = PinnedHours.of(hours), []
    for handoff, start in zip(handoffs, starts, strict=True):
        clock = Clock(handoff=handoff, metric=Metric.FIRST_TOUCH, policy=policy, hours=pinned)
        clock.started_at, clock.due_at = start, start + whole
        clock.acts_at = plan_of(clock, policy, hours)[0].at
        clocks.append(clock)
    Clock.objects.bulk_create(clocks, batch_size=AT_ONCE)


@dataclass
class Mistakes:
    """What did not come of the ladders once, and at its time."""

    lost: "Counter[tuple[Any, ...]]" = field(default_factory=Counter)
    doubled: "Counter[tuple[Any, ...]]" = field(default_factory=Counter)
    early: list[Any] = field(default_factory=list)


def mistakes() -> Mistakes:
    """Compare what came of all clocks with what their policy says."""
    found, wanted = Counter(_found()), Counter(_wanted())
    early = [*FiredStep.objects.filter(fired_at__lt=F("at")), *Breach.objects.filter(recorded_at__lte=F("due_at"))]
    return Mistakes(wanted - found, found - wanted, early)


def _wanted() -> Iterator[tuple[Any, ...]]:
    """Yield each row that there must be, and the instant that it must bear."""
    policy = Policy.objects.prefetch_related("ladder").get()
    for clock in Clock.objects.select_related("hours"):
        clock.policy = policy
        for what in plan_of(clock, policy, clock.hours.hours()):
            action = what.rung.action if what.rung else "breach"
            yield action, clock.pk, what.at
            cause = f"step:{clock.pk}:{what.rung.id}" if what.rung else f"breach:{clock.pk}"
            if action == Action.NEXT_REP:
                cause = f"assigned:{clock.handoff_id}"
                yield "given on", clock.handoff_id
            if action in {Action.NEXT_REP, Action.RAISE}:
                yield "a new version", clock.handoff_id
                yield "on record", f"handoff {clock.handoff_id}", action
            yield from [("told", cause)] * TOLD.get(action, 0)
    held = Clock.objects.filter(
        Q(handoff__assignments__ended_at=None) | Q(handoff__assignments__ended_at__gt=F("due_at")),
        handoff__assignments__started_at__lte=F("due_at"),
    )
    yield from (("told", f"breach:{pk}") for pk in held.values_list("pk", flat=True))


def _found() -> Iterator[tuple[Any, ...]]:
    """Yield each row that there is, in the same words."""
    for action, clock, at in FiredStep.objects.values_list("step__action", "clock", "at"):
        yield action, clock, at
    for clock, due_at in Breach.objects.values_list("clock", "due_at"):
        yield "breach", clock, due_at
    for handoff in Assignment.objects.filter(how=How.LADDER).values_list("handoff", flat=True):
        yield "given on", handoff
    for handoff, version in Handoff.objects.values_list("pk", "version"):
        yield from [("a new version", handoff)] * (version - 2)
    for subject, details in AuditEntry.objects.filter(act="ladder").values_list("subject", "details"):
        yield "on record", subject, details["step"]
    for cause in Notice.objects.values_list("cause", flat=True):
        # Somebody is told anew with each new version of a handoff, which is how one who is told twice shows.
        yield "told", cause.rpartition(":")[0] if cause.startswith("assigned:") else cause
