"""When to try again."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from handoff.queue.models import Handoff
from handoff.queue.next_tries import next_try
from handoff.queue.touching import log_touch
from tests.making import DAY, HOUR, MONDAY_9AM, make_calendar, make_handoff, make_policy, make_rep

pytestmark = pytest.mark.django_db


def local(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%a %d %H:%M}"


@pytest.fixture
def handoff() -> Handoff:
    make_calendar()
    make_policy()
    return make_handoff()


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(MONDAY_9AM, "Thu 05 15:00", id="after a morning an afternoon"),
        pytest.param(MONDAY_9AM + 5 * HOUR, "Thu 05 10:00", id="after an afternoon a morning"),
        pytest.param(MONDAY_9AM + 2 * DAY + 5 * HOUR, "Mon 09 10:00", id="not at a weekend"),
    ],
)
def test_the_second_of_six_tries_comes_a_fifth_of_the_time_later(handoff: Handoff, at: datetime, expected: str) -> None:
    found = next_try(handoff, at=at)
    assert found
    assert (found.number, found.of, found.days, local(found.at)) == (2, 6, 14, expected)


def test_the_tries_left_are_spread_over_what_is_left_of_the_time(handoff: Handoff) -> None:
    sam, at, tries = make_rep(), MONDAY_9AM, []
    while found := next_try(handoff, at=at):
        log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=at)
        tries.append(found.at)
        at = found.at
    assert len(tries) == 5
    assert tries == sorted(set(tries))
    assert tries[-1] - MONDAY_9AM <= timedelta(days=16)  # clipped to open days


def test_who_was_reached_needs_no_try(handoff: Handoff) -> None:
    log_touch(handoff, channel="call", outcome="connected", by=make_rep(), at=MONDAY_9AM)
    assert next_try(handoff, at=MONDAY_9AM) is None


def test_without_a_policy_nothing_is_offered() -> None:
    assert next_try(make_handoff(), at=MONDAY_9AM) is None


def test_the_hours_of_the_team_are_kept(handoff: Handoff) -> None:
    handoff.team.working_hours.calendar.openings.update(opens=780, closes=1020)  # type: ignore[union-attr]
    found = next_try(handoff, at=MONDAY_9AM + 5 * HOUR)
    assert found
    assert local(found.at) == "Thu 05 13:00"
