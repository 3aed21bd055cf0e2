"""The course of a lead's score as a line."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff.leads.facts import facts_of
from handoff.leads.models import Lead
from handoff.queue.models import Handoff
from scoring.engine import score
from scoring.fields import microseconds
from scoring.publishing import current_publication, published

BACK, AHEAD = timedelta(days=90), timedelta(days=30)
WIDTH, HEIGHT, STEPS = 640, 140, 120


@dataclass(frozen=True)
class Line:
    """An SVG polyline of the last 90 and the next 30 days, with the threshold and the handoffs."""

    points: str
    threshold_y: float
    now_x: float
    handoffs: list[float]
    top: int


def score_line(lead: Lead, at: datetime) -> Line | None:
    """Return the line under the model that is live now, None where none is."""
    publication = current_publication(at)
    if publication is None:
        return None
    prepared = published(publication)
    model = prepared.model
    course = score(prepared, facts_of([lead], prepared)).course(0)
    start = at - BACK
    step = (BACK + AHEAD) / STEPS
    totals = [course.total(microseconds(start + step * number)) for number in range(STEPS + 1)]
    top = max([*totals, model.threshold * 1.2, 1.0])

    def y(total: float) -> float:
        return round(HEIGHT * (1 - max(total, 0.0) / top), 1)

    def x(moment: datetime) -> float:
        return round(WIDTH * ((moment - start) / (BACK + AHEAD)), 1)

    points = " ".join(f"{WIDTH * number / STEPS:.1f},{y(total)}" for number, total in enumerate(totals))
    opened = Handoff.objects.filter(lead=lead, opened_at__gte=start).values_list("opened_at", flat=True)
    return Line(points, y(model.threshold), x(at), [x(moment) for moment in opened], round(top))
