"""Two people at one draft: the second to save is told, keeps what they typed, and overwrites nothing unasked."""

import re
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from scoring.models import Rule, RuleGroup
from tests.making import PRICING, make_marketer, make_model
from tests.scoring.admin_forms import shown_inputs, sign_in, text_of

pytestmark = pytest.mark.django_db

DUTCH = {"field": "country", "op": "is", "value": "NL"}
SAID = "Somebody else saved this after you had opened it, so nothing was changed."


def page_of(row: models.Model) -> str:
    return reverse(f"admin:scoring_{row._meta.model_name}_change", args=[row.pk])


def opened(client: Client, row: models.Model) -> dict[str, Any]:
    """Return what the page of `row` would send as it is shown."""
    return shown_inputs(client.get(page_of(row)).content.decode())


@pytest.fixture
def max_() -> Client:
    return sign_in(make_marketer())


@pytest.fixture
def mo() -> Client:
    return sign_in(make_marketer("mo"))


def test_the_second_to_save_a_rule_is_told_and_may_then_insist(max_: Client, mo: Client) -> None:
    rule = make_model(PRICING).rules.get()
    first, second = opened(max_, rule), opened(mo, rule)
    assert max_.post(page_of(rule), {**first, "points": "40"}).status_code == 302
    page = mo.post(page_of(rule), {**second, "name": "Mo's", "points": "50", "activity_kinds": ["call", "page_view"]})
    assert SAID in text_of(page)
    rule.refresh_from_db()
    assert (rule.name, rule.points) == ("Visited pricing", 40)
    assert re.findall(r'value="(\w+)"[^>]* checked', page.content.decode())[:2] == ["page_view", "call"]
    kept = shown_inputs(page.content.decode())
    assert (kept["name"], kept["points"]) == ("Mo's", "50")
    mo.post(page_of(rule), kept)
    rule.refresh_from_db()
    assert (rule.name, rule.points) == ("Mo's", 50)


def test_the_second_to_save_a_persona_is_told(max_: Client, mo: Client) -> None:
    persona = make_model().personas.create(key="p", name="Buyer", condition=DUTCH)
    first, second = opened(max_, persona), opened(mo, persona)
    max_.post(page_of(persona), {**first, "name": "Max's"})
    assert SAID in text_of(mo.post(page_of(persona), {**second, "name": "Mo's"}))
    persona.refresh_from_db()
    assert persona.name == "Max's"


@pytest.mark.parametrize(
    ("changed", "to"),
    [
        pytest.param("threshold", "80", id="its threshold"),
        pytest.param("groups-0-cap", "40", id="a group"),
        pytest.param("content-0-phase", "decision", id="a line of its content"),
    ],
)
def test_the_second_to_save_a_version_is_told_whatever_the_first_changed(
    max_: Client, mo: Client, changed: str, to: str
) -> None:
    draft = make_model(PRICING)
    draft.content.create(pattern="/docs/*")
    first, second = opened(max_, draft), opened(mo, draft)
    assert max_.post(page_of(draft), {**first, changed: to}).status_code == 302
    page = mo.post(page_of(draft), {**second, "hysteresis": "7", "groups-1-cap": "9"})
    assert SAID in text_of(page)
    draft.refresh_from_db()
    assert draft.hysteresis == 5
    assert not RuleGroup.objects.filter(cap=9).exists()
    assert shown_inputs(page.content.decode())["groups-1-cap"] == "9"


def test_who_works_on_another_part_disturbs_nobody(max_: Client, mo: Client) -> None:
    draft = make_model(PRICING, {"points": 5, "key": "other", "condition": DUTCH})
    pricing, other = draft.rules.get(key="pricing"), draft.rules.get(key="other")
    of_version, of_rule = opened(mo, draft), opened(mo, other)
    max_.post(page_of(pricing), {**opened(max_, pricing), "points": "40"})
    assert mo.post(page_of(other), {**of_rule, "points": "6"}).status_code == 302
    assert mo.post(page_of(draft), {**of_version, "threshold": "80"}).status_code == 302
    draft.refresh_from_db()
    assert (draft.threshold, set(draft.rules.values_list("points", flat=True))) == (80, {40, 6})


def test_what_does_not_say_what_it_saw_changes_nothing(mo: Client) -> None:
    rule = make_model(PRICING).rules.get()
    sent = {name: value for name, value in opened(mo, rule).items() if name != "seen"}
    assert SAID in text_of(mo.post(page_of(rule), {**sent, "points": "40"}))
    assert Rule.objects.get().points == 30
