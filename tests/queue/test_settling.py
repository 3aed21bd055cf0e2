"""None for what is already done: taking, touching and judging a lead settle the notices about it."""

from datetime import timedelta

import pytest

from handoff.outbox.bundling import mail_notices
from handoff.outbox.models import Mail, Notice
from handoff.outbox.notices import notify
from handoff.people.models import User
from handoff.queue.claiming import assign, claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Clock, Handoff, Route, TouchChannel
from handoff.queue.next_steps import plan_next_step, remind_due
from handoff.queue.touching import log_touch
from handoff.sla.models import Metric
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_manager,
    make_policy,
    make_reason,
    make_rep,
)

pytestmark = pytest.mark.django_db
SECONDS = timedelta(seconds=1)


def unread(user: User) -> list[str]:
    """Return the kinds of the notices that `user` has not read."""
    return sorted(
        cause.split(":")[0] for cause in Notice.objects.unread().filter(user=user).values_list("cause", flat=True)
    )


def remind(handoff: Handoff, user: User, cause: str) -> None:
    notify([user], cause=cause, say=lambda: cause, url="/", at=MONDAY_9AM, about=f"handoff {handoff.pk}")


def touch(handoff: Handoff, by: User) -> None:
    log_touch(handoff, channel=TouchChannel.CALL, outcome="no_answer", note="Tried", by=by, at=MONDAY_9AM + HOUR)


def test_a_lead_that_somebody_takes_waits_for_nobody_and_is_mailed_to_nobody() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    handoff, other = make_handoff(route=Route.FAST_LANE), make_handoff()
    assert unread(sasha) == ["waiting", "waiting"]
    claim(handoff, by=sam, at=MONDAY_9AM + 5 * SECONDS)
    assert (unread(sam), unread(sasha)) == (["waiting"], ["waiting"])
    assert Notice.objects.unread().filter(about=f"handoff {other.pk}").count() == 2
    mail_notices(at=MONDAY_9AM + DAY)
    assert not Mail.objects.exists()


def test_the_first_act_on_a_lead_that_one_was_given_settles_that_too() -> None:
    sam, sasha, mia = make_rep("sam"), make_rep("sasha"), make_manager()
    handoff = make_handoff()
    assign(handoff, to=sam, by=mia, at=MONDAY_9AM)
    assert unread(sam) == ["assigned"]
    assign(handoff, to=sasha, by=mia, at=MONDAY_9AM)
    assert (unread(sam), unread(sasha)) == ([], ["assigned"])
    touch(handoff, sasha)
    assert unread(sasha) == []


def test_meeting_a_clock_settles_its_warnings_and_no_other() -> None:
    make_calendar()
    make_policy()
    sam, handoff = make_rep(), make_handoff()
    claim(handoff, by=sam, at=MONDAY_9AM)
    first, verdict = (Clock.objects.get(metric=metric) for metric in (Metric.FIRST_TOUCH, Metric.VERDICT))
    for cause in (f"step:{first.pk}:1", f"step:{verdict.pk}:2", f"breach:{first.pk}", "request:9"):
        remind(handoff, sam, cause)
    touch(handoff, sam)
    assert unread(sam) == ["breach", "step"]
    assert Notice.objects.unread().get(cause__startswith="step").cause == f"step:{verdict.pk}:2"


def test_a_reminder_is_over_when_it_is_done_or_planned_anew() -> None:
    sam, handoff = make_rep(), make_handoff()
    for what in ("Call", "Call again"):
        plan_next_step(handoff, what=what, step_at=MONDAY_9AM + HOUR / 2, by=sam, at=MONDAY_9AM)
        assert unread(sam) == []
        remind_due(at=MONDAY_9AM + HOUR / 2)
        assert unread(sam) == ["next-step"]
    touch(handoff, sam)
    assert unread(sam) == []


def test_a_verdict_leaves_nothing_to_be_told_but_that_it_was_late() -> None:
    sam, mia, handoff = make_rep(), make_manager(), make_handoff()
    for person in (sam, mia):
        for cause in ("waiting:5", "step:7:1", "breach:7", "activity:3"):
            remind(handoff, person, cause)
    disqualify(handoff, reason=make_reason(), by=sam, at=MONDAY_9AM + HOUR)
    assert (unread(sam), unread(mia)) == (["breach"], ["breach"])
