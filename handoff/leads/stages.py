"""Moving a lead from stage to stage."""

from datetime import datetime

from handoff.leads.models import Lead, Stage


def move(lead: Lead, stage: Stage, *, at: datetime) -> None:
    """Put `lead` into `stage` from `at` on."""
    lead.stage, lead.stage_since, lead.woken_at = stage, at, None
    lead.save(update_fields=["stage", "stage_since", "woken_at"])
