"""Why a clock ran out, derived from facts about the instant it was due.

The first of these that is true is the cause:

1. never assigned: nobody held the handoff at due;
2. reassigned late: who held it at due had it for less than the last quarter of the clock's business time;
3. over capacity: who held it at due held more open handoffs then than they can carry (all their teams together);
4. out of hours: the handoff came while its pinned hours were closed (first touch only: later metrics have days);
5. not opened: who held it had not opened it by then;
6. opened, not touched: no touch by then;
7. touched, not finished: a touch by then, but not what the clock was waiting for.

Who an SQL is offered to holds it for its takeover, which only they can answer: there 3 is tried, and else it was
offered, not answered.

Nothing here reads the breach rows: a breach counts from when it happened, not from when a worker noticed.
"""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from django.db import models
from django.db.models import F, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from handoff.people.models import Membership
from handoff.queue.models import Assignment, Clock
from handoff.sla.models import Metric, PinnedHours
from reports.cohorts import Handoffs
from reports.open_time import OpenTime
from reports.reading import INSTANT, read

OVERRUN: dict[str, Any] = {
    "clock": (pl.Int64, "pk"),
    "handoff": (pl.Int64, "handoff_id"),
    "team": (pl.Int64, "handoff__team_id"),
    "metric": (pl.String, "metric"),
    "started": (INSTANT, "started_at"),
    "due": (INSTANT, "due_at"),
    "stopped": (INSTANT, "stopped_at"),
    "hours": (pl.Int64, "hours_id"),
    "offered": (pl.Int64, "offered_to_id"),
    "seen": (INSTANT, "handoff__seen_at"),
    "touched": (INSTANT, "handoff__touched_at"),
}
HOLDING: dict[str, Any] = {
    "handoff": (pl.Int64, "handoff_id"),
    "holder": (pl.Int64, "user_id"),
    "since": (INSTANT, "started_at"),
    "until": (INSTANT, "ended_at"),
    "how": (pl.String, "how"),
    "id": (pl.Int64, "pk"),
}


class Cause(models.TextChoices):
    """Why a clock ran out, in order of precedence."""

    NEVER_ASSIGNED = "never_assigned", _("Never assigned")
    REASSIGNED_LATE = "reassigned_late", _("Reassigned late")
    OVER_CAPACITY = "over_capacity", _("Over capacity")
    OUT_OF_HOURS = "out_of_hours", _("Handed over out of hours")
    NOT_OPENED = "not_opened", _("Not opened")
    NOT_TOUCHED = "not_touched", _("Opened, not touched")
    NOT_FINISHED = "not_finished", _("Touched, not finished")
    NOT_ANSWERED = "not_answered", _("Offered, not answered")


def overruns(handoffs: Handoffs, at: datetime) -> "QuerySet[Clock]":
    """Return the clocks of `handoffs` that ran out before `at`."""
    ran_out = Q(stopped_at=None, due_at__lt=at) | Q(stopped_at__gt=F("due_at"))
    return Clock.objects.filter(ran_out, handoff__in=handoffs)


def explained(found: "QuerySet[Clock]") -> pl.DataFrame:
    """Return these clocks with who held the handoff at due (`holder`, null: nobody) and the `cause`.

    Those still open come first, then the newest. Five queries at most, however many there are.
    """
    rows = read(found, OVERRUN)
    if rows.is_empty():
        return rows.with_columns(holder=pl.lit(None).cast(pl.Int64), cause=pl.lit(None).cast(pl.String))
    held = held_at(rows, "due", Assignment.objects.filter(handoff__in=found.order_by().values("handoff")))
    whole, theirs, is_out = _business_times(held)
    judged = held.with_columns(is_out=is_out, is_over=_is_over(held), came_late=theirs * 4 < whole)
    is_before_due = [(pl.col(name) <= pl.col("due")).fill_null(value=False) for name in ("touched", "seen")]
    is_touched, is_seen = is_before_due
    # The first that is true.
    cause = (
        pl.when(pl.col("holder").is_null())
        .then(pl.lit(Cause.NEVER_ASSIGNED.value))
        .when("came_late")
        .then(pl.lit(Cause.REASSIGNED_LATE.value))
        .when("is_over")
        .then(pl.lit(Cause.OVER_CAPACITY.value))
        .when(pl.col("offered").is_not_null())
        .then(pl.lit(Cause.NOT_ANSWERED.value))
        .when((pl.col("metric") == Metric.FIRST_TOUCH.value) & pl.col("is_out"))
        .then(pl.lit(Cause.OUT_OF_HOURS.value))
        .when(is_touched)
        .then(pl.lit(Cause.NOT_FINISHED.value))
        .when(is_seen | (pl.col("how") == Assignment.How.CLAIM.value))
        .then(pl.lit(Cause.NOT_TOUCHED.value))
        .otherwise(pl.lit(Cause.NOT_OPENED.value))
    )
    order = [pl.col("stopped").is_not_null(), pl.col("due"), pl.col("clock")]
    return judged.select(*rows.columns, "holder", cause=cause).sort(order, descending=[False, True, True])


