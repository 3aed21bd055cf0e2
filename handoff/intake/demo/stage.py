"""The stage on which the demo plays: people, teams, calendars, policies, scoring models."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import holidays
from django.contrib.auth.hashers import make_password

from handoff.intake.demo.cast import MAILS
from handoff.intake.demo.patterns import add_patterns, field
from handoff.leads.models import SourceCost
from handoff.people.models import Membership, Role, Team, User
from handoff.queue.excluding import exclude
from handoff.queue.models import MailTemplate
from handoff.queue.reasons import ensure_reasons
from handoff.sla.models import Calendar, CalendarOpening, ClosedDay, LadderStep, Metric, Policy, TeamCalendar
from handoff.sla.versioning import StepValues, TargetValues, write_terms
from scoring.drafting import copy_to_draft, new_model
from scoring.models import Rule, ScoringModel

PASSWORD = "handoff-demo"
TEAMS = (
    ("Benelux", ["NL", "BE", "LU"], "Europe/Amsterdam", "NL", "", Team.Giving.PULL),
    ("DACH", ["DE", "AT", "CH"], "Europe/Berlin", "DE", "BE", Team.Giving.ROTATION),
    ("UK", ["GB", "IE"], "Europe/London", "GB", "ENG", Team.Giving.ROTATION),
)
COSTS = {"LinkedIn": 2400, "Google Ads": 3100, "Webinar": 900, "Trade fair": 4000}  # euros a month
REPS = {
    "Benelux": [("rep", "Sam", "de Boer", "en"), ("noor", "Noor", "Visser", "nl"), ("jan", "Jan", "Peeters", "nl")],
    "DACH": [("jonas", "Jonas", "Weber", "de"), ("lea", "Lea", "Brandt", "de"), ("emil", "Emil", "Huber", "de")],
    "UK": [("grace", "Grace", "Hughes", "en"), ("omar", "Omar", "Siddiqui", "en")],
}


def set_stage(start: datetime) -> dict[str, Team]:
    """Make everybody and everything that is there before the first lead comes, as of `start`."""
    ensure_reasons()
    teams = {row[0]: _team(*row) for row in TEAMS}
    for name, members in REPS.items():
        for username, first, last, language in members:
            _person(username, first, last, Role.REP, [teams[name]], language)
    _person("marketer", "Mila", "Janssen", Role.MARKETER, [], "en")
    _person("manager", "Martin", "Bakker", Role.MANAGER, list(teams.values()), "en")
    _person("admin", "Ada", "Smit", Role.ADMIN, [], "en")
    for year in (start.year, start.year + 1, start.year + 2):
        for calendar in Calendar.objects.all():
            _close_on_holidays(calendar, year)
    _policies(start)
    _exclusions(start)
    book_costs(start, start + timedelta(days=365))
    MailTemplate.objects.bulk_create(
        MailTemplate(name=name, language=language, subject=subject, body=body, position=10 * position)
        for position, (name, texts) in enumerate(MAILS.items(), start=1)
        for language, (subject, body) in texts.items()
    )
    return teams


def book_costs(start: datetime, end: datetime) -> None:
    """Note what each source costs in each month from `start` to `end`, where that is not known yet."""
    months = range(12 * start.year + start.month - 1, 12 * end.year + end.month)
    SourceCost.objects.bulk_create(
        [
            SourceCost(source=source, month=month, amount=amount + 50 * (month.month % 4), currency="EUR")
            for month in (date(number // 12, number % 12 + 1, 1) for number in months)
            for source, amount in COSTS.items()
        ],
        ignore_conflicts=True,
    )


def _exclusions(at: datetime) -> None:
    marketer = User.objects.get(username="marketer")
    for value, why, note in (("handoff.example", "own", ""), ("wattrival.example", "competitor", "sells the same")):
        exclude(kind="domain", value=value, why=why, note=note, by=marketer, at=at)


def _team(name: str, countries: list[str], zone: str, country: str, region: str, giving: str) -> Team:
    said = {"countries": countries, "giving": giving, "names_in_reports": Team.Names.NAMED}
    team = Team.objects.create(name=name, slug=name.lower(), is_default=name == "Benelux", **said)
    calendar = Calendar.objects.create(name=name, time_zone=zone, country=country, region=region)
    CalendarOpening.objects.bulk_create(
        CalendarOpening(calendar=calendar, weekday=day, opens=540, closes=1020) for day in range(5)
    )
    TeamCalendar.objects.create(team=team, calendar=calendar)
    return team


def _close_on_holidays(calendar: Calendar, year: int) -> None:
    found = holidays.country_holidays(calendar.country, subdiv=calendar.region or None, years=year)
    ClosedDay.objects.bulk_create(ClosedDay(calendar=calendar, date=day, name=name) for day, name in found.items())


def _person(username: str, first: str, last: str, role: str, teams: list[Team], language: str) -> User:
    user = User.objects.create(
        username=username,
        first_name=first,
        last_name=last,
        role=role,
        language=language,
        email=f"{username}@handoff.example",
        password=_hashed(),
        is_staff=role != Role.REP,
        is_superuser=role == Role.ADMIN,
        time_zone=next((zone for name, _c, zone, *_r in TEAMS if teams and teams[0].name == name), "Europe/Amsterdam"),
    )
    Membership.objects.bulk_create(Membership(user=user, team=team, capacity=40) for team in teams)
    return user


@lru_cache(maxsize=1)
def _hashed() -> str:
    """Hash the demo's password once for everybody: a good hash is slow."""
    return make_password(PASSWORD)


