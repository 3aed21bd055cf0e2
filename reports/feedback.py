"""What sales said no to, and why: reasons over time, by source and by team, and how long marketing took to answer.

The cohort is the handoffs opened in the period that were disqualified. Days to an answer run from the verdict to the
first answer; those without one count with the time that they have waited (Kaplan and Meier).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
from django.db.models import Min

from handoff.queue.models import DisqualificationReason, Verdict
from reports.cohorts import Cohort, Handoffs
from reports.filters import ReportFilter, grouping
from reports.grouping import BY, Group, group_keys, groups_of
from reports.measured import BY_COLUMNS
from reports.periods import Period
from reports.promises import Kept, kept_promises
from reports.reading import INSTANT, read
from reports.statistics import Rate, Spread
from reports.tables import Behind


class FeedbackFilter(ReportFilter):
    """The question of the feedback report: also by what to group."""

    by = grouping([(key, BY[key]) for key in ("source", "team", "route", "country", "policy")])


@dataclass(frozen=True)
class ReasonRow:
    """One reason, with its share of all that were disqualified, and of what it is compared with."""

    reason: DisqualificationReason
    rate: Rate
    before: Rate


@dataclass(frozen=True)
class ReasonOfGroup:
    """One reason in a week or another group, with its share of what was disqualified there."""

    group: Group
    reason: DisqualificationReason
    rate: Rate


@dataclass(frozen=True)
class Answers:
    """Whether and how soon marketing answered or read."""

    answered: Rate
    read: Rate
    after: Spread


@dataclass(frozen=True)
class FeedbackReport:
    """The whole report."""

    period: Period
    by: str
    disqualified: Rate
    against_rules: Rate
    answers: Answers
    reasons: list[ReasonRow]
    weeks: list[ReasonOfGroup]
    groups: list[ReasonOfGroup]
    promises: list[Kept]
    said_no: Mapping[str, pl.DataFrame] = field(compare=False, repr=False)  # by the table that they are behind

    def behind(self, table: str, row: Any, _figure: str) -> Behind:
        """Return the handoffs behind a number."""
        found = self.said_no[table].filter(pl.col("reason") == row.reason.pk)
        if table != "reasons":
            found = found.filter(pl.col("key") == row.group.key)
        return Behind(found["handoff"].to_list())


def feedback_report(cohort: Cohort, *, at: datetime) -> FeedbackReport:
    """Return the feedback on `cohort` as it stands at `at`."""
    by = cohort.choices["by"]
    found, before = _said_no(cohort.handoffs, by), _said_no(cohort.other.handoffs, "")
    reasons = DisqualificationReason.objects.in_bulk()
    against = found["reason"].is_in([key for key, reason in reasons.items() if reason.counts_against_rules])
    handed_over = cohort.handoffs.exclude(verdict=Verdict.MERGED).count()
    earlier = dict(before.group_by("reason").len().iter_rows())
    keyed = {name: group_keys(found, key, cohort) for name, key in (("weeks", "week"), ("groups", by))}
    return FeedbackReport(
        period=cohort.period,
        by=by,
        disqualified=Rate(found.height, handed_over),
        against_rules=Rate(int(against.sum()), found.height),
        answers=_answers(found, at),
        reasons=[
            ReasonRow(reasons[key], Rate(n, found.height), Rate(earlier.get(key, 0), before.height))
            for key, n in found.group_by("reason").len().sort(["len", "reason"], descending=[True, False]).iter_rows()
        ],
        weeks=_groups(keyed["weeks"], "week", reasons),
        groups=_groups(keyed["groups"], by, reasons),
        promises=kept_promises(cohort, at=at),
        said_no={"reasons": found, **keyed},
    )


def _said_no(handoffs: Handoffs, by: str) -> pl.DataFrame:
    wanted: dict[str, Any] = {
        "handoff": (pl.Int64, "pk"),
        "team": (pl.Int64, "team_id"),
        "opened": (INSTANT, "opened_at"),
        "reason": (pl.Int64, "disqualification__reason_id"),
        "said": (INSTANT, "disqualification__at"),
        "read": (INSTANT, "disqualification__acknowledged_at"),
        "answered": (INSTANT, Min("disqualification__answers__at")),
        **({by: BY_COLUMNS[by]} if by in BY_COLUMNS else {}),
    }
    return read(handoffs.filter(verdict=Verdict.DISQUALIFIED, disqualification__isnull=False), wanted)


def _answers(found: pl.DataFrame, at: datetime) -> Answers:
    answered, said = pl.col("answered"), pl.col("said")
    took = found.drop_nulls("answered").select((answered - said).cast(pl.Int64)).to_series().to_numpy()
    waiting = found.filter(answered.is_null()).select((pl.lit(at) - said).cast(pl.Int64)).to_series().to_numpy()
    seen = found.filter(answered.is_not_null() | pl.col("read").is_not_null()).height
    return Answers(Rate(len(took), found.height), Rate(seen, found.height), Spread.reaching(took, waiting))


def _groups(keyed: pl.DataFrame, by: str, reasons: dict[Any, DisqualificationReason]) -> list[ReasonOfGroup]:
    counts = keyed.group_by("key", "reason").len().sort(["len", "reason"], descending=[True, False])
    sums = dict(keyed.group_by("key").len().iter_rows())
    return [
        ReasonOfGroup(group, reasons[reason], Rate(n, sums[group.key]))
        for group in groups_of(keyed, by)
        for reason, n in counts.filter(pl.col("key") == group.key).select("reason", "len").iter_rows()
    ]
