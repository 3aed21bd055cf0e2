"""Qualifying: sales says yes, with BANT, and somebody takes the lead on."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.leads.models import Stage
from handoff.leads.stages import move
from handoff.lib.refusals import Incomplete
from handoff.outbox.audit import record
from handoff.outbox.notices import notify
from handoff.people.models import User
from handoff.queue.clocks import start_clocks
from handoff.queue.closing import close
from handoff.queue.models import Answer, Handoff, Qualification, Verdict
from handoff.queue.models.verdicts import BANT, STRENGTH
from handoff.queue.working import copy_state, lock
from handoff.sla.models import Metric

AGREED_MINIMUM = 2  # of the four letters, how many must be yes or partly


@transaction.atomic
def qualify(
    handoff: Handoff,
    *,
    bant: Mapping[str, tuple[str, str]],
    by: User,
    at: datetime,
    takes_over: User | None = None,
    value: Decimal | None = None,
    currency: str = "",
    expected_close: date | None = None,
    version: int | None = None,
) -> Qualification:
    """Make the lead an SQL; `bant` maps budget, authority, need and timeline to an answer and a note.

    Refused, saying what is missing, without a connect or below the agreed minimum.
    """
    found = lock(handoff, by=by, version=version)
    takes_over = takes_over or found.holder or by
    _check(found, bant, value, currency)
    answers = {name: bant[name][0] for name in BANT}
    qualification = Qualification.objects.create(
        handoff=found,
        by=by,
        at=at,
        takes_over=takes_over,
        value=value,
        currency=currency,
        expected_close=expected_close,
        strength=sum(STRENGTH[Answer(answer)] for answer in answers.values()),
        **answers,
        **{f"{name}_note": bant[name][1][:300] for name in BANT},
    )
    close(found, verdict=Verdict.QUALIFIED, by=by, at=at)
    lead = found.lead
    lead.owner = takes_over
    lead.save(update_fields=["owner"])
    move(lead, Stage.SQL, at=at)
    record("qualified", f"handoff {found.pk}", by=by, at=at, takes_over=takes_over.pk)
    if takes_over.pk != by.pk:
        start_clocks(found, at=at, metrics=[Metric.TAKEOVER], rep=takes_over)
        _tell(found, takes_over, at)
    else:
        Qualification.objects.filter(pk=qualification.pk).update(accepted_at=at)
    copy_state(found, handoff)
    return qualification


def missing_for_qualifying(handoff: Handoff) -> str:
    """Return what keeps `handoff` from being qualified at all, or nothing."""
    return "" if handoff.connected_at else _("Nobody has spoken with this lead yet; log the connect first.")


def _check(handoff: Handoff, bant: Mapping[str, tuple[str, str]], value: Decimal | None, currency: str) -> None:
    wrong: dict[str, str] = {}
    missing = missing_for_qualifying(handoff)
    if missing:
        wrong["connect"] = missing
    for name in BANT:
        if bant.get(name, ("", ""))[0] not in Answer.values:
            wrong[name] = _("Answer with yes, partly, no or unknown.")
    known = [name for name in BANT if bant.get(name, ("", ""))[0] in {Answer.YES, Answer.PARTLY}]
    if not set(BANT) & set(wrong) and len(known) < AGREED_MINIMUM:
        wrong["bant"] = _("An SQL needs at least two of the four answered with yes or partly.")
    if value is not None and (value < 0 or len(currency) != 3):
        wrong["value"] = _("Give an amount of zero or more with its currency, such as EUR.")
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)


def _tell(handoff: Handoff, takes_over: User, at: datetime) -> None:
    def say() -> str:
        return _("%(lead)s is qualified and yours to take on.") % {"lead": handoff.lead.name}

    cause = f"qualified:{handoff.pk}:{handoff.version}"
    url = reverse("lead", args=[handoff.lead_id])
    notify([takes_over], cause=cause, say=say, url=url, at=at, about=f"handoff {handoff.pk}")
