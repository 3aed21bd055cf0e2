"""The tick that enforces: steps of ladders and breaches, in the order of their instants, each exactly once.

Any number of workers may run it, and be killed in it: a clock is locked, what is due is done and the clock moved on in
one transaction. What only writes rows is done for many clocks at once; what changes a handoff, one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet

from handoff.queue.clocks import next_act, pauses_of, plan_of
from handoff.queue.escalation import CHANGES, change_handoff, tell
from handoff.queue.models import Assignment, Breach, Clock, FiredStep
from handoff.queue.storing_clocks import move_on
from handoff.queue.working import lock_lead
from handoff.sla.ladder import Planned
from handoff.sla.models import Metric, Policy

AT_ONCE = 500


@dataclass(frozen=True)
class Due:
    """One thing that is due on one clock."""

    clock: Clock
    what: Planned
    place: int  # in the clock's plan

    @property
    def order(self) -> tuple[datetime, int, int]:
        """Return where it stands among others."""
        return self.what.at, self.clock.pk, self.place

    @property
    def changes_the_handoff(self) -> bool:
        """Whether more than rows about it are written."""
        return self.what.rung is not None and self.what.rung.action in CHANGES


def enforce_due(*, at: datetime) -> int:
    """Take each step and record each breach that is due at `at`, oldest first; return how many."""
    done = 0
    while True:
        with transaction.atomic():
            found = sorted(_due(_lock(_to_act_on(at)[:AT_ONCE]), at), key=lambda due: due.order)
            first = next((place for place, due in enumerate(found) if due.changes_the_handoff), len(found))
            _write(found[:first], at)
        done += first
        if first < len(found):
            done += _change(found[first], at)
        elif not found:
            return done


def _to_act_on(at: datetime) -> "QuerySet[Clock]":
    return Clock.objects.running().filter(acts_at__lte=at).order_by("acts_at", "id")


def _lock(clocks: "QuerySet[Clock]") -> list[Clock]:
    # The lock makes a touch that stops the clock at this moment wait, and the filter re-reads what it left; rows that
    # another worker is at are skipped, as it will do them.
    skip = connection.features.has_select_for_update_skip_locked
    beside = clocks.select_related("hours", "handoff__lead", "handoff__team").prefetch_related("handoff__snoozes")
    return list(beside.select_for_update(skip_locked=skip, of=("self",) if skip else ()))


def _due(clocks: list[Clock], at: datetime) -> Iterator[Due]:
    """Yield what is due on `clocks`, none later than what those beyond this batch wait for."""
    policies = Policy.objects.prefetch_related("ladder").in_bulk({clock.policy_id for clock in clocks})
    horizon = clocks[-1].acts_at if len(clocks) == AT_ONCE else at
    assert horizon is not None or not clocks
    for clock in clocks:
        clock.policy = policies[clock.policy_id]
        pauses = pauses_of(clock.handoff) if clock.metric == Metric.VERDICT else None
        clock.plan = plan_of(clock, clock.policy, clock.hours.hours(), pauses)  # type: ignore[attr-defined]
        for place, what in enumerate(clock.plan[clock.steps_done :], start=clock.steps_done):  # type: ignore[attr-defined]
            # At due is in time: a breach is due only afterwards.
            if what.at > horizon or (what.rung is None and what.at >= at):
                break
            yield Due(clock, what, place)


def _write(found: list[Due], at: datetime) -> None:
    """Record the breaches and the steps that only tell somebody, and move their clocks on."""
    breaches = [due.clock for due in found if due.what.rung is None]
    holders = _holders_when_due(breaches)
    Breach.objects.bulk_create(
        [
            Breach(clock=clock, due_at=clock.due_at, holder_id=holders.get(clock.pk), recorded_at=at)
            for clock in breaches
        ],
        ignore_conflicts=True,
    )
    FiredStep.objects.bulk_create(
        FiredStep(clock=due.clock, step_id=due.what.rung.id, at=due.what.at, fired_at=at)
        for due in found
        if due.what.rung
    )
    moved = {}
    for due in found:
        due.clock.steps_done = due.place + 1
        moved[due.clock.pk] = due.clock
    for clock in moved.values():
        clock.acts_at = next_act(clock, clock.plan)  # type: ignore[attr-defined]
    move_on(list(moved.values()))
    tell([(due.clock, due.what) for due in found], holders, at=at)


def _holders_when_due(clocks: list[Clock]) -> dict[int, int]:
    """Return by clock the id of whoever held its handoff when it was due."""
    due = {clock.handoff_id: clock for clock in clocks}
    held = Assignment.objects.filter(handoff__in=due).order_by("started_at", "id")
    by_handoff: dict[int, list[Assignment]] = {}
    for assignment in held:
        by_handoff.setdefault(assignment.handoff_id, []).append(assignment)
    holders = {}
    for clock in clocks:
        for one in by_handoff.get(clock.handoff_id, ()):
            if one.started_at <= clock.due_at and (one.ended_at is None or one.ended_at > clock.due_at):
                holders[clock.pk] = one.user_id
    return holders


def _change(due: Due, at: datetime) -> int:
    """Take one step that changes its handoff, unless its reason has gone by the time it is locked."""
    with transaction.atomic():
        lock_lead(due.clock.handoff.lead_id)
        still = _to_act_on(at).filter(pk=due.clock.pk, steps_done=due.place)
        clock = still.select_related("handoff__lead", "handoff__team", "policy").select_for_update(of=("self",)).first()
        if clock is None:
            return 0
        assert due.what.rung is not None
        clock.steps_done, plan = due.place + 1, due.clock.plan  # type: ignore[attr-defined]
        clock.acts_at = next_act(clock, plan)
        clock.save(update_fields=["steps_done", "acts_at"])
        fired = FiredStep.objects.create(clock=clock, step_id=due.what.rung.id, at=due.what.at, fired_at=at)
        fired.outcome = change_handoff(clock.handoff, clock, due.what, at=at)
        fired.save(update_fields=["outcome"])
    return 1
