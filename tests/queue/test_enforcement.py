"""Steps of ladders and breaches: each once, in order, with their true times, and not without a reason."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.leads.models import Stage
from handoff.lib.inserting import insert_new
from handoff.outbox.models import Notice
from handoff.people.models import Team
from handoff.queue import enforcement
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.escalation import change_handoffs
from handoff.queue.models import Assignment, Breach, Clock, FiredStep, Handoff, Verdict
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities
from handoff.queue.snoozing import snooze
from handoff.queue.takeover import accept_takeover
from handoff.queue.touching import log_touch
from handoff.queue.undoing import undo
from handoff.queue.verifying import broken_rows
from handoff.queue.working import lock_leads
from handoff.sla.models import CalendarOpening, LadderStep, Metric, Policy, Target
from handoff.sla.versioning import revise, targets_of
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
    make_team,
    page_view,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def policy() -> Policy:
    """Four business hours for the first touch, in an office open from nine to five."""
    make_calendar()
    return make_policy(first_touch_hours=4)


def step(policy: Policy, action: str, *, metric: str = Metric.FIRST_TOUCH, **when: int) -> LadderStep:
    """Add a step to the ladder of `policy`."""
    return policy.ladder.create(metric=metric, action=action, **when)


def taken(handoff: Handoff) -> list[tuple[str, datetime]]:
    """Return what was done about `handoff`, in order, with the instants it was due at."""
    steps = [(one.at, one.step.action) for one in FiredStep.objects.filter(clock__handoff=handoff)]
    breaches = [(one.due_at, "breach") for one in Breach.objects.filter(clock__handoff=handoff)]
    return [(what, at) for at, what in sorted(steps + breaches)]


def told(person: Any) -> list[str]:
    """Return what stands under somebody's bell, oldest first."""
    return [notice.text for notice in Notice.objects.filter(user=person).order_by("id")]


def test_each_step_comes_at_its_time_and_only_once(policy: Policy) -> None:
    step(policy, "tell_owner", share=50)
    step(policy, "tell_manager", offset=60)
    handoff = make_handoff()
    assert [enforce_due(at=MONDAY_9AM + hours * HOUR) for hours in (1, 2, 3, 4, 4.5, 5, 6)] == [0, 1, 0, 0, 1, 1, 0]
    assert taken(handoff) == [
        ("tell_owner", MONDAY_9AM + 2 * HOUR),
        ("breach", MONDAY_9AM + 4 * HOUR),
        ("tell_manager", MONDAY_9AM + 5 * HOUR),
    ]


def test_at_due_is_in_time(policy: Policy) -> None:
    handoff, sam = make_handoff(), make_rep()
    due = MONDAY_9AM + 4 * HOUR
    assert enforce_due(at=due) == 0
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=due)
    assert enforce_due(at=due + MINUTE) == 0
    assert not Breach.objects.exists()


def test_after_an_outage_all_is_caught_up_in_order_with_its_own_time_and_marked_late(policy: Policy) -> None:
    step(policy, "tell_owner", share=50)
    step(policy, "raise", share=75)
    step(policy, "tell_team", offset=60)
    first, second = make_handoff(), make_handoff(at=MONDAY_9AM + HOUR)
    assert enforce_due(at=MONDAY_9AM + 2 * DAY) == 8
    done = FiredStep.objects.order_by("id").values_list("at", flat=True)
    assert {one.fired_at for one in FiredStep.objects.all()} == {MONDAY_9AM + 2 * DAY}
    assert all(one.is_late for one in FiredStep.objects.all())
    assert list(done) == sorted(done)
    for handoff, since in ((first, MONDAY_9AM), (second, MONDAY_9AM + HOUR)):
        assert [at - since for _what, at in taken(handoff)] == [2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR]


def test_a_step_whose_reason_has_gone_is_left_out(policy: Policy) -> None:
    step(policy, "tell_owner", share=50)
    handoff = make_handoff()
    log_touch(handoff, channel="call", outcome="no_answer", by=make_rep(), at=MONDAY_9AM + 3 * HOUR)
    assert enforce_due(at=MONDAY_9AM + DAY) == 0
    assert taken(handoff) == []


