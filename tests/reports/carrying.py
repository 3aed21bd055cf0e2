"""Hands leads over with chosen points of chosen rules, and ends them."""

from collections.abc import Mapping, Sequence
from typing import Any

from handoff.leads.models import Lead
from handoff.people.models import User
from handoff.queue.models import Disqualification, Handoff, Route, Verdict
from handoff.queue.opening import open_handoff
from scoring.course import FOREVER, Course, Reading, Term
from scoring.models import Publication
from scoring.spec import ModelSpec
from tests.making import HOUR, MONDAY_9AM, make_lead, make_reason

RULES: list[dict[str, Any]] = [
    {"key": "size", "name": "Right size", "points": 40},
    {"key": "head", "name": "Head of a department", "points": 20},
    {"key": "free-mail", "name": "Free e-mail", "points": -10},
    {"key": "pricing", "name": "Pricing page", "points": 30, "dimension": "interest"},
    {"key": "opens", "name": "Opened a mail", "points": 5, "dimension": "interest"},
]


def frozen(spec: ModelSpec, points: Mapping[str, float]) -> Reading:
    """Return the reading of somebody for whom these rules count with these points."""
    counted = [(number, points[rule.key]) for number, rule in enumerate(spec.rules) if rule.key in points]
    return Course(spec, 0, [Term(number, 0, FOREVER, value, 0, 0.0, -1) for number, value in counted]).reading(1)


def carry(
    live: Publication, points: Mapping[str, float], route: str = Route.SCORE, lead: Lead | None = None
) -> Handoff:
    reading = frozen(live.model.spec(), points)
    return open_handoff(lead or make_lead(), route=route, reading=reading, publication=live, at=MONDAY_9AM)


def end(handoff: Handoff, verdict: Verdict) -> None:
    Handoff.objects.filter(pk=handoff.pk).update(verdict=verdict, closed_at=MONDAY_9AM + HOUR)


def say_no(handoff: Handoff, by: User, reason: str = "no-budget", misleading: Sequence[str] = ()) -> None:
    end(handoff, Verdict.DISQUALIFIED)
    Disqualification.objects.create(
        handoff=handoff, by=by, at=MONDAY_9AM + HOUR, reason=make_reason(reason), misleading=list(misleading)
    )
