"""Figures in templates, as `reports.wording` says them, and the tables of a report."""

from collections.abc import Callable
from typing import Any

from django import template
from django.urls import reverse
from django.utils.http import urlencode

from reports import wording
from reports.catalogue import Report
from reports.tables import Column, Table

register = template.Library()
for filter_ in (
    wording.grouped,
    wording.whole,
    wording.percent,
    wording.interval,
    wording.count_of,
    wording.duration,
    wording.times,
    wording.times_interval,
    wording.lift_tone,
    wording.signed,
    wording.money,
    wording.multiple,
    wording.difference,
    wording.share_tone,
    wording.moment,
    wording.standing,
):
    register.filter(filter_.__name__, filter_)


@register.inclusion_tag("reports/_table.html", takes_context=True)
def report_table(context: Any, name: str, head: str = "", title: str | None = None) -> dict[str, Any]:
    """Show a table of the report; `head` is the name of its first column, where that depends on the question."""
    table, rows = context["tables"][name]
    columns = table.shown
    labels = [{"label": head or columns[0].label, "kind": columns[0].kind}, *columns[1:]]
    opens = _openers(context["request"], table)
    cells = [
        (
            _address(context["request"], row),
            [(label, column.of(row), opens(row, column)) for label, column in zip(labels, columns, strict=True)],
        )
        for row in rows
    ]
    return {"title": table.title if title is None else title, "note": table.note, "columns": labels, "rows": cells}


def _openers(request: Any, table: Table) -> Callable[[Any, Column], str]:
    """Return what says at which address the rows behind a number are, nothing where it opens none."""
    asked = request.GET.copy()
    for name in ("open", "row", "figure", "page"):
        asked.pop(name, None)

    def address(row: Any, column: Column) -> str:
        number = column.of(row)
        if column.key not in table.opens or not getattr(number, "count", number):
            return ""
        query = [*asked.lists(), ("open", table.name), ("row", table.keys_of(row)), ("figure", column.key)]
        return f"?{urlencode(query, doseq=True)}#rows"

    return address


def _address(request: Any, row: Any) -> str:
    if url := getattr(row, "url", ""):
        return str(url)
    narrow = getattr(getattr(row, "group", row), "narrow", None)
    if not narrow:
        return ""
    query = {key: values for key, values in request.GET.lists() if key not in {*narrow, "page", "period"}}
    return "?" + urlencode({**query, **narrow}, doseq=True)


@register.simple_tag(takes_context=True)
def file_address(context: Any, report: Report, ending: str, table: Table | None = None) -> str:
    """Return the address of the page's figures as a file."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    if table:
        query["table"] = table.name
    return f"{reverse(f'report-{report.name}-{ending}')}?{query.urlencode()}"