def test_owner_team_and_managers_are_told_what_concerns_them(policy: Policy) -> None:
    sam, sasha, mia = make_rep("sam"), make_rep("sasha"), make_manager()
    step(policy, "tell_owner", share=25)
    step(policy, "tell_team", share=50)
    step(policy, "tell_manager", share=75)
    handoff = make_handoff()
    claim(handoff, by=sam, at=MONDAY_9AM)
    Notice.objects.all().delete()
    for hours in (1, 2, 3, 5):
        enforce_due(at=MONDAY_9AM + hours * HOUR)
    name = handoff.lead.name
    early, half, three = (f"{name}: first touch is due in {time}." for time in ("3h 00m", "2h 00m", "1h 00m"))
    late = f"{name}: first touch was due 1h 00m ago (noticed late)."
    assert (told(sam), told(sasha), told(mia)) == ([early, half, late], [half], [three, late])


def test_the_next_rep_gets_it_never_the_one_who_let_it_lie(policy: Policy) -> None:
    Team.objects.update(giving=Team.Giving.ROTATION)
    sam, sasha = make_rep("sam"), make_rep("sasha")
    step(policy, "next_rep", offset=60)
    handoff = make_handoff()
    first = handoff.assigned_to
    enforce_due(at=MONDAY_9AM + 5 * HOUR)
    handoff.refresh_from_db()
    assert {first, handoff.assigned_to} == {sam, sasha}
    assert list(handoff.assignments.values_list("user", "how"))[1:] == [(handoff.assigned_to_id, "ladder")]
    assert handoff.due_at == MONDAY_9AM + 4 * HOUR
    assert Breach.objects.get().holder == first


def test_where_nobody_else_is_there_the_managers_hear_it_and_the_lead_stays(policy: Policy) -> None:
    mia, sam = make_manager(), make_rep("sam")
    step(policy, "next_rep", share=50)
    handoff = make_handoff()
    claim(handoff, by=sam, at=MONDAY_9AM)
    enforce_due(at=MONDAY_9AM + 2 * HOUR)
    handoff.refresh_from_db()
    assert handoff.claimed_by == sam
    assert FiredStep.objects.get().outcome == FiredStep.Outcome.NOBODY
    assert told(mia) == [f"{handoff.lead.name}: nobody else is there to take this lead."]


def test_back_to_the_team_frees_it_and_raised_puts_it_on_top(policy: Policy) -> None:
    step(policy, "back_to_team", share=50)
    step(policy, "raise", share=50)
    early, handoff = make_handoff(at=MONDAY_9AM - 3 * HOUR - DAY, route="manual"), make_handoff()
    Clock.objects.filter(handoff=early).update(acts_at=None)
    claim(handoff, by=make_rep(), at=MONDAY_9AM)
    enforce_due(at=MONDAY_9AM + 2 * HOUR)
    handoff.refresh_from_db()
    assert (handoff.claimed_by, handoff.assigned_to, handoff.priority) == (None, None, 1)
    assert not Assignment.objects.filter(ended_at=None).exists()
    assert list(Handoff.objects.by_urgency()) == [handoff, early]


def test_what_was_raised_comes_down_when_its_clock_stops(policy: Policy) -> None:
    step(policy, "raise", share=50)
    handoff, sam = make_handoff(), make_rep()
    enforce_due(at=MONDAY_9AM + 2 * HOUR)
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=MONDAY_9AM + 3 * HOUR)
    handoff.refresh_from_db()
    assert handoff.priority == 0


def test_what_was_raised_lies_on_top_again_when_its_verdict_is_undone(policy: Policy) -> None:
    step(policy, "raise", share=50)
    handoff, sam, judged_at = make_handoff(), make_rep(), MONDAY_9AM + 3 * HOUR
    enforce_due(at=MONDAY_9AM + 2 * HOUR)
    disqualify(handoff, reason=make_reason(), by=sam, at=judged_at)
    undo(handoff, by=sam, at=judged_at + timedelta(seconds=3))
    assert handoff.priority == 1


def test_back_to_nurture_ends_it_and_its_clocks_without_a_breach(policy: Policy) -> None:
    step(policy, "nurture", share=50, metric=Metric.VERDICT)
    handoff = make_handoff()
    log_touch(handoff, channel="call", outcome="no_answer", by=make_rep(), at=MONDAY_9AM + HOUR)
    enforce_due(at=MONDAY_9AM + 7 * DAY)
    handoff.refresh_from_db()
    assert (handoff.verdict, handoff.lead.stage) == (Verdict.LAPSED, Stage.NURTURE)
    assert not Clock.objects.running().exists()
    assert not Breach.objects.exists()


