"""Scoring leads and acting on it: the stored score, handoffs that open, handoffs that cool."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from django.db import transaction

from handoff.leads.challenging import by_publication, publication_for
from handoff.leads.facts import facts_of
from handoff.leads.models import HANDED_OVER_FROM, Activity, Lead, LeadScore, Stage
from handoff.leads.stored_scores import Found, store_scores
from handoff.queue.contracts import wake_with_points
from handoff.queue.cooling import cool
from handoff.queue.models import Handoff, Route
from handoff.queue.opening import open_handoff
from handoff.queue.personas import held_back
from handoff.queue.rotation import hold_turns
from handoff.queue.working import lock_leads
from handoff.sla.agreements import Agreements
from scoring.course import Reading
from scoring.engine import Facts, Scores, score
from scoring.fields import instant, microseconds
from scoring.models import Publication
from scoring.publishing import current_publication, published

AT_ONCE = 1000
STALE_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class Read:
    """One lead's score, explained."""

    reading: Reading
    publication: Publication
    activity_ids: dict[int, int]
    crosses_at: datetime | None
    holds: bool


@dataclass(frozen=True)
class Trigger:
    """An activity that hands its lead over by itself."""

    route: str
    activity: Activity


def rescore(
    lead_ids: Iterable[int],
    *,
    at: datetime,
    scored_at: datetime | None = None,
    opens: bool = True,
    triggers: dict[int, Trigger] | None = None,
    publication: Publication | None = None,
    is_paced: bool = False,
) -> int:
    """Score these leads as of `scored_at` (else `at`), store it, and open or cool handoffs; return how many.

    `opens` says whether a lead that qualifies is handed over; `triggers` (by lead id) open by their own route. Who was
    drawn for a challenger is scored by it, others by what is live (`publication`, if known).
    """
    wanted = list(lead_ids)
    publication = (publication or current_publication(at)) if wanted else None
    if publication is None:
        return 0
    leads = list(
        Lead.objects.filter(id__in=wanted)
        .select_related("company", "score")
        .order_by("id")
        .select_for_update(of=("self",))
    )
    if not leads:
        return 0
    batches = [_Batch(some, own, scored_at or at) for own, some in by_publication(leads, publication, at)]
    triggers = triggers or {}
    teams = {lead.team_id for batch in batches for lead in batch.rising(triggers) if lead.stage in HANDED_OVER_FROM}
    for batch in batches:
        batch.store()
    if len(teams) > 1:
        hold_turns([team for team in teams if team])
    for batch in batches:
        _act(batch, at=at, opens=opens, triggers=triggers, is_paced=is_paced)
    return len(leads)


class _Batch:
    """Some leads with their scores under one publication at one instant."""

    def __init__(self, leads: Sequence[Lead], publication: Publication, at: datetime) -> None:
        self.leads, self.publication, self.at = leads, publication, at
        prepared = published(publication)
        self.model = prepared.model
        self.facts: Facts = facts_of(leads, prepared.needs)
        self.scores: Scores = score(prepared, self.facts)
        self.now = microseconds(at)
        stored = [lead.score if hasattr(lead, "score") else None for lead in leads]
        self.held = np.array([row is not None and row.is_mql for row in stored], dtype=bool)
        self.known_crossings = [row.crosses_at if row else None for row in stored]
        self.holds = self.scores.holds(self.now, self.held)
        self.qualifies = self.scores.holds(self.now, np.zeros(len(leads), dtype=bool))
        self.crossings = self.scores.first_crossings(self.now, self.holds)

    def store(self) -> None:
        """Write the scores."""
        ids = np.array([lead.pk for lead in self.leads], dtype=np.int64)
        store_scores(Found(self.scores, ids, self.holds, self.crossings), self.publication, self.at)

    def rising(self, triggers: Collection[int]) -> list[Lead]:
        """Return the leads that reach the line, or have a trigger."""
        return [lead for row, lead in enumerate(self.leads) if self.qualifies[row] or lead.pk in triggers]

    def crosses_at(self, row: int) -> datetime | None:
        """Return when the lead in that row crosses."""
        return instant(self.crossings.get(row))

    def crossed_at(self, row: int, at: datetime) -> datetime:
        """Return when a crossing that was known ahead happened, however late it is noticed; else `at`."""
        known = self.known_crossings[row]
        return known if known and known <= at else at

    def read(self, row: int) -> Read:
        """Return the explanation for the lead in that row."""
        ids = self.facts.activities["id"].to_list()
        reading = self.scores.course(row).reading(self.now)
        numbers = {number: ids[number] for entry in reading.entries for number in entry.activities}
        return Read(reading, self.publication, numbers, self.crosses_at(row), bool(self.holds[row]))


