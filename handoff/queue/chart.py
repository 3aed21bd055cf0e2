"""The course of a lead's score as a line, and as figures for who cannot see it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff.leads.facts import facts_of
from handoff.leads.models import Lead
from handoff.queue.models import Handoff
from handoff.queue.rescoring import Read
from scoring.course import Course
from scoring.engine import score
from scoring.fields import microseconds
from scoring.publishing import published

BACK, AHEAD = timedelta(days=90), timedelta(days=30)
FURTHEST = timedelta(days=365)  # a crossing later than this is said, and not drawn
ASIDE = timedelta(days=10)  # what is shown beside a moment at either end
WIDTH, HEIGHT, STEPS = 640, 140, 120
ROWS_BACK, ROWS_AHEAD = 7, 3


@dataclass(frozen=True)
class Mark:
    """A moment on the line: where, and on which side its label has room."""

    x: float
    at: datetime
    anchor: str = "middle"
    y: float | None = None


@dataclass(frozen=True)
class Figure:
    """The line at one moment, as a row of a table."""

    at: datetime
    total: float
    is_now: bool = False
    is_crossing: bool = False


@dataclass(frozen=True)
class Line:
    """An SVG polyline under the model that is live, with the threshold and the moments that matter."""

    points: str
    threshold_y: float
    start: datetime
    end: datetime
    now: Mark
    handoffs: list[Mark]
    past: Mark | None
    crossing: Mark | None
    figures: list[Figure]


def score_line(lead: Lead, at: datetime, *, read: Read, past: tuple[datetime, float] | None = None) -> Line:
    """Return the line around `at`, when `read` was read; `past` is a moment to mark, with the total it had then."""
    prepared = published(read.publication)
    course = score(prepared, facts_of([lead], prepared.needs)).course(0)
    crosses_at = read.crosses_at if read.crosses_at and at < read.crosses_at <= at + FURTHEST else None
    start, end = _span(lead, at, past[0] if past else None, crosses_at)
    step = (end - start) / STEPS
    totals = [course.total(microseconds(start + step * number)) for number in range(STEPS + 1)]
    top = max([*totals, prepared.model.threshold * 1.2, past[1] if past else 0.0, 1.0])

    def y(total: float) -> float:
        return round(HEIGHT * (1 - max(total, 0.0) / top), 1)

    def x(moment: datetime) -> float:
        return round(WIDTH * ((moment - start) / (end - start)), 1)

    opened = Handoff.objects.filter(lead=lead, opened_at__gte=start).order_by("opened_at")
    return Line(
        points=" ".join(f"{WIDTH * number / STEPS:.1f},{y(total)}" for number, total in enumerate(totals)),
        threshold_y=y(prepared.model.threshold),
        start=start,
        end=end,
        now=Mark(x(at), at, "start" if past else "middle"),
        handoffs=[Mark(x(moment), moment) for moment in opened.values_list("opened_at", flat=True)],
        past=_past(past, start, x, y),
        crossing=Mark(x(crosses_at), crosses_at, "end" if x(crosses_at) > WIDTH * 0.8 else "start")
        if crosses_at
        else None,
        figures=_figures(course, start, at, end, crosses_at),
    )


def _span(lead: Lead, at: datetime, past: datetime | None, crosses_at: datetime | None) -> tuple[datetime, datetime]:
    """Return from when until when the line goes: the usual months, and as far as what is marked on it."""
    start, end = at - BACK, at + AHEAD
    if past:
        start = min(start, max(past, lead.created_at) - ASIDE)
    if crosses_at:
        end = max(end, crosses_at + ASIDE)
    return start, end


def _past(
    past: tuple[datetime, float] | None, start: datetime, x: Callable[[datetime], float], y: Callable[[float], float]
) -> Mark | None:
    if past is None or past[0] < start:
        return None
    moment, total = past
    return Mark(x(moment), moment, "end" if x(moment) > WIDTH * 0.2 else "start", y(total))


def _figures(course: Course, start: datetime, at: datetime, end: datetime, crosses_at: datetime | None) -> list[Figure]:
    """Return some ten rows from `start` to `end`, those of `at` and of the crossing among them."""
    moments = {start + (at - start) * number / ROWS_BACK for number in range(ROWS_BACK)}
    moments |= {at + (end - at) * number / ROWS_AHEAD for number in range(1, ROWS_AHEAD + 1)}
    return [
        Figure(moment, course.total(microseconds(moment)), moment == at, moment == crosses_at)
        for moment in sorted(moments | {at} | ({crosses_at} if crosses_at else set()))
    ]
