"""Logging a touch: what a person did, when, and which clocks that stops."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.lib.refusals import Incomplete
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.clocks import stop_met
from handoff.queue.lapsing import LAPSE, moves_lapse, set_lapse, settle_lapse
from handoff.queue.models import Clock, Handoff, Outcome, Touch, TouchChannel
from handoff.queue.models.work import CONNECTS
from handoff.queue.next_steps import end_step_done
from handoff.queue.working import accept, copy_state, lock, save
from handoff.sla.models import Metric, Target

BACKDATING = timedelta(days=7)
AHEAD = timedelta(minutes=1)


@transaction.atomic
def log_touch(
    handoff: Handoff,
    *,
    channel: str,
    outcome: str,
    by: User,
    at: datetime,
    happened_at: datetime | None = None,
    direction: str = Touch.Direction.OUT,
    note: str = "",
    evidence: str = "",
    version: int | None = None,
) -> Touch:
    """Record a contact or attempt that `by` made at `happened_at` (now, unless said) and stop the clocks it meets."""
    happened_at = happened_at or at
    found = lock(handoff, by=by, version=version)
    _check(found, channel, outcome, direction, happened_at, at)
    # Times are picked by the minute, so a touch in the minute of the handoff may seem to lie just before it.
    happened_at = max(happened_at, found.opened_at)
    settle_lapse(found, at=at)
    accept(found, by=by, at=at)
    touch = Touch.objects.create(
        handoff=found,
        by=by,
        channel=channel,
        direction=direction,
        outcome=outcome,
        at=happened_at,
        logged_at=at,
        note=note.strip(),
        evidence=evidence.strip(),
    )
    end_step_done(found, happened_at=happened_at, at=at)
    stop_met(found, touch, at=at)
    moves = moves_lapse(found, touch)
    found.touched_at = min(filter(None, [found.touched_at, happened_at]))
    if outcome in CONNECTS:
        found.connected_at = min(filter(None, [found.connected_at, happened_at]))
    found.touches_count += 1
    if moves:
        set_lapse(found)
    save(found, "touched_at", "connected_at", "touches_count", "next_step_at", "due_at", *LAPSE)
    record("touched", f"handoff {found.pk}", by=by, at=at, channel=channel, outcome=outcome)
    copy_state(found, handoff)
    return touch


def wants_proof(handoff: Handoff) -> bool:
    """Return whether the first touch of `handoff` still runs and takes evidence or a note to stop."""
    running = Clock.objects.running().filter(handoff=handoff, metric=Metric.FIRST_TOUCH)
    targets = Target.objects.filter(policy__in=running.values("policy"), metric=Metric.FIRST_TOUCH)
    return targets.filter(needs_proof=True).exists()


def _check(handoff: Handoff, channel: str, outcome: str, direction: str, happened_at: datetime, at: datetime) -> None:
    wrong: dict[str, str] = {}
    if channel not in TouchChannel.values:
        wrong["channel"] = _("Choose how: %(known)s.") % {"known": ", ".join(TouchChannel.values)}
    if outcome not in Outcome.values:
        wrong["outcome"] = _("Choose what came of it: %(known)s.") % {"known": ", ".join(Outcome.values)}
    if direction not in Touch.Direction.values:
        wrong["direction"] = _("Choose who reached whom: %(known)s.") % {"known": ", ".join(Touch.Direction.values)}
    if happened_at > at + AHEAD:
        wrong["at"] = _("A touch can't lie in the future.")
    elif happened_at < handoff.opened_at - AHEAD:
        wrong["at"] = _("A touch can't lie before the handoff.")
    elif happened_at < at - BACKDATING:
        wrong["at"] = _("A touch can be dated back seven days at most.")
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)