LADDER = (
    StepValues(Metric.FIRST_TOUCH, LadderStep.Action.TELL_OWNER, share=75),
    StepValues(Metric.FIRST_TOUCH, LadderStep.Action.RAISE, share=100),
    StepValues(Metric.FIRST_TOUCH, LadderStep.Action.TELL_TEAM, offset=120),
    StepValues(Metric.VERDICT, LadderStep.Action.TELL_OWNER, share=90),
)


def _policies(start: datetime) -> None:
    for slug, name, position, routes, first_touch in (
        ("fast-lane", "Fast lane, 1h", 10, ["fast_lane", "product"], 1),
        ("standard", "Standard, 4h", 90, [], 4),
    ):
        policy = Policy.objects.create(slug=slug, name=name, position=position, routes=routes, created_at=start)
        targets = [
            TargetValues(Metric.FIRST_TOUCH, first_touch, "hours"),
            TargetValues(Metric.CONNECT, 15, "days", needs_proof=False),
            TargetValues(Metric.VERDICT, 31, "days"),
            TargetValues(Metric.TAKEOVER, 2, "days"),
        ]
        write_terms(policy, targets, LADDER)


def _rule(key: str, dimension: str, name: str, points: int, *kinds: str, **counting: Any) -> dict[str, Any]:
    """Return a rule about activities of `kinds`, or without any about the profile."""
    said = {"key": key, "dimension": dimension, "name": name, "points": points, "activity_kinds": list(kinds)}
    return {**said, "kind": "activity" if kinds else "profile", **counting}


