"""Ticks with the mistakes that the kills are to find: what is on record and what was done go into two transactions."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction

from handoff.outbox.notices import notify
from handoff.people.models import User
from handoff.queue.clocks import holder_at, next_act, plan_of
from handoff.queue.escalation import CHANGES, change_handoffs
from handoff.queue.models import Breach, Clock, FiredStep
from handoff.sla.ladder import Planned
from handoff.sla.models import LadderStep

Part = Callable[[Clock, Planned, datetime], None]


def record_first(*, at: datetime) -> int:
    """Put on record what is due, then do it: what is killed in between is lost."""
    return _enforce(_record, _do, at)


def record_last(*, at: datetime) -> int:
    """Do what is due, then put it on record: what is killed in between is done again."""
    return _enforce(_do, _record, at)


def _enforce(first: Part, second: Part, at: datetime) -> int:
    done = 0
    while clocks := list(_to_act_on(at)):
        works = [(clock, plan_of(clock, clock.policy, clock.hours.hours())[clock.steps_done]) for clock in clocks]
        for part in (first, second):
            for clock, what in works:
                with transaction.atomic():
                    part(clock, what, at)
        done += len(works)
    return done


def _to_act_on(at: datetime) -> list[Clock]:
    due = Clock.objects.running().filter(acts_at__lt=at).order_by("acts_at", "id")
    return list(due.select_related("policy", "hours", "handoff__lead", "handoff__team"))


def _record(clock: Clock, what: Planned, at: datetime) -> None:
    if what.rung:
        FiredStep.objects.create(clock=clock, step_id=what.rung.id, at=what.at, fired_at=at)
    else:
        Breach.objects.create(clock=clock, due_at=clock.due_at, holder=clock.handoff.holder, recorded_at=at)
    clock.steps_done += 1
    clock.acts_at = next_act(clock, plan_of(clock, clock.policy, clock.hours.hours()))
    clock.save(update_fields=["steps_done", "acts_at"])


def _do(clock: Clock, what: Planned, at: datetime) -> None:
    if what.rung and what.rung.action in CHANGES:
        change_handoffs([(clock, what)], at=at)
        return
    team, [holder] = clock.handoff.team, User.objects.filter(pk=clock.handoff.holder_id)
    managers = User.objects.managers_of(team)
    told: dict[str, Iterable[User]] = {
        LadderStep.Action.TELL_OWNER: [holder],
        LadderStep.Action.TELL_TEAM: User.objects.reps_of(team),
        LadderStep.Action.TELL_MANAGER: managers,
    }
    to_blame = holder_at(clock.handoff_id, clock.due_at)
    people = told[what.rung.action] if what.rung else [*filter(None, [to_blame]), *managers]
    cause = f"step:{clock.pk}:{what.rung.id}" if what.rung else f"breach:{clock.pk}"
    notify(people, cause=cause, say=lambda: "", url="", at=at)
