"""The tick that enforces: steps of ladders and breaches, in the order of their instants, each exactly once.

Any number of workers may run it, and be killed in it: a clock is locked, what is due is done and the clock moved on in
one transaction. What only writes rows is done for many clocks at once, what changes handoffs for a few of them.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from django.db import transaction
from django.db.models import QuerySet

from handoff.lib.inserting import insert_new
from handoff.queue.escalation import CHANGES, change_handoffs, tell
from handoff.queue.models import Assignment, Breach, Clock, FiredStep
from handoff.queue.rotation import hold_turns
from handoff.queue.running import Running, lock_running
from handoff.queue.storing_clocks import move_on
from handoff.queue.working import lock_leads
from handoff.sla.ladder import Planned
from handoff.sla.models import Metric

log = logging.getLogger(__name__)
AT_ONCE, FEW = 1000, 8
MOST_CHANGES = 8  # in one transaction, for which those who want these leads wait


@dataclass(frozen=True)
class Due:
    """One thing that is due on one clock."""

    clock: Running
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
    done, at_once, poisoned = 0, AT_ONCE, list[int]()
    while True:
        waiting = _to_act_on(at).exclude(pk__in=poisoned)
        try:
            now_done = _act(waiting[:at_once], at, at_once)
        except Exception:  # whatever is wrong about one clock must not keep the others waiting; it is logged
            if at_once == 1:
                poisoned.append(waiting.values_list("pk", flat=True)[0])
                log.exception("clock %d can't be acted on", poisoned[-1])
            at_once = 1
            continue
        if not now_done:
            return done
        done += now_done
        # Whatever lies behind a second change is read again: no more than is likely to be done before the next one.
        at_once = min(AT_ONCE, max(FEW, 2 * now_done))


def _act(waiting: "QuerySet[Clock]", at: datetime, at_once: int) -> int:
    """Do what is due on `waiting`, as far as can be told beforehand what that is; return how much was done."""
    with transaction.atomic():
        found = _found(waiting, at, at_once)
        changed = {due.clock.handoff.lead_id: due.clock.handoff.team_id for due in found if due.changes_the_handoff}
        if not changed:
            _write(found, at)
            return len(found)
    # A lead is locked before what belongs to it, so all is looked at again behind the locks.
    with transaction.atomic():
        lock_leads(changed)
        hold_turns({team for team in changed.values() if team})
        found = [*takewhile(lambda due: _is_held(due, changed), _found(waiting, at, at_once))]
        _write(found, at)
    return len(found)


def _is_held(due: Due, leads: Collection[int]) -> bool:
    return not due.changes_the_handoff or due.clock.handoff.lead_id in leads


def _found(waiting: "QuerySet[Clock]", at: datetime, at_once: int) -> list[Due]:
    """Return what is due on `waiting`, locked, in order, up to the first about a handoff that one before it changes.

    What is due of that handoff is to be read again.
    """
    found = sorted(_due(lock_running(waiting), at, at_once), key=lambda due: due.order)
    changed = set[int]()
    for place, due in enumerate(found):
        if due.clock.handoff_id in changed or len(changed) == MOST_CHANGES:
            return found[:place]
        if due.changes_the_handoff:
            changed.add(due.clock.handoff_id)
    return found


def _to_act_on(at: datetime) -> "QuerySet[Clock]":
    return Clock.objects.running().filter(acts_at__lte=at).order_by("acts_at", "id")


def _due(clocks: list[Running], at: datetime, at_once: int) -> Iterator[Due]:
    """Yield what is due on `clocks`, none later than what those beyond this batch wait for."""
    horizon = (clocks[-1].acts_at if len(clocks) == at_once else None) or at
    for clock in clocks:
        for place, what in enumerate(clock.plan[clock.steps_done :], start=clock.steps_done):
            # At due is in time: a breach is due only afterwards.
            if what.at > horizon or (what.rung is None and what.at >= at):
                break
            yield Due(clock, what, place)


def _write(found: list[Due], at: datetime) -> None:
    """Record the breaches and the steps, take those that change handoffs, move the clocks on, and tell people."""
    breaches = [due.clock for due in found if due.what.rung is None]
    holders = _holders_when_due(breaches)
    insert_new(
        Breach,
        ("clock_id", "due_at", "holder_id", "recorded_at"),
        [(clock.pk, clock.due_at, holders.get(clock.pk), at) for clock in breaches],
    )
    outcomes = _change([due for due in found if due.changes_the_handoff], at)
    steps = [
        (due.clock.pk, due.what.rung.id, due.what.at, at, outcomes.get(due.clock.pk, FiredStep.Outcome.DONE))
        for due in found
        if due.what.rung
    ]
    insert_new(FiredStep, ("clock_id", "step_id", "at", "fired_at", "outcome"), steps)
    for due in found:
        due.clock.move_past(due.place)
    move_on(list({due.clock.pk: due.clock for due in found}.values()))
    tell([(due.clock, due.what) for due in found if not due.changes_the_handoff], holders, at=at)


def _change(found: list[Due], at: datetime) -> dict[int, str]:
    """Take steps that change handoffs, each another one, and return by clock what came of it."""
    if not found:
        return {}
    # A re-plan may have come between: a step that was taken stays taken.
    before = set(FiredStep.objects.filter(clock__in=[due.clock.pk for due in found]).values_list("clock_id", "step_id"))
    new = [due for due in found if due.what.rung and (due.clock.pk, due.what.rung.id) not in before]
    outcomes = change_handoffs([(due.clock, due.what) for due in new], at=at)
    return {due.clock.pk: outcome for due, outcome in zip(new, outcomes, strict=True)}


def _holders_when_due(clocks: list[Running]) -> dict[int, int]:
    """Return by clock the id of whoever held its handoff when it was due."""
    held = Assignment.objects.filter(handoff__in={clock.handoff_id for clock in clocks}).order_by("started_at", "id")
    by_handoff: dict[int, list[tuple[int, datetime, datetime | None]]] = defaultdict(list)
    for handoff, user, started_at, ended_at in held.values_list("handoff_id", "user_id", "started_at", "ended_at"):
        by_handoff[handoff].append((user, started_at, ended_at))
    holders = {}
    for clock in clocks:
        if clock.metric == Metric.TAKEOVER and clock.handoff.owner_id:
            holders[clock.pk] = clock.handoff.owner_id  # to whom the SQL was passed
        for user, started_at, ended_at in by_handoff[clock.handoff_id]:
            if started_at <= clock.due_at and (ended_at is None or ended_at > clock.due_at):
                holders[clock.pk] = user
    return holders
