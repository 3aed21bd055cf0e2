"""Cooling: an untouched handoff ends when its lead's score no longer holds."""

from datetime import datetime

from handoff.leads.models import Stage
from handoff.leads.stages import move
from handoff.outbox.audit import record
from handoff.outbox.notices import settle
from handoff.queue.assignment import end_assignment
from handoff.queue.clocks import cancel_clocks
from handoff.queue.models import Handoff, Verdict


def cool(handoff: Handoff, *, cooled_at: datetime, at: datetime) -> bool:
    """End `handoff` as of `cooled_at`, unless somebody accepted, touched, asked for or reopened it."""
    waiting = Handoff.objects.by_score_alone().filter(pk=handoff.pk)
    # One conditional UPDATE decides between cooling and a rep who claims at this moment.
    if not waiting.update(
        closed_at=cooled_at, verdict=Verdict.COOLED, due_at=None, next_step_at=None, snoozed_until=None
    ):
        return False
    handoff.refresh_from_db()
    cancel_clocks(handoff, happened_at=cooled_at, at=at)
    # A manager may have planned one without taking the lead.
    handoff.next_steps.filter(ended_at=None).update(ended_at=cooled_at)
    end_assignment(handoff, at=cooled_at, because=Verdict.COOLED)
    settle(f"handoff {handoff.pk}", but=["breach"], at=at)
    lead = handoff.lead
    lead.owner = None
    lead.save(update_fields=["owner"])
    move(lead, Stage.LEAD, at=cooled_at)
    record("cooled", f"handoff {handoff.pk}", by=None, at=at)
    return True
