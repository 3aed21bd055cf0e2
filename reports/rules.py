"""Rules at work: what became of the handoffs that each rule carried.

The cohort is the handoffs opened in the period that are older than the lapse window of 42 days and were scored by a
model; imported history never was. A rule is known by its key, over all versions that had it:

- carried: the handoffs whose frozen reasons have it with points above zero; took: with points below zero;
- with it: those it carried, or of a rule that carried none those in which it took points; without it: the others that
  a version with this rule scored. The share of SQLs counts open and lapsed handoffs as none, as their time is over;
- lift: the share of SQLs with it as a multiple of the share without it;
- decisive: it carried the handoff, which came by score, and without it a line is missed that the frozen score reaches:
  the threshold, or the minimum of its dimension, of the version that scored it (clamps: see `frozen_reasons`);
- ticked: sales named it as wrong, of those with it that were disqualified for a reason that counts against the rules;
- harm: of the handoffs in which it was decisive, how many more were so disqualified than of as many handoffs by score
  at the usual rate. It is a number of handoffs, so a rule that seldom matters is never on top; below zero it does good.

The most harmful come first; where there are too few with or without it to compare, a rule comes last.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import polars as pl
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from handoff.queue.models import Handoff
from reports.cohorts import Cohort
from reports.filters import ReportFilter
from reports.frozen_reasons import entries, rules_of, scored
from reports.periods import LAPSE_WINDOW, Period
from reports.statistics import Lift, Rate
from scoring.models import Rule, RuleGroup, ScoringModel

COUNTED = ("is_sql", "is_against", "is_decisive", "is_ticked", "is_needless")


class SettledFilter(ReportFilter):
    """The question of a report on verdicts: unless said otherwise, about the half-year that ended six weeks ago."""

    usual_days, ended_ago = 182, LAPSE_WINDOW


class Figure(StrEnum):
    """A number of a rule that opens the handoffs behind it."""

    CARRIED = "carried"
    TOOK = "took"
    DECISIVE = "decisive"
    SQL_WITH = "sql_with"
    WITHOUT = "without"
    SQL_WITHOUT = "sql_without"
    AGAINST = "against"
    TICKED = "ticked"
    NEEDLESS = "needless"

    @property
    def label(self) -> str:
        """What its handoffs have in common."""
        return {
            Figure.CARRIED: _("handoffs it carried"),
            Figure.TOOK: _("handoffs in which it took points"),
            Figure.DECISIVE: _("handoffs in which it was decisive"),
            Figure.SQL_WITH: _("SQLs with it"),
            Figure.WITHOUT: _("handoffs without it"),
            Figure.SQL_WITHOUT: _("SQLs without it"),
            Figure.AGAINST: _("with it, and disqualified against the rules"),
            Figure.TICKED: _("disqualified, and sales named it as wrong"),
            Figure.NEEDLESS: _("it was decisive, and they were disqualified against the rules"),
        }[self]


class Known(NamedTuple):
    """A rule as the newest published version that has it says."""

    key: str
    pk: int
    name: str
    dimension: str
    points: float


@dataclass(frozen=True)
class RuleRow:
    """One rule at work."""

    known: Known
    is_alive: bool
    carried: int
    took: int
    decisive: Rate
    sql_with: Rate
    sql_without: Rate
    ticked: Rate
    needless: Rate
    harm: float

    @property
    def takes(self) -> bool:
        """Whether it is a rule that takes points."""
        return not self.carried and (self.took > 0 or self.known.points < 0)

    @property
    def is_too_few(self) -> bool:
        """Whether there are too few handoffs with or without it to be compared."""
        return self.sql_with.is_too_few or self.sql_without.is_too_few

    @property
    def lift(self) -> Lift | None:
        """The share of SQLs with it as a multiple of that without it; None where nothing can be said."""
        return Lift.of(self.sql_with, self.sql_without)

    @property
    def dimension(self) -> str:
        """Its dimension in words."""
        return str(RuleGroup.Dimension(self.known.dimension).label)


@dataclass(frozen=True)
class RulesReport:
    """The whole report. `younger` and `unscored` handoffs of the period are left out; `against` is the usual rate."""

    period: Period
    handed_over: int
    younger: int
    unscored: int
    against: Rate
    rows: list[RuleRow]
    _handoffs: pl.DataFrame = field(compare=False, repr=False)
    _entries: pl.DataFrame = field(compare=False, repr=False)
    _rules: pl.DataFrame = field(compare=False, repr=False)

    @property
    def judged(self) -> int:
        """How many handoffs it is about."""
        return self.handed_over - self.younger - self.unscored

    def row(self, rule: str) -> RuleRow | None:
        """Return the row of the rule with that key, if it has one."""
        return next((row for row in self.rows if row.known.key == rule), None)

    def behind(self, row: RuleRow, figure: Figure) -> list[int]:
        """Return the handoffs that `figure` of a rule counts, newest first."""
        of_rule, gave = pl.col("rule") == row.known.key, pl.col("gave")
        is_with = gave == (row.carried > 0)
        found = self._entries.filter(of_rule)
        if figure in {Figure.WITHOUT, Figure.SQL_WITHOUT}:
            knew = self._handoffs.join(self._rules.filter(of_rule), on="model", how="semi")
            others = knew.join(found.filter(is_with), on="id", how="anti")
            found = others.filter("is_sql") if figure == Figure.SQL_WITHOUT else others
        else:
            conditions = {
                Figure.CARRIED: gave,
                Figure.TOOK: ~gave,
                Figure.DECISIVE: pl.col("is_decisive"),
                Figure.SQL_WITH: is_with & pl.col("is_sql"),
                Figure.AGAINST: is_with & pl.col("is_against"),
                Figure.TICKED: is_with & pl.col("is_ticked"),
                Figure.NEEDLESS: pl.col("is_needless"),
            }
            found = found.filter(conditions[figure])
        return self._handoffs.join(found, on="id", how="semi", maintain_order="left")["id"].to_list()


def rules_report(cohort: Cohort, *, at: datetime) -> RulesReport:
    """Return the rules at work in `cohort`, as it stands at `at`."""
    is_younger = Q(opened_at__gt=at - LAPSE_WINDOW)
    is_unscored = Q(publication=None) & ~is_younger
    counts = cohort.handoffs.aggregate(
        handed_over=Count("pk"),
        younger=Count("pk", filter=is_younger),
        unscored=Count("pk", filter=is_unscored),
    )
    handoffs = scored(cohort.handoffs.exclude(is_younger).exclude(publication=None))
    rules = rules_of(handoffs["model"].unique().to_list())
    found = entries(handoffs, rules).with_columns(is_needless=pl.col("is_decisive") & pl.col("is_against"))
    by_score = handoffs.filter("is_by_score")
    against = Rate(int(by_score["is_against"].sum()), by_score.height)
    rows = _rows(handoffs, rules, found, against.share or 0.0)
    return RulesReport(
        cohort.period, **counts, against=against, rows=rows, _handoffs=handoffs, _entries=found, _rules=rules
    )


def _rows(handoffs: pl.DataFrame, rules: pl.DataFrame, found: pl.DataFrame, usual: float) -> list[RuleRow]:
    sums = found.group_by("rule", "gave").agg(pl.len().alias("n"), *(pl.col(name).sum() for name in COUNTED))
    counts = {(each["rule"], each["gave"]): each for each in sums.iter_rows(named=True)}
    of_models = handoffs.group_by("model").agg(pl.len().alias("n"), pl.col("is_sql").sum())
    of_rules = rules.join(of_models, on="model").group_by("rule").agg(pl.col("n", "is_sql").sum())
    newest, alive = _known(rules["rule"].unique().to_list())
    rows = [
        _row(newest[rule], rule in alive, counts, Rate(sqls, n), usual)
        for rule, n, sqls in of_rules.select("rule", "n", "is_sql").iter_rows()
    ]
    return sorted(rows, key=lambda row: (row.is_too_few, -row.harm, -row.carried, row.known.name, row.known.key))


def _row(
    known: Known, is_alive: bool, counts: Mapping[tuple[str, bool], Mapping[str, Any]], knew: Rate, usual: float
) -> RuleRow:
    none = dict.fromkeys(("n", *COUNTED), 0)
    gave, took = counts.get((known.key, True), none), counts.get((known.key, False), none)
    with_it = gave if gave["n"] else took
    return RuleRow(
        known=known,
        is_alive=is_alive,
        carried=gave["n"],
        took=took["n"],
        decisive=Rate(gave["is_decisive"], gave["n"]),
        sql_with=Rate(with_it["is_sql"], with_it["n"]),
        sql_without=Rate(knew.count - with_it["is_sql"], knew.of - with_it["n"]),
        ticked=Rate(with_it["is_ticked"], with_it["is_against"]),
        needless=Rate(gave["is_needless"], gave["is_decisive"]),
        harm=gave["is_needless"] - gave["is_decisive"] * usual,
    )


def _known(keys: list[str]) -> tuple[dict[str, Known], set[str]]:
    """Return these rules as their newest published versions have them, and which of them count in the live version."""
    rows = Rule.objects.filter(key__in=keys).exclude(model__state=ScoringModel.State.DRAFT).order_by("model__version")
    newest, alive = {}, set()
    names = ("key", "pk", "name", "group__dimension", "points", "is_active", "model__state")
    for key, pk, name, dimension, points, is_active, state in rows.values_list(*names):
        newest[key] = Known(key, pk, name, dimension, float(points))
        if is_active and state == ScoringModel.State.LIVE:
            alive.add(key)
    return newest, alive


@dataclass(frozen=True)
class HandoffRow:
    """One handoff behind a number, with the points that the rule gave or took."""

    handoff: Handoff
    points: float | None
    is_ticked: bool


def handoff_rows(cohort: Cohort, rule: str, keys: list[int]) -> list[HandoffRow]:
    """Return these handoffs of `cohort` (a page of them) in their order; one query."""
    related = ("lead__company", "disqualification__reason")
    found = cohort.handoffs.select_related(*related).in_bulk(keys)
    return [_handoff_row(found[key], rule) for key in keys]


def _handoff_row(handoff: Handoff, rule: str) -> HandoffRow:
    points = next((entry["points"] for entry in handoff.reasons if entry["rule"] == rule), None)
    verdict = getattr(handoff, "disqualification", None)
    return HandoffRow(handoff, points, verdict is not None and rule in verdict.misleading)
