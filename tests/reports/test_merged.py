"""A handoff that was merged away is no second delivery of the same person; what was measured of it stays."""

from datetime import datetime

import pytest

from handoff.queue.claiming import claim
from handoff.queue.merging import merge
from handoff.queue.models import Handoff, Verdict
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_manager,
    make_marketer,
    make_policy,
    make_rep,
)
from tests.reports.asking import funnel_of, sla_of

pytestmark = pytest.mark.django_db
READ_AT = MONDAY_9AM + 3 * DAY


@pytest.fixture
def two() -> tuple[Handoff, Handoff]:
    make_calendar()
    make_policy()
    first, second = make_handoff(), make_handoff()
    claim(second, by=make_rep(), at=MONDAY_9AM)
    return first, second


def merge_at(two: tuple[Handoff, Handoff], at: datetime) -> None:
    merge(two[0].lead, two[1].lead, by=make_marketer(), at=at)
    assert [handoff.pk for handoff in Handoff.objects.filter(verdict=Verdict.MERGED)] == [two[0].pk]


def test_one_that_was_merged_before_due_is_in_no_report(two: tuple[Handoff, Handoff]) -> None:
    merge_at(two, MONDAY_9AM + HOUR)
    mia = make_manager()
    funnel, sla = funnel_of(mia, READ_AT), sla_of(mia, READ_AT)
    assert (funnel.handed_over, funnel.leaks) == (1, [])
    assert (sla.total.handed_over, sla.total.cancelled, sla.total.never) == (1, 0, 1)


def test_a_breach_from_before_the_merge_stays_in_the_report(two: tuple[Handoff, Handoff]) -> None:
    merge_at(two, MONDAY_9AM + DAY)
    mia = make_manager()
    assert funnel_of(mia, READ_AT).handed_over == 1
    sla = sla_of(mia, READ_AT)
    assert (sla.total.handed_over, sla.total.never) == (2, 2)
    assert two[0].pk in sla.breaches["handoff"]
