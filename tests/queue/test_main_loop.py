"""The main loop through the acts: activity, score, handoff, touch, verdict, breach."""

import pytest

from handoff.leads.models import Lead, LeadScore, Stage
from handoff.lib.refusals import Incomplete
from handoff.outbox.bundling import mail_notices
from handoff.outbox.models import Mail, Notice
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.models import Breach, Clock, Handoff, Route, Verdict
from handoff.queue.next_steps import plan_next_step, remind_due
from handoff.queue.presenting import cools
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities
from handoff.queue.rescoring import act_on_crossings
from handoff.queue.touching import log_touch
from handoff.queue.undoing import overturn
from handoff.queue.verifying import broken_rows
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    YES,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_manager,
    make_policy,
    make_reason,
    make_rep,
    page_view,
)

pytestmark = pytest.mark.django_db


def test_crossing_the_threshold_opens_one_handoff_with_frozen_reasons() -> None:
    make_live(PRICING)
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    assert not Handoff.objects.exists()
    receive_activities([page_view(lead, MONDAY_9AM + HOUR), page_view(lead, MONDAY_9AM)], at=MONDAY_9AM + HOUR)
    handoff = Handoff.objects.get()
    lead.refresh_from_db()
    assert (handoff.route, handoff.total, lead.stage) == (Route.SCORE, 90.0, Stage.MQL)
    assert handoff.reasons[0]["name"] == "Visited pricing"
    assert len(handoff.reasons[0]["activities"]) == 3


def test_a_decaying_score_cools_an_untouched_handoff_at_its_instant() -> None:
    make_live({**PRICING, "half_life": 10}, hysteresis=0)
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM) for _ in range(2)], at=MONDAY_9AM)
    cools_at = LeadScore.objects.get(lead=lead).crosses_at
    assert cools_at is not None
    assert act_on_crossings(at=cools_at - HOUR) == 0
    act_on_crossings(at=cools_at)
    lead.refresh_from_db()
    assert (Handoff.objects.get().verdict, lead.stage) == (Verdict.COOLED, Stage.LEAD)


def test_what_a_manager_planned_with_a_lead_that_cools_ends_with_it() -> None:
    lead, mia = make_lead(), make_manager()
    make_live({**PRICING, "points": 60, "window": 10})
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    plan_next_step(Handoff.objects.get(), what="Ask Sam", step_at=MONDAY_9AM + 20 * DAY, by=mia, at=MONDAY_9AM + HOUR)
    act_on_crossings(at=MONDAY_9AM + 11 * DAY)
    assert Handoff.objects.get().verdict == Verdict.COOLED
    assert remind_due(at=MONDAY_9AM + 20 * DAY) == 0
    assert list(broken_rows()) == []


def test_cooling_is_dated_when_it_happened_however_late_a_worker_notices() -> None:
    make_calendar()
    make_policy(first_touch_hours=4)
    make_live({**PRICING, "window": 1}, hysteresis=0)
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM - DAY + HOUR) for _ in range(2)], at=MONDAY_9AM)
    act_on_crossings(at=MONDAY_9AM + 3 * DAY)
    handoff = Handoff.objects.get()
    assert (handoff.verdict, handoff.closed_at) == (Verdict.COOLED, MONDAY_9AM + HOUR)
    enforce_due(at=MONDAY_9AM + 3 * DAY)
    assert not Breach.objects.exists()


def test_a_claimed_handoff_does_not_cool() -> None:
    make_live({**PRICING, "half_life": 10}, hysteresis=0)
    lead, sam = make_lead(), make_rep()
    receive_activities([page_view(lead, MONDAY_9AM) for _ in range(2)], at=MONDAY_9AM)
    claim(Handoff.objects.get(), by=sam, at=MONDAY_9AM)
    act_on_crossings(at=MONDAY_9AM + 100 * DAY)
    assert Handoff.objects.get().is_open


