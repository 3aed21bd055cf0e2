"""Every report: what it is called, what works it out, and which tables it has. The doors make the rest of this."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from handoff.people.models import User
from reports import wording
from reports.breaches import breach_rows
from reports.feedback import FeedbackFilter, feedback_report
from reports.filters import ReportFilter
from reports.forecast import forecast_report
from reports.funnel import FunnelFilter, Step, funnel_report
from reports.meeting import meeting_report
from reports.rules import SettledFilter, rules_report
from reports.sla import AGES, SlaFilter, sla_report
from reports.sla_figures import COUNTS
from reports.source_cohorts import SourcesFilter
from reports.sources import sources_report
from reports.tables import Column, Kind, PeriodShape, Table

TEXT, COUNT, RATE, SHARE, SPREAD = Kind.TEXT, Kind.COUNT, Kind.RATE, Kind.SHARE, Kind.SPREAD
LENGTH, MOMENT, FLAG, NUMBER, MONEY = Kind.LENGTH, Kind.MOMENT, Kind.FLAG, Kind.NUMBER, Kind.MONEY


@dataclass(frozen=True)
class Long:
    """A table of single rows, that pages and the API show in parts: how many there are, and how to get some."""

    table: Table
    count: Callable[[Any], int]
    rows: Callable[[Any, slice, User, datetime], list[Any]]
    still_open: Callable[[Any], int]


@dataclass(frozen=True)
class Report:
    """One report."""

    name: str
    title: str | Promise
    build: Callable[..., Any]
    tables: tuple[Table, ...]
    question: type[ReportFilter] = ReportFilter
    numbers: tuple[Column, ...] = ()
    long: Long | None = None
    headlines: Callable[[Any], list[wording.Kpi]] = lambda _report: []

    @property
    def address(self) -> str:
        """The name of its address."""
        return f"report-{self.name}"

    @property
    def listed(self) -> list[Table]:
        """Its tables of more than one row, as files have them."""
        return [*(table for table in self.tables if not table.is_one), *([self.long.table] if self.long else [])]

    @cached_property
    def shape(self) -> type[serializers.Serializer[Any]]:
        """The report as the API answers it."""
        fields: dict[str, Any] = {
            "period": PeriodShape(),
            **{column.field_name: column.field() for column in self.numbers},
            **{table.name: table.shape(self.name) for table in self.tables},
        }
        if self.long:
            rows = self.long.table.shape(self.name)
            page = {"count": serializers.IntegerField(), "open": serializers.IntegerField(), "results": rows}
            page |= {name: serializers.URLField(allow_null=True) for name in ("next", "previous")}
            fields[self.long.table.name] = type("LongPage", (serializers.Serializer,), page)()
        return type(f"{self.name.capitalize()}Report", (serializers.Serializer,), fields)


def _figures(path: str, *shown: str) -> tuple[Column, ...]:
    """Return the columns of the SLA's figures, found under `path`; pages have those that are `shown`."""
    labels = {
        "handed_over": _("Handed over"),
        "logged_late": _("Logged late"),
        "late": _("Late"),
        "never": _("Never"),
        "at_sight": _("Rejected at sight"),
        "running": _("Not yet due"),
        "share": _("In time"),
    }
    at = f"{path}." if path else ""
    counts = tuple(Column(name, labels.get(name, "") if name in shown else "", COUNT, f"{at}{name}") for name in COUNTS)
    return (
        *counts,
        Column("share", labels["share"] if shown else "", SHARE, f"{at}share"),
        Column("took", "", SPREAD, f"{at}took"),
        Column("median", _("Median"), LENGTH, f"{at}took.median", is_for_readers=True),
        Column("p90", _("90th pct"), LENGTH, f"{at}took.p90", is_for_readers=True),
        Column("delay", "", SPREAD, f"{at}delay"),
        Column("human", "", SPREAD, f"{at}human"),
    )


