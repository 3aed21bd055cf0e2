"""Snoozing: out of sight for a while, within limits."""

from datetime import datetime, timedelta

import pytest

from handoff.lib.refusals import Incomplete, NotAllowed
from handoff.queue.models import Handoff, Snooze
from handoff.queue.snoozing import end_due, snooze
from handoff.queue.touching import log_touch
from tests.making import DAY, HOUR, MONDAY_9AM, make_handoff, make_marketer, make_rep

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def touched() -> Handoff:
    handoff = make_handoff()
    log_touch(handoff, channel="call", outcome="no_answer", by=make_rep(), at=MONDAY_9AM)
    return handoff


def put_off(handoff: Handoff, until: datetime | None = MONDAY_9AM + DAY, reason: str = "on holiday") -> None:
    sam = handoff.claimed_by
    assert sam
    snooze(handoff, until=until, reason=reason, by=sam, at=MONDAY_9AM + HOUR)


def test_a_snoozed_lead_is_out_of_sight_until_its_time() -> None:
    handoff = touched()
    put_off(handoff)
    asleep_until = MONDAY_9AM + DAY
    assert not Handoff.objects.awake(asleep_until - SECOND).exists()
    assert Handoff.objects.awake(asleep_until).exists()
    assert end_due(at=asleep_until - SECOND) == 0
    assert end_due(at=asleep_until) == 1
    assert end_due(at=asleep_until) == 0
    handoff.refresh_from_db()
    assert (handoff.snoozed_until, Snooze.objects.get().ended_at) == (None, asleep_until)


def test_a_snooze_can_be_ended_and_a_newer_one_ends_the_one_before() -> None:
    handoff = touched()
    put_off(handoff)
    put_off(handoff, MONDAY_9AM + 2 * DAY)
    assert Snooze.objects.filter(ended_at=None).get().until == MONDAY_9AM + 2 * DAY
    put_off(handoff, None)
    handoff.refresh_from_db()
    assert handoff.snoozed_until is None
    assert not Snooze.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    ("until", "reason", "field"),
    [
        pytest.param(MONDAY_9AM + HOUR, "fair", "until", id="a time that is not ahead"),
        pytest.param(MONDAY_9AM + HOUR + 60 * DAY + SECOND, "fair", "until", id="more than sixty days"),
        pytest.param(MONDAY_9AM + DAY, " ", "reason", id="no reason"),
    ],
)
def test_what_is_no_snooze_is_refused(until: datetime, reason: str, field: str) -> None:
    with pytest.raises(Incomplete) as refused:
        put_off(touched(), until, reason)
    assert set(refused.value.extra["fields"]) == {field}


def test_sixty_days_is_the_longest() -> None:
    handoff = touched()
    put_off(handoff, MONDAY_9AM + HOUR + 60 * DAY)
    assert handoff.snoozed_until == MONDAY_9AM + HOUR + 60 * DAY


def test_a_lead_that_nobody_tried_to_reach_is_not_put_off() -> None:
    with pytest.raises(Incomplete, match="touch it first"):
        snooze(make_handoff(), until=MONDAY_9AM + DAY, reason="fair", by=make_rep(), at=MONDAY_9AM)


def test_the_fourth_time_needs_a_verdict_instead() -> None:
    handoff = touched()
    for days in (1, 2, 3):
        put_off(handoff, MONDAY_9AM + days * DAY)
    with pytest.raises(Incomplete, match="verdict"):
        put_off(handoff, MONDAY_9AM + 4 * DAY)
    assert handoff.snoozed_until == MONDAY_9AM + 3 * DAY


def test_a_marketer_puts_nothing_off() -> None:
    with pytest.raises(NotAllowed):
        snooze(touched(), until=MONDAY_9AM + DAY, reason="fair", by=make_marketer(), at=MONDAY_9AM)
