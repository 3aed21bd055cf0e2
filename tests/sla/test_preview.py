"""When a policy's steps would fall due, by function, by command and on the policy's page."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from handoff.queue.models import Route
from handoff.sla.clock import Hours, NoOpenHours, Opening, Target
from handoff.sla.forms import ROUTES
from handoff.sla.preview import preview
from tests.making import MONDAY_9AM, make_calendar, make_manager, make_policy, make_team

OFFICE = Hours("Europe/Amsterdam", tuple(Opening(day, 540, 1020) for day in range(5)))
MONDAY_4PM = MONDAY_9AM + timedelta(hours=7)


def asked(*arguments: str) -> Any:
    """Return what the command answers, read as JSON."""
    out = StringIO()
    call_command("sla_preview", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_steps_come_in_the_order_in_which_they_fall_due() -> None:
    steps = preview([("verdict", Target(2, "days")), ("first_touch", Target(1, "hours"))], OFFICE, MONDAY_4PM)
    assert [(step.metric, step.step, step.at) for step in steps] == [
        ("first_touch", "due", datetime(2026, 3, 2, 16, 0, tzinfo=UTC)),
        ("verdict", "due", datetime(2026, 3, 4, 15, 0, tzinfo=UTC)),
    ]


def test_local_is_the_wall_time_of_the_calendar() -> None:
    (step,) = preview([("first_touch", Target(1, "hours"))], OFFICE, MONDAY_4PM)
    assert step.to_json() == {
        "metric": "first_touch",
        "step": "due",
        "at": "2026-03-02T16:00:00+00:00",
        "local": "2026-03-02T17:00:00+01:00",
    }


def test_hours_that_never_open_are_refused() -> None:
    with pytest.raises(NoOpenHours):
        preview([("first_touch", Target(1, "hours"))], Hours("Europe/Amsterdam", ()), MONDAY_4PM)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "start",
    [
        pytest.param("2026-03-02T16:00:00+01:00", id="with an offset"),
        pytest.param("2026-03-02T15:00:00Z", id="in UTC"),
        pytest.param("2026-03-02T16:00", id="on the wall of the calendar"),
    ],
)
def test_the_command_answers_with_metric_step_at_and_local(start: str) -> None:
    make_calendar()
    make_policy(first_touch_hours=4)
    first, second = asked("standard", "--start", start)
    assert first == {
        "metric": "first_touch",
        "step": "due",
        "at": "2026-03-03T11:00:00+00:00",
        "local": "2026-03-03T12:00:00+01:00",
    }
    assert second["metric"] == "verdict"


@pytest.mark.django_db
def test_the_command_counts_in_the_calendar_of_the_team_it_is_given() -> None:
    make_calendar()
    make_calendar(make_team("London"), zone="Europe/London")
    make_policy(first_touch_hours=1)
    (step, _verdict) = asked("standard", "--start", "2026-03-02T08:00:00Z", "--team", "london")
    assert step["local"] == "2026-03-02T10:00:00+00:00"


@pytest.mark.django_db
def test_a_policy_around_the_clock_needs_no_calendar() -> None:
    make_policy(first_touch_hours=1, counted_in="always")
    assert asked("standard", "--start", "2026-03-07T22:00:00Z")[0]["at"] == "2026-03-07T23:00:00+00:00"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["gold", "--start", "2026-03-02T08:00Z"], "no policy 'gold' in force; .*: standard", id="policy"),
        pytest.param(["standard", "--start", "Monday"], "--start 'Monday': use an ISO time", id="start"),
        pytest.param(["standard", "--start", "2026-03-02T08:00Z", "--team", "x"], "no team 'x'", id="team"),
    ],
)
def test_the_command_says_what_it_does_not_know(arguments: list[str], said: str) -> None:
    make_policy()
    with pytest.raises(CommandError, match=said):
        call_command("sla_preview", *arguments)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start", "said"),
    [
        pytest.param("2026-03-02T16:00", "Tue 3 March 2026, 12:00", id="a time that was picked"),
        pytest.param("soon", "Enter a valid date/time", id="no time at all"),
        pytest.param("3026-03-02T16:00", "known for the years 1900 to 2199", id="a time too far away"),
    ],
)
def test_the_page_of_a_policy_works_it_out(start: str, said: str) -> None:
    calendar, policy = make_calendar(), make_policy(first_touch_hours=4)
    client = Client()
    client.force_login(make_manager())
    url = reverse("admin:sla_policy_change", args=[policy.pk])
    page = client.get(url, {"start": start, "calendar": str(calendar.pk)}).content.decode()
    assert said in page


def test_the_routes_of_policies_are_those_of_handoffs() -> None:
    assert [(value, str(label)) for value, label in ROUTES] == [(value, str(label)) for value, label in Route.choices]