SLA = Report(
    name="sla",
    title=_("SLA report"),
    build=sla_report,
    question=SlaFilter,
    headlines=wording.kpis,
    numbers=(Column("metric"), Column("by"), Column("cause")),
    tables=(
        Table("total", _("In total"), _figures(""), is_one=True),
        Table("previous", _("Compared with"), _figures(""), is_one=True),
        Table(
            "metrics",
            _("Every clock"),
            (
                Column("name", _("Clock"), source="label", is_for_readers=True),
                Column("metric", source="metric.value"),
                *_figures("figures", "late", "never", "logged_late", "at_sight", "running"),
                Column("before", _("Compared with"), RATE, "before.share"),
                Column("before_took", "", SPREAD, "before.took"),
            ),
            opens=(*COUNTS, "share"),
            keys=("metric",),
        ),
        Table(
            "groups",
            _("By group"),
            (
                Column("key", source="group.key"),
                Column("name", _("Group"), source="group.name"),
                Column("people", _("People"), COUNT, "group.people"),
                *_figures("figures", "handed_over", "late", "never"),
                Column("open_breaches", _("Open breaches"), COUNT),
            ),
            opens=(*COUNTS, "share"),
        ),
        Table(
            "weeks",
            _("By week"),
            (
                Column("week", _("Week"), source="iso"),
                Column("first", kind=Kind.DATE),
                Column("last", kind=Kind.DATE),
                *_figures("figures", "handed_over", "late", "never", "running"),
            ),
            opens=(*COUNTS, "share"),
        ),
        Table(
            "causes",
            _("Why they were late"),
            (
                Column("cause", source="cause.value"),
                Column("name", _("Cause"), source="cause.label"),
                Column("rate", _("Breaches"), RATE),
            ),
        ),
        Table(
            "ageing",
            _("Open clocks by age"),
            (
                Column("metric", source="metric.value"),
                Column("name", _("Clock"), source="label"),
                Column("not_due", _("Not yet due"), COUNT),
                Column("past_due_1d", _("Up to a day past due"), COUNT),
                Column("past_due_3d", _("1 to 3 days"), COUNT),
                Column("past_due_7d", _("3 to 7 days"), COUNT),
                Column("past_due_longer", _("Longer"), COUNT),
            ),
            note=_("how long past due"),
            opens=AGES,
        ),
        Table(
            "sql",
            _("Does it pay to be in time?"),
            (
                Column("touched", source="touched.value"),
                Column("name", _("First touch"), source="label"),
                Column("rate", _("Became an SQL"), RATE),
            ),
            source="sqls",
            note=_("handoffs older than six weeks"),
            opens=("rate",),
        ),
    ),
    long=Long(
        Table(
            "breaches",
            _("Breaches"),
            (
                Column("handoff", kind=COUNT, source="clock.handoff_id"),
                Column("lead", kind=COUNT, source="clock.handoff.lead_id"),
                Column("name", _("Lead"), source="clock.handoff.lead.name"),
                Column("company", source="company"),
                Column("team", source="clock.handoff.team.slug"),
                Column("owner", source="owner.username"),
                Column("is_unclaimed", kind=FLAG),
                Column("metric", _("Clock"), source="clock.metric"),
                Column("round", kind=COUNT, source="clock.round"),
                Column("policy", _("Policy"), source="clock.policy.slug"),
                Column("policy_version", kind=COUNT, source="clock.policy.version"),
                Column("due_at", _("Was due"), MOMENT, "clock.due_at"),
                Column("stopped_at", kind=MOMENT, source="clock.stopped_at"),
                Column("late_by", _("Late by"), LENGTH),
                Column("state", _("Now")),
                Column("cause", _("Cause"), source="cause.value"),
                Column("pauses", kind=COUNT, source="pauses_count"),
                Column("steps", kind=COUNT, source="steps_count"),
                Column("url"),
            ),
        ),
        count=lambda report: report.listed.height,
        rows=lambda report, part, reader, at: breach_rows(report.listed[part], reader, at=at),
        still_open=lambda report: report.listed["stopped"].null_count(),
    ),
)

