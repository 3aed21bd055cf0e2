"""Deals: an SQL becomes an opportunity, and is won, or lost with a reason and a contract of coming back."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from handoff.leads.models import Stage
from handoff.leads.stages import move
from handoff.lib.refusals import Incomplete
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.contracts import rest
from handoff.queue.disqualification import NEEDED
from handoff.queue.models import Deal, DisqualificationReason, Handoff, Qualification
from handoff.queue.next_steps import end_steps
from handoff.queue.qualification import is_currency
from handoff.queue.takeover import settle_takeover
from handoff.queue.working import lock_sql


@transaction.atomic
def open_opportunity(handoff: Handoff, *, by: User, at: datetime) -> None:
    """Record that there is something concrete to buy: an offer is wanted, a pilot runs; again does nothing."""
    found = _decided_on(handoff, by, at)
    if found.opportunity_at is None:
        found.opportunity_at = at
        found.save(update_fields=["opportunity_at"])
        move(found.handoff.lead, Stage.OPPORTUNITY, at=at)
        record("opened an opportunity", f"handoff {handoff.pk}", by=by, at=at)


@transaction.atomic
def win(handoff: Handoff, *, value: Decimal | None, currency: str = "", by: User, at: datetime) -> Deal:
    """Record that the SQL bought, for how much."""
    if value is not None and (value < 0 or not is_currency(currency)):
        message = _("Give an amount of zero or more with its currency, such as EUR.")
        raise Incomplete(message, fields={"value": message})
    found = _decided_on(handoff, by, at)
    deal = Deal.objects.create(handoff=found.handoff, is_won=True, value=value, currency=currency, by=by, at=at)
    end_steps(found.handoff, at=at)
    move(found.handoff.lead, Stage.CUSTOMER, at=at)
    record("won", f"handoff {handoff.pk}", by=by, at=at)
    return deal


@transaction.atomic
def lose(
    handoff: Handoff,
    *,
    because: str,
    by: User,
    at: datetime,
    reason: DisqualificationReason | None = None,
    competitor: str = "",
    permanent: bool = False,
    wake_at: datetime | None = None,
    wake_kinds: Sequence[str] | None = None,
    wake_points: float | None = None,
) -> Deal:
    """Record that the SQL did not buy, why, and (unless `permanent`) under which contract the lead comes back."""
    wrong = {} if because.strip() or reason else {"because": _("Say why it was lost.")}
    if reason and reason.needs == DisqualificationReason.Needs.COMPETITOR and not competitor.strip():
        wrong["competitor"] = str(NEEDED["competitor"])
    if wake_at is not None and wake_at <= at:
        wrong["wake_at"] = _("Choose a date in the future.")
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)
    found = _decided_on(handoff, by, at)
    deal = Deal.objects.create(
        handoff=found.handoff,
        is_won=False,
        reason=reason,
        lost_because=because.strip(),
        competitor=competitor.strip(),
        by=by,
        at=at,
    )
    end_steps(found.handoff, at=at)
    if permanent:
        move(found.handoff.lead, Stage.LOST, at=at)
    else:
        contract = {"wake_at": wake_at, "wake_kinds": wake_kinds, "wake_points": wake_points}
        rest(found.handoff, stage=Stage.LOST, reason=reason, at=at, **contract)  # type: ignore[arg-type]
    record("lost", f"handoff {handoff.pk}", by=by, at=at, because=because or (reason.slug if reason else ""))
    return deal


def _decided_on(handoff: Handoff, by: User, at: datetime) -> Qualification:
    """Return the SQL that `by` decides on, locked: whoever does has taken it on."""
    found = lock_sql(handoff, by=by)
    if found.accepted_at is None:
        settle_takeover(found, at=at)
    return found