def test_back_to_nurture_noticed_late_ends_the_clock_of_a_request_that_came_meanwhile_too(policy: Policy) -> None:
    step(policy, "nurture", share=50, metric=Metric.VERDICT)
    lead, sam = make_lead(), make_rep()
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    handoff = make_handoff(lead)
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=MONDAY_9AM + HOUR)
    asked_at = MONDAY_9AM + 9 * DAY
    receive_activities([page_view(lead, asked_at, kind="contact_request")], at=asked_at)
    enforce_due(at=asked_at + HOUR)
    handoff.refresh_from_db()
    assert handoff.verdict == Verdict.LAPSED
    assert not Clock.objects.running().exists()
    again = Clock.objects.get(round=2)
    assert (again.stopped_at, again.ending) == (asked_at, Clock.Ending.CANCELLED)


@pytest.mark.parametrize(
    ("values", "touch", "stops"),
    [
        pytest.param({"needs_proof": True}, {}, False, id="nothing to show for it"),
        pytest.param({"needs_proof": True}, {"note": "Rang twice"}, True, id="a note"),
        pytest.param({"needs_proof": True}, {"evidence": "message 12"}, True, id="evidence"),
        pytest.param({"channels": ["email"]}, {"note": "x"}, False, id="another channel"),
        pytest.param({"channels": ["email", "call"]}, {"note": "x"}, True, id="one of its channels"),
        pytest.param({"outcomes": ["voicemail"]}, {"note": "x"}, False, id="another outcome"),
        pytest.param({"outcomes": ["no_answer"]}, {"note": "x"}, True, id="its outcome"),
    ],
)
def test_which_touches_stop_the_clock_is_the_policys_to_say(
    policy: Policy, values: dict[str, Any], touch: dict[str, Any], stops: bool
) -> None:
    Target.objects.filter(metric=Metric.FIRST_TOUCH).update(**values)
    handoff = make_handoff()
    log_touch(handoff, channel="call", outcome="no_answer", by=make_rep(), at=MONDAY_9AM + HOUR, **touch)
    assert (Clock.objects.get(metric=Metric.FIRST_TOUCH).stopped_at is not None) == stops


def test_a_snooze_pauses_the_verdict_and_its_ladder_but_never_the_first_touch(policy: Policy) -> None:
    warned = step(policy, "tell_owner", share=90, metric=Metric.VERDICT)
    at = MONDAY_9AM + 30 * MINUTE
    handoff, sam = make_handoff(at=at), make_rep()
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=at)
    before = {clock.metric: (clock.due_at, clock.acts_at) for clock in handoff.clocks.all()}
    snooze(handoff, until=at + 7 * DAY, reason="Trade fair", by=sam, at=at)
    verdict = handoff.clocks.get(metric=Metric.VERDICT)
    assert (verdict.due_at, verdict.acts_at) == tuple(one + 7 * DAY for one in before[Metric.VERDICT] if one)
    assert handoff.clocks.get(metric=Metric.FIRST_TOUCH).due_at == before[Metric.FIRST_TOUCH][0]
    # Back on Wednesday after all: five working days were agreed on, three of them are spent.
    snooze(handoff, until=None, reason="", by=sam, at=at + 2 * DAY)
    verdict.refresh_from_db()
    assert verdict.due_at == before[Metric.VERDICT][0] + 2 * DAY
    enforce_due(at=verdict.due_at + MINUTE)
    assert FiredStep.objects.get().step == warned
    assert Breach.objects.get().due_at == verdict.due_at


def test_a_rep_with_a_calendar_of_their_own_has_those_hours(policy: Policy) -> None:
    Policy.objects.update(counted_in=Policy.Hours.REP)
    Team.objects.update(giving=Team.Giving.ROTATION)
    sam = make_rep()
    handoff = make_handoff()
    assert (handoff.assigned_to, handoff.due_at) == (sam, MONDAY_9AM + 4 * HOUR)
    nights = make_calendar(make_team("Night shift"))
    nights.openings.update(opens=20 * 60, closes=24 * 60)
    nights.people.create(user=sam)
    assert make_handoff().due_at == MONDAY_9AM + 15 * HOUR
    handoff.refresh_from_db()
    assert handoff.due_at == MONDAY_9AM + 4 * HOUR


