"""Recycling: the contract under which a lead comes back, and the ticks and signals that wake it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from handoff.leads.models import Activity, Lead, Stage
from handoff.outbox.audit import record
from handoff.queue.models import Recycling
from handoff.queue.rescoring import rescore
from handoff.queue.working import lock_lead


def wake_due(*, at: datetime) -> int:
    """Wake the leads whose date has come; return how many."""
    done = 0
    due = Recycling.objects.filter(woken_at=None, wake_at__lte=at, lead__stage=Stage.NURTURE)
    for recycling_id, lead_id in list(due.order_by("wake_at", "id").values_list("id", "lead_id")):
        with transaction.atomic():
            lock_lead(lead_id)
            recycling = (
                Recycling.objects.select_for_update(of=("self",)).select_related("lead__score").get(pk=recycling_id)
            )
            if recycling.woken_at is None and _has_enough(recycling):
                _wake(recycling, by="date", at=at)
                rescore([recycling.lead_id], at=at)
                done += 1
    return done


def wake_by_activities(activities: Sequence[Activity], *, at: datetime) -> None:
    """Wake the sleepers whose contract names the kind of one of these activities."""
    signals: dict[int, list[Activity]] = {}
    for activity in activities:
        if activity.lead_id and not activity.is_machine:
            signals.setdefault(activity.lead_id, []).append(activity)
    waiting = Recycling.objects.filter(lead__in=signals, woken_at=None, lead__stage=Stage.NURTURE).order_by("id")
    for recycling in waiting.select_for_update(of=("self",)):
        # What happened before the contract was known, or comes late, is no sign of a new interest.
        since = {signal.kind for signal in signals[recycling.lead_id] if signal.occurred_at >= recycling.at}
        if since & set(recycling.wake_kinds):
            _wake(recycling, by="signal", at=at)


def _has_enough(recycling: Recycling) -> bool:
    """Return whether the lead has won the points since that its contract asks for."""
    score = getattr(recycling.lead, "score", None)
    return not recycling.wake_points or (
        score is not None and score.total - recycling.points_then >= recycling.wake_points
    )


def _wake(recycling: Recycling, *, by: str, at: datetime) -> None:
    recycling.woken_at, recycling.woken_by = at, by
    recycling.save(update_fields=["woken_at", "woken_by"])
    Lead.objects.filter(pk=recycling.lead_id).update(woken_at=at)
    record("woken", f"lead {recycling.lead_id}", by=None, at=at, by_what=by)
