"""Where a manager begins: the three things to do today."""

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.people.models import User
from handoff.queue.claiming import claim
from reports.home import things_to_do
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_lead,
    make_manager,
    make_policy,
    make_rep,
    make_team,
)

pytestmark = pytest.mark.django_db
NOON = MONDAY_9AM + 3 * HOUR


@pytest.fixture(autouse=True)
def _office() -> None:
    make_calendar()
    make_policy(first_touch_hours=2)


def begins(user: User) -> str:
    client = Client()
    client.force_login(user)
    with time_machine.travel(NOON, tick=False):
        return client.get(reverse("home"), follow=True).content.decode()


def test_what_is_late_comes_before_what_soon_will_be() -> None:
    claim(make_handoff(), by=make_rep(), at=MONDAY_9AM)
    make_handoff(at=MONDAY_9AM + 2 * HOUR)
    found = [thing.what for thing in things_to_do(make_manager(), at=NOON)]
    assert found == ["1 lead waits past due for its first touch", "1 lead is nobody's and due within a day"]


def test_a_manager_begins_with_what_is_to_do_in_their_own_teams() -> None:
    make_handoff(make_lead(team=make_team("Nordics")))
    assert "Nothing is late" in begins(make_manager())
    make_handoff()
    assert "1 lead waits past due" in begins(make_manager("mo"))


def test_the_page_costs_the_same_queries_for_one_lead_and_for_twenty() -> None:
    mia = make_manager()

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            begins(mia)
        return len(found)

    make_handoff()
    begins(mia)
    for_one = queries()
    for _number in range(19):
        make_handoff(at=MONDAY_9AM - DAY)
    assert queries() == for_one
