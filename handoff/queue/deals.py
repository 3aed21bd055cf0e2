"""Deals: an SQL is won, or lost."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.leads.models import Lead, Stage
from handoff.leads.stages import move
from handoff.lib.refusals import Incomplete, NotAllowed, WrongStage
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.clocks import stop_clocks
from handoff.queue.models import Deal, Handoff, Qualification
from handoff.sla.models import Metric


@transaction.atomic
def win(handoff: Handoff, *, value: Decimal | None, currency: str = "", by: User, at: datetime) -> Deal:
    """Record that the SQL bought, for how much."""
    if value is not None and (value < 0 or len(currency) != 3):
        message = _("Give an amount of zero or more with its currency, such as EUR.")
        raise Incomplete(message, fields={"value": message})
    lead = _sql(handoff, by, at)
    deal = Deal.objects.create(handoff=handoff, is_won=True, value=value, currency=currency, by=by, at=at)
    move(lead, Stage.CUSTOMER, at=at)
    record("won", f"handoff {handoff.pk}", by=by, at=at)
    return deal


@transaction.atomic
def lose(handoff: Handoff, *, because: str, by: User, at: datetime) -> Deal:
    """Record that the SQL did not buy, and why."""
    if not because.strip():
        raise Incomplete(_("Say why it was lost."), fields={"because": _("Say why it was lost.")})
    lead = _sql(handoff, by, at)
    deal = Deal.objects.create(handoff=handoff, is_won=False, lost_because=because.strip(), by=by, at=at)
    move(lead, Stage.LOST, at=at)
    record("lost", f"handoff {handoff.pk}", by=by, at=at, because=because)
    return deal


def _sql(handoff: Handoff, by: User, at: datetime) -> Lead:
    """Return the lead of a qualified handoff, locked, if `by` may decide on it."""
    lead = Lead.objects.select_for_update().get(pk=handoff.lead_id)
    is_decided = Deal.objects.filter(handoff=handoff).exists()
    if lead.stage not in {Stage.SQL, Stage.OPPORTUNITY} or not hasattr(handoff, "qualification") or is_decided:
        raise WrongStage(_("%(lead)s is no SQL.") % {"lead": lead.name})
    if not (by.is_admin or lead.owner_id == by.pk or (by.is_manager and handoff.team_id in by.team_ids())):
        raise NotAllowed
    # Whoever decides on it has taken it on.
    Qualification.objects.filter(handoff=handoff, accepted_at=None).update(accepted_at=at)
    stop_clocks(handoff, metrics=[Metric.TAKEOVER], happened_at=at, at=at)
    return lead
