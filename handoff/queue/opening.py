"""Opening a handoff: one lead passed to sales, with score and reasons frozen as they are."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.leads.models import HANDED_OVER_FROM, Activity, Lead, Stage
from handoff.leads.stages import move
from handoff.lib.refusals import WrongStage
from handoff.outbox.audit import record
from handoff.outbox.notices import notify
from handoff.people.models import User
from handoff.queue.assignment import give_in_turn
from handoff.queue.clocks import start_clocks
from handoff.queue.models import Handoff, Recycling, Route
from handoff.queue.working import lock_unmerged
from handoff.sla.agreements import Agreements
from scoring.course import Entry, Reading
from scoring.models import Publication
from scoring.spec import DIMENSIONS


def open_handoff(
    lead: Lead,
    *,
    route: str,
    reading: Reading | None,
    publication: Publication | None,
    at: datetime,
    by: User | None = None,
    trigger: Activity | None = None,
    activity_ids: dict[int, int] | None = None,
    note: str = "",
    is_paced: bool = False,
    agreements: Agreements | None = None,
) -> Handoff:
    """Hand `lead` (locked by the caller) over to sales; its team, clocks and holder follow from it.

    `activity_ids` maps the engine's rows to activities, so that the frozen reasons name them. Whoever opens many reads
    the `agreements` once.
    """
    handoff = Handoff.objects.create(
        lead=lead,
        team=lead.team,
        route=route,
        opened_at=at,
        opened_by=by,
        opening_note=note,
        trigger=trigger,
        publication=publication,
        is_paced=is_paced,
        source=lead.source,
        **_frozen(reading, activity_ids or {}),
    )
    move(lead, Stage.MQL, at=at)
    Recycling.objects.filter(lead=lead, woken_at=None).update(woken_at=at, woken_by=route)
    record("handed over", f"handoff {handoff.pk}", by=by, at=at, route=route, lead=lead.pk)
    agreed = Agreements.load(agreements)
    # Who pulls a lead in has it, whoever's turn it is.
    holder = by if by and by.is_rep else give_in_turn(handoff, at=at, agreements=agreed)
    # Whose hours count may depend on who was given it.
    start_clocks(handoff, at=at, rep=holder, agreements=agreed)
    if not holder:
        _tell_the_team(handoff, at)
    return handoff


def _frozen(reading: Reading | None, activity_ids: dict[int, int]) -> dict[str, Any]:
    """Return the columns that keep score and reasons as they are now."""
    if reading is None:
        return {"total": 0.0, "grade": "", "reasons": [], **dict.fromkeys(DIMENSIONS, 0.0)}
    reasons = [entry_json(entry, activity_ids) for entry in reading.entries]
    dimensions = {str(name): points for name, points in reading.dimensions.items()}
    return {"total": reading.total, "grade": reading.grade, "reasons": reasons, **dimensions}


def entry_json(entry: Entry, activity_ids: dict[int, int]) -> dict[str, Any]:
    """Return an entry as the contract names it, its activities by their ids."""
    stored = asdict(entry)
    stored["points"], stored["fresh_points"] = round(entry.points, 6), round(entry.fresh_points, 6)
    stored["activities"] = [activity_ids.get(row, row) for row in entry.activities]
    return stored


def _tell_the_team(handoff: Handoff, at: datetime) -> None:
    """Nobody was given it: the reps who may take it are told, under the bell only."""
    if handoff.team is None:
        return

    def say() -> str:
        return _("%(lead)s is waiting in your team's queue.") % {"lead": handoff.lead.name}

    reps = User.objects.reps_of(handoff.team)
    url = reverse("handoff", args=[handoff.pk])
    about, asked = f"handoff {handoff.pk}", handoff.route == Route.FAST_LANE
    notify(reps, cause=f"waiting:{handoff.pk}", say=say, url=url, at=at, by_mail=asked, about=about, urgent=asked)


@transaction.atomic
def hand_over_by_hand(lead: Lead, *, note: str, by: User, at: datetime) -> Handoff:
    """Hand `lead` over because a person says so, with their reason."""
    lock_unmerged(lead)
    lead = Lead.objects.select_related("company").get(pk=lead.pk)
    if lead.stage not in HANDED_OVER_FROM:
        raise WrongStage(_("%(lead)s is %(stage)s already.") % {"lead": lead.name, "stage": lead.get_stage_display()})
    if lead.holds.filter(released_at=None).exists():
        raise WrongStage(_("%(lead)s is held; release the hold first.") % {"lead": lead.name})
    handoff = open_by_person(lead, route=Route.MANUAL, note=note, by=by, at=at)
    if by.is_rep:
        from handoff.queue.claiming import claim  # noqa: PLC0415

        claim(handoff, by=by, at=at)
    return handoff


def open_by_person(
    lead: Lead, *, route: str, note: str, by: User | None, at: datetime, trigger: Activity | None = None
) -> Handoff:
    """Hand `lead` (locked by the caller) over whatever its score is, which is frozen as it is now."""
    from handoff.queue.rescoring import read_one  # noqa: PLC0415 (rescoring opens handoffs too)

    found = read_one(lead, at=at)
    return open_handoff(
        lead,
        route=route,
        reading=found.reading if found else None,
        publication=found.publication if found else None,
        activity_ids=found.activity_ids if found else None,
        at=at,
        by=by,
        note=note,
        trigger=trigger,
    )
