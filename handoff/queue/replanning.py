"""Moving running clocks to the policies and calendars in force now: looked at first, then done, on the record."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.leads.models import Lead
from handoff.lib.refusals import Incomplete, Stale, require
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.clocks import covered, next_act, pauses_of, plan_of, refresh_due
from handoff.queue.models import Clock, Handoff, Replan, ReplannedClock, Route
from handoff.sla.agreements import Agreements
from handoff.sla.clock import Hours, NoOpenHours, due_at
from handoff.sla.models import Metric, Policy


@dataclass(frozen=True)
class Move:
    """What a re-plan would make of one clock."""

    clock: Clock
    policy: Policy
    hours: Hours
    due_at: datetime

    @property
    def is_earlier(self) -> bool:
        """Whether it leaves less time than there was."""
        return self.due_at < self.clock.due_at


def moves(*, by: User, at: datetime) -> list[Move]:
    """Return what would change for the running clocks of `by`'s teams, in order of due; no breached one is touched.

    What has less time than before has all of it from `at` on, but no more than it had: nobody is late for what was
    not agreed.
    """
    require(by.is_manager or by.is_admin)
    running = Clock.objects.running().filter(breach=None).exclude(metric=Metric.TAKEOVER).order_by("due_at", "id")
    if not by.is_admin:
        running = running.filter(handoff__team__in=by.team_ids())
    clocks = running.select_related("policy", "hours", "handoff__team", "handoff__lead__company")
    agreed = Agreements()
    found = (_move(clock, agreed, at) for clock in clocks.prefetch_related("handoff__snoozes"))
    return [move for move in found if move]


def _move(clock: Clock, agreed: Agreements, at: datetime) -> Move | None:
    handoff = clock.handoff
    # A further round is a request's, unless it began when a verdict was overturned.
    is_request = clock.round > 1 and clock.metric == Metric.FIRST_TOUCH and clock.started_at != handoff.reopened_at
    policy = agreed.policy_for(covered(handoff, Route.FAST_LANE if is_request else ""))
    targets = {target.metric: target for target in policy.targets.all()} if policy else {}
    if policy is None or clock.metric not in targets:
        return None
    hours, was = agreed.hours_of(policy, team_id=handoff.team_id, rep_id=handoff.holder_id), clock.hours.hours()
    if policy.pk == clock.policy_id and hours == was:
        return None
    pauses = pauses_of(handoff) if clock.metric == Metric.VERDICT else ()
    target = targets[clock.metric].for_clock()
    try:
        due = due_at(hours, clock.started_at, target, pauses)
        if due < clock.due_at:
            due = min(clock.due_at, due_at(hours, at, target, pauses))
    except NoOpenHours:  # nothing is in force there that a clock could move to
        return None
    return Move(clock, policy, hours, due)


def fingerprint(found: Iterable[Move]) -> str:
    """Return what tells one preview from another."""
    said = [f"{move.clock.pk} {move.policy.pk} {move.due_at.isoformat()}" for move in found if not move.is_earlier]
    earlier = [f"{move.clock.pk} {move.policy.pk}" for move in found if move.is_earlier]
    return hashlib.sha256("\n".join([*said, *earlier]).encode()).hexdigest()


@transaction.atomic
def replan(*, reason: str, seen: str, by: User, at: datetime) -> Replan:
    """Do what the preview with the fingerprint `seen` showed; refused where something else would happen by now."""
    if not reason.strip():
        raise Incomplete(_("Say why clocks that run already move."), fields={"reason": _("Say why.")})
    leads = {move.clock.handoff.lead_id for move in moves(by=by, at=at)}
    # As every act does: leads before handoffs, in order.
    list(Lead.objects.filter(pk__in=leads).order_by("id").select_for_update().values_list("id"))
    list(Handoff.objects.open().filter(lead__in=leads).order_by("id").select_for_update().values_list("id"))
    # The tick that enforces locks clocks alone.
    list(Clock.objects.running().filter(handoff__lead__in=leads).order_by("id").select_for_update().values_list("id"))
    found = moves(by=by, at=at)
    if fingerprint(found) != seen:
        raise Stale(_("Clocks started, stopped or moved since you looked; look again and repeat."))
    done = Replan.objects.create(by=by, at=at, reason=reason.strip())
    agreed = Agreements()
    for move in found:
        _apply(move, done, agreed, at)
    for handoff in {move.clock.handoff_id: move.clock.handoff for move in found}.values():
        refresh_due(handoff)
    record("re-planned", f"re-plan {done.pk}", by=by, at=at, clocks=len(found), reason=reason)
    return done


def _apply(move: Move, done: Replan, agreed: Agreements, at: datetime) -> None:
    clock = move.clock
    ReplannedClock.objects.create(
        replan=done,
        clock=clock,
        policy_id=clock.policy_id,
        hours_id=clock.hours_id,
        due_at=clock.due_at,
        new_due_at=move.due_at,
    )
    done_before = clock.steps_done if move.policy.pk == clock.policy_id else 0
    clock.policy, clock.hours, clock.due_at = move.policy, agreed.pinned(move.hours), move.due_at
    pauses = pauses_of(clock.handoff) if clock.metric == Metric.VERDICT else None
    plan = plan_of(clock, move.policy, move.hours, pauses)
    # Steps of the new ladder that lie in the past are not made up for; the breach never is left out.
    past = next(place for place, what in enumerate(plan) if what.rung is None or what.at > at)
    clock.steps_done = max(past, done_before)
    clock.acts_at = next_act(clock, plan)
    clock.save(update_fields=["policy", "hours", "due_at", "steps_done", "acts_at"])
    Handoff.objects.filter(pk=clock.handoff_id).update(policy=move.policy)
