"""What the acts of a working day ask of the database: little, and the same on the tenth touch as on the second."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.people.models import Team, User
from handoff.queue.disqualification import disqualify
from handoff.queue.models import DisqualificationReason, Handoff
from handoff.queue.next_steps import plan_next_step
from handoff.queue.opening import hand_over_by_hand
from handoff.queue.qualification import qualify
from handoff.queue.snoozing import snooze
from handoff.queue.touching import log_touch
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    YES,
    make_calendar,
    make_handoff,
    make_lead,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    make_team,
)

pytestmark = pytest.mark.django_db
Act = Callable[[Handoff, User, datetime], object]


def touch(handoff: Handoff, by: User, at: datetime, outcome: str = "no_answer") -> object:
    return log_touch(handoff, channel="call", outcome=outcome, note="Rang", by=by, at=at)


def put_aside(handoff: Handoff, by: User, at: datetime) -> object:
    return snooze(handoff, until=at + DAY, reason="Trade fair", by=by, at=at)


def plan(handoff: Handoff, by: User, at: datetime) -> object:
    return plan_next_step(handoff, what="Call back", step_at=at + DAY, by=by, at=at)


def say_no(handoff: Handoff, by: User, at: datetime) -> object:
    return disqualify(handoff, reason=DisqualificationReason.objects.get(slug="no-budget"), by=by, at=at)


def say_yes(handoff: Handoff, by: User, at: datetime) -> object:
    return qualify(handoff, bant=YES, by=by, at=at)


@pytest.fixture
def rep() -> User:
    """Return a rep whose team works by a calendar under a policy."""
    team = make_team()
    make_calendar(team)
    make_policy(attempts=3)
    make_reason()
    return make_rep(team=team)


def cost(act: Act, rep: User, *, touches: int) -> int:
    """Return how many statements `act` takes on a handoff that was touched that often."""
    handoff = make_handoff()
    for number in range(touches):
        touch(handoff, rep, MONDAY_9AM + (number + 1) * HOUR, "connected" if number == 0 else "no_answer")
    rep.team_ids()
    with CaptureQueriesContext(connection) as seen:
        act(Handoff.objects.get(pk=handoff.pk), rep, MONDAY_9AM + 2 * DAY)
    return len(seen)


@pytest.mark.parametrize(
    ("act", "most"),
    [
        pytest.param(touch, 11, id="a touch"),
        pytest.param(plan, 9, id="a plan"),
        pytest.param(put_aside, 20, id="a snooze"),
        pytest.param(say_no, 20, id="no"),
        pytest.param(say_yes, 19, id="yes"),
    ],
)
def test_an_act_asks_little_and_as_much_of_the_database_after_ten_touches_as_after_two(
    act: Act, most: int, rep: User
) -> None:
    few, many = cost(act, rep, touches=2), cost(act, rep, touches=10)
    assert few == many
    assert many <= most


@pytest.mark.parametrize(
    ("giving", "most"), [pytest.param(Team.Giving.PULL, 24, id="pulled"), pytest.param("rotation", 34, id="in turn")]
)
def test_a_handoff_costs_the_same_whoever_is_there_to_take_it(giving: str, most: int, rep: User) -> None:
    Team.objects.update(giving=giving)
    costs, marketer = [], make_marketer()
    make_handoff()  # keeps the calendar's hours, which later ones share
    for number in range(2):
        lead: Any = make_lead(team=Team.objects.get())
        with CaptureQueriesContext(connection) as seen:
            hand_over_by_hand(lead, note="Met at a fair", by=marketer, at=MONDAY_9AM)
        costs.append(len(seen))
        for more in range(5):
            make_rep(f"rep{number}{more}", team=Team.objects.get())
    assert costs[0] == costs[1]
    assert costs[1] <= most
