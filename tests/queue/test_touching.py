"""Logging touches: who may, when they may have happened, and what they end."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from handoff.leads.models import Lead
from handoff.lib.refusals import AlreadyTaken, Incomplete, NotAllowed, NotOpen
from handoff.queue.claiming import assign, claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Assignment, Clock, Handoff, Touch
from handoff.queue.next_steps import plan_next_step
from handoff.queue.touching import log_touch
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_manager,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LATER = MONDAY_9AM + 10 * DAY


def touch(handoff: Handoff, by: Any, at: datetime = LATER, **given: Any) -> Touch:
    return log_touch(handoff, **{"channel": "call", "outcome": "no_answer", "by": by, "at": at, **given})


@pytest.mark.parametrize(
    "happened_at",
    [
        pytest.param(LATER + MINUTE, id="a clock that runs fast"),
        pytest.param(LATER - 7 * DAY, id="seven days ago"),
        pytest.param(None, id="now"),
    ],
)
def test_a_touch_may_be_dated_back_a_week(happened_at: datetime | None) -> None:
    found = touch(make_handoff(), make_rep(), happened_at=happened_at)
    assert (found.at, found.logged_at) == (happened_at or LATER, LATER)


@pytest.mark.parametrize(
    ("at", "happened_at", "says"),
    [
        pytest.param(LATER, LATER + MINUTE + MINUTE / 60, "future", id="over a minute ahead"),
        pytest.param(LATER, LATER - 7 * DAY - MINUTE / 60, "seven days", id="more than a week ago"),
        pytest.param(MONDAY_9AM + DAY, MONDAY_9AM - 2 * MINUTE, "before the handoff", id="before the handoff"),
    ],
)
def test_other_times_are_refused_and_nothing_is_logged(at: datetime, happened_at: datetime, says: str) -> None:
    handoff = make_handoff()
    with pytest.raises(Incomplete, match=says):
        touch(handoff, make_rep(), at, happened_at=happened_at)
    handoff.refresh_from_db()
    assert (handoff.touches_count, handoff.claimed_by) == (0, None)


def test_a_touch_in_the_minute_of_the_handoff_stops_its_clock() -> None:
    make_calendar()
    make_policy()
    handoff = make_handoff(at=MONDAY_9AM + MINUTE / 2)
    touch(handoff, make_rep(), MONDAY_9AM + HOUR, happened_at=MONDAY_9AM)
    assert not Clock.objects.get(metric="first_touch").is_running


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"channel": "pigeon"}, id="channel"),
        pytest.param({"outcome": "fine"}, id="outcome"),
        pytest.param({"direction": "up"}, id="direction"),
    ],
)
def test_unknown_words_are_refused_by_their_field(given: dict[str, Any]) -> None:
    with pytest.raises(Incomplete) as refused:
        touch(make_handoff(), make_rep(), **given)
    assert set(refused.value.extra["fields"]) == set(given)


def test_the_first_touch_takes_an_unclaimed_lead() -> None:
    handoff, sam = make_handoff(), make_rep()
    touch(handoff, sam)
    assert (handoff.claimed_by, handoff.claimed_at, Lead.objects.get().owner) == (sam, LATER, sam)
    assert Assignment.objects.get().how == Assignment.How.CLAIM


def test_the_first_touch_accepts_an_assigned_lead_without_a_new_assignment() -> None:
    handoff, sam = make_handoff(), make_rep()
    assign(handoff, to=sam, by=make_manager(), at=MONDAY_9AM)
    touch(handoff, sam)
    assert (handoff.claimed_by, Assignment.objects.count()) == (sam, 1)


def test_a_managers_touch_stops_the_clock_but_takes_nothing() -> None:
    make_calendar()
    make_policy()
    handoff = make_handoff()
    touch(handoff, make_manager(), MONDAY_9AM + HOUR)
    assert (handoff.claimed_by, handoff.touches_count) == (None, 1)
    assert not Clock.objects.get(metric="first_touch").is_running


def test_an_admins_touch_takes_nothing_either() -> None:
    handoff = make_handoff()
    touch(handoff, make_user("ada", "admin"))
    assert handoff.claimed_by is None


def test_a_marketer_logs_none() -> None:
    with pytest.raises(NotAllowed):
        touch(make_handoff(), make_marketer())


def test_a_rep_logs_none_on_a_colleagues_lead() -> None:
    handoff = make_handoff()
    claim(handoff, by=make_rep("sam"), at=MONDAY_9AM)
    with pytest.raises(AlreadyTaken, match="Sam"):
        touch(handoff, make_rep("sasha"))


def test_a_rep_of_another_team_logs_none() -> None:
    with pytest.raises(NotAllowed):
        touch(make_handoff(), make_rep("nina", team=make_team("Nordics")))


def test_a_closed_handoff_takes_none() -> None:
    handoff, sam = make_handoff(), make_rep()
    disqualify(handoff, reason=make_reason(), by=sam, at=MONDAY_9AM)
    with pytest.raises(NotOpen):
        touch(handoff, sam)


@pytest.mark.parametrize(
    ("step_in", "is_done"),
    [
        pytest.param(-2 * HOUR, True, id="planned for before"),
        pytest.param(HOUR, True, id="an hour early"),
        pytest.param(HOUR + MINUTE, False, id="planned for later"),
    ],
)
def test_a_touch_does_what_was_planned_for_about_then(step_in: timedelta, is_done: bool) -> None:
    handoff, sam = make_handoff(), make_rep()
    plan_next_step(handoff, what="Call back", step_at=LATER + step_in, by=sam, at=MONDAY_9AM)
    touch(handoff, sam)
    handoff.refresh_from_db()
    assert (handoff.next_step_at is None) is is_done
    assert (handoff.due_at is None) is is_done
    assert (handoff.next_steps.get().ended_at == LATER) is is_done


def test_the_earliest_attempt_and_connect_are_kept_in_whatever_order_they_are_logged() -> None:
    handoff, sam = make_handoff(), make_rep()
    touch(handoff, sam, outcome="connected")
    touch(handoff, sam, happened_at=LATER - DAY)
    touch(handoff, sam, outcome="replied", happened_at=LATER - HOUR)
    assert (handoff.touched_at, handoff.connected_at, handoff.touches_count) == (LATER - DAY, LATER - HOUR, 3)


def test_an_attempt_connects_nobody() -> None:
    handoff = make_handoff()
    touch(handoff, make_rep(), outcome="voicemail")
    assert handoff.connected_at is None
