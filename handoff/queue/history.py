"""Imported history: handoffs that were over before the house knew of them, kept at their true dates (decision 0011).

They start no clocks, send no notices and enter no queue.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from handoff.leads.models import Lead, Stage
from handoff.lib.inserting import update_each
from handoff.people.former import former_people
from handoff.queue.models import Deal, Handoff, Route, Touch, Verdict
from handoff.queue.models.work import CONNECTS
from handoff.queue.rescoring import rescore

SIX_WEEKS = timedelta(days=42)  # after which a handoff that nobody says was won counts as lapsed
AHEAD = timedelta(minutes=5)
AT_ONCE = 500
HANDOFF_COLUMNS = ["route", "claimed_by", "touched_at", "connected_at", "touches_count", "closed_at", "verdict"]
DEAL_COLUMNS = ["at", "by", "value", "currency"]
COMPARED = ["route", "claimed_by_id", "touched_at", "connected_at", "touches_count", "closed_at", "verdict"]
LEAD_COLUMNS = ["stage", "stage_since", "created_at", "is_imported_history"]
FREE = (Stage.SUBSCRIBER, Stage.LEAD, Stage.NURTURE, Stage.CUSTOMER)


@dataclass(frozen=True)
class Past:
    """What a row tells of a past handoff of `lead`: by the names that mappings use, each only where it is known."""

    lead: Lead
    is_new: bool  # whether the lead came with this row
    said: Mapping[str, Any]
    touches: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Kept:
    """What became of it; `trouble` is no_handoff, in_future or contradiction."""

    is_news: bool = False
    touches: int = 0
    trouble: str = ""


@dataclass
class _Told:
    """One handoff as it stands, with its deal and what its touches are told apart by."""

    handoff: Handoff
    deal: Deal | None = None
    touches: set[tuple[Any, ...]] = field(default_factory=set)
    was: tuple[Any, ...] | None = None

    def state(self) -> tuple[Any, ...]:
        """Return what can change about it."""
        won = (self.deal.at, self.deal.value, self.deal.currency, self.deal.by_id) if self.deal else None
        return (*(getattr(self.handoff, name) for name in COMPARED), won)


@transaction.atomic
def keep_history(pasts: Sequence[Past], *, people: str, at: datetime) -> list[Kept]:
    """Keep what is told of past handoffs, whose leads the caller has locked; told again it changes nothing.

    Without `opened_at` it is told of the latest one that had begun by then. `people` is the system that names people.
    """
    if not pasts:
        return []
    batch = _Batch(pasts, people, at)
    kept = [batch.take(past) for past in pasts]
    batch.save()
    return kept


class _Batch:
    """Takes what is told piece by piece and saves it together."""

    def __init__(self, pasts: Sequence[Past], people: str, at: datetime) -> None:
        self.at = at
        leads = {past.lead.pk for past in pasts}
        known = Handoff.objects.filter(lead__in=leads).order_by("opened_at", "id").select_related("deal")
        self.of_house = {handoff.lead_id for handoff in known if not handoff.is_imported_history}
        self.by_lead: dict[int, list[_Told]] = defaultdict(list)
        for handoff in known:
            if handoff.is_imported_history:
                told = _Told(handoff, getattr(handoff, "deal", None))
                told.was = told.state()
                self.by_lead[handoff.lead_id].append(told)
        self._read_touches()
        self.people = former_people(_names(pasts), of=people, at=at)
        self.new_touches: list[Touch] = []
        self.leads: dict[int, Lead] = {}

    def _read_touches(self) -> None:
        by_pk = {told.handoff.pk: told for all_told in self.by_lead.values() for told in all_told}
        for pk, *key in Touch.objects.filter(handoff__in=by_pk).values_list("handoff", "at", "by", "channel"):
            by_pk[pk].touches.add(tuple(key))

    def take(self, past: Past) -> Kept:
        """Keep one piece."""
        if not past.said and not past.touches:
            return Kept()
        if any(moment > self.at + AHEAD for moment in _moments(past)):
            return Kept(trouble="in_future")
        told = self._told_of(past)
        if told is None:
            return Kept(trouble="no_handoff")
        before = told.state()
        self._end(told, past.said)
        touches = sum(self._touch(told, touch) for touch in past.touches)
        self._place(past, told)
        handoff = told.handoff
        ends = [moment for moment in (handoff.touched_at, handoff.closed_at) if moment]
        return Kept(
            is_news=told.state() != before,
            touches=touches,
            trouble="contradiction" if min(ends) < handoff.opened_at else "",
        )

    def _told_of(self, past: Past) -> _Told | None:
        """Return the handoff that is meant: the one that began then, a new one, or one that had begun by then."""
        all_told = self.by_lead[past.lead.pk]
        opened_at = past.said.get("opened_at")
        if opened_at is None:
            then = min(_moments(past), default=self.at)
            begun = [told for told in all_told if told.handoff.opened_at <= then]
            return next(iter([*begun[-1:], *all_told[:1]]), None)
        for told in all_told:
            if told.handoff.opened_at == opened_at:
                return told
        lead, points = past.lead, dict.fromkeys(("total", "fit", "interest", "timing"), 0.0)
        handoff = Handoff(
            lead=lead, team_id=lead.team_id, route=Route.MANUAL, opened_at=opened_at, source=lead.source,
            is_imported_history=True, **points,
        )  # fmt: skip
        all_told.append(_Told(handoff))
        all_told.sort(key=lambda told: told.handoff.opened_at)
        return next(told for told in all_told if told.handoff is handoff)

    def _end(self, told: _Told, said: Mapping[str, Any]) -> None:
        handoff, by = told.handoff, self.people
        handoff.route = said.get("route") or handoff.route
        handoff.touched_at = _earliest(handoff.touched_at, said.get("touched_at"))
        if "by" in said:
            handoff.claimed_by = by[said["by"]]
        if said.get("is_won"):
            handoff.verdict, handoff.closed_at = Verdict.QUALIFIED, said["closed_at"]
            deal = told.deal = told.deal or Deal(handoff=handoff, is_won=True)
            deal.at, deal.by = said["closed_at"], by[said.get("won_by") or said.get("by") or ""]
            deal.value = Decimal(str(said["value"])) if "value" in said else None
            deal.currency = said.get("currency", "")[:3] if "value" in said else ""
        elif handoff.verdict != Verdict.QUALIFIED or "is_won" in said:
            # Not won, or not known to be: it counts as lapsed, when it ended or else after six weeks.
            known = handoff.closed_at if handoff.verdict == Verdict.LAPSED else None
            handoff.closed_at = said.get("closed_at") or known or min(handoff.opened_at + SIX_WEEKS, self.at)
            handoff.verdict, told.deal = Verdict.LAPSED, None

    def _touch(self, told: _Told, said: Mapping[str, Any]) -> bool:
        """Keep a touch, unless the same person is known to have made one by the same channel at the same instant."""
        by, handoff = self.people[said.get("by", "")], told.handoff
        key = (said["at"], by.pk, said.get("channel", ""))
        if key in told.touches:
            return False
        told.touches.add(key)
        touch = Touch(handoff=handoff, logged_at=said["at"], **{**said, "by": by})
        self.new_touches.append(touch)
        handoff.touches_count += 1
        handoff.touched_at = _earliest(handoff.touched_at, touch.at)
        if touch.outcome in CONNECTS:
            handoff.connected_at = _earliest(handoff.connected_at, touch.at)
        return True

    def _place(self, past: Past, told: _Told) -> None:
        """Put the lead where its history leaves it, unless the house has had to do with it since."""
        lead, all_told = past.lead, self.by_lead[past.lead.pk]
        lead.is_imported_history = lead.is_imported_history or past.is_new
        if lead.pk in self.of_house or lead.stage not in FREE:
            return
        was = (lead.stage, lead.stage_since, lead.created_at)
        won = [one.deal.at for one in all_told if one.deal]
        if won:
            lead.stage, lead.stage_since = Stage.CUSTOMER, max(won)
        elif lead.is_imported_history and lead.woken_at is None:
            lead.stage, lead.stage_since = Stage.NURTURE, all_told[-1].handoff.closed_at or self.at
        if lead.is_imported_history:
            lead.created_at = min(lead.created_at, told.handoff.opened_at)
        if past.is_new or was != (lead.stage, lead.stage_since, lead.created_at):
            self.leads[lead.pk] = lead

    def save(self) -> None:
        """Write what is new or has changed."""
        every = [told for all_told in self.by_lead.values() for told in all_told]
        new = [told for told in every if told.handoff.pk is None]
        changed = [told for told in every if told.handoff.pk and told.state() != told.was]
        Handoff.objects.bulk_create([told.handoff for told in new], batch_size=AT_ONCE)
        update_each([told.handoff for told in changed], HANDOFF_COLUMNS)
        Deal.objects.filter(handoff__in=[told.handoff for told in changed if not told.deal]).delete()
        deals = [told.deal for told in (*new, *changed) if told.deal]
        for deal in deals:
            deal.handoff = deal.handoff  # a handoff saved just now has its id only now
        for touch in self.new_touches:
            touch.handoff = touch.handoff
        update_each([deal for deal in deals if deal.pk], DEAL_COLUMNS)
        Deal.objects.bulk_create([deal for deal in deals if not deal.pk], batch_size=AT_ONCE)
        Touch.objects.bulk_create(self.new_touches, batch_size=AT_ONCE)
        update_each(list(self.leads.values()), LEAD_COLUMNS)
        rescore(self.leads, at=self.at, opens=False)


def _names(pasts: Sequence[Past]) -> set[str]:
    """Return who is named, and nobody ("") where somebody should be."""
    told = [past.said[name] for past in pasts for name in ("by", "won_by") if name in past.said]
    winners = [past.said.get("won_by") or past.said.get("by") or "" for past in pasts if past.said.get("is_won")]
    return {*told, *winners, *(touch.get("by", "") for past in pasts for touch in past.touches)}


def _moments(past: Past) -> list[datetime]:
    times = [past.said.get(name) for name in ("opened_at", "touched_at", "closed_at")]
    return [moment for moment in (*times, *(touch["at"] for touch in past.touches)) if moment]


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)
