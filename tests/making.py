"""Makes what a test needs; each test states only what matters to it."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from handoff.leads.models import Company, Lead, Stage
from handoff.people.models import Membership, Role, Team, User
from handoff.queue.models import DisqualificationReason, Handoff, Route
from handoff.queue.opening import open_handoff
from handoff.queue.reasons import ensure_reasons
from handoff.sla.models import Calendar, CalendarOpening, Metric, Policy, Target, TeamCalendar
from scoring.drafting import new_key, new_model
from scoring.models import Publication, Rule, ScoringModel
from scoring.publishing import publish

YES = dict.fromkeys(("budget", "authority", "need", "timeline"), ("yes", ""))  # to all of BANT
MONDAY_9AM = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # nine in Amsterdam
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_numbers = itertools.count(1)


def make_team(name: str = "Benelux", **values: Any) -> Team:
    """Make (or find) a team; the first one gets everything unrouted."""
    defaults = {"slug": name.lower(), "is_default": not Team.objects.exists(), **values}
    return Team.objects.get_or_create(name=name, defaults=defaults)[0]


def make_user(username: str, role: str = Role.REP, team: Team | None = None, **values: Any) -> User:
    """Make a person; reps and managers are in the default team unless said otherwise."""
    user = User.objects.create(
        username=username, first_name=username.capitalize(), role=role, email=f"{username}@handoff.example", **values
    )
    user.is_staff = role != Role.REP
    user.is_superuser = role == Role.ADMIN
    user.set_unusable_password()
    user.save()
    if role in {Role.REP, Role.MANAGER}:
        Membership.objects.create(user=user, team=team or make_team())
    return user


def make_rep(username: str = "sam", **values: Any) -> User:
    """Make a sales rep."""
    return make_user(username, Role.REP, **values)


def make_manager(username: str = "mia", **values: Any) -> User:
    """Make a manager."""
    return make_user(username, Role.MANAGER, **values)


def make_marketer(username: str = "max", **values: Any) -> User:
    """Make a marketer."""
    return make_user(username, Role.MARKETER, **values)


def make_calendar(team: Team | None = None, *, zone: str = "Europe/Amsterdam") -> Calendar:
    """Make office hours, Monday to Friday 9 to 17, for `team`."""
    calendar = Calendar.objects.create(name=f"Office {next(_numbers)}", time_zone=zone)
    CalendarOpening.objects.bulk_create(
        CalendarOpening(calendar=calendar, weekday=day, opens=540, closes=1020) for day in range(5)
    )
    TeamCalendar.objects.create(team=team or make_team(), calendar=calendar)
    return calendar


def make_policy(*, first_touch_hours: int = 4, verdict_days: int = 10, slug: str = "standard", **values: Any) -> Policy:
    """Make a policy for all handoffs, with a first touch in business hours and a verdict in business days."""
    policy = Policy.objects.create(slug=slug, name=slug.capitalize(), created_at=MONDAY_9AM - 365 * DAY, **values)
    touch = {"metric": Metric.FIRST_TOUCH, "amount": first_touch_hours, "unit": "hours", "needs_proof": False}
    Target.objects.create(policy=policy, **touch)
    Target.objects.create(policy=policy, metric=Metric.VERDICT, amount=verdict_days, unit="days")
    return policy


def make_lead(email: str = "", **values: Any) -> Lead:
    """Make a lead in the default team."""
    number = next(_numbers)
    company = values.pop("company", None)
    if isinstance(company, dict):
        company = Company.objects.create(**{"name": f"Company {number}", **company})
    at = values.pop("at", MONDAY_9AM - 30 * DAY)
    return Lead.objects.create(
        email=email or f"lead{number}@company.example",
        company=company,
        **{
            "first_name": "Lena",
            "last_name": f"Vogt {number}",
            "stage": Stage.LEAD,
            "stage_since": at,
            "created_at": at,
            "updated_at": at,
            "team": make_team(),
            **values,
        },
    )


def make_handoff(
    lead: Lead | None = None, *, at: datetime = MONDAY_9AM, route: str = Route.SCORE, **values: Any
) -> Handoff:
    """Hand a lead over, with no score behind it unless the lead has one."""
    return open_handoff(lead or make_lead(), route=route, reading=None, publication=None, at=at, **values)


def make_reason(slug: str = "no-budget") -> DisqualificationReason:
    """Return one of the shipped reasons."""
    ensure_reasons()
    return DisqualificationReason.objects.get(slug=slug)


def make_model(*rules: dict[str, Any], threshold: int = 50, **values: Any) -> ScoringModel:
    """Make a draft with these rules; each names its dimension (fit unless said), points and what else matters."""
    model = new_model(name="Test", by=None, at=MONDAY_9AM - 60 * DAY, threshold=threshold, **values)
    groups = {group.dimension: group for group in model.groups.all()}
    for rule in rules:
        given = dict(rule)
        group = groups[given.pop("dimension", "fit")]
        Rule.objects.create(model=model, group=group, **{"key": new_key(), "name": f"Rule {next(_numbers)}", **given})
    return model


def make_live(*rules: dict[str, Any], at: datetime = MONDAY_9AM - 60 * DAY, **values: Any) -> Publication:
    """Make a model and publish it."""
    return publish(make_model(*rules, **values), by=None, at=at)


def page_view(lead: Lead, at: datetime, url: str = "/pricing/", **values: Any) -> dict[str, Any]:
    """Return an activity as the API takes it."""
    return {
        "source": "web",
        "id": f"a{next(_numbers)}",
        "lead": {"id": lead.pk},
        "kind": "page_view",
        "occurred_at": at,
        "properties": {"url": url},
        **values,
    }


PRICING = {
    "kind": "activity",
    "dimension": "interest",
    "points": 30,
    "activity_kinds": ["page_view"],
    "condition": {"field": "url", "op": "contains", "value": "pricing"},
    "name": "Visited pricing",
    "key": "pricing",
}
