"""The reports as pages and files."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from handoff.people.doors import person
from handoff.people.models import User
from reports import exports, wording
from reports.breaches import breach_rows
from reports.charts import week_chart
from reports.filters import Cohort, ReportFilter, reads_own_only
from reports.funnel import funnel_report
from reports.periods import presets, presets_of_the_settled
from reports.rules import Figure, SettledFilter, handoff_rows, rules_report
from reports.sla import sla_report

PAGE = 50


@require_GET
def sla(request: HttpRequest) -> HttpResponse:
    """Show where the agreement was kept and where it was broken."""
    return _page(request, "reports/sla.html", _sla)


def _sla(request: HttpRequest, cohort: Cohort, now: datetime) -> dict[str, Any]:
    report = sla_report(cohort, at=now)
    page = Paginator(report.breaches, PAGE).get_page(request.GET.get("page"))
    return {
        "report": report,
        "kpis": wording.kpis(report),
        "asides": wording.asides(report.total),
        "chart": week_chart(report.weeks),
        "page_obj": page,
        "rows": breach_rows(list(page.object_list), at=now),
        "now": now,
    }


@require_GET
def sla_csv(request: HttpRequest) -> HttpResponse:
    """Return the figures, or with `?table=breaches` every breach, as a file."""
    user, now = person(request), timezone.now()
    asked = _for_export(request, user, now)
    if isinstance(asked, HttpResponse):
        return asked
    report = sla_report(asked.cohort(), at=now)
    if request.GET.get("table") == "breaches":
        rows = exports.breaches(breach_rows(report.breaches, at=now), report.period)
        return exports.csv_answer(rows, exports.BREACHES, "sla-breaches")
    return exports.csv_answer(exports.sla_figures(report), exports.FIGURES, "sla")


@require_GET
def funnel(request: HttpRequest) -> HttpResponse:
    """Show what became of the handoffs, and where they leak."""
    return _page(request, "reports/funnel.html", _funnel)


def _funnel(_request: HttpRequest, cohort: Cohort, now: datetime) -> dict[str, Any]:
    report = funnel_report(cohort, at=now)
    pairs = list(zip(report.steps, report.previous, strict=True))
    return {"report": report, "steps": pairs, "groups": [(_("Route"), report.routes), (_("Team"), report.teams)]}


@require_GET
def funnel_csv(request: HttpRequest) -> HttpResponse:
    """Return the funnel as a file."""
    user, now = person(request), timezone.now()
    asked = _for_export(request, user, now)
    if isinstance(asked, HttpResponse):
        return asked
    return exports.csv_answer(exports.funnel(funnel_report(asked.cohort(), at=now)), exports.FUNNEL, "funnel")


@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    """Show what became of the handoffs that each rule carried, and with `?rule=` the handoffs behind a figure."""
    return _page(request, "reports/rules.html", _rules, SettledFilter)


def _rules(request: HttpRequest, cohort: Cohort, now: datetime) -> dict[str, Any]:
    report, key, name = rules_report(cohort, at=now), request.GET.get("rule", ""), request.GET.get("figure", "")
    context = {
        "report": report,
        "presets": presets_of_the_settled(cohort.period.local_date(now)),
        "may_read_rules": person(request).has_perm("scoring.view_rule"),
        "asked_rule": key,
        "now": now,
    }
    opened = report.row(key)
    if opened is None:
        return context
    figure = Figure(name) if name in list(Figure) else Figure.TOOK if opened.takes else Figure.CARRIED
    page = Paginator(report.behind(opened, figure), PAGE).get_page(request.GET.get("page"))
    rows = handoff_rows(cohort, key, list(page.object_list))
    return {**context, "opened": opened, "figure": figure, "page_obj": page, "rows": rows}


@require_GET
def rules_csv(request: HttpRequest) -> HttpResponse:
    """Return the rules at work as a file."""
    user, now = person(request), timezone.now()
    asked = _for_export(request, user, now, SettledFilter)
    if isinstance(asked, HttpResponse):
        return asked
    return exports.csv_answer(exports.rules(rules_report(asked.cohort(), at=now)), exports.RULES, "rules")


def _page(
    request: HttpRequest,
    template: str,
    shown: Callable[[HttpRequest, Cohort, datetime], Any],
    question: type[ReportFilter] = ReportFilter,
) -> HttpResponse:
    user, now = person(request), timezone.now()
    asked = question(request.GET, user=user, at=now)
    framed = frame(request, asked, user, now)
    if not asked.is_valid():
        return render(request, template, framed, status=400)
    return render(request, template, {**framed, **shown(request, asked.cohort(), now)})


def may_export(user: User) -> bool:
    """Return whether their role takes figures away as a file."""
    return user.is_admin or user.is_marketer or user.is_manager


def _for_export(
    request: HttpRequest, user: User, at: datetime, question: type[ReportFilter] = ReportFilter
) -> ReportFilter | HttpResponse:
    if not may_export(user):
        raise PermissionDenied
    asked = question(request.GET, user=user, at=at)
    if asked.is_valid():
        return asked
    said = [f"{name}: {' '.join(texts)}" for name, texts in asked.form.errors.items()]
    return HttpResponse("\n".join(said), content_type="text/plain; charset=utf-8", status=400)


def frame(request: HttpRequest, asked: ReportFilter, user: User, at: datetime) -> dict[str, Any]:
    """Return what the head of every report shows: the period, the choices, what is chosen."""
    period = asked.period
    readable = [name for name in asked.filters if name not in asked.form.errors]
    return {
        "droppers": asked.droppers(),
        "errors": [(asked.form.fields[name].label, texts) for name, texts in asked.form.errors.items()],
        "period": period,
        "before": period.before(),
        "presets": presets(period.local_date(at)),
        "chosen": asked.chosen(),
        "kept": [(name, value) for name in readable for value in request.GET.getlist(name)],
        "may_export": may_export(user),
        "is_own": reads_own_only(user),
        "whose": _whose(user, asked.form.cleaned_data.get("team")),
    }


def _whose(user: User, team: str | None) -> str:
    if reads_own_only(user):
        return _("your own leads")
    if team:
        return _("one team")
    return _("all teams") if user.is_admin or user.is_marketer else _("your teams")
