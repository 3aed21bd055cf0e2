"""Each clock of handoffs, and what became of it, in columns."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import polars as pl
from django.db.models import F, QuerySet

from handoff.queue.models import Clock, Verdict
from handoff.sla.models import Metric
from reports.cohorts import Handoffs
from reports.reading import INSTANT, LENGTH, read

BY_COLUMNS = {
    "policy": (pl.String, "policy__slug"),
    "route": (pl.String, "route"),
    "source": (pl.String, "source"),
    "country": (pl.String, "lead__country"),
}


class Outcome(StrEnum):
    """What became of a clock."""

    IN_TIME = "in_time"
    LATE = "late"
    NEVER = "never"
    AT_SIGHT = "at_sight"
    RUNNING = "running"
    CANCELLED = "cancelled"
    UNMEASURED = "unmeasured"  # no policy measured it


def clocks_of(handoffs: Handoffs, by: str, at: datetime) -> pl.DataFrame:
    """Return each clock with its handoff and what became of it; a handoff without clocks is a row without a metric."""
    wanted: dict[str, Any] = {
        "handoff": (pl.Int64, "pk"),
        "team": (pl.Int64, "team_id"),
        "opened": (INSTANT, "opened_at"),
        "occurred": (INSTANT, "trigger__occurred_at"),
        "verdict": (pl.String, "verdict"),
        "clock": (pl.Int64, "clocks__pk"),
        "metric": (pl.String, "clocks__metric"),
        "round": (pl.Int64, "clocks__round"),
        "due": (INSTANT, "clocks__due_at"),
        "stopped": (INSTANT, "clocks__stopped_at"),
        "ending": (pl.String, "clocks__ending"),
        "elapsed": (LENGTH, "clocks__elapsed"),
        "offered": (pl.Int64, "clocks__offered_to_id"),
        **({by: BY_COLUMNS[by]} if by in BY_COLUMNS else {}),
    }
    rows = read(handoffs, wanted)
    late = pl.Series(list(_logged_late(handoffs).values_list("pk", flat=True)), dtype=pl.Int64)
    return rows.with_columns(outcome=_outcome(at), is_logged_late=pl.col("clock").is_in(late.implode()))


def _outcome(at: datetime) -> pl.Expr:
    """Say what became of a clock as of `at`; at due is in time."""
    due, stopped, ending = pl.col("due"), pl.col("stopped"), pl.col("ending")
    is_in_time, now = stopped <= due, pl.lit(at).cast(INSTANT)
    return (
        pl.when(due.is_null())
        .then(pl.lit(Outcome.UNMEASURED.value))
        .when(stopped.is_null())
        .then(pl.when(due < now).then(pl.lit(Outcome.NEVER.value)).otherwise(pl.lit(Outcome.RUNNING.value)))
        .when(ending == Clock.Ending.MET.value)
        .then(pl.when(is_in_time).then(pl.lit(Outcome.IN_TIME.value)).otherwise(pl.lit(Outcome.LATE.value)))
        .when(~is_in_time)
        .then(pl.lit(Outcome.NEVER.value))
        .when(ending == Clock.Ending.AT_SIGHT.value)
        .then(pl.lit(Outcome.AT_SIGHT.value))
        .otherwise(pl.lit(Outcome.CANCELLED.value))
    )


def _logged_late(handoffs: Handoffs) -> "QuerySet[Clock]":
    """Return the clocks that a touch met by due and that was written down after it."""
    return Clock.objects.filter(
        handoff__in=handoffs,
        ending=Clock.Ending.MET,
        metric__in=[Metric.FIRST_TOUCH, Metric.CONNECT],
        stopped_at__lte=F("due_at"),
        handoff__touches__at=F("stopped_at"),
        handoff__touches__logged_at__gt=F("due_at"),
    ).order_by()


def measured(rows: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    """Return one row for each delivered handoff: its first clock of `metric`, or nothing of a clock."""
    is_first = (pl.col("metric") == metric.value) & (pl.col("round") == 1)
    own = rows.filter(is_first)
    others = rows.unique("handoff", keep="any").join(own, on="handoff", how="anti")
    nothing = dict.fromkeys(("clock", "metric", "due", "stopped", "ending", "elapsed", "offered"))
    blank = [pl.lit(None).cast(rows.schema[name]).alias(name) for name in nothing]
    others = others.with_columns(*blank, outcome=pl.lit(Outcome.UNMEASURED.value), is_logged_late=pl.lit(value=False))
    merged, open_ends = pl.col("verdict") == Verdict.MERGED.value, [Outcome.CANCELLED.value, Outcome.UNMEASURED.value]
    return pl.concat([own, others]).filter(~(merged & pl.col("outcome").is_in(open_ends)))
