"""The reports as pages and files."""

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
from reports.filters import ReportFilter, own_figures
from reports.funnel import funnel_report
from reports.periods import presets
from reports.sla import sla_report

PAGE = 50
MOST_SOURCES = 200


@require_GET
def sla(request: HttpRequest) -> HttpResponse:
    """Show where the agreement was kept and where it was broken."""
    user, now = person(request), timezone.now()
    asked = ReportFilter(request.GET, user=user, at=now)
    if not asked.is_valid():
        return render(request, "reports/sla.html", frame(request, asked, user, now), status=400)
    report = sla_report(asked.cohort(), at=now)
    page = Paginator(report.breaches, PAGE).get_page(request.GET.get("page"))
    context = {
        "report": report,
        "kpis": wording.kpis(report),
        "asides": wording.asides(report.total),
        "chart": week_chart(report.weeks),
        "page_obj": page,
        "rows": breach_rows(list(page.object_list), at=now),
        "now": now,
    }
    return render(request, "reports/sla.html", {**frame(request, asked, user, now), **context})


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
    user, now = person(request), timezone.now()
    asked = ReportFilter(request.GET, user=user, at=now)
    if not asked.is_valid():
        return render(request, "reports/funnel.html", frame(request, asked, user, now), status=400)
    report = funnel_report(asked.cohort(), at=now)
    pairs = list(zip(report.steps, report.previous, strict=True))
    context = {"report": report, "steps": pairs, "groups": [(_("Route"), report.routes), (_("Team"), report.teams)]}
    return render(request, "reports/funnel.html", {**frame(request, asked, user, now), **context})


@require_GET
def funnel_csv(request: HttpRequest) -> HttpResponse:
    """Return the funnel as a file."""
    user, now = person(request), timezone.now()
    asked = _for_export(request, user, now)
    if isinstance(asked, HttpResponse):
        return asked
    return exports.csv_answer(exports.funnel(funnel_report(asked.cohort(), at=now)), exports.FUNNEL, "funnel")


def may_export(user: User) -> bool:
    """Return whether their role takes figures away as a file."""
    return user.is_admin or user.is_marketer or user.is_manager


def _for_export(request: HttpRequest, user: User, at: datetime) -> ReportFilter | HttpResponse:
    if not may_export(user):
        raise PermissionDenied
    asked = ReportFilter(request.GET, user=user, at=at)
    if asked.is_valid():
        return asked
    said = [f"{name}: {' '.join(texts)}" for name, texts in asked.form.errors.items()]
    return HttpResponse("\n".join(said), content_type="text/plain; charset=utf-8", status=400)


def frame(request: HttpRequest, asked: ReportFilter, user: User, at: datetime) -> dict[str, Any]:
    """Return what the head of every report shows: the period, the choices, what is chosen."""
    period = asked.period
    cleaned = asked.form.cleaned_data
    readable = [name for name in asked.filters if name not in asked.form.errors]
    sources = own_figures(user).exclude(source="").order_by("source").values_list("source", flat=True).distinct()
    return {
        "filter": asked,
        "errors": [(asked.form.fields[name].label, texts) for name, texts in asked.form.errors.items()],
        "period": period,
        "before": period.before(),
        "presets": presets(period.local_date(at)),
        "sources": sources[:MOST_SOURCES],
        "chosen": {name: cleaned.get(name) for name in ("team", "rep", "policy", "source", "route")},
        "kept": [(name, value) for name in readable for value in request.GET.getlist(name)],
        "may_export": may_export(user),
        "is_own": user.is_rep and not user.is_admin,
        "whose": _whose(user, asked.form.cleaned_data.get("team")),
    }


def _whose(user: User, team: str | None) -> str:
    if user.is_rep and not user.is_admin:
        return _("your own leads")
    if team:
        return _("one team")
    return _("all teams") if user.is_admin or user.is_marketer else _("your teams")
