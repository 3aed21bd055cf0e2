"""What becomes of people and handoffs: from subscriber to customer, and where they leak.

The cohort is the handoffs opened in the period, imported history included as far as its outcomes are known. A handoff
that got further counts in the steps before, even where history has no date for them. Open ones are censored, not
failures: each rate counts only settled handoffs, that are closed or older than the lapse window of 42 days, and the
rates behind the SQL leave out SQLs whose deal is undecided as well.

Times run from the handover, over those whose dates are known and do not contradict each other. Medians reckon with
those still on their way, that have waited so long and may yet get there (Kaplan and Meier); who left is not waited for.

Before it come the people first seen in the period: how many became leads, MQLs, SQLs and customers since.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
from django.db import models
from django.db.models import Min, Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from handoff.leads.models import Lead, Stage
from handoff.queue.models import DisqualificationReason, Verdict
from reports.cohorts import Cohort, Handoffs
from reports.filters import ReportFilter, grouping
from reports.grouping import BY, Group, group_keys, groups_of
from reports.measured import BY_COLUMNS
from reports.periods import LAPSE_WINDOW, Period
from reports.reading import INSTANT, read
from reports.statistics import Rate, Spread
from reports.tables import Behind

GROUPS = ("team", "source", "country", "policy", "hour")


class Step(models.IntegerChoices):
    """How far a handoff came."""

    HANDED_OVER = 0, gettext_lazy("Handed over")
    TOUCHED = 1, gettext_lazy("Touched")
    CONNECTED = 2, gettext_lazy("Connected")
    QUALIFIED = 3, gettext_lazy("Qualified (SQL)")
    OPPORTUNITY = 4, gettext_lazy("Opportunity")
    WON = 5, gettext_lazy("Won")

    @property
    def key(self) -> str:
        """The step in files and in the API."""
        return self.name.lower()


class Entry(models.IntegerChoices):
    """How far somebody came who was first seen in the period."""

    SUBSCRIBER = 0, gettext_lazy("First seen")
    LEAD = 1, gettext_lazy("Lead")
    MQL = 2, gettext_lazy("MQL: handed over")
    SQL = 3, gettext_lazy("SQL")
    CUSTOMER = 4, gettext_lazy("Customer")

    @property
    def key(self) -> str:
        """The step in files and in the API."""
        return self.name.lower()


class FunnelFilter(ReportFilter):
    """The question of the funnel: also by what to group."""

    by = grouping([(key, BY[key]) for key in GROUPS])


@dataclass(frozen=True)
class StepRow:
    """One step: how many came this far, what share of the settled ones, and of what it is compared with."""

    step: Step | Entry
    count: int
    of_previous: Rate
    of_all: Rate
    after: Spread
    before: Rate | None = None


@dataclass(frozen=True)
class Leak:
    """One way in which handoffs left without becoming an SQL, with its share of the settled ones."""

    verdict: Verdict
    reason: DisqualificationReason | None
    rate: Rate
    before: Rate

    @property
    def label(self) -> str:
        """The way in words."""
        return self.reason.label if self.reason else str(capfirst(self.verdict.label))

    @property
    def keys(self) -> list[str]:
        """What tells it from the others."""
        return [self.verdict.value, self.reason.slug if self.reason else ""]


@dataclass(frozen=True)
class GroupRow:
    """The funnel of one group: counts by step, the rate of SQLs, and of customers among decided SQLs."""

    group: Group
    counts: Mapping[str, int]
    sql: Rate
    won: Rate


@dataclass(frozen=True)
class FunnelReport:
    """The whole report."""

    period: Period
    by: str
    handed_over: int
    settled: int
    open: int
    undecided: int
    entries: list[StepRow]
    steps: list[StepRow]
    leaks: list[Leak]
    weeks: list[GroupRow]
    routes: list[GroupRow]
    groups: list[GroupRow]
    passages: Mapping[str, pl.DataFrame] = field(compare=False, repr=False)  # by the table that they are behind

    def behind(self, table: str, row: Any, figure: str) -> Behind:
        """Return the handoffs behind a number, of `entries` the leads."""
        found, step = self.passages[table], pl.col("step")
        if table == "entries":
            return Behind(found.filter(step >= row.step)["lead"].to_list(), are_leads=True)
        if table == "leaks":
            reason = pl.col("reason").eq_missing(row.reason.pk if row.reason else None)
            found = found.filter(_IS_LOST & (pl.col("verdict") == row.verdict.value) & reason)
        elif table == "steps":
            found = found.filter(step >= row.step)
        else:
            found = found.filter((pl.col("key") == row.group.key) & (step >= Step[figure.upper()]))
        return Behind(found["handoff"].to_list())


def funnel_report(cohort: Cohort, *, at: datetime) -> FunnelReport:
    """Return the funnel of `cohort` as it stands at `at`."""
    by = cohort.choices["by"]
    found, before = _passages(cohort.handoffs, by, at), _passages(cohort.other.handoffs, "", at)
    keyed = {
        name: group_keys(found, key, cohort) for name, key in (("weeks", "week"), ("routes", "route"), ("groups", by))
    }
    people = _people(cohort)
    return FunnelReport(
        period=cohort.period,
        by=by,
        handed_over=found.height,
        settled=int(found["is_settled"].sum()),
        open=found["closed"].null_count(),
        undecided=int(found["is_undecided"].sum()),
        entries=[_entry(each, people, at) for each in Entry] if cohort.leads is not None else [],
        steps=[_step(step, found, before, at) for step in Step],
        leaks=_leaks(found, before),
        weeks=_groups(keyed["weeks"], "week"),
        routes=_groups(keyed["routes"], "route"),
        groups=_groups(keyed["groups"], by),
        passages={"steps": found, "leaks": found, "entries": people, **keyed},
    )


def _passages(handoffs: Handoffs, by: str, at: datetime) -> pl.DataFrame:
    """Return each handoff with how far it came."""
    wanted: dict[str, Any] = {
        "handoff": (pl.Int64, "pk"),
        "team": (pl.Int64, "team_id"),
        "route": (pl.String, "route"),
        "opened": (INSTANT, "opened_at"),
        "touched": (INSTANT, "touched_at"),
        "connected": (INSTANT, "connected_at"),
        "closed": (INSTANT, "closed_at"),
        "verdict": (pl.String, "verdict"),
        "qualified": (INSTANT, "qualification__at"),
        "opportunity": (INSTANT, "qualification__opportunity_at"),
        "is_won": (pl.Boolean, "deal__is_won"),
        "decided": (INSTANT, "deal__at"),
        "stage": (pl.String, "lead__stage"),
        "stage_since": (INSTANT, "lead__stage_since"),
        "reason": (pl.Int64, "disqualification__reason_id"),
        **({by: BY_COLUMNS[by]} if by in BY_COLUMNS else {}),
    }
    # One that was merged away was no further delivery: the same person's other one counts.
    rows = read(handoffs.exclude(verdict=Verdict.MERGED), wanted)
    is_sql, stage = pl.col("verdict") == Verdict.QUALIFIED.value, pl.col("stage")
    # Without a deal on record its stage says whether the lead bought.
    has_won = pl.coalesce("is_won", stage == Stage.CUSTOMER.value)
    is_opportunity = pl.col("opportunity").is_not_null() | (stage == Stage.OPPORTUNITY.value)
    step = (
        pl.when(is_sql & has_won)
        .then(Step.WON.value)
        .when(is_sql & is_opportunity)
        .then(Step.OPPORTUNITY.value)
        .when(is_sql)
        .then(Step.QUALIFIED.value)
        .when(pl.col("connected").is_not_null())
        .then(Step.CONNECTED.value)
        .otherwise(pl.col("touched").is_not_null().cast(pl.Int32))
    )
    may_win = is_sql & pl.col("is_won").is_null() & stage.is_in([Stage.SQL.value, Stage.OPPORTUNITY.value])
    return rows.with_columns(
        step=step,
        is_undecided=may_win,
        is_settled=pl.col("closed").is_not_null() | (pl.col("opened") <= at - LAPSE_WINDOW),
        won=pl.coalesce("decided", pl.when(stage == Stage.CUSTOMER.value).then("stage_since")),
    )


_IS_LOST = pl.col("closed").is_not_null() & (pl.col("verdict") != Verdict.QUALIFIED.value)
REACHED = ("opened", "touched", "connected", "qualified", "opportunity", "won")


def _step(step: Step, found: pl.DataFrame, before: pl.DataFrame, at: datetime) -> StepRow:
    reached, came_close, known = _counts(step, found)
    earlier, _close, of = _counts(step, before)
    column, opened = pl.col(REACHED[step]), pl.col("opened")
    is_there = pl.col("step") >= step.value
    # Imported dates may contradict each other; such a duration says nothing.
    took = found.filter(is_there & (column >= opened)).select((column - opened).cast(pl.Int64)).to_series()
    is_on_its_way = pl.col("closed").is_null() | (pl.col("is_undecided") & (step > Step.QUALIFIED))
    waiting = found.filter(~is_there & is_on_its_way).select((pl.lit(at) - opened).cast(pl.Int64)).to_series()
    return StepRow(
        step=step,
        count=int((found["step"] >= step.value).sum()),
        of_previous=Rate(reached, came_close),
        of_all=Rate(reached, known),
        after=Spread.reaching(took.to_numpy(), waiting.to_numpy()),
        before=Rate(earlier, of),
    )


def _counts(step: Step, found: pl.DataFrame) -> tuple[int, int, int]:
    """Return how many of those that say something about `step` came to it, to the one before, and are there at all."""
    known = found.filter("is_settled")
    if step > Step.QUALIFIED:
        known = known.filter(~pl.col("is_undecided"))
    return int((known["step"] >= step).sum()), int((known["step"] >= step - 1).sum()), known.height


def _leaks(found: pl.DataFrame, before: pl.DataFrame) -> list[Leak]:
    now, earlier = _lost(found), _lost(before)
    reasons = DisqualificationReason.objects.in_bulk({key for _verdict, key in now if key})
    settled, were = int(found["is_settled"].sum()), int(before["is_settled"].sum())
    leaks = [
        Leak(
            verdict=Verdict(verdict),
            reason=reasons[key] if key else None,
            rate=Rate(count, settled),
            before=Rate(earlier.get((verdict, key), 0), were),
        )
        for (verdict, key), count in now.items()
    ]
    return sorted(leaks, key=lambda leak: (-leak.rate.count, leak.label))


def _lost(found: pl.DataFrame) -> dict[tuple[str, int | None], int]:
    lost = found.filter(_IS_LOST)
    return {(verdict, key): n for verdict, key, n in lost.group_by("verdict", "reason").len().iter_rows()}


def _groups(keyed: pl.DataFrame, by: str) -> list[GroupRow]:
    step, settled, decided = pl.col("step"), pl.col("is_settled"), pl.col("is_settled") & ~pl.col("is_undecided")
    is_sql, is_won = step >= Step.QUALIFIED.value, step >= Step.WON.value
    sums = keyed.group_by("key").agg(
        *((step >= each.value).sum().alias(each.key) for each in Step),
        settled.sum().alias("n"),
        (settled & is_sql).sum().alias("sqls"),
        (decided & is_sql).sum().alias("decided"),
        (decided & is_won).sum().alias("customers"),
    )
    rows = {row["key"]: row for row in sums.iter_rows(named=True)}
    return [_group(group, rows[group.key]) for group in groups_of(keyed, by)]


def _group(group: Group, row: Mapping[str, Any]) -> GroupRow:
    sql, won = Rate(row["sqls"], row["n"]), Rate(row["customers"], row["decided"])
    return GroupRow(group, {each.key: row[each.key] for each in Step}, sql, won)


def _people(cohort: Cohort) -> pl.DataFrame:
    """Return the people first seen in the period with how far they came; nobody where only handoffs are asked for."""
    leads = Lead.objects.none() if cohort.leads is None else cohort.leads
    seen = leads.filter(created_at__gte=cohort.period.start, created_at__lt=cohort.period.end)
    was_sql = Q(handoffs__verdict=Verdict.QUALIFIED)
    wanted: dict[str, Any] = {
        "lead": (pl.Int64, "pk"),
        "created": (INSTANT, "created_at"),
        "stage": (pl.String, "stage"),
        "stage_since": (INSTANT, "stage_since"),
        "mql": (INSTANT, Min("handoffs__opened_at", filter=~Q(handoffs__verdict=Verdict.MERGED))),
        "sql": (INSTANT, Min("handoffs__closed_at", filter=was_sql)),
    }
    found = read(seen, wanted)
    stage = pl.col("stage")
    step = (
        pl.when(stage == Stage.CUSTOMER.value)
        .then(Entry.CUSTOMER.value)
        .when(pl.col("sql").is_not_null())
        .then(Entry.SQL.value)
        .when(pl.col("mql").is_not_null())
        .then(Entry.MQL.value)
        .otherwise((stage != Stage.SUBSCRIBER.value).cast(pl.Int32))
    )
    bought = pl.when(stage == Stage.CUSTOMER.value).then("stage_since")
    nothing = pl.lit(None).cast(INSTANT)  # when somebody became a lead is not on record
    return found.with_columns(step=step, customer=bought, seen=pl.col("created"), known=nothing)


def _entry(entry: Entry, found: pl.DataFrame, at: datetime) -> StepRow:
    column, created = pl.col(("seen", "known", "mql", "sql", "customer")[entry]), pl.col("created")
    reached, came_close = (int((found["step"] >= number).sum()) for number in (entry, entry - 1))
    is_there, is_gone = pl.col("step") >= entry.value, pl.col("stage") == Stage.DISQUALIFIED.value
    took = found.filter(is_there & (column >= created)).select((column - created).cast(pl.Int64)).to_series()
    waiting = found.filter(~is_there & ~is_gone & (entry > Entry.LEAD)).select((pl.lit(at) - created).cast(pl.Int64))
    spread = Spread.reaching(took.to_numpy(), waiting.to_series().to_numpy())
    return StepRow(entry, reached, Rate(reached, came_close), Rate(reached, found.height), spread)
