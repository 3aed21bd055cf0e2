"""Leads as the population that scoring sees."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.db.models import Avg, Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum, When
from django.urls import reverse

from handoff.leads.catalogue import PERSONAL, activity_fields, activity_kinds, profile_fields, seen_values
from handoff.leads.columns import facts_in
from handoff.leads.facts import facts_of, facts_then, profiles_of
from handoff.leads.models import HANDED_OVER_FROM, Activity, Hold, Kind, Lead, LeadScore, Stage
from handoff.people.models import Role, Team
from handoff.queue.models import Disqualification, Handoff, Verdict
from handoff.queue.rebasing import ranges
from handoff.queue.timeline import in_words
from scoring.conditions import Catalogue
from scoring.engine import Facts, Needs
from scoring.fields import FieldType, microseconds
from scoring.models import Challenge
from scoring.population import Batch, Capacity, Judged, Known, Outcomes, Verdicts

STATE: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.Int64,
    "held": pl.Boolean,
    "may_open": pl.Boolean,
    "may_fall_back": pl.Boolean,
    "source": pl.String,
    "team": pl.String,
}
SHOWN = 12
AT_ONCE = 2_000
SAID_YES = Q(verdict=Verdict.QUALIFIED)
# A duplicate or a wrong number says nothing about who is worth sales' time.
SAID_NO = Q(verdict=Verdict.DISQUALIFIED, disqualification__reason__counts_against_rules=True)
OF_ONE_FIRM = {"company.name", "company.domain"}
OUR_OWN = {Kind.EMAIL_DELIVERED, Kind.EMAIL_BOUNCED, Kind.CALL, Kind.MEETING}
LOOKED_BACK = timedelta(days=90)
ENOUGH_CLOSED = 20


class LeadPopulation:
    """Implements scoring's port."""

    def profile_fields(self) -> Catalogue:
        """Return the fields of a profile, by name."""
        return profile_fields()

    def activity_fields(self) -> Catalogue:
        """Return the fields of an activity, by name."""
        return activity_fields()

    def activity_kinds(self) -> list[tuple[str, str]]:
        """Return the kinds of activities with their labels."""
        return activity_kinds()

    def seen_values(self, source: str, field: str) -> list[str]:
        """Return values that were seen lately in the field `field` of "profile" or "activity", most frequent first."""
        return seen_values(source, field)

    def scored(self, publication: int) -> tuple[int, int]:
        """Return how many are scored under that publication, and how many there are."""
        running = Challenge.objects.filter(ended_at=None).values("publication")
        challenged = LeadScore.objects.filter(publication__in=running).exclude(publication=publication)
        return LeadScore.objects.filter(publication=publication).count(), self.size() - challenged.count()

    def size(self) -> int:
        """Return how many there are."""
        return Lead.objects.count()

    def batches(self, needs: Needs, persona_fields: dict[str, FieldType]) -> Iterator[Batch]:
        """Yield everybody, some thousands at a time, with the facts that are needed."""
        needs = Needs(needs.profile | persona_fields, needs.activity, needs.kinds)
        for above, up_to in ranges():
            ids, facts = facts_in(above, up_to, needs)
            states = pl.DataFrame({"id": ids}).join(_states(above, up_to), on="id", how="left", maintain_order="left")
            held, may_open, may_fall_back = (states[name].to_numpy() for name in ("held", "may_open", "may_fall_back"))
            yield Batch(ids, facts, held, may_open, may_fall_back, states.select("source", "team"))

    def some(self, ids: Sequence[int], needs: Needs) -> tuple[list[Known], Facts, list[str]]:
        """Return how people know these, the facts about them in that order, and what their activities are called."""
        found = Lead.objects.select_related("company").in_bulk(list(ids))
        leads = [found[pk] for pk in ids if pk in found]
        facts = facts_of(leads, needs)
        done = facts.activities["id"].to_list()
        rows = Activity.objects.in_bulk(done)
        said = [f"{in_words(rows[pk])} · {rows[pk].occurred_at:%Y-%m-%d}" for pk in done]
        return [_known(lead) for lead in leads], facts, said

    def outcomes(self, fields: dict[str, FieldType], *, since: datetime) -> Outcomes:
        """Return what became of everybody on whom sales decided since then, with these facts of their profiles."""
        said_yes = Handoff.objects.filter(lead=OuterRef("pk"), verdict=Verdict.QUALIFIED, closed_at__gte=since)
        said_no = Disqualification.objects.filter(
            handoff__lead=OuterRef("pk"), at__gte=since, is_permanent=True, reason__counts_against_rules=True
        )
        won = Exists(said_yes) | Q(stage__in=(Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER), stage_since__gte=since)
        decided: Any = Lead.objects.annotate(won=Case(When(won, then=True), default=False), lost=Exists(said_no))
        leads = list(decided.filter(Q(won=True) | Q(lost=True)).select_related("company").order_by("id"))
        accepted = np.array([lead.won for lead in leads], dtype=np.bool_)
        ids = np.array([lead.pk for lead in leads], dtype=np.int64)
        # Whoever is among these and was never accepted was refused.
        return Outcomes(ids, profiles_of(leads, fields), accepted, ~accepted)

    def verdicts(self, *, since: datetime, until: datetime) -> Verdicts:
        """Return what was said of those handed over from `since` until before `until`; imported history is left out."""
        counts = _handed_over(since, until).aggregate(
            handed_over=Count("pk"),
            accepted=Count("pk", filter=SAID_YES),
            refused=Count("pk", filter=SAID_NO),
            sampled=Count("pk", filter=(SAID_YES | SAID_NO) & Q(sample__isnull=False)),
        )
        known = Lead.objects.filter(created_at__lt=until, is_imported_history=False)
        said = Handoff.objects.filter(lead=OuterRef("pk"), verdict__in=(Verdict.QUALIFIED, Verdict.DISQUALIFIED))
        return Verdicts(**counts, leads=known.count(), ever_judged=known.filter(Exists(said)).count())

    def judged(self, needs: Needs, *, since: datetime, until: datetime, most: int) -> Iterator[Judged]:
        """Yield the newest of them on which sales said yes, or no against the rules, some thousands at a time."""
        found = _handed_over(since, until).filter(SAID_YES | SAID_NO).order_by("-opened_at", "-id")
        keys = list(found.values_list("pk", flat=True)[:most])
        for first in range(0, len(keys), AT_ONCE):
            part = Handoff.objects.select_related("lead__company").filter(pk__in=keys[first : first + AT_ONCE])
            handoffs = list(part.order_by("opened_at", "id"))
            moments = [handoff.opened_at for handoff in handoffs]
            yield Judged(
                np.array([microseconds(moment) for moment in moments], dtype=np.int64),
                facts_then([handoff.lead for handoff in handoffs], moments, needs),
                np.array([handoff.verdict == Verdict.QUALIFIED for handoff in handoffs], dtype=np.bool_),
            )

    def not_suggested(self) -> frozenset[str]:
        """Return the fields, of one person or firm, and the acts of our own, that no rule is to be suggested from."""
        return frozenset({*PERSONAL, *OF_ONE_FIRM, *OUR_OWN})

    def looked_up(self, words: str) -> list[Known]:
        """Return a few whose name, address or company begins like `words`; the highest scores without."""
        leads = Lead.objects.select_related("company")
        for word in words.split()[:4]:
            names = Q(first_name__istartswith=word) | Q(last_name__istartswith=word) | Q(email__istartswith=word)
            leads = leads.filter(names | Q(external_id=word) | Q(company__name__istartswith=word))
        return [_known(lead) for lead in leads.order_by(F("score__total").desc(nulls_last=True), "id")[:SHOWN]]

    def capacity(self) -> list[Capacity]:
        """Return what each team can take: leads at once, over the time that a handoff stays open (Little's law)."""
        reps = Q(memberships__user__is_active=True, memberships__user__role=Role.REP, memberships__share__gt=0)
        teams = Team.objects.annotate(at_once=Sum("memberships__capacity", filter=reps, default=0)).order_by("name")
        found = []
        for team in teams:
            days = _days_open(team)
            found.append(Capacity(team.name, team.at_once, 7 * team.at_once / days if days else None))
        return found


