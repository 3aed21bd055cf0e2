"""What single pages show beside the tables: charts, and the handoffs behind a number of a rule."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest

from handoff.people.doors import person
from reports import wording
from reports.challenger import latest_comparison
from reports.charts import funnel_chart, week_chart
from reports.cohorts import Cohort
from reports.feedback import FeedbackReport
from reports.funnel import FunnelReport
from reports.grouping import BY
from reports.rules import Figure, RulesReport, handoff_rows
from reports.sampling import readable_report
from reports.sla import SlaReport
from reports.source_figures import By
from reports.source_figures import Figure as SourceFigure
from reports.sources import SourcesReport

PAGE = 50
Drawn = Callable[[HttpRequest, Cohort, Any, datetime], dict[str, Any]]


def sla(_request: HttpRequest, _cohort: Cohort, report: SlaReport, _now: datetime) -> dict[str, Any]:
    """Return the chart of the weeks, and what the share leaves out."""
    chart = week_chart(report.weeks, report.metric)
    return {"asides": wording.asides(report.total), "chart": chart, "group_label": BY[report.by]}


def funnel(_request: HttpRequest, _cohort: Cohort, report: FunnelReport, _now: datetime) -> dict[str, Any]:
    """Return the drawn funnel."""
    labels = {f"{name}_label": BY[by] for name, by in (("group", report.by), ("week", "week"), ("route", "route"))}
    return {"chart": funnel_chart(report.steps), **labels}


def rules(request: HttpRequest, cohort: Cohort, report: RulesReport, now: datetime) -> dict[str, Any]:
    """Return what the line misses, how a challenger does and, with `?rule=`, the handoffs behind a figure."""
    key, name = request.GET.get("rule", ""), request.GET.get("figure", "")
    context = {"may_read_rules": person(request).has_perm("scoring.view_rule"), "asked_rule": key}
    context["sampling"] = readable_report(cohort, at=now)
    context["challenged"] = latest_comparison(cohort.reader, at=now)
    opened = report.row(key)
    if opened is None:
        return context
    figure = Figure(name) if name in list(Figure) else Figure.TOOK if opened.takes else Figure.CARRIED
    page = Paginator(report.behind(opened, figure), PAGE).get_page(request.GET.get("page"))
    rows = handoff_rows(cohort, key, list(page.object_list))
    return {**context, "opened": opened, "figure": figure, "page_obj": page, "rows": rows}


def feedback(_request: HttpRequest, _cohort: Cohort, report: FeedbackReport, _now: datetime) -> dict[str, Any]:
    """Return what the groups are called."""
    return {"group_label": BY[report.by], "week_label": BY["week"]}


def sources(request: HttpRequest, _cohort: Cohort, report: SourcesReport, _now: datetime) -> dict[str, Any]:
    """Return, with `?unfold=`, whose campaigns are shown, and with `?open=` the rows behind a figure."""
    query, may_edit = request.GET, person(request).has_perm("leads.add_sourcecost")
    unfolded = report.row(query["unfold"]) if "unfold" in query else None
    context = {"bys": By.choices, "unfolded": unfolded, "may_edit": may_edit}
    opened = report.row(query["open"]) if "open" in query else None
    if opened is None:
        return context
    figure, campaign = query.get("figure"), query.get("campaign")
    figure = SourceFigure(figure) if figure in list(SourceFigure) else SourceFigure.MQLS
    page = Paginator(report.behind(opened, figure, campaign), PAGE).get_page(query.get("page"))
    return {**context, "opened": opened, "figure": figure, "campaign": campaign, "page_obj": page}


DRAWN: dict[str, Drawn] = {"sla": sla, "funnel": funnel, "sources": sources, "rules": rules, "feedback": feedback}
