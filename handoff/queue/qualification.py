"""Qualifying: sales says yes, with BANT, and somebody takes the lead on; what is learned later is written down too."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

import pycountry
from django.db import transaction
from django.utils.translation import gettext as _

from handoff.leads.models import Stage
from handoff.leads.stages import move
from handoff.lib.refusals import Incomplete
from handoff.outbox.audit import record
from handoff.people.models import User
from handoff.queue.closing import close
from handoff.queue.models import Answer, BudgetState, BuyingRole, Handoff, Qualification, Verdict
from handoff.queue.models.qualifications import BANT
from handoff.queue.takeover import offer
from handoff.queue.working import copy_state, lock, lock_sql

FIRST_YEAR, LAST_YEAR = 1970, 2199  # what lies outside is a slip
AGREED_MINIMUM = 2  # of the four letters, how many must be yes or partly
CORRECTED = (
    *(name for letter in BANT for name in (letter, f"{letter}_note")),
    *("budget_state", "role", "starts_on", "others", "value", "currency", "expected_close"),
)


class Facts(TypedDict, total=False):
    """What is known besides the four letters, each as the row keeps it."""

    budget_state: str
    role: str
    starts_on: date | None
    others: str
    value: Decimal | None
    currency: str
    expected_close: date | None


@transaction.atomic
def qualify(
    handoff: Handoff,
    *,
    bant: Mapping[str, tuple[str, str]],
    by: User,
    at: datetime,
    takes_over: User | None = None,
    version: int | None = None,
    **facts: Unpack[Facts],
) -> Qualification:
    """Make the lead an SQL; `bant` maps budget, authority, need and timeline to an answer and a note.

    Refused, saying what is missing, without a connect or below the agreed minimum. Whoever `takes_over` answers under a
    clock of their own, unless it is `by`.
    """
    found = lock(handoff, by=by, version=version)
    takes_over = takes_over or found.holder or by
    accepted_at = at if takes_over == by else None
    sql = Qualification(handoff=found, by=by, at=at, takes_over=takes_over, accepted_at=accepted_at, **facts)
    sql.others = sql.others.strip()
    wrong = {"connect": missing} if (missing := missing_for_qualifying(found)) else {}
    wrong |= _wrong_answers(bant) | _wrong_facts(sql)
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)
    for name in BANT:
        answer, note = bant[name]
        setattr(sql, name, answer)
        setattr(sql, f"{name}_note", note[:300])
    sql.strength = sql.worked_out_strength()
    sql.save(force_insert=True)
    close(found, verdict=Verdict.QUALIFIED, by=by, at=at)
    move(found.lead, Stage.SQL, at=at)
    record("qualified", f"handoff {found.pk}", by=by, at=at, takes_over=takes_over.pk)
    offer(sql, to=takes_over, by=by, at=at)
    copy_state(found, handoff)
    return sql


@transaction.atomic
def correct_sql(handoff: Handoff, *, by: User, at: datetime, **values: Any) -> Qualification:
    """Write down what was learned about an SQL since; `values` are new values of what CORRECTED names."""
    unknown = set(values) - set(CORRECTED)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: of an SQL one may correct {', '.join(CORRECTED)}.")
    found = lock_sql(handoff, by=by)
    before = {name: str(getattr(found, name)) for name, value in values.items() if getattr(found, name) != value}
    for name in before:
        setattr(found, name, values[name])
    wrong = _wrong_facts(found)
    wrong |= {name: _not_an_answer() for name in BANT if getattr(found, name) not in Answer.values}
    if wrong:
        raise Incomplete(" ".join(wrong.values()), fields=wrong)
    if before:
        found.strength = found.worked_out_strength()
        found.save(update_fields=["strength", *before])
        record("corrected an SQL", f"handoff {handoff.pk}", by=by, at=at, before=before)
    return found


def missing_for_qualifying(handoff: Handoff) -> str:
    """Return what keeps `handoff` from being qualified at all, or nothing."""
    return "" if handoff.connected_at else _("Nobody has spoken with this lead yet; log the connect first.")


def _wrong_answers(bant: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    answers = {name: bant.get(name, ("", ""))[0] for name in BANT}
    wrong = {name: _not_an_answer() for name, answer in answers.items() if answer not in Answer.values}
    known = [name for name, answer in answers.items() if answer in {Answer.YES, Answer.PARTLY}]
    if not wrong and len(known) < AGREED_MINIMUM:
        wrong["bant"] = _("An SQL needs at least two of the four answered with yes or partly.")
    return wrong


def _not_an_answer() -> str:
    return _("Answer with yes, partly, no or unknown.")


def is_currency(code: str) -> bool:
    """Return whether `code` is the three letters of a currency."""
    return pycountry.currencies.get(alpha_3=code) is not None


def _wrong_facts(sql: Qualification) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if sql.value is not None and (sql.value < 0 or not is_currency(sql.currency)):
        wrong["value"] = _("Give an amount of zero or more with its currency, such as EUR.")
    for name, known in (("budget_state", BudgetState), ("role", BuyingRole)):
        if getattr(sql, name) not in {"", *known.values}:
            wrong[name] = _("Choose one of: %(known)s.") % {"known": ", ".join(known.values)}
    for name in ("starts_on", "expected_close"):
        day = getattr(sql, name)
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            said = {"value": day.isoformat(), "first": FIRST_YEAR, "last": LAST_YEAR}
            wrong[name] = _("“%(value)s” is no date of the years %(first)d to %(last)d.") % said
    return wrong
