"""When a policy's steps would fall due, by function, by command and on the policy's page."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from handoff.queue.models import Outcome, Route, TouchChannel
from handoff.sla.policy_forms import CHANNELS, OUTCOMES, ROUTES
from tests.making import MONDAY_9AM, make_calendar, make_manager, make_policy, make_team

MONDAY_4PM = MONDAY_9AM + timedelta(hours=7)


def asked(*arguments: str) -> Any:
    """Return what the command answers, read as JSON."""
    out = StringIO()
    call_command("sla_preview", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


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
        pytest.param("2026-10-25T02:30", "Mon 26 Oct. 2026, 13:00", id="a time that comes twice"),
        pytest.param("2026-03-29T02:30", "Mon 30 March 2026, 13:00", id="a time that never comes"),
    ],
)
@pytest.mark.parametrize("viewer", ["Europe/Amsterdam", "America/New_York"])
def test_the_page_of_a_policy_works_it_out_on_the_clock_of_the_calendar(start: str, said: str, viewer: str) -> None:
    calendar, policy = make_calendar(), make_policy(first_touch_hours=4)
    client = Client()
    client.force_login(make_manager(time_zone=viewer))
    url = reverse("admin:sla_policy_change", args=[policy.pk])
    page = client.get(url, {"start": start, "calendar": str(calendar.pk)}).content.decode()
    assert said in page


@pytest.mark.django_db
def test_the_command_refuses_a_start_beyond_what_calendars_know() -> None:
    make_calendar()
    make_policy()
    with pytest.raises(CommandError, match="the years 1900 to 2199"):
        call_command("sla_preview", "standard", "--start", "0001-01-01T00:00Z")


@pytest.mark.django_db
def test_the_ladder_stands_between_the_dues() -> None:
    make_calendar()
    policy = make_policy(first_touch_hours=4)
    policy.ladder.create(metric="first_touch", share=50, action="tell_owner")
    policy.ladder.create(metric="first_touch", offset=60, action="next_rep")
    found = [(step["step"], step["local"]) for step in asked("standard", "--start", "2026-03-02T16:00")]
    assert found[:3] == [
        ("tell_owner", "2026-03-03T10:00:00+01:00"),
        ("due", "2026-03-03T12:00:00+01:00"),
        ("next_rep", "2026-03-03T13:00:00+01:00"),
    ]


@pytest.mark.parametrize(
    ("offered", "known"),
    [
        pytest.param(ROUTES, Route, id="routes"),
        pytest.param(CHANNELS, TouchChannel, id="channels"),
        pytest.param(OUTCOMES, Outcome, id="outcomes"),
    ],
)
def test_what_policies_name_is_what_the_queue_knows(offered: Any, known: Any) -> None:
    assert [(value, str(label)) for value, label in offered] == [(value, str(label)) for value, label in known.choices]
