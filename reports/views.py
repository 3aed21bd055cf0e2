"""The reports as pages and files."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from handoff.lib.spreadsheets import csv_answer, xlsx_answer
from handoff.people.doors import person
from handoff.people.models import User
from reports.catalogue import REPORTS, Report
from reports.cohorts import reads_own_only
from reports.drawing import DRAWN
from reports.filters import ReportFilter
from reports.tables import Table

PAGE = 50


@require_GET
def page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a report, or what of the question cannot be understood."""
    user, now, report = person(request), timezone.now(), REPORTS[name]
    asked = report.question(request.GET, user=user, at=now)
    framed = {**frame(request, asked, user), "of": report, "now": now}
    if not asked.is_valid():
        return render(request, f"reports/{name}.html", framed, status=400)
    cohort = asked.cohort()
    found = report.build(cohort, at=now)
    context = {**framed, "report": found, "kpis": report.headlines(found), "tables": _tables(report, found)}
    drawn = DRAWN[name](request, cohort, found, now) if name in DRAWN else {}
    rows = _opened(request, report, found) or _long(request, report, found, now)
    return render(request, f"reports/{name}.html", {**context, **rows, **drawn})


def _tables(report: Report, found: Any) -> dict[str, tuple[Table, list[Any]]]:
    return {table.name: (table, table.rows(found)) for table in report.tables}


def _opened(request: HttpRequest, report: Report, found: Any) -> dict[str, Any]:
    """Return, with `?open=`, the rows behind the number that it names together with `row` and `figure`."""
    query = request.GET
    table = next((table for table in report.tables if table.name == query.get("open")), None)
    opened = table.opened(found, query.getlist("row"), query.get("figure", "")) if table else None
    if opened is None:
        return {}
    page = Paginator(sorted(opened.behind.ids, reverse=True), PAGE).get_page(query.get("page"))
    return {"opened_number": opened, "page_obj": page, "rows": opened.behind.rows(page.object_list)}


def _long(request: HttpRequest, report: Report, found: Any, now: datetime) -> dict[str, Any]:
    if not report.long:
        return {}
    page = Paginator(range(report.long.count(found)), PAGE).get_page(request.GET.get("page"))
    part = slice(page.start_index() - 1 if page.object_list else 0, page.end_index())
    return {"page_obj": page, "rows": report.long.rows(found, part, person(request), now)}


@require_GET
def as_csv(request: HttpRequest, name: str) -> HttpResponse:
    """Return a table of the report as a file: the one that `?table=` names, else the first with more than one row."""
    asked = _for_export(request, name)
    if isinstance(asked, HttpResponse):
        return asked
    sheets = {sheet.name: sheet for sheet in _sheets(name, asked)}
    first = REPORTS[name].listed[0].name
    wanted = request.GET.get("table", first)
    if wanted not in sheets:
        known = ", ".join(sheets)
        said = _("There is no table “%(name)s”; use: %(known)s.") % {"name": wanted, "known": known}
        return HttpResponse(said, content_type="text/plain; charset=utf-8", status=400)
    file = name if wanted == first else f"{name}-{wanted}"
    return csv_answer(sheets[wanted].rows, sheets[wanted].columns, file)


@require_GET
def as_xlsx(request: HttpRequest, name: str) -> HttpResponse:
    """Return the whole report as a workbook, a sheet for each table."""
    asked = _for_export(request, name)
    return asked if isinstance(asked, HttpResponse) else xlsx_answer(_sheets(name, asked), name)


def _sheets(name: str, asked: ReportFilter) -> Any:
    report, cohort = REPORTS[name], asked.cohort()
    found = report.build(cohort, at=asked.at)
    for table in report.tables:
        yield table.sheet(table.rows(found), cohort.period.zone)
    if report.long:
        rows = report.long.rows(found, slice(None), asked.user, asked.at)
        yield report.long.table.sheet(rows, cohort.period.zone)


def may_export(user: User) -> bool:
    """Return whether their role takes figures away as a file."""
    return user.is_admin or user.is_marketer or user.is_manager


def _for_export(request: HttpRequest, name: str) -> ReportFilter | HttpResponse:
    if not may_export(person(request)):
        raise PermissionDenied
    asked = REPORTS[name].question(request.GET, user=person(request), at=timezone.now())
    if asked.is_valid():
        return asked
    said = [f"{name}: {' '.join(texts)}" for name, texts in asked.form.errors.items()]
    return HttpResponse("\n".join(said), content_type="text/plain; charset=utf-8", status=400)


def frame(request: HttpRequest, asked: ReportFilter, user: User) -> dict[str, Any]:
    """Return what the head of every report shows: the period, the choices, what is chosen."""
    is_valid = asked.is_valid()
    asked.offer()
    readable = [name for name in asked.filters if name not in asked.form.errors]
    kept = [(name, value) for name in readable for value in request.GET.getlist(name)]
    return {
        "droppers": asked.droppers(),
        "errors": [(asked.form.fields[name].label, texts) for name, texts in asked.form.errors.items()],
        "period": asked.asked_period,
        "against": asked.against_words() if is_valid else "",
        "against_field": asked.form["against"],
        "presets": asked.presets,
        "chosen": asked.chosen(),
        "kept": kept,
        "saved_query": urlencode(kept),
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
