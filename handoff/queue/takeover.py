"""Taking an SQL on: whoever it was passed to says so, which stops the takeover clock."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.leads.models import Stage
from handoff.lib.refusals import NotAllowed, WrongStage
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.clocks import stop_clocks
from handoff.queue.models import Handoff, Qualification
from handoff.queue.working import lock_lead
from handoff.sla.models import Metric


@transaction.atomic
def accept_takeover(handoff: Handoff, *, by: User, at: datetime) -> None:
    """Accept the SQL that came of `handoff`, as the one who was to take it on, or their manager; again does nothing."""
    lock_lead(handoff.lead_id)
    found = Qualification.objects.select_related("handoff__lead").filter(handoff=handoff).first()
    if found is None or found.handoff.lead.stage != Stage.SQL:
        raise WrongStage(_("%(lead)s is no SQL.") % {"lead": handoff.lead.name})
    is_manager = by.is_manager and found.handoff.team_id in by.team_ids()
    if found.takes_over_id != by.pk and not is_manager and not by.is_admin:
        raise NotAllowed
    if Qualification.objects.filter(pk=found.pk, accepted_at=None).update(accepted_at=at):
        stop_clocks(found.handoff, metrics=[Metric.TAKEOVER], happened_at=at, at=at)
        record("took over", f"handoff {found.handoff_id}", by=by, at=at)