def test_whoever_an_sql_is_passed_to_has_a_clock_for_taking_it_on(policy: Policy) -> None:
    Target.objects.create(policy=policy, metric=Metric.TAKEOVER, amount=8, unit="hours")
    sam, sasha, handoff = make_rep("sam"), make_rep("sasha"), make_handoff()
    log_touch(handoff, channel="call", outcome="connected", note="Wants it", by=sam, at=MONDAY_9AM)
    qualify(handoff, bant=YES, takes_over=sasha, by=sam, at=MONDAY_9AM + HOUR)
    clock = Clock.objects.running().get()
    assert (clock.metric, clock.due_at) == (Metric.TAKEOVER, MONDAY_9AM + DAY + HOUR)
    assert handoff.due_at is None
    enforce_due(at=clock.due_at + MINUTE)
    breach = Breach.objects.get()
    assert (breach.clock, breach.holder) == (clock, sasha)
    assert any("takeover was due" in text for text in told(sasha))
    accept_takeover(handoff, by=sasha, at=MONDAY_9AM + 2 * DAY)
    accept_takeover(handoff, by=sasha, at=MONDAY_9AM + 3 * DAY)
    clock.refresh_from_db()
    assert (clock.stopped_at, clock.ending) == (MONDAY_9AM + 2 * DAY, Clock.Ending.MET)


def test_taking_on_has_a_door_for_whom_it_concerns_and_for_nobody_else(policy: Policy) -> None:
    Target.objects.create(policy=policy, metric=Metric.TAKEOVER, amount=8, unit="hours")
    sam, sasha, handoff = make_rep("sam"), make_rep("sasha"), make_handoff()
    log_touch(handoff, channel="call", outcome="connected", note="Wants it", by=sam, at=MONDAY_9AM)
    qualify(handoff, bant=YES, takes_over=sasha, by=sam, at=MONDAY_9AM + HOUR)
    url = reverse("take-on", args=[handoff.pk])
    client = Client()
    client.force_login(sam)
    assert client.post(url).status_code in {403, 404}
    client.force_login(sasha)
    assert url in client.get(reverse("qualified")).content.decode()
    assert client.post(url).status_code == 302
    assert url not in client.get(reverse("qualified")).content.decode()
    handoff.qualification.refresh_from_db()
    assert handoff.qualification.accepted_at is not None


def test_a_calendar_that_never_opens_loses_no_lead(policy: Policy) -> None:
    CalendarOpening.objects.all().delete()
    assert make_handoff().due_at == MONDAY_9AM + 4 * HOUR
    saturday = MONDAY_9AM + 5 * DAY
    assert make_handoff(at=saturday).due_at == saturday + 4 * HOUR