def test_what_a_manager_reopened_does_not_cool_though_its_score_fell_long_ago() -> None:
    make_policy()
    make_live({**PRICING, "points": 60, "window": 10})
    lead, mia = make_lead(), make_manager()
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    disqualify(Handoff.objects.get(), reason=make_reason(), by=mia, at=MONDAY_9AM + HOUR)
    overturn(Handoff.objects.get(), reason="They called me.", by=mia, at=MONDAY_9AM + 20 * DAY)
    act_on_crossings(at=MONDAY_9AM + 20 * DAY + HOUR)
    handoff = Handoff.objects.get()
    assert (handoff.is_open, cools(handoff)) == (True, None)
    assert list(broken_rows()) == []


def test_a_request_for_contact_hands_over_at_once_and_is_never_swallowed() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    make_calendar()
    make_policy()
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM, kind="contact_request")], at=MONDAY_9AM)
    handoff = Handoff.objects.get()
    assert handoff.route == Route.FAST_LANE
    sam = make_rep()
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=MONDAY_9AM + HOUR)
    receive_activities([page_view(lead, MONDAY_9AM + DAY, kind="contact_request")], at=MONDAY_9AM + DAY)
    rounds = Clock.objects.filter(handoff=handoff, metric="first_touch").order_by("round")
    assert [(clock.round, clock.is_running) for clock in rounds] == [(1, False), (2, True)]


def test_an_old_request_does_not_use_the_fast_lane() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM - 2 * DAY, kind="contact_request")], at=MONDAY_9AM)
    assert not Handoff.objects.exists()


def test_a_breach_is_dated_at_its_due_instant_however_late_it_is_noticed() -> None:
    make_calendar()
    make_policy(first_touch_hours=4)
    manager, sam = make_manager(), make_rep()
    handoff = make_handoff()
    claim(handoff, by=sam, at=MONDAY_9AM)
    enforce_due(at=MONDAY_9AM + 4 * HOUR)
    assert not Breach.objects.exists()
    enforce_due(at=MONDAY_9AM + 3 * DAY)
    enforce_due(at=MONDAY_9AM + 3 * DAY)
    breach = Breach.objects.get()
    assert (breach.due_at, breach.holder) == (MONDAY_9AM + 4 * HOUR, sam)
    told = Notice.objects.filter(cause=f"breach:{breach.clock_id}")
    assert {notice.user for notice in told} == {manager, sam}
    mail_notices(at=MONDAY_9AM + 4 * DAY)
    assert Mail.objects.filter(subject=told[0].text).count() == 2


def test_a_touch_logged_late_but_made_in_time_annuls_the_breach() -> None:
    make_calendar()
    make_policy(first_touch_hours=4)
    handoff, sam = make_handoff(), make_rep()
    enforce_due(at=MONDAY_9AM + 5 * HOUR)
    log_touch(
        handoff, channel="call", outcome="voicemail", by=sam, at=MONDAY_9AM + 6 * HOUR, happened_at=MONDAY_9AM + HOUR
    )
    assert Breach.objects.get().annulled_at == MONDAY_9AM + 6 * HOUR


def test_qualifying_needs_a_connect_and_the_agreed_minimum() -> None:
    handoff, sam = make_handoff(), make_rep()
    with pytest.raises(Incomplete) as refused:
        qualify(handoff, bant={}, by=sam, at=MONDAY_9AM + HOUR)
    assert {"connect", "budget", "need"} <= set(refused.value.extra["fields"])
    log_touch(handoff, channel="call", outcome="connected", by=sam, at=MONDAY_9AM + HOUR)
    qualify(handoff, bant=YES, by=sam, at=MONDAY_9AM + 2 * HOUR)
    assert Lead.objects.get().stage == Stage.SQL
    assert handoff.qualification.strength == 12


def test_disqualifying_at_sight_ends_the_first_touch_clock_as_rejected_at_sight() -> None:
    make_calendar()
    make_policy()
    handoff, sam = make_handoff(), make_rep()
    disqualify(handoff, reason=make_reason("no-budget"), by=sam, at=MONDAY_9AM + HOUR)
    clock = Clock.objects.get(metric="first_touch")
    assert clock.ending == Clock.Ending.AT_SIGHT
    assert Lead.objects.get().stage == Stage.NURTURE
