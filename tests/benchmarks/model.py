"""The measured model: 30 rules with limits, and the same repeated to any number. score.sql says the same by hand."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from scoring.drafting import next_version
from scoring.models import Publication, Rule, RuleGroup, ScoringModel
from scoring.publishing import publish

GROUPS = {
    "person": ("fit", -20, 30),
    "firm": ("fit", None, 25),
    "reading": ("interest", 0, 40),
    "mail": ("interest", None, 12),
    "intent": ("timing", None, 50),
    "silence": ("timing", -20, 0),
}


def _leaf(field: str, op: str, value: object = None) -> dict[str, object]:
    return {"field": field, "op": op, "value": value}


def _who(group: str, points: float, condition: dict[str, Any]) -> dict[str, Any]:
    return {"group": group, "kind": "profile", "points": points, "condition": condition}


def _did(group: str, points: float, kinds: str, condition: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    given = {"group": group, "kind": "activity", "points": points, "activity_kinds": kinds.split()}
    return {**given, "condition": condition or {}, **more}


def _at_most(limit: int, per: str) -> dict[str, Any]:
    return {"limit": limit, "limit_per": per}


ANSWERS = "page_view email_clicked content_download form_submission webinar_attended product_use"
RULES: dict[str, dict[str, Any]] = {
    "senior": _who("person", 12, _leaf("title", "contains_any_of", ["head", "director", "chief"])),
    "student": _who("person", -20, _leaf("title", "contains_any_of", ["student", "intern"])),
    "near": _who("person", 5, _leaf("country", "is_one_of", ["NL", "BE", "DE"])),
    "free": _who("person", -8, _leaf("email_is_free", "is_yes")),
    "interests": _who("person", 6, _leaf("traits.interests", "has_any_of", ["automation", "security"])),
    "industry": _who("firm", 10, _leaf("company.industry", "is_one_of", ["Software", "Logistics", "Finance"])),
    "middling": _who("firm", 10, _leaf("company.employees", "between", [50, 500])),
    "large": _who("firm", 6, _leaf("company.employees", "more_than", 500)),
    "team": _who("firm", 5, {"all": [_leaf("traits.team_size", "at_least", 5), _leaf("company.country", "is_filled")]}),
    "plan": _who("firm", 8, {"not": _leaf("traits.plan", "is_none_of", ["business", "enterprise"])}),
    "pricing": _did(
        "intent", 8, "page_view", _leaf("url", "contains", "/pricing/"), half_life=14, window=60, **_at_most(2, "day")
    ),
    "product": _did(
        "reading", 2, "page_view", _leaf("url", "contains", "/product/"), half_life=21, **_at_most(3, "day")
    ),
    "visit": _did("reading", 0.5, "page_view", half_life=7, window=30, **_at_most(10, "week")),
    "long": _did("reading", 1.5, "page_view", _leaf("seconds", "at_least", 120), half_life=14, **_at_most(5, "week")),
    "blog": _did(
        "reading",
        0.5,
        "page_view",
        _leaf("url", "starts_with", "https://www.example.com/blog/"),
        window=45,
        **_at_most(5, "month"),
    ),
    "careers": _did(
        "reading", -5, "page_view", _leaf("url", "contains", "/careers/"), window=90, **_at_most(2, "ever")
    ),
    "compare": _did(
        "intent",
        5,
        "page_view",
        _leaf("url", "contains_any_of", ["/compare/", "/alternatives/"]),
        half_life=10,
        **_at_most(1, "day"),
    ),
    "download": _did("reading", 6, "content_download", half_life=30, **_at_most(2, "week")),
    "topic": _did(
        "reading",
        4,
        "content_download webinar_attended",
        _leaf("topic", "is_one_of", ["security", "automation"]),
        half_life=30,
        **_at_most(3, "ever"),
    ),
    "opened": _did("mail", 1, "email_opened", half_life=10, window=60, **_at_most(1, "day")),
    "clicked": _did("mail", 3, "email_clicked", half_life=14, **_at_most(2, "day")),
    "webinar": _did("reading", 10, "webinar_registered webinar_attended", half_life=30, **_at_most(2, "month")),
    "event": _did("reading", 8, "event_attended", half_life=45, **_at_most(1, "ever")),
    "form": _did("intent", 7, "form_submission", half_life=20, **_at_most(1, "week")),
    "ad": _did("reading", 1, "ad_click", half_life=7, window=21, **_at_most(3, "month")),
    "often": _did("intent", 12, "page_view", half_life=10, window=14, at_least=3, at_least_of="days"),
    "using": _did("intent", 10, "product_use trial_started", window=21, at_least=2, at_least_of="days"),
    "quiet": {
        "group": "silence",
        "kind": "silence",
        "points": -8,
        "silence_days": 30,
        "activity_kinds": ANSWERS.split(),
    },
    "gone": {"group": "silence", "kind": "silence", "points": -15, "silence_days": 90},
    "leaving": _did("mail", -10, "unsubscribed", window=120, **_at_most(1, "ever")),
}


def make_model(at: datetime, *, rules: int = len(RULES)) -> ScoringModel:
    """Make a draft with the thirty rules, repeated with other points until there are so many."""
    model = ScoringModel.objects.create(
        name=f"{rules} rules",
        version=next_version(),
        created_at=at,
        threshold=36,
        hysteresis=5,
        fit_minimum=10,
        time_zone="Europe/Amsterdam",
    )
    groups = {
        key: RuleGroup.objects.create(model=model, key=key, name=key, dimension=dimension, floor=floor, cap=cap)
        for key, (dimension, floor, cap) in GROUPS.items()
    }
    given = list(RULES.items())
    for number in range(rules):
        again, place = divmod(number, len(given))
        key, rule = given[place]
        changed = {"group": groups[rule["group"]], "points": Decimal(str(rule["points"])) / (again + 1)}
        if again and rule.get("half_life"):
            changed["half_life"] = rule["half_life"] + again
        Rule.objects.create(model=model, key=f"{key}-{again}", name=key, position=number, **{**rule, **changed})
    return model


def publish_model(at: datetime, *, rules: int = len(RULES)) -> Publication:
    """Publish it as of `at`; nobody is handed over until their next activity."""
    return publish(make_model(at, rules=rules), by=None, at=at, qualifying=Publication.Qualifying.NEXT_ACTIVITY)