HEADS = ["head", "director", "vp", "chief", "leiter", "directeur", "hoofd"]
USERS = ["energy", "operations", "it lead", "technology", "cto", "coo", "sustainability"]
INDUSTRIES = ["Energy", "Logistics", "Manufacturing"]
COUNTRIES = ["NL", "BE", "LU", "DE", "AT", "CH", "GB", "IE"]
# What leads do themselves: a mail that we send, or that bounces, ends no silence.
DONE = ["page_view", "content_download", "form_submission", "contact_request", "demo_request", "trial_started"]
DONE += ["email_opened", "email_clicked", "webinar_registered", "webinar_attended"]
RULES = (
    _rule("head", "fit", "Head of a department", 15, condition=field("title", "contains_any_of", HEADS)),
    _rule("buyer", "fit", "Works in energy, operations or IT", 8, condition=field("title", "contains_any_of", USERS)),
    _rule("size", "fit", "50 to 500 people", 15, condition=field("company.employees", "between", [50, 500])),
    _rule("large", "fit", "More than 500 people", 8, condition=field("company.employees", "more_than", 500)),
    _rule("industry", "fit", "Energy, logistics or manufacturing", 12,
          condition=field("company.industry", "is_one_of", INDUSTRIES)),
    _rule("country", "fit", "In one of our countries", 5, condition=field("country", "is_one_of", COUNTRIES)),
    _rule("free-mail", "fit", "Free e-mail address", -10, condition=field("email_is_free", "is_yes")),
    _rule("student", "fit", "Student or applicant", -25,
          condition=field("title", "contains_any_of", ["student", "intern", "trainee"])),
    _rule("pricing", "interest", "Pricing page", 12, "page_view", half_life=30, limit=3, limit_per="week",
          condition=field("url", "contains", "/pricing")),
    _rule("pages", "interest", "Visited the site", 2, "page_view", half_life=14, limit=3, limit_per="day"),
    _rule("whitepaper", "interest", "Downloaded a whitepaper", 14, "content_download",
          half_life=45, limit=5, limit_per="ever"),
    _rule("two-papers", "interest", "Two different whitepapers", 10, "content_download",
          window=30, at_least=2, at_least_of="values", values_of="content"),
    _rule("webinar", "interest", "Webinar attended", 18, "webinar_attended", half_life=45, limit=2, limit_per="month"),
    _rule("registered", "interest", "Registered for a webinar", 5, "webinar_registered", half_life=30),
    _rule("clicks", "interest", "Clicked e-mails", 4, "email_clicked", half_life=21, limit=6, limit_per="month"),
    _rule("opens", "interest", "Opened a marketing e-mail", 1, "email_opened", half_life=14, limit=1, limit_per="day"),
    _rule("calculator", "timing", "Used the tariff calculator", 15, "form_submission", half_life=21,
          condition=field("form", "is", "Tariff calculator")),
    _rule("demo", "timing", "Asked for a demo", 50, "demo_request", half_life=30, limit=1, limit_per="week"),
    _rule("contact", "timing", "Asked to be contacted", 50, "contact_request", half_life=30, limit=1, limit_per="week",
          condition=field("topic", "is_not", "support")),
    _rule("visits", "timing", "Three visits in a week", 15, "page_view", window=7, at_least=3, at_least_of="visits"),
    _rule("unsubscribed", "interest", "Unsubscribed from the newsletter", -15, "unsubscribed", half_life=90),
    _rule("silent", "timing", "Silent for 30 days", -10, *DONE, kind="silence", silence_days=30),
)  # fmt: skip


def first_model(at: datetime) -> ScoringModel:
    """Make the model that the demo's year begins with."""
    cuts = {"cut_a": 35, "cut_b": 22, "cut_c": 10, "cut_1": 70, "cut_2": 45, "cut_3": 20}
    lanes = {
        "fast_lane_kinds": ["contact_request", "demo_request"],
        "fast_lane_condition": field("topic", "is_none_of", ["support", "job application"]),
        "product_kinds": ["trial_started"],
    }
    note = "Drawn up with sales at the start of the year."
    by = User.objects.get(username="marketer")
    model = new_model(name="Handoff demo", by=by, at=at, threshold=70, hysteresis=5, note=note, **cuts, **lanes)
    groups = {group.dimension: group for group in model.groups.all()}
    for position, rule in enumerate(RULES):
        counting = {name: value for name, value in rule.items() if name != "dimension"}
        Rule.objects.create(model=model, group=groups[rule["dimension"]], position=position, **counting)
    add_patterns(model)
    return model


def second_model(first: ScoringModel, at: datetime) -> ScoringModel:
    """Make the version that learned from the first half-year."""
    model = copy_to_draft(first, by=User.objects.get(username="marketer"), at=at)
    Rule.objects.filter(model=model, key="pricing").update(points=15)
    Rule.objects.filter(model=model, key="opens").update(points=0.5)
    Rule.objects.filter(model=model, key="free-mail").update(points=-12)
    return model
