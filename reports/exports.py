"""The reports as CSV: one table each, names of columns in English so that other programs can rely on them."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from reports.breaches import BreachRow
from reports.funnel import FunnelReport, StepRow
from reports.periods import Period
from reports.rules import RulesReport
from reports.shapes import BreachShape, RuleShape
from reports.sla import Figures, SlaReport
from reports.statistics import Rate

FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = Mapping[str, Any]


def csv_answer(rows: Iterable[Row], columns: list[str], name: str) -> HttpResponse:
    """Return `rows` as a download."""
    answer = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}.csv"'}
    )
    writer = csv.writer(answer)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return answer


def _cell(value: Any) -> Any:
    # A spreadsheet would run a name that looks like a formula.
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value


COUNTS = [field.name for field in fields(Figures) if field.type is int]
FIGURES = [
    *("group", "key", "from", "to", *COUNTS, "share", "low", "high"),
    *("median_seconds", "p90_seconds", "delay_median_seconds", "delay_p90_seconds"),
]


def sla_figures(report: SlaReport) -> Iterable[Row]:
    """Return the figures of the SLA report: in total, before, by team, by week."""
    now = _dates(report.period)
    yield {"group": "total", **now, **_figures(report.total)}
    yield {"group": "previous", **_dates(report.period.before()), **_figures(report.previous)}
    for row in report.teams:
        yield {"group": "team", "key": row.team.slug if row.team else "", **now, **_figures(row.figures)}
    for week in report.weeks:
        dates = {"from": week.first.isoformat(), "to": week.last.isoformat()}
        yield {"group": "week", "key": week.iso, **dates, **_figures(week.figures)}


BREACHES = [
    *("handoff", "lead", "company", "team", "owner", "metric", "policy", "policy_version", "due_at", "stopped_at"),
    *("late_by_seconds", "state", "cause", "url"),
]


def breaches(rows: Iterable[BreachRow], period: Period) -> Iterable[Row]:
    """Return the list of breaches, times with the offset of the reader's zone."""
    shape = BreachShape()
    for row in rows:
        clock, handoff = row.clock, row.clock.handoff
        yield {
            **shape.to_representation(row),
            "lead": handoff.lead.name,
            "company": handoff.lead.company.name if handoff.lead.company else "",
            "policy_version": clock.policy.version,
            "due_at": clock.due_at.astimezone(period.zone).isoformat(),
            "stopped_at": clock.stopped_at.astimezone(period.zone).isoformat() if clock.stopped_at else "",
            "late_by_seconds": _seconds(row.late_by),
            "url": reverse("handoff", args=[handoff.pk]),
        }


FUNNEL = ["group", "key", "count", "of", "share", "low", "high", "of_previous", "previous_n", "median_days"]


def funnel(report: FunnelReport) -> Iterable[Row]:
    """Return the steps, those of the period before, the leaks, routes and teams."""
    for group, found in (("step", report.steps), ("previous", report.previous)):
        for row in found:
            yield {"group": group, **_step(row)}
    for leak in report.leaks:
        key = leak.reason.slug if leak.reason else leak.verdict.value
        yield {"group": "leak", "key": key, "count": leak.rate.count, **_rate(leak.rate)}
    for group, groups in (("route", report.routes), ("team", report.teams)):
        for each in groups:
            yield {"group": group, "key": each.key, "count": each.counts[0], **_rate(each.sql)}


def _step(row: StepRow) -> Row:
    days = round(row.after.median / timedelta(days=1), 3) if row.after.median is not None else None
    return {
        "key": row.step.key,
        "count": row.count,
        **_rate(row.of_handed_over),
        "of_previous": _round(row.of_previous.share),
        "previous_n": row.of_previous.of,
        "median_days": days,
    }


RULE_RATES = ("decisive", "sql_with", "sql_without", "ticked", "needless")
RULES = [
    *("rule", "name", "dimension", "is_alive", "takes_points", "carried", "took"),
    *(f"{rate}_{part}" for rate in RULE_RATES for part in ("count", "of", "share", "low", "high")),
    *("lift", "lift_low", "lift_high", "harm", "too_few"),
]


def rules(report: RulesReport) -> Iterable[Row]:
    """Return the rules at work, the most harmful first."""
    for row in report.rows:
        lift, rates = row.lift, {name: getattr(row, name) for name in RULE_RATES}
        parts = {name: {"count": rate.count, **_rate(rate)} for name, rate in rates.items()}
        yield {
            **RuleShape(row).data,
            **{f"{name}_{part}": value for name, found in parts.items() for part, value in found.items()},
            "lift": _round(lift.ratio) if lift else None,
            "lift_low": _round(lift.low) if lift else None,
            "lift_high": _round(lift.high) if lift else None,
            "harm": _round(row.harm),
        }


def _figures(found: Figures) -> Row:
    return {
        **{name: getattr(found, name) for name in COUNTS},
        **_rate(found.share),
        "median_seconds": _seconds(found.first_touch.median),
        "p90_seconds": _seconds(found.first_touch.p90),
        "delay_median_seconds": _seconds(found.delay.median),
        "delay_p90_seconds": _seconds(found.delay.p90),
    }


def _dates(period: Period) -> Row:
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def _rate(rate: Rate) -> Row:
    bounds = rate.interval
    return {
        "of": rate.of,
        "share": _round(rate.share),
        "low": _round(bounds.low) if bounds else None,
        "high": _round(bounds.high) if bounds else None,
    }


def _round(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else round(length.total_seconds())
