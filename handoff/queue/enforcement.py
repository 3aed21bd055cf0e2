"""The tick that enforces: steps of ladders and breaches, in the order of their instants, each exactly once.

Any number of workers may run it, and be killed in it: a clock is locked, what is due is done and the clock moved on in
one transaction. What only writes rows is done for many clocks at once, what changes handoffs for a few of them.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
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
from handoff.sla.models import LadderStep

log = logging.getLogger(__name__)
Step = tuple[int, int | None]
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
    def step(self) -> Step:
        """Return the ids of the clock and of the step, None of a breach."""
        return self.clock.pk, self.what.rung.id if self.what.rung else None

    @property
    def changes_the_handoff(self) -> bool:
        """Whether more than rows about it are written."""
        return self.what.rung is not None and self.what.rung.action in CHANGES

    @property
    def takes_a_turn(self) -> bool:
        """Whether somebody is given the lead in turn."""
        return self.what.rung is not None and self.what.rung.action == LadderStep.Action.NEXT_REP

    def is_of(self, teams: Mapping[int, int | None]) -> bool:
        """Return whether its lead is one of these, and with the same team."""
        handoff = self.clock.handoff
        return handoff.lead_id in teams and handoff.team_id == teams[handoff.lead_id]


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
        if now_done is None:
            return done
        done += now_done
        # What follows on a change is read again: no more than is likely to be done before the next reading.
        at_once = min(AT_ONCE, max(FEW, 2 * now_done))


def _act(waiting: "QuerySet[Clock]", at: datetime, at_once: int) -> int | None:
    """Do what is due on `waiting`, as far as it is known beforehand, and return how much that was.

    None says that nothing was due, 0 that somebody else was faster: look again.
    """
    with transaction.atomic():
        found = _certain(_due(lock_running(waiting), at, at_once))
        changes = [due for due in found if due.changes_the_handoff]
        if not changes:
            _write(found, at)
            return len(found) or None
    # A lead is locked before what belongs to it, so all is looked at again behind the locks.
    teams = {due.clock.handoff.lead_id: due.clock.handoff.team_id for due in changes}
    with transaction.atomic():
        lock_leads(teams)
        hold_turns({due.clock.handoff.team_id for due in changes if due.takes_a_turn and due.clock.handoff.team_id})
        found = _certain(_due(lock_running(waiting), at, at_once))
        found = [*takewhile(lambda due: not due.changes_the_handoff or due.is_of(teams), found)]
        last = max((place for place, due in enumerate(found, start=1) if due.changes_the_handoff), default=0)
        _write(found[:last], at)
    return last


def _certain(due: Iterable[Due]) -> list[Due]:
    """Return what is due, in order, up to what comes after a change of the same handoff: that depends on the change."""
    found, changed = sorted(due, key=lambda one: one.order), set[int]()
    for place, one in enumerate(found):
        if one.clock.handoff_id in changed or len(changed) == MOST_CHANGES:
            return found[:place]
        if one.changes_the_handoff:
            changed.add(one.clock.handoff_id)
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
    """Record the breaches, move the clocks on, tell people, change handoffs, and record all steps."""
    breaches = [due.clock for due in found if due.what.rung is None]
    holders = _holders_when_due(breaches)
    insert_new(
        Breach,
        ("clock_id", "due_at", "holder_id", "recorded_at"),
        [(clock.pk, clock.due_at, holders.get(clock.pk), at) for clock in breaches],
    )
    for due in found:
        due.clock.move_past(due.place)
    move_on(list({due.clock.pk: due.clock for due in found}.values()))
    # Before the changes: what one of them settles or stops was told, and went on, before it.
    tell([(due.clock, due.what) for due in found if not due.changes_the_handoff], holders, at=at)
    outcomes = _change([due for due in found if due.changes_the_handoff], at)
    steps = [
        (due.clock.pk, due.what.rung.id, due.what.at, at, outcomes.get(due.step, FiredStep.Outcome.DONE))
        for due in found
        if due.what.rung
    ]
    insert_new(FiredStep, ("clock_id", "step_id", "at", "fired_at", "outcome"), steps)


def _change(found: list[Due], at: datetime) -> dict[Step, str]:
    """Take steps that change handoffs, at most one of each, and return what came of them."""
    if not found:
        return {}
    # A re-plan may have come between: a step that was taken stays taken.
    before = set(FiredStep.objects.filter(clock__in=[due.clock.pk for due in found]).values_list("clock_id", "step_id"))
    new = [due for due in found if due.step not in before]
    outcomes = change_handoffs([(due.clock, due.what) for due in new], at=at)
    return {due.step: outcome for due, outcome in zip(new, outcomes, strict=True)}


def _holders_when_due(clocks: list[Running]) -> dict[int, int]:
    """Return by clock the id of whoever held its handoff when it was due."""
    held = Assignment.objects.filter(handoff__in={clock.handoff_id for clock in clocks}).order_by("started_at", "id")
    by_handoff: dict[int, list[tuple[int, datetime, datetime | None]]] = defaultdict(list)
    for handoff, user, started_at, ended_at in held.values_list("handoff_id", "user_id", "started_at", "ended_at"):
        by_handoff[handoff].append((user, started_at, ended_at))
    holders = {}
    for clock in clocks:
        if clock.offered_to_id:
            holders[clock.pk] = clock.offered_to_id
        for user, started_at, ended_at in by_handoff[clock.handoff_id]:
            if started_at <= clock.due_at and (ended_at is None or ended_at > clock.due_at):
                holders[clock.pk] = user
    return holders