def _handed_over(since: datetime, until: datetime) -> "QuerySet[Handoff, Handoff]":
    return Handoff.objects.filter(opened_at__gte=since, opened_at__lt=until, is_imported_history=False)


def _days_open(team: Team) -> float | None:
    """Return how many days the handoffs closed by people in the last months were open, None for too few."""
    last = Handoff.objects.aggregate(last=Max("closed_at"))["last"]
    closed = Handoff.objects.filter(team=team, closed_at__isnull=False, claimed_by__isnull=False)
    if last is None:
        return None
    found = closed.filter(closed_at__gt=last - LOOKED_BACK).aggregate(
        n=Count("id"), open=Avg(F("closed_at") - F("opened_at"))
    )
    is_enough = found["n"] >= ENOUGH_CLOSED and found["open"] > timedelta(0)
    return found["open"] / timedelta(days=1) if is_enough else None


def _known(lead: Lead) -> Known:
    name = f"{lead.name} · {lead.company.name}" if lead.company else lead.name
    return Known(lead.pk, name, reverse("lead", args=[lead.pk]))


def _states(above: int, up_to: int) -> pl.DataFrame:
    """Return what would follow for each lead of the range if its score were another."""
    holds = Hold.objects.filter(lead=OuterRef("pk"), released_at=None).exclude(reason=Hold.Reason.PERSONA)
    rows = (
        Lead.objects.filter(id__gt=above, id__lte=up_to)
        .annotate(waits=Exists(Handoff.objects.cooling().filter(lead=OuterRef("pk"))), kept=Exists(holds))
        .values_list("id", "stage", "woken_at", "score__is_mql", "source", "team__name", "waits", "kept")
    )
    asleep = (Stage.NURTURE, Stage.LOST)
    table = [
        (
            pk,
            bool(is_mql),
            stage in HANDED_OVER_FROM and not kept and not (stage in asleep and woken_at is None),
            waits,
            source,
            team or "",
        )
        for pk, stage, woken_at, is_mql, source, team, waits, kept in rows
    ]
    return pl.DataFrame(table, schema=STATE, orient="row")
