"""What every verdict of a person does to the handoff."""

from datetime import datetime

from handoff.outbox.notices import settle
from handoff.people.models import User
from handoff.queue.assignment import end_assignment
from handoff.queue.clocks import stop_by_verdict
from handoff.queue.lapsing import settle_lapse
from handoff.queue.models import Clock, Handoff, Verdict
from handoff.queue.working import accept, save


def close(handoff: Handoff, *, verdict: Verdict, by: User, at: datetime) -> None:
    """End `handoff` (locked): clocks stop, what was planned ends, the assignment ends."""
    settle_lapse(handoff, at=at)
    accept(handoff, by=by, at=at)
    ending = Clock.Ending.MET if handoff.touched_at else Clock.Ending.AT_SIGHT
    stop_by_verdict(handoff, first_touch=ending, at=at)
    finish(handoff, verdict=verdict, at=at)


def finish(handoff: Handoff, *, verdict: Verdict, at: datetime) -> None:
    """End what was planned, the assignment and `handoff` (locked) itself; its clocks have ended."""
    if handoff.next_step_at:
        handoff.next_steps.filter(ended_at=None).update(ended_at=at)
    if handoff.snoozed_until:
        handoff.snoozes.filter(ended_at=None).update(ended_at=at)
    end_assignment(handoff, at=at, because=verdict)
    settle(f"handoff {handoff.pk}", but=["breach"], at=at)
    handoff.closed_at, handoff.verdict = at, verdict
    handoff.next_step_at = handoff.snoozed_until = handoff.due_at = handoff.lapses_at = None
    save(handoff, "closed_at", "verdict", "next_step_at", "snoozed_until", "due_at", "lapses_at")