def test_what_is_wrong_about_one_clock_keeps_no_other_waiting(
    policy: Policy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handoffs = [make_handoff(at=MONDAY_9AM + number * MINUTE) for number in range(5)]
    poisoned = handoffs[1].clocks.get(metric=Metric.FIRST_TOUCH)
    real = insert_new

    def insert(model: Any, columns: Any, rows: Any) -> None:
        assert not any(row[0] == poisoned.pk for row in rows), "poisoned"
        real(model, columns, rows)

    monkeypatch.setattr(enforcement, "insert_new", insert)
    assert enforce_due(at=MONDAY_9AM + 5 * HOUR) == 4
    assert {breach.clock.handoff for breach in Breach.objects.all()} == {*handoffs} - {handoffs[1]}
    assert f"clock {poisoned.pk} can't be acted on" in caplog.text


@pytest.mark.parametrize("hours", [pytest.param(2, id="noticed at once"), pytest.param(8, id="noticed late")])
def test_what_a_ladder_takes_away_is_no_fault_from_then_on_however_late_it_is_noticed(
    policy: Policy, hours: int
) -> None:
    step(policy, "nurture", share=50)
    handoff = make_handoff()
    claim(handoff, by=make_rep(), at=MONDAY_9AM)
    enforce_due(at=MONDAY_9AM + hours * HOUR)
    assert not Breach.objects.exists()
    assert handoff.assignments.get().ended_at == MONDAY_9AM + hours * HOUR


def test_a_changed_ladder_is_for_those_who_start_under_it(policy: Policy) -> None:
    step(policy, "tell_owner", share=50)
    before = make_handoff()
    revise(policy, targets=targets_of(policy), ladder=[], at=MONDAY_9AM)
    after = make_handoff()
    enforce_due(at=MONDAY_9AM + 3 * HOUR)
    assert [len(taken(handoff)) for handoff in (before, after)] == [1, 0]


def test_many_due_steps_cost_the_same_queries_as_one(policy: Policy, django_assert_max_num_queries: Any) -> None:
    step(policy, "tell_owner", share=50)
    make_rep()
    for _ in range(12):
        make_handoff()
    with django_assert_max_num_queries(16):
        assert enforce_due(at=MONDAY_9AM + 2 * HOUR) == 12


def test_what_comes_after_a_lead_was_given_on_concerns_whoever_has_it_then(policy: Policy) -> None:
    Team.objects.update(giving=Team.Giving.ROTATION)
    make_rep("sam"), make_rep("sasha")
    for action, share in (("tell_owner", 25), ("next_rep", 50), ("tell_owner", 75), ("next_rep", 90)):
        step(policy, action, share=share)
    first, second = make_handoff(), make_handoff()
    assert enforce_due(at=MONDAY_9AM + DAY) == 10
    for handoff in (first, second):
        held_by = list(Assignment.objects.filter(handoff=handoff).order_by("id").values_list("user", flat=True))
        assert len(held_by) == 3
        causes = [
            f"step:{handoff.clocks.get(metric=Metric.FIRST_TOUCH).pk}:{rung.pk}"
            for rung in policy.ladder.filter(action="tell_owner")
        ]
        heard = Notice.objects.filter(cause__in=causes).order_by("id").values_list("user", flat=True)
        assert list(heard) == held_by[:2]


def test_changes_of_many_leads_share_what_they_have_to_ask(policy: Policy) -> None:
    step(policy, "raise", share=50)

    def asked(leads: int) -> int:
        for _ in range(leads):
            make_handoff()
        with CaptureQueriesContext(connection) as queries:
            assert enforce_due(at=MONDAY_9AM + 2 * HOUR) == leads
        return len(queries)

    few, many = asked(2), asked(enforcement.MOST_CHANGES)
    assert many - few <= (enforcement.MOST_CHANGES - 2) * 3
    assert few <= 40


def test_no_more_leads_are_held_at_once_than_others_can_wait_for(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    step(policy, "raise", share=50)
    for _ in range(enforcement.MOST_CHANGES + 1):
        make_handoff()
    held_at_once = []

    def noted(due: Any, *, at: datetime) -> list[str]:
        held_at_once.append(len(due))
        return change_handoffs(due, at=at)

    monkeypatch.setattr(enforcement, "change_handoffs", noted)
    assert enforce_due(at=MONDAY_9AM + 2 * HOUR) == enforcement.MOST_CHANGES + 1
    assert held_at_once == [enforcement.MOST_CHANGES, 1]


def test_what_came_of_a_step_is_said_of_that_step_alone(policy: Policy) -> None:
    step(policy, "tell_team", share=25)
    step(policy, "next_rep", share=50)
    make_handoff()
    enforce_due(at=MONDAY_9AM + DAY)
    outcomes = FiredStep.objects.order_by("at").values_list("step__action", "outcome")
    assert list(outcomes) == [("tell_team", "done"), ("next_rep", "nobody")]


def test_nobody_is_left_with_news_of_a_lead_that_went_back_to_nurture_meanwhile(policy: Policy) -> None:
    step(policy, "tell_owner", share=25)
    step(policy, "nurture", share=50)
    sam = make_rep()
    handoff = make_handoff()
    claim(handoff, by=sam, at=MONDAY_9AM)
    enforce_due(at=MONDAY_9AM + DAY)
    assert Notice.objects.filter(cause__startswith="step:").exists()
    assert not Notice.objects.unread().filter(cause__startswith="step:").exists()
    assert list(broken_rows()) == []


def test_what_changes_between_the_two_looks_is_looked_at_again(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    step(policy, "raise", share=50)
    make_rep()
    first, _second = make_handoff(), make_handoff()
    other = make_team("DACH", slug="dach", is_default=False)
    moves = iter([other.pk])

    def meanwhile(ids: Any) -> None:
        for team in moves:
            Handoff.objects.filter(pk=first.pk).update(team=team)
        lock_leads(ids)

    monkeypatch.setattr(enforcement, "lock_leads", meanwhile)
    assert enforce_due(at=MONDAY_9AM + 2 * HOUR) == 2
    assert set(Handoff.objects.values_list("priority", flat=True)) == {1}
