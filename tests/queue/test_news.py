"""The holder hears when their lead does something new."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.models import Handoff
from handoff.queue.receiving import receive_activities
from tests.making import DAY, HOUR, MONDAY_9AM, make_handoff, make_rep, page_view

pytestmark = pytest.mark.django_db
AT = MONDAY_9AM + HOUR


@pytest.fixture
def sam() -> User:
    return make_rep("sam", language="de")


def held(by: User) -> Handoff:
    handoff = make_handoff()
    claim(handoff, by=by, at=MONDAY_9AM)
    Notice.objects.all().delete()
    return handoff


def does(handoff: Handoff, at: datetime = AT, occurred_at: datetime | None = None, **values: Any) -> None:
    receive_activities([page_view(handoff.lead, occurred_at or at, **values)], at=at)


def test_the_holder_is_told_under_the_bell_once_an_hour(sam: User) -> None:
    handoff = held(sam)
    does(handoff)
    does(handoff, AT + HOUR / 3)
    notice = Notice.objects.get()
    assert (notice.user, notice.about, notice.mail_after) == (sam, f"handoff {handoff.pk}", None)
    does(handoff, AT + HOUR)
    assert Notice.objects.count() == 2


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"properties": {"url": "/", "machine": True}}, id="a machine"),
        pytest.param({"kind": "email_delivered"}, id="delivered mail"),
        pytest.param({"occurred_at": AT - 2 * DAY}, id="long ago"),
    ],
)
def test_noise_is_no_news(sam: User, values: dict[str, Any]) -> None:
    does(held(sam), **values)
    assert not Notice.objects.exists()


def test_nobody_is_told_of_what_nobody_holds(sam: User) -> None:
    handoff = make_handoff()
    Notice.objects.all().delete()
    does(handoff)
    assert not Notice.objects.exists()


def test_many_leads_cost_no_more_queries_than_one(sam: User) -> None:
    handoffs = [held(sam) for _ in range(6)]

    def cost(some: list[Handoff], at: datetime) -> int:
        activities = [page_view(handoff.lead, at) for handoff in some]
        with CaptureQueriesContext(connection) as queries:
            receive_activities(activities, at=at)
        return len(queries)

    assert cost(handoffs[:1], AT) == cost(handoffs, AT + HOUR)
    assert Notice.objects.count() == 7
