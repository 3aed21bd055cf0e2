"""What the pages of versions and rules would send, and what they say."""

import re
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from handoff.people.models import User
from scoring.editing import state_of
from scoring.models import Rule, ScoringModel


def sign_in(user: User) -> Client:
    """Return a browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def rule_form(rule: Rule, *rows: tuple[str, str, str], **values: Any) -> dict[str, Any]:
    """Return what the rule's page would send, with these rows of field, comparison and value."""
    form = {
        "name": rule.name,
        "kind": rule.kind,
        "group": rule.group_id,
        "points": rule.points,
        "is_active": "on",
        "activity_kinds": rule.activity_kinds,
        "at_least_of": "matches",
        "seen": state_of(Rule.objects.filter(pk=rule.pk)),
    }
    return {**form, **condition_form("condition", ("all", *rows)), **values}


def condition_form(name: str, *groups: tuple[Any, ...], joiner: str = "all") -> dict[str, Any]:
    """Return what the condition `name` would send: groups of a joiner and rows, with a blank row and a blank group."""
    form = {f"{name}-joiner": joiner}
    for number, (of_group, *rows) in enumerate([*groups, ("all",)]):
        form[f"{name}-{number}-joiner"] = of_group
        for place, (field, op, value) in enumerate([*rows, ("", "", "")]):
            start = f"{name}-{number}-{place}"
            form |= {f"{start}-field": field, f"{start}-op": op, f"{start}-value": value}
    return form


def text_of(response: Any) -> str:
    """Return the page's words in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def model_form(model: ScoringModel, **values: Any) -> dict[str, Any]:
    """Return what the version's page would send."""
    names = ("name", "threshold", "hysteresis", "cut_a", "cut_b", "cut_c", "cut_1", "cut_2", "cut_3", "time_zone")
    form: dict[str, Any] = {name: getattr(model, name) for name in names}
    groups = list(model.groups.all()) if model.pk else []
    form |= {"groups-TOTAL_FORMS": len(groups), "groups-INITIAL_FORMS": len(groups)}
    for place, group in enumerate(groups):
        form |= {f"groups-{place}-{name}": getattr(group, name) for name in ("id", "name", "dimension")}
    content = list(model.content.all()) if model.pk else []
    form |= {"content-TOTAL_FORMS": len(content), "content-INITIAL_FORMS": len(content)}
    for place, entry in enumerate(content):
        form |= {f"content-{place}-{name}": getattr(entry, name) for name in ("id", "looks_at", "pattern", "phase")}
    form["seen"] = state_of([*ScoringModel.objects.filter(pk=model.pk), *groups, *content])
    return {**form, **values}


class _Inputs(HTMLParser):
    """Collects what a browser would send; what stands in a template is no part of the form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.select, self.in_template = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an input's value, and of a select the option that is chosen or else the first."""
        given = dict(attrs)
        self.in_template |= tag == "template"
        if self.in_template:
            return
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select and ("selected" in given or self.select not in self.found):
            self.found[self.select] = value
        elif tag == "input" and given.get("type") == "checkbox":
            self.found |= {name: given.get("value") or "on"} if "checked" in given else {}
        elif tag == "input":
            self.found[name] = value

    def handle_endtag(self, tag: str) -> None:
        """Leave a select or a template."""
        self.in_template &= tag != "template"
        self.select = "" if tag == "select" else self.select


def shown_inputs(html: str) -> dict[str, str]:
    """Return what a browser would send of the inputs in `html`."""
    inputs = _Inputs()
    inputs.feed(html)
    return inputs.found
