"""Recycling: the tick that wakes leads whose date has come, and the signals that wake them at once."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from handoff.leads.challenging import publication_for
from handoff.leads.models import Activity, Stage
from handoff.queue.contracts import wake_or_consider
from handoff.queue.models import Recycling
from handoff.queue.rescoring import rescore
from handoff.queue.working import lock_lead

ASLEEP = (Stage.NURTURE, Stage.LOST)


def wake_due(*, at: datetime) -> int:
    """Wake the leads whose date has come and that have the points; return how many."""
    done = 0
    waiting = Recycling.objects.filter(woken_at=None, is_last=False, lead__stage__in=ASLEEP, lead__woken_at=None)
    due = waiting.filter(considered_at=None, wake_at__lte=at)
    for recycling_id, lead_id in list(due.order_by("wake_at", "id").values_list("id", "lead_id")):
        with transaction.atomic():
            lock_lead(lead_id)
            # Asked again behind the lock: it may have been woken, or handed over, in between.
            still = due.select_related("lead__company").select_for_update(of=("self",)).filter(pk=recycling_id).first()
            if still and wake_or_consider(still, by="date", at=at, publication=publication_for(still.lead, at)):
                rescore([lead_id], at=at)
                done += 1
    return done


def wake_by_activities(activities: Sequence[Activity], *, at: datetime) -> None:
    """Wake the sleepers whose contract names the kind of one of these activities, whose leads are locked.

    A request for contact opens a handoff by itself, whatever the contract says.
    """
    signals: dict[int, list[Activity]] = {}
    for activity in activities:
        if activity.lead_id and not activity.is_machine:
            signals.setdefault(activity.lead_id, []).append(activity)
    waiting = Recycling.objects.filter(lead__in=signals, woken_at=None, lead__stage__in=ASLEEP, lead__woken_at=None)
    for recycling in waiting.select_related("lead__company").select_for_update(of=("self",)).order_by("id"):
        # What happened before the contract was known, or comes late, is no sign of a new interest.
        since = {signal.kind for signal in signals[recycling.lead_id] if signal.occurred_at >= recycling.at}
        if not recycling.is_last and since & set(recycling.wake_kinds):
            wake_or_consider(recycling, by="signal", at=at, publication=publication_for(recycling.lead, at))