STEPS = tuple(step.key for step in Step)
COUNTS_BY_STEP = (
    Column("key", source="group.key"),
    Column("name", _("Group"), source="group.name"),
    Column("handed_over", _("Handed over"), COUNT, "counts.handed_over"),
    Column("touched", _("Touched"), COUNT, "counts.touched"),
    Column("connected", _("Connected"), COUNT, "counts.connected"),
    Column("qualified", _("SQL"), COUNT, "counts.qualified"),
    Column("opportunity", _("Opportunity"), COUNT, "counts.opportunity"),
    Column("won", _("Won"), COUNT, "counts.won"),
    Column("sql", _("SQL of settled"), RATE),
    Column("won_of_sql", _("Won of decided SQLs"), RATE, "won"),
)


def _steps(name: str, title: Promise, of_all: Promise, *more: Column) -> Table:
    columns = (
        Column("step", source="step.key"),
        Column("name", _("Step"), source="step.label"),
        Column("count", _("Count"), COUNT),
        Column("of_previous", _("Of the step before"), RATE),
        Column("of_all", of_all, RATE),
        *more,
        Column("after", _("Median time"), SPREAD),
    )
    return Table(name, title, columns, opens=("count",))


FUNNEL = Report(
    name="funnel",
    title=_("Funnel"),
    build=funnel_report,
    question=FunnelFilter,
    headlines=wording.funnel_kpis,
    numbers=(
        *tuple(Column(name, kind=COUNT) for name in ("handed_over", "settled", "open", "undecided")),
        Column("by"),
    ),
    tables=(
        _steps(
            "steps", _("From handover to customer"), _("Of handed over"), Column("before", _("Compared with"), RATE)
        ),
        _steps("entries", _("People first seen in the period"), _("Of all")),
        Table(
            "leaks",
            _("Where they leak"),
            (
                Column("verdict", source="verdict.value"),
                Column("reason", source="reason.slug"),
                Column("name", _("Reason"), source="label"),
                Column("rate", _("Of settled"), RATE),
                Column("before", _("Compared with"), RATE),
            ),
            opens=("rate",),
            keys=("verdict", "reason"),
        ),
        Table("weeks", _("By week of handing over"), COUNTS_BY_STEP, opens=STEPS),
        Table("routes", _("By route"), COUNTS_BY_STEP, opens=STEPS),
        Table("groups", _("By group"), COUNTS_BY_STEP, opens=STEPS),
    ),
)
RULES = Report(
    name="rules",
    title=_("Rules at work"),
    build=rules_report,
    question=SettledFilter,
    numbers=(
        *(Column(name, kind=COUNT) for name in ("handed_over", "younger", "unscored", "judged")),
        Column("against", kind=RATE),
    ),
    tables=(
        Table(
            "rules",
            _("Rules at work"),
            (
                Column("rule", source="known.key"),
                Column("name", source="known.name"),
                Column("dimension", source="known.dimension"),
                Column("is_alive", kind=FLAG),
                Column("takes_points", kind=FLAG, source="takes"),
                Column("carried", kind=COUNT),
                Column("took", kind=COUNT),
                *(Column(name, kind=RATE) for name in ("decisive", "sql_with", "sql_without", "ticked", "needless")),
                *(
                    Column(name, kind=NUMBER, source=f"lift.{part}")
                    for name, part in (("lift", "ratio"), ("lift_low", "low"), ("lift_high", "high"))
                ),
                Column("harm", kind=NUMBER),
                Column("too_few", kind=FLAG, source="is_too_few"),
            ),
            source="rows",
        ),
    ),
)
REASON_OF_GROUP = (
    Column("key", source="group.key"),
    Column("group", _("Group"), source="group.name"),
    Column("reason", source="reason.slug"),
    Column("name", _("Reason"), source="reason.label"),
    Column("rate", _("Of disqualified there"), RATE),
)
FEEDBACK = Report(
    name="feedback",
    title=_("Feedback report"),
    build=feedback_report,
    question=FeedbackFilter,
    headlines=wording.feedback_kpis,
    numbers=(Column("by"), Column("disqualified", kind=RATE), Column("against_rules", kind=RATE)),
    tables=(
        Table(
            "answers",
            _("Marketing's answers"),
            (Column("answered", kind=RATE), Column("read", kind=RATE), Column("after", kind=SPREAD)),
            is_one=True,
        ),
        Table(
            "reasons",
            _("Reasons"),
            (
                Column("reason", source="reason.slug"),
                Column("name", _("Reason"), source="reason.label"),
                Column("against_rules", kind=FLAG, source="reason.counts_against_rules"),
                Column("rate", _("Of disqualified"), RATE),
                Column("before", _("Compared with"), RATE),
            ),
            opens=("rate",),
        ),
        Table("groups", _("Reasons by group"), REASON_OF_GROUP, opens=("rate",), keys=("key", "reason")),
        Table("weeks", _("Reasons by week of handing over"), REASON_OF_GROUP, opens=("rate",), keys=("key", "reason")),
        Table(
            "promises",
            _("Both sides of the agreement"),
            (
                Column("side", source="side"),
                Column("promise", source="key"),
                Column("whose", _("Who"), source="side_label", is_for_readers=True),
                Column("team", _("Team")),
                Column("first", _("From"), Kind.DATE, "promise.first"),
                Column("last", _("To"), Kind.DATE, "promise.last"),
                Column("what", _("Promised")),
                Column("promised", _("At least"), COUNT),
                Column("count", _("Came"), COUNT),
                Column("rate", _("Share"), RATE),
                Column("is_kept", kind=FLAG),
                Column("kept", _("So far"), source="kept_label", is_for_readers=True),
            ),
        ),
    ),
)
EXPECTED = (
    Column("currency", _("Currency")),
    Column("at", _("As of"), MOMENT),
    Column("open", _("Open SQLs"), COUNT),
    Column("expected", _("Expected"), MONEY),
    Column("low", _("At least"), MONEY),
    Column("high", _("At most"), MONEY),
)
FORECAST = Report(
    name="forecast",
    title=_("Forecast"),
    build=forecast_report,
    headlines=wording.forecast_kpis,
    numbers=(Column("open", kind=COUNT), Column("decided", kind=RATE)),
    tables=(
        Table("totals", _("Revenue to be expected from open SQLs"), EXPECTED, opens=("open",)),
        Table(
            "bands",
            _("By strength"),
            (
                Column("band", source="band.value"),
                Column("name", _("Strength"), source="band.label"),
                Column("currency", _("Currency")),
                Column("open", _("Open SQLs"), COUNT),
                Column("chance", _("Won of decided ones"), RATE),
                Column("worth", _("If all were won"), MONEY),
                Column("expected", _("Expected"), MONEY),
            ),
            opens=("open",),
            keys=("band", "currency"),
        ),
        Table(
            "past",
            _("Earlier forecasts against what came"),
            (
                *EXPECTED,
                Column("came", _("Came since"), MONEY),
                Column("still_open", _("Still open"), COUNT),
                Column("is_inside", kind=FLAG),
            ),
            note=_("worked out anew from what was known then"),
            opens=("open",),
            keys=("currency", "at"),
        ),
    ),
)
EXAMPLE = (
    Column("handoff", kind=COUNT, source="handoff.pk"),
    Column("lead", _("Lead"), source="handoff.lead.name"),
    Column("company", _("Company"), source="handoff.lead.company.name"),
    Column("grade", _("Grade"), source="handoff.grade"),
    Column("score", _("Score"), NUMBER, "handoff.total"),
    Column("why", _("What came of it")),
)
MEETING = Report(
    name="meeting",
    title=_("Alignment meeting"),
    build=meeting_report,
    numbers=(Column("handed_over", kind=COUNT),),
    tables=(
        Table(
            "promises",
            _("Promises"),
            (
                Column("side", source="now.side"),
                Column("promise", source="now.key"),
                Column("whose", _("Who"), source="now.side_label", is_for_readers=True),
                Column("team", _("Team"), source="now.team"),
                Column("what", _("Promised"), source="now.what"),
                Column("promised", _("At least"), COUNT, "now.promised"),
                Column("count", _("Came"), COUNT, "now.count"),
                Column("rate", _("Share"), RATE, "now.rate"),
                Column("count_before", _("Last time"), COUNT, "before.count"),
                Column("rate_before", _("Share last time"), RATE, "before.rate"),
                Column("is_kept", kind=FLAG, source="now.is_kept"),
                Column("kept", _("So far"), source="now.kept_label", is_for_readers=True),
            ),
        ),
        Table(
            "well",
            _("Five that went well"),
            EXAMPLE,
            note=_("won first, then the strongest BANT, then the quickest"),
        ),
        Table(
            "badly",
            _("Five that did not"),
            EXAMPLE,
            note=_("disqualified for a reason that counts against the rules, the highest score first"),
        ),
        Table(
            "reasons",
            _("Why sales said no"),
            (
                Column("name", _("Reason")),
                Column("rate", _("Of disqualified"), RATE),
                Column("before", _("Compared with"), RATE),
            ),
        ),
        Table(
            "rules",
            _("Rules to discuss"),
            (
                Column("rule", source="known.key"),
                Column("name", _("Rule"), source="known.name"),
                Column("sql_with", _("SQLs with it"), RATE),
                Column("sql_without", _("SQLs without it"), RATE),
                Column("lift", _("Lift"), NUMBER, "lift.ratio"),
                Column("ticked", _("Named as wrong"), RATE),
                Column("harm", _("Harm"), NUMBER),
            ),
            note=_("the most harmful of the half-year that ended six weeks before"),
        ),
        Table(
            "decisions",
            _("Decisions"),
            (
                Column("decision", kind=COUNT, source="decision.pk"),
                Column("text", _("Decision"), source="decision.text"),
                Column("owner", _("Who sees to it"), source="decision.owner"),
                Column("due_on", _("Until"), Kind.DATE, "decision.due_on"),
                Column("is_carried", kind=FLAG),
                Column("state", _("Now")),
                Column("outcome", _("What came of it"), source="decision.outcome"),
            ),
        ),
    ),
)
OF_A_SOURCE = (
    Column("leads", _("Leads"), COUNT),
    *(
        Column(name, label, COUNT, f"figures.{name}")
        for name, label in (("mqls", _("MQLs")), ("sqls", _("SQLs")), ("customers", _("Customers")), ("unpriced", ""))
    ),
    Column("sql_rate", _("SQL of settled"), RATE, "figures.sql_rate"),
    Column("win_rate", _("Won of decided"), RATE, "figures.win_rate"),
)
AMOUNTS = ("revenue", "revenue_per_mql", "cost", "cost_per_lead", "cost_per_mql", "cost_per_sql", "cost_per_customer")
SOURCES = Report(
    name="sources",
    title=_("Sources"),
    build=sources_report,
    question=SourcesFilter,
    headlines=wording.source_kpis,
    numbers=(Column("by"), Column("has_leads", kind=FLAG), Column("has_costs", kind=FLAG)),
    tables=(
        Table("total", _("In total"), OF_A_SOURCE, source="whole", is_one=True),
        Table("sources", _("Sources"), (Column("source", _("Source")), *OF_A_SOURCE), source="rows"),
        Table(
            "campaigns",
            _("Campaigns"),
            (Column("source", _("Source")), Column("campaign", _("Campaign")), *OF_A_SOURCE),
        ),
        Table(
            "money",
            _("Revenue and cost, by currency"),
            (
                *(Column(name) for name in ("group", "source", "campaign", "currency")),
                *(Column(name, kind=MONEY, source=f"amounts.{name}") for name in AMOUNTS),
                Column("return", kind=NUMBER, source="return_"),
            ),
        ),
    ),
)
REPORTS = {report.name: report for report in (SLA, FUNNEL, SOURCES, RULES, FEEDBACK, FORECAST, MEETING)}