def held_at(
    rows: pl.DataFrame, instant: str, assignments: "QuerySet[Assignment]", *, to_the_end: pl.Expr | None = None
) -> pl.DataFrame:
    """Return `rows` with who held each `handoff` at its `instant`, since when and how; null where nobody did.

    An SQL is held by whom it is `offered` to. Where `to_the_end` holds, who gave it up in that very instant had it
    still: a verdict ends both.
    """
    holdings = read(assignments, HOLDING).sort("since", "id").drop("id")
    # Of those who took it by then, only the last one can have it.
    found = rows.sort(instant).join_asof(
        holdings, left_on=instant, right_on="since", by="handoff", check_sortedness=False
    )
    is_last = pl.lit(value=False) if to_the_end is None else to_the_end & (pl.col("until") == pl.col(instant))
    has_it = pl.col("until").is_null() | (pl.col("until") > pl.col(instant)) | is_last
    held = {name: pl.when(has_it).then(pl.col(name)) for name in ("holder", "since", "how")}
    holder = pl.coalesce("offered", held.pop("holder"))
    return found.with_columns(holder=holder, **held).drop("until")


def _business_times(held: pl.DataFrame) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return the business time from start to due, that of whoever held it at due, and whether it began out of hours."""
    columns = held.select(pl.col("started", "due").dt.epoch("us"), since=pl.col("since").dt.epoch("us"), hours="hours")
    started, due = columns["started"].to_numpy(), columns["due"].to_numpy()
    since = np.maximum(columns["since"].fill_null(0).to_numpy(), started)
    whole, theirs, is_out = np.zeros_like(due), np.zeros_like(due), np.zeros(due.shape, dtype=bool)
    for key, pinned in PinnedHours.objects.in_bulk(columns["hours"].unique().to_list()).items():
        own = np.flatnonzero(columns["hours"].to_numpy() == key)
        time = OpenTime(pinned.hours(), int(started[own].min()), int(due[own].max()))
        until_due = time.until(due[own])
        whole[own] = until_due - time.until(started[own])
        theirs[own] = until_due - time.until(np.minimum(since[own], due[own]))
        is_out[own] = ~time.is_open(started[own])
    return pl.Series(whole), pl.Series(theirs), pl.Series(is_out)


def _is_over(held: pl.DataFrame) -> pl.Series:
    """Return whether each holder held more at due than they can carry; without a team nothing says how many."""
    people = held["holder"].drop_nulls().unique().to_list()
    room = Membership.objects.filter(user__in=people).values_list("user_id").annotate(Sum("capacity"))
    carried = pl.DataFrame(list(room), schema={"holder": pl.Int64, "room": pl.Int64}, orient="row")
    first, last = held["due"].min(), held["due"].max()
    around = Assignment.objects.filter(user__in=people, started_at__lte=last).exclude(ended_at__lte=first)
    holdings = read(around, {name: HOLDING[name] for name in ("holder", "since", "until")})
    at_due = held.select(pl.row_index(), "holder", "due").sort("due")
    for name in ("since", "until"):
        passed = holdings.drop_nulls(name).select("holder", pl.col(name).alias("passed")).sort("passed")
        counted = passed.with_columns(pl.int_range(1, pl.len() + 1).over("holder").alias(f"n_{name}"))
        at_due = at_due.join_asof(counted, left_on="due", right_on="passed", by="holder", check_sortedness=False).drop(
            "passed"
        )
    holds = pl.col("n_since").fill_null(0) - pl.col("n_until").fill_null(0)
    found = at_due.join(carried, on="holder", how="left").sort("index")
    return found.select((holds > pl.col("room")).fill_null(value=False))["n_since"]