def _act(batch: _Batch, *, at: datetime, opens: bool, triggers: dict[int, Trigger], is_paced: bool) -> None:
    """Open a handoff for those who qualify or triggered one, and cool those who no longer hold."""
    handed_over = [lead.pk for lead in batch.leads if lead.stage == Stage.MQL]
    found = Handoff.objects.open().filter(lead__in=handed_over).select_related("sample") if handed_over else ()
    open_ones = {handoff.lead_id: handoff for handoff in found}
    rising = batch.rising(triggers)
    if opens:
        wake_with_points(rising, batch.publication, at=at)
    agreements = Agreements()
    held = held_back(rising, batch.publication, at=at)
    for row, lead in enumerate(batch.leads):
        handoff, trigger = open_ones.get(lead.pk), triggers.get(lead.pk)
        if handoff is None and lead.stage in HANDED_OVER_FROM and lead.pk not in held:
            # A request for contact wakes whatever the contract says; a product signal is a signal like any other.
            is_request = trigger is not None and trigger.route == Route.FAST_LANE
            if is_request or ((trigger or (opens and batch.qualifies[row])) and not lead.is_asleep):
                _open(batch, row, trigger, at, is_paced=is_paced, agreements=agreements)
        elif handoff is not None and not batch.holds[row] and not trigger and not hasattr(handoff, "sample"):
            cool(handoff, cooled_at=max(batch.crossed_at(row, at), handoff.opened_at), at=at)


def _open(
    batch: _Batch, row: int, trigger: Trigger | None, at: datetime, *, is_paced: bool, agreements: Agreements
) -> None:
    read = batch.read(row)
    open_handoff(
        batch.leads[row],
        route=trigger.route if trigger else Route.SCORE,
        reading=read.reading,
        publication=read.publication,
        at=at,
        trigger=trigger.activity if trigger else latest_activity(batch.leads[row], batch.at),
        activity_ids=read.activity_ids,
        is_paced=is_paced,
        agreements=agreements,
    )


def latest_activity(lead: Lead, at: datetime) -> Activity | None:
    """Return what `lead` did last before `at`."""
    return Activity.objects.filter(lead=lead, occurred_at__lte=at).order_by("-occurred_at").first()


def read_one(lead: Lead, *, at: datetime, past: bool = False) -> Read | None:
    """Return `lead`'s score at `at`, explained, None where no model was live; `past` reads profiles back."""
    publication = publication_for(lead, at)
    if publication is None:
        return None
    prepared = published(publication)
    facts, now = facts_of([lead], prepared.needs, known_at=at if past else None), microseconds(at)
    if past:
        # What came afterwards was not known ahead.
        facts = Facts(facts.leads, facts.activities.filter(pl.col("at") <= now))
    scores = score(prepared, facts)
    stored = LeadScore.objects.filter(lead=lead).values_list("is_mql", flat=True).first() if not past else False
    holds = scores.holds(now, np.array([bool(stored)]))
    crossing = scores.first_crossings(now, holds).get(0)
    ids = dict(enumerate(facts.activities["id"].to_list()))
    return Read(scores.course(0).reading(now), publication, ids, instant(crossing), bool(holds[0]))


def act_on_crossings(*, at: datetime) -> int:
    """Rescore the leads whose stored crossing has come; return how many."""
    done = 0
    while True:
        due = LeadScore.objects.filter(crosses_at__lte=at).order_by("crosses_at", "lead_id")
        with transaction.atomic():
            ids = list(due.values_list("lead_id", flat=True)[:AT_ONCE])
            lock_leads(ids)
            changed = rescore(due.filter(lead__in=ids).values_list("lead_id", flat=True), at=at)
        done += changed
        if changed < AT_ONCE:
            return done


def refresh_moving(*, at: datetime) -> int:
    """Bring stored scores up to date that still move and are older than a day; return how many."""
    # A crossing that has come is left to its own tick: this one opens nothing, and would forget it.
    still = LeadScore.objects.exclude(crosses_at__lte=at)
    moving = still.filter(is_moving=True, scored_at__lt=at - STALE_AFTER).order_by("scored_at")
    done = 0
    while True:
        with transaction.atomic():
            changed = rescore(list(moving.values_list("lead_id", flat=True)[:AT_ONCE]), at=at, opens=False)
        done += changed
        if changed < AT_ONCE:
            return done
