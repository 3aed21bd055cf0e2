"""Next steps: planned, replaced, reminded of once."""

from datetime import timedelta
from typing import Any

import pytest

from handoff.lib.refusals import Incomplete, NotAllowed, Stale
from handoff.outbox.models import Notice
from handoff.queue.claiming import claim, pass_on
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Clock, Handoff, NextStep
from handoff.queue.next_steps import plan_next_step, remind_due
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
)

pytestmark = pytest.mark.django_db
THURSDAY = MONDAY_9AM + 3 * DAY


def plan(handoff: Handoff, by: Any, **given: Any) -> NextStep | None:
    return plan_next_step(handoff, **{"what": "Call back", "step_at": THURSDAY, "by": by, "at": MONDAY_9AM, **given})


def test_planning_takes_the_lead_and_orders_the_queue_but_pauses_nothing() -> None:
    make_calendar()
    make_policy(first_touch_hours=4)
    handoff, sam = make_handoff(), make_rep()
    due = Clock.objects.get(metric="first_touch").due_at
    plan(handoff, sam)
    assert (handoff.claimed_by, handoff.next_step_at, handoff.due_at) == (sam, THURSDAY, due)
    plan(handoff, sam, step_at=MONDAY_9AM + HOUR)
    assert handoff.due_at == MONDAY_9AM + HOUR
    assert Clock.objects.get(metric="first_touch").due_at == due


def test_a_newer_step_ends_the_one_before() -> None:
    handoff, sam = make_handoff(), make_rep()
    plan(handoff, sam)
    plan(handoff, sam, what="Send prices", at=MONDAY_9AM + HOUR)
    assert list(handoff.next_steps.order_by("id").values_list("what", "ended_at")) == [
        ("Call back", MONDAY_9AM + HOUR),
        ("Send prices", None),
    ]


def test_a_plan_can_be_taken_away() -> None:
    handoff, sam = make_handoff(), make_rep()
    plan(handoff, sam)
    assert plan(handoff, sam, what="", step_at=None) is None
    handoff.refresh_from_db()
    assert (handoff.next_step_at, handoff.due_at) == (None, None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        pytest.param({"what": "  "}, "what", id="nothing to do"),
        pytest.param({"step_at": MONDAY_9AM}, "at", id="now is not ahead"),
        pytest.param({"step_at": None}, "at", id="something to do, but when?"),
    ],
)
def test_what_makes_no_plan_is_refused_and_the_one_before_stays(given: dict[str, Any], field: str) -> None:
    handoff, sam = make_handoff(), make_rep()
    plan(handoff, sam)
    with pytest.raises(Incomplete) as refused:
        plan(handoff, sam, **{"what": "Send prices", **given})
    assert set(refused.value.extra["fields"]) == {field}
    assert handoff.next_steps.get(ended_at=None).what == "Call back"


def test_a_marketer_plans_nothing_and_a_stale_page_neither() -> None:
    handoff = make_handoff()
    with pytest.raises(NotAllowed):
        plan(handoff, make_marketer())
    with pytest.raises(Stale):
        plan(handoff, make_rep(), version=handoff.version + 1)


def test_the_holder_is_reminded_once_under_the_bell_only() -> None:
    handoff, sam = make_handoff(), make_rep()
    plan(handoff, sam)
    assert remind_due(at=THURSDAY - timedelta(seconds=1)) == 0
    assert remind_due(at=THURSDAY) == 1
    assert remind_due(at=THURSDAY + DAY) == 0
    notice = Notice.objects.get(cause__startswith="next-step:")
    assert (notice.user, notice.url) == (sam, f"/queue/{handoff.pk}/")
    assert notice.text == f"09:00 {handoff.lead.name}: Call back"
    assert notice.mail_after is None


def test_who_holds_the_lead_by_then_is_reminded() -> None:
    handoff, sam, sasha = make_handoff(), make_rep("sam"), make_rep("sasha")
    claim(handoff, by=sam, at=MONDAY_9AM)
    plan(handoff, sam)
    pass_on(handoff, to=sasha, note="yours", by=sam, at=MONDAY_9AM + HOUR)
    remind_due(at=THURSDAY)
    assert Notice.objects.get(cause__startswith="next-step:").user == sasha


def test_nobody_is_reminded_after_the_verdict() -> None:
    handoff, sam = make_handoff(), make_rep()
    plan(handoff, sam)
    disqualify(handoff, reason=make_reason(), by=sam, at=MONDAY_9AM + HOUR)
    assert remind_due(at=THURSDAY) == 0
