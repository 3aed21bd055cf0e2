"""Stops that look made for the clock."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from handoff.people.models import User
from handoff.queue.models import Handoff
from handoff.queue.odd_stops import odd_stops, one_key_evidence
from handoff.queue.touching import log_touch
from tests.making import HOUR, MONDAY_9AM, make_calendar, make_handoff, make_manager, make_policy, make_rep, make_team

pytestmark = pytest.mark.django_db
MINUTE = HOUR / 60
DUE = MONDAY_9AM + 4 * HOUR


@pytest.fixture
def sam() -> User:
    make_team(keeps_odd_stops=True)
    make_calendar()
    make_policy()
    return make_rep("sam")


def touch(by: User, at: datetime, handoff: Handoff | None = None, **values: Any) -> Handoff:
    handoff = handoff or make_handoff()
    log_touch(handoff, **{"channel": "call", "outcome": "no_answer", "by": by, "at": at, **values})
    return handoff


def listed(at: datetime = DUE + HOUR) -> list[str]:
    return [str(stop.why) for stop in odd_stops([make_team()], at=at)]


@pytest.mark.parametrize(
    ("before", "values", "is_odd"),
    [
        pytest.param(MINUTE, {}, True, id="wordless at the last minute"),
        pytest.param(5 * MINUTE, {}, True, id="five minutes before"),
        pytest.param(6 * MINUTE, {}, False, id="earlier"),
        pytest.param(-MINUTE, {}, False, id="too late anyway"),
        pytest.param(MINUTE, {"note": "asked for prices"}, False, id="with a note"),
        pytest.param(MINUTE, {"evidence": "call 17"}, False, id="with evidence"),
    ],
)
def test_wordless_touches_just_before_due_are_listed(
    sam: User, before: Any, values: dict[str, Any], is_odd: bool
) -> None:
    touch(sam, DUE - before, **values)
    assert bool(listed()) is is_odd


def test_that_a_key_was_pressed_is_no_word_in_any_language(sam: User) -> None:
    with translation.override("de"):
        evidence = one_key_evidence()
    touch(sam, DUE - MINUTE, evidence=evidence)
    assert listed()


@pytest.mark.parametrize(
    ("seconds", "n"),
    [
        pytest.param((0, 30, 60), 3, id="three within a minute"),
        pytest.param((0, 30, 61), 0, id="a second more"),
        pytest.param((0, 20, 40, 70), 4, id="four that overlap"),
    ],
)
def test_three_within_a_minute_are_listed(sam: User, seconds: tuple[int, ...], n: int) -> None:
    for second in seconds:
        touch(sam, MONDAY_9AM + second * MINUTE / 60, note="x")
    assert len(listed()) == n


def test_the_page_is_for_managers_and_off_until_a_team_agrees(sam: User) -> None:
    client, address = Client(), reverse("odd-stops")
    client.force_login(sam)
    assert client.get(address).status_code == 403
    client.force_login(make_manager())
    start = timezone.now() - MINUTE
    handoff = make_handoff(at=start)
    for _ in range(3):
        touch(sam, start, handoff)
    assert reverse("handoff", args=[handoff.pk]) in client.get(address).content.decode()
    team = make_team()
    team.keeps_odd_stops = False
    team.save()
    page = client.get(address).content.decode()
    assert "This list is off" in page
    assert reverse("handoff", args=[handoff.pk]) not in page
