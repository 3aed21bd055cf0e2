"""Was the agreement kept: what was in time, late and never, breaches and why they came about.

The cohort is the handoffs opened in the period; imported history is left out, as it never had a clock. A metric of a
handoff is its clock of the first round; further rounds (a lead asked again) only show up among the breaches and the
open clocks. Everything is read from what happened and `at`, never from when a worker noticed:

- in time: done at or before due; "logged late" is the part that was written down after due;
- late: done after due;
- never: not done, and past due at `at`, or ended after due without being done;
- at sight: a verdict without a touch, before due; running: not yet due; cancelled: ended otherwise before due.
  One that was merged before due, as the same person had another handoff, was no delivery of its own and is left out.

Of one person it is about the clocks of what they held when the clock stopped or ran out, if earlier.

The share in time is in time / (in time + late + never): the last three of the list are no failures and no successes.
Times are business time, over those that were done. System delay runs from the activity that set the handoff off until
it was visible, over those that have such an activity; human delay from then until the first touch, on the wall clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.utils.translation import gettext_lazy

from handoff.queue.models import Verdict
from handoff.sla.models import Metric
from reports.causes import Cause, explained, overruns
from reports.cohorts import Cohort, Handoffs
from reports.filters import ReportFilter, choice, grouping
from reports.grouping import BY, group_keys, groups_of, with_holder
from reports.measured import Outcome, clocks_of, measured
from reports.periods import LAPSE_WINDOW, Period
from reports.reading import INSTANT
from reports.sla_figures import COUNTS, AgeRow, CauseRow, Figures, GroupRow, MetricRow, SqlRow, Week
from reports.statistics import Rate, Spread
from reports.tables import Behind

AGEING = (timedelta(0), timedelta(days=1), timedelta(days=3), timedelta(days=7))
AGES = ("not_due", "past_due_1d", "past_due_3d", "past_due_7d", "past_due_longer")


class SlaFilter(ReportFilter):
    """The question of the SLA report: also by what to group, and which metric the groups are about."""

    by = grouping([(key, BY[key]) for key in BY])
    metric = choice(
        gettext_lazy("Metric"),
        gettext_lazy("There is no metric “%(value)s”."),
        choices=Metric.choices,
        empty_label=None,
        method="filter_nothing",
    )
    cause = choice(
        gettext_lazy("Cause"),
        gettext_lazy("There is no cause “%(value)s”."),
        choices=Cause.choices,
        method="filter_nothing",
    )


@dataclass(frozen=True)
class SlaReport:
    """The whole report; `breaches` has those of all metrics, still open ones first, then the newest."""

    period: Period
    metric: Metric
    by: str
    cause: str
    total: Figures
    previous: Figures
    metrics: list[MetricRow]
    groups: list[GroupRow]
    weeks: list[Week]
    causes: list[CauseRow]
    ageing: list[AgeRow]
    sqls: list[SqlRow]
    breaches: pl.DataFrame = field(compare=False, repr=False)  # of `causes.explained`
    clocks: Mapping[str, pl.DataFrame] = field(compare=False, repr=False)  # by the table or metric that they are behind

    @property
    def listed(self) -> pl.DataFrame:
        """The breaches that are listed: all, or those of the cause that is asked for."""
        return self.breaches.filter(pl.col("cause") == self.cause) if self.cause else self.breaches

    def behind(self, table: str, row: Any, figure: str) -> Behind:
        """Return the handoffs behind a number."""
        found = self.clocks[row.metric if table == "metrics" else self.metric if table == "weeks" else table]
        is_meant = _is_counted(figure)
        if table == "ageing":
            is_meant = (pl.col("metric") == row.metric.value) & (pl.col("age") == AGES.index(figure))
        elif table == "sql":
            is_meant = (pl.col("outcome") == row.touched.value) & (pl.col("verdict") == Verdict.QUALIFIED.value)
        elif table == "groups":
            is_meant &= pl.col("key") == row.group.key
        elif table == "weeks":
            local = pl.col("opened").dt.convert_time_zone(self.period.zone.key)
            is_meant &= local.dt.date().is_between(row.first, row.last)
        return Behind(found.filter(is_meant)["handoff"].unique().to_list())

    @property
    def open_breaches(self) -> int:
        """How many of the breaches are still open."""
        return self.breaches["stopped"].null_count()


def sla_report(cohort: Cohort, *, at: datetime) -> SlaReport:
    """Return the SLA report of `cohort` as it stands at `at`."""
    native, by, metric = _native(cohort.handoffs), cohort.choices["by"], Metric(cohort.choices["metric"])
    rows, earlier = clocks_of(native, by, at), clocks_of(_native(cohort.other.handoffs), "", at)
    found = rows.filter(pl.col("metric").is_not_null())["metric"].unique().to_list()
    shown = {metric, Metric.FIRST_TOUCH, *map(Metric, found)}
    of_each = {each: _theirs(measured(rows, each), cohort) for each in shown}
    before = {each: _one(_theirs(measured(earlier, each), cohort.other)) for each in shown}
    rows, breaches = _theirs(rows, cohort), explained(overruns(native, at))
    if cohort.whose:
        breaches = breaches.filter(pl.col("holder") == cohort.whose.pk)
    keyed, aged = group_keys(of_each[metric], by, cohort), _aged(rows, at)
    old = of_each[Metric.FIRST_TOUCH].filter(pl.col("opened") <= at - LAPSE_WINDOW)
    return SlaReport(
        period=cohort.period,
        metric=metric,
        by=by,
        cause=cohort.choices.get("cause", ""),
        total=_one(of_each[metric]),
        previous=before[metric],
        metrics=[MetricRow(each, _one(of_each[each]), before[each]) for each in Metric if each in of_each],
        groups=_groups(keyed, rows, by),
        weeks=_weeks(of_each[metric], cohort.period),
        causes=_causes(breaches),
        ageing=_ageing(aged),
        sqls=_sqls(old),
        breaches=breaches,
        clocks={
            **{each.value: those for each, those in of_each.items()},
            **{"groups": keyed, "ageing": aged, "sql": old},
        },
    )


def _theirs(found: pl.DataFrame, cohort: Cohort) -> pl.DataFrame:
    """Leave the clocks that the one person of a cohort answers for; all, where it is about more than one."""
    if cohort.whose is None:
        return found
    return with_holder(found, cohort).filter(pl.col("holder") == cohort.whose.pk).select(found.columns)


def _native(handoffs: Handoffs) -> Handoffs:
    return handoffs.filter(is_imported_history=False)


def _figures(found: pl.DataFrame, *keys: pl.Expr) -> pl.DataFrame:
    """Return the figures of each group of measured handoffs, in columns."""
    outcome = pl.col("outcome")
    is_done = outcome.is_in([Outcome.IN_TIME.value, Outcome.LATE.value])
    # A sender's clock may run a little ahead of ours.
    delay = (pl.col("opened") - pl.col("occurred")).clip(lower_bound=timedelta(0))
    wall = (pl.col("stopped") - pl.col("opened")).filter(is_done & (pl.col("metric") == Metric.FIRST_TOUCH.value))
    sums = [
        pl.len().alias("handed_over"),
        *((outcome == each.value).sum().alias(each.value) for each in Outcome),
        ((outcome == Outcome.IN_TIME.value) & pl.col("is_logged_late")).sum().alias("logged_late"),
        *_spread("took", pl.col("elapsed").filter(is_done)),
        *_spread("delay", delay),
        *_spread("human", wall),
    ]
    return found.group_by(*keys).agg(*sums) if keys else found.select(*sums)


def _spread(name: str, lengths: pl.Expr) -> list[pl.Expr]:
    """Return how many, the median and the 90th percentile by nearest rank, as `statistics.Spread` has them."""
    ordered = lengths.drop_nulls().cast(pl.Int64).sort()
    rank = (ordered.len().cast(pl.Int64) * 9 + 9) // 10
    p90 = ordered.slice(pl.max_horizontal(rank - 1, pl.lit(0)), 1).first()
    return [ordered.len().alias(f"{name}_n"), ordered.median().alias(f"{name}_median"), p90.alias(f"{name}_p90")]


def _typed(row: Mapping[str, Any]) -> Figures:
    counts: dict[str, Any] = {name: row[name] for name in COUNTS}
    spreads: dict[str, Any] = {
        name: Spread(row[f"{name}_n"], _length(row[f"{name}_median"]), _length(row[f"{name}_p90"]))
        for name in ("took", "delay", "human")
    }
    return Figures(**counts, **spreads)


def _length(microseconds: float | None) -> timedelta | None:
    return None if microseconds is None else timedelta(microseconds=microseconds)


def _one(found: pl.DataFrame) -> Figures:
    return _typed(_figures(found).row(0, named=True))


def _is_counted(figure: str) -> pl.Expr:
    """Return whether a measured handoff counts in a figure of COUNTS."""
    if figure == "handed_over":
        return pl.lit(value=True)
    if figure == "logged_late":
        return (pl.col("outcome") == Outcome.IN_TIME.value) & pl.col("is_logged_late")
    return pl.col("outcome") == (Outcome.IN_TIME.value if figure == "share" else figure)


def _groups(keyed: pl.DataFrame, rows: pl.DataFrame, by: str) -> list[GroupRow]:
    figures = {row["key"]: _typed(row) for row in _figures(keyed, pl.col("key")).iter_rows(named=True)}
    late = rows.filter(pl.col("stopped").is_null() & (pl.col("outcome") == Outcome.NEVER.value))
    still_open = late.group_by("handoff").len().join(keyed.select("handoff", "key"), on="handoff")
    counts = dict(still_open.group_by("key").agg(pl.col("len").sum()).iter_rows())
    return [GroupRow(group, figures[group.key], counts.get(group.key, 0)) for group in groups_of(keyed, by)]


def _weeks(found: pl.DataFrame, period: Period) -> list[Week]:
    """Return the weeks from the first handoff to the last one, empty ones between them included."""
    monday = pl.col("opened").dt.convert_time_zone(period.zone.key).dt.date().dt.truncate("1w").alias("monday")
    groups = {row["monday"]: _typed(row) for row in _figures(found, monday).iter_rows(named=True)}
    if not groups:
        return []
    first, last = min(groups), max(groups)
    mondays = [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]
    return [
        Week(max(day, period.first), min(day + timedelta(days=6), period.last), groups.get(day, Figures()))
        for day in mondays
    ]


def _causes(breaches: pl.DataFrame) -> list[CauseRow]:
    counts = dict(breaches.group_by("cause").len().iter_rows())
    found = sorted(filter(counts.get, Cause), key=lambda cause: -counts[cause])  # of equal ones the first in order
    return [CauseRow(cause, Rate(counts[cause], breaches.height)) for cause in found]


def _aged(rows: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Return the running clocks with the `age` by which they are past due, a place in AGES."""
    late_by = pl.lit(at).cast(INSTANT) - pl.col("due")
    age = pl.sum_horizontal((late_by > limit).cast(pl.Int64) for limit in AGEING)
    return rows.filter(pl.col("stopped").is_null() & pl.col("due").is_not_null()).with_columns(age=age)


def _ageing(running: pl.DataFrame) -> list[AgeRow]:
    counts = {(metric, age): n for metric, age, n in running.group_by("metric", "age").len().iter_rows()}
    metrics = {metric for metric, _age in counts}
    return [
        AgeRow(metric, *(counts.get((metric.value, age), 0) for age in range(len(AGES))))
        for metric in Metric
        if metric.value in metrics
    ]


def _sqls(old: pl.DataFrame) -> list[SqlRow]:
    is_sql = (pl.col("verdict") == Verdict.QUALIFIED.value).sum()
    counts = {key: Rate(sqls, n) for key, n, sqls in old.group_by("outcome").agg(pl.len(), is_sql).iter_rows()}
    return [
        SqlRow(each, counts[each.value]) for each in (Outcome.IN_TIME, Outcome.LATE, Outcome.NEVER) if each in counts
    ]
