"""Activities coming in: stored once, scored, handed over; and requests that nobody may swallow."""

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from handoff.leads.models import Activity, Hold, Lead, LeadScore, Stage
from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.models import Clock, Handoff, Recycling, Route, Verdict
from handoff.queue.receiving import Received, receive_activities, receive_leads
from handoff.queue.replanning import moves
from handoff.queue.rescoring import act_on_crossings
from handoff.queue.touching import log_touch
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_policy,
    make_rep,
    make_team,
    page_view,
)

pytestmark = pytest.mark.django_db


def received(*items: Any, at: datetime = MONDAY_9AM) -> Received:
    return receive_activities(items, at=at)


def ask(lead: Lead, at: datetime = MONDAY_9AM, kind: str = "contact_request") -> None:
    """Let `lead` ask for contact."""
    received(page_view(lead, at, kind=kind), at=at)


def told() -> list[tuple[str, str]]:
    """Return who was told of a request for contact, and where the notice leads."""
    found = Notice.objects.filter(cause__startswith="request:").order_by("user__username")
    return [(notice.user.username, notice.url) for notice in found.select_related("user")]


def test_a_repeat_inside_a_list_and_in_a_later_call_is_a_duplicate() -> None:
    view = page_view(make_lead(), MONDAY_9AM)
    first = received(view, {**view, "kind": "ad_click"}, {**view, "source": "crm"})
    assert (first.accepted, first.duplicates) == (2, 1)
    second = received(view, page_view(make_lead(), MONDAY_9AM))
    assert (second.accepted, second.duplicates) == (1, 1)
    assert not Activity.objects.filter(kind="ad_click").exists()


@pytest.mark.parametrize(
    ("waits_for", "comes"),
    [
        pytest.param({"external_id": "42"}, {"external_id": "42"}, id="by its id"),
        pytest.param({"email": "Ann@Acme.example"}, {"email": "ann@acme.example"}, id="by its address"),
        pytest.param(
            {"external_id": "42", "email": "ann@acme.example"},
            {"external_id": "42", "email": "other@acme.example"},
            id="by the id of the two",
        ),
        pytest.param(
            {"external_id": "42", "email": "ann@acme.example"},
            {"email": "ann@acme.example"},
            id="by the address of both",
        ),
        pytest.param(
            {"id": 2**40, "email": "ann@acme.example"}, {"email": "ann@acme.example"}, id="by it and a lost id"
        ),
    ],
)
def test_an_activity_of_an_unknown_lead_waits_until_the_lead_comes(
    waits_for: dict[str, str], comes: dict[str, str]
) -> None:
    make_team()
    make_live({**PRICING, "points": 50})
    item = {**page_view(make_lead(), MONDAY_9AM), "lead": waits_for}
    assert received(item).accepted == 1
    assert Activity.objects.get().lead is None
    (result,) = receive_leads([comes], by=None, at=MONDAY_9AM + HOUR)
    activity = Activity.objects.get()
    assert (activity.lead, activity.waits_key, activity.waits_too) == (result.lead, "", "")
    assert Handoff.objects.get().lead == result.lead
    assert Handoff.objects.get().opened_at == MONDAY_9AM + HOUR


def test_what_waited_for_an_id_alone_is_let_wait_for_the_address_too() -> None:
    for named in (
        {"external_id": "42", "email": "ann@acme.example"},
        {"external_id": "7"},
        {"email": "bo@acme.example"},
    ):
        received({**page_view(make_lead(), MONDAY_9AM), "lead": named})
    Activity.objects.update(waits_too="")
    import_module("handoff.leads.migrations.0008_waits_for_either").wait_for_the_address_too(apps, None)
    assert list(Activity.objects.order_by("pk").values_list("waits_too", flat=True)) == [
        "email:ann@acme.example",
        "",
        "",
    ]


def test_of_two_leads_that_one_activity_named_the_one_with_the_id_has_it() -> None:
    named = {"external_id": "42", "email": "ann@acme.example"}
    received({**page_view(make_lead(), MONDAY_9AM), "lead": named})
    by_email, by_id = receive_leads([{"email": named["email"]}, {"external_id": "42"}], by=None, at=MONDAY_9AM)
    assert Activity.objects.get().lead == by_id.lead != by_email.lead


def test_a_known_lead_that_gets_an_address_collects_what_waited_for_it() -> None:
    lead = make_lead(external_id="42")
    received({**page_view(lead, MONDAY_9AM), "lead": {"email": "ann@acme.example"}})
    receive_leads([{"external_id": "42", "email": "ann@acme.example"}], by=None, at=MONDAY_9AM)
    assert Activity.objects.get().lead == lead


@pytest.mark.parametrize(
    ("changes", "code", "names"),
    [
        pytest.param({"occurred_at": "2026-03-02T09:05:01+01:00"}, "in_future", "2026", id="over five minutes ahead"),
        pytest.param({"occurred_at": "2026-03-02T09:00:00"}, "naive_time", "2026", id="no offset"),
        pytest.param({"occurred_at": datetime(2026, 3, 2, 9)}, "naive_time", "2026", id="a time without offset"),
        pytest.param({"occurred_at": "yesterday"}, "invalid_time", "yesterday", id="no time"),
        pytest.param({"occurred_at": "2026-02-30T09:00:00Z"}, "invalid_time", "02-30", id="no such day"),
        pytest.param({"occurred_at": None}, "invalid_time", "None", id="nothing"),
        pytest.param({"lead": {}}, "no_identity", "external_id", id="nobody"),
        pytest.param({"lead": None}, "no_identity", "external_id", id="no lead at all"),
        pytest.param({"lead": "42"}, "no_identity", "external_id", id="a lead that is no object"),
        pytest.param({"lead": {"external_id": "  "}}, "no_identity", "external_id", id="a blank id"),
        pytest.param({"lead": {"email": "no address"}}, "invalid_email", "no address", id="no address"),
        pytest.param({"lead": {"id": "x1"}}, "invalid", "x1", id="an id that is none"),
        pytest.param({"kind": ""}, "invalid", "kind", id="no kind"),
        pytest.param({"kind": ["page_view"]}, "invalid", "kind", id="a list of kinds"),
        pytest.param({"id": "x" * 121}, "invalid", "id", id="too long an id"),
        pytest.param({"id": True}, "invalid", "id", id="a yes as id"),
        pytest.param({"received_at": "2026-03-02T09:00:00Z"}, "unknown_field", "received_at", id="an unknown field"),
        pytest.param({"source": None}, "invalid", "source", id="no source"),
        pytest.param({"properties": "url"}, "invalid", "properties", id="properties that are no object"),
    ],
)
def test_a_wrong_activity_is_rejected_by_its_place_and_the_rest_is_kept(
    changes: dict[str, Any], code: str, names: str
) -> None:
    lead = make_lead()
    good = page_view(lead, MONDAY_9AM)
    answer = received(good, {**page_view(lead, MONDAY_9AM), **changes}, page_view(lead, MONDAY_9AM))
    assert answer.accepted == 2
    (rejected,) = answer.rejected
    assert (rejected["index"], rejected["code"]) == (1, code)
    assert names in rejected["detail"]


@pytest.mark.parametrize("item", [pytest.param("text", id="text"), pytest.param(["list"], id="a list")])
def test_what_is_no_activity_at_all_is_rejected(item: object) -> None:
    assert received(item).rejected[0]["code"] == "invalid"


def test_five_minutes_ahead_is_a_clock_that_runs_fast() -> None:
    assert received(page_view(make_lead(), MONDAY_9AM + HOUR / 12)).accepted == 1


@pytest.mark.parametrize(
    ("kind", "properties", "stage"),
    [
        pytest.param("page_view", {}, "lead", id="a visit"),
        pytest.param("form_submission", {}, "lead", id="a form"),
        pytest.param("email_opened", {}, "subscriber", id="an opened mail"),
        pytest.param("email_clicked", {}, "subscriber", id="a click in a mail"),
        pytest.param("unsubscribed", {}, "subscriber", id="leaving the newsletter"),
        pytest.param("page_view", {"machine": True}, "subscriber", id="a machine's visit"),
    ],
)
def test_a_subscriber_becomes_a_lead_by_what_is_no_mail(kind: str, properties: dict[str, Any], stage: str) -> None:
    lead = make_lead(stage=Stage.SUBSCRIBER)
    received(page_view(lead, MONDAY_9AM, kind=kind, properties=properties))
    lead.refresh_from_db()
    assert lead.stage == stage


def test_what_a_machine_opened_counts_for_nothing() -> None:
    make_live({**PRICING, "activity_kinds": ["email_opened"], "condition": {}})
    lead = make_lead()
    received(page_view(lead, MONDAY_9AM, kind="email_opened", properties={"machine": True}))
    assert LeadScore.objects.get().total == 0
    assert Activity.objects.get().is_machine
    received(page_view(lead, MONDAY_9AM, kind="email_opened", properties={"machine": "no"}))
    assert LeadScore.objects.get().total == 30


def test_a_late_activity_opens_a_handoff_now_and_never_in_the_past() -> None:
    make_live({**PRICING, "points": 50})
    received(page_view(make_lead(), MONDAY_9AM - 20 * DAY))
    assert Handoff.objects.get().opened_at == MONDAY_9AM


def test_a_late_activity_whose_points_have_run_out_opens_none() -> None:
    make_live({**PRICING, "points": 50, "window": 7})
    received(page_view(make_lead(), MONDAY_9AM - 8 * DAY))
    assert not Handoff.objects.exists()


def test_a_profile_that_now_fits_hands_its_lead_over() -> None:
    make_team()
    make_live({"points": 60, "condition": {"field": "country", "op": "is", "value": "NL"}})
    receive_leads([{"email": "ann@acme.example"}], by=None, at=MONDAY_9AM)
    assert not Handoff.objects.exists()
    receive_leads([{"email": "ann@acme.example", "country": "NL"}], by=None, at=MONDAY_9AM + HOUR)
    assert Handoff.objects.get().route == Route.SCORE


def test_a_product_signal_hands_over_by_its_own_route() -> None:
    make_live(PRICING, product_kinds=["trial_started"])
    ask(make_lead(), kind="trial_started")
    assert Handoff.objects.get().route == Route.PRODUCT


def test_a_request_outweighs_a_product_signal_of_the_same_moment() -> None:
    make_live(PRICING, product_kinds=["trial_started"], fast_lane_kinds=["contact_request"])
    lead = make_lead()
    kinds = ("contact_request", "trial_started")
    received(*(page_view(lead, MONDAY_9AM, kind=kind) for kind in kinds))
    assert Handoff.objects.get().route == Route.FAST_LANE


def test_a_support_question_is_no_request() -> None:
    make_live(
        PRICING,
        fast_lane_kinds=["contact_request"],
        fast_lane_condition={"field": "topic", "op": "is_not", "value": "support"},
    )
    received(page_view(make_lead(), MONDAY_9AM, kind="contact_request", properties={"topic": "Support"}))
    assert not Handoff.objects.exists()


def sleeping_lead() -> Lead:
    lead = make_lead(stage=Stage.NURTURE)
    handoff = Handoff.objects.create(
        lead=lead, route=Route.SCORE, opened_at=MONDAY_9AM - 9 * DAY, closed_at=MONDAY_9AM - 8 * DAY,
        verdict=Verdict.DISQUALIFIED, total=0, fit=0, interest=0, timing=0,
    )  # fmt: skip
    Recycling.objects.create(lead=lead, handoff=handoff, at=MONDAY_9AM - 8 * DAY)
    return lead


def test_a_sleeper_is_not_handed_over_by_score_but_by_a_request() -> None:
    make_live({**PRICING, "points": 60}, fast_lane_kinds=["contact_request"])
    lead = sleeping_lead()
    received(page_view(lead, MONDAY_9AM))
    assert LeadScore.objects.get().is_mql
    assert not Handoff.objects.open().exists()
    ask(lead, MONDAY_9AM + HOUR)
    assert Handoff.objects.open().get().route == Route.FAST_LANE
    assert Recycling.objects.get().woken_by == Route.FAST_LANE


def test_the_contract_names_the_signal_that_wakes() -> None:
    make_live({**PRICING, "points": 60})
    lead = sleeping_lead()
    Recycling.objects.update(wake_kinds=["webinar_attended"])
    received(page_view(lead, MONDAY_9AM))
    assert not Handoff.objects.open().exists()
    received(page_view(lead, MONDAY_9AM, kind="webinar_attended"), at=MONDAY_9AM + HOUR)
    assert (Recycling.objects.get().woken_by, Recycling.objects.get().woken_at) == ("signal", MONDAY_9AM + HOUR)
    assert Handoff.objects.open().get().route == Route.SCORE


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"properties": {"machine": True}}, id="made by a machine"),
        pytest.param({"occurred_at": MONDAY_9AM - 30 * DAY}, id="from before the contract"),
    ],
)
def test_some_signals_wake_nobody(changes: dict[str, Any]) -> None:
    lead = sleeping_lead()
    Recycling.objects.update(wake_kinds=["webinar_attended"])
    received({**page_view(lead, MONDAY_9AM, kind="webinar_attended"), **changes})
    assert Recycling.objects.get().woken_at is None


@pytest.mark.parametrize(
    ("stage", "is_held"),
    [
        pytest.param(Stage.LEAD, True, id="held"),
        pytest.param(Stage.DISQUALIFIED, False, id="out for good"),
    ],
)
def test_a_request_of_who_may_not_be_handed_over_reaches_the_marketers(stage: str, is_held: bool) -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    make_rep()
    make_marketer("max")
    make_marketer("moe")
    make_marketer("gone", is_active=False)
    lead = make_lead(stage=stage)
    if is_held:
        Hold.objects.create(lead=lead, reason=Hold.Reason.BY_HAND, at=MONDAY_9AM)
    ask(lead)
    assert not Handoff.objects.exists()
    assert told() == [("max", "/feedback/triage/"), ("moe", "/feedback/triage/")]


def test_a_released_hold_holds_nobody() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    lead = make_lead()
    Hold.objects.create(lead=lead, reason=Hold.Reason.BY_HAND, at=MONDAY_9AM, released_at=MONDAY_9AM)
    ask(lead)
    assert Handoff.objects.exists()


@pytest.mark.parametrize("stage", [Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER])
def test_a_request_of_an_sql_or_a_customer_reaches_its_owner(stage: str) -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    make_marketer()
    ask(lead := make_lead(stage=stage, owner=make_rep()))
    assert told() == [("sam", f"/leads/{lead.pk}/")]


def test_where_the_owner_is_gone_the_managers_hear_of_the_request() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    make_manager()
    ask(make_lead(stage=Stage.CUSTOMER, owner=make_rep(is_active=False)))
    assert [name for name, _url in told()] == ["mia"]


def held_by(person: User | None) -> Handoff:
    handoff = make_handoff()
    if person:
        claim(handoff, by=person, at=MONDAY_9AM)
    return handoff


@pytest.mark.parametrize(
    ("touched", "asked_after", "dues"),
    [
        pytest.param(False, HOUR, [4 * HOUR, 2 * HOUR], id="within the time of a slower policy"),
        pytest.param(False, 3 * HOUR + timedelta(minutes=30), [4 * HOUR], id="shortly before the first one is due"),
        pytest.param(False, 5 * HOUR, [4 * HOUR, 6 * HOUR], id="after the first one was broken"),
        pytest.param(True, 5 * HOUR, [4 * HOUR, 6 * HOUR], id="after it was answered"),
    ],
)
def test_each_request_has_a_clock_of_its_own_unless_one_is_due_first(
    touched: bool, asked_after: timedelta, dues: list[timedelta]
) -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    make_calendar()
    make_policy(first_touch_hours=4)
    make_policy(first_touch_hours=1, slug="fast", position=1, routes=["fast_lane"])
    handoff, sam, mia = make_handoff(), make_rep(), make_manager()
    if touched:
        log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=MONDAY_9AM)
    ask(handoff.lead, MONDAY_9AM + asked_after)
    clocks = Clock.objects.filter(metric="first_touch").order_by("round")
    assert [clock.due_at - MONDAY_9AM for clock in clocks] == dues
    ask(handoff.lead, MONDAY_9AM + asked_after + timedelta(minutes=1))  # one that runs already is due first
    assert clocks.count() == len(dues)
    assert not moves(by=mia, at=MONDAY_9AM + asked_after)
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=MONDAY_9AM + asked_after + HOUR)
    assert not clocks.running().exists()


def test_a_request_during_an_open_handoff_reaches_its_holder_and_ends_its_snooze() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    handoff = held_by(make_rep("sam"))
    make_rep("sasha")
    handoff.snoozes.create(by=make_manager(), at=MONDAY_9AM, until=MONDAY_9AM + DAY, reason="fair")
    Handoff.objects.update(snoozed_until=MONDAY_9AM + DAY)
    ask(handoff.lead, MONDAY_9AM + HOUR)
    handoff.refresh_from_db()
    assert (handoff.raised_at, handoff.snoozed_until) == (MONDAY_9AM + HOUR, None)
    assert handoff.snoozes.get().ended_at == MONDAY_9AM + HOUR
    assert told() == [("sam", f"/queue/{handoff.pk}/")]


def test_a_request_for_a_waiting_handoff_reaches_the_reps_of_its_team() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    make_rep("sam")
    make_rep("sasha")
    make_rep("nina", team=make_team("Nordics"))
    ask(held_by(None).lead)
    assert [name for name, _url in told()] == ["sam", "sasha"]


def test_where_no_rep_is_left_the_managers_hear_of_the_request() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    make_manager()
    sam = make_rep()
    handoff = held_by(sam)
    User.objects.filter(pk=sam.pk).update(is_active=False)
    ask(handoff.lead)
    assert [name for name, _url in told()] == ["mia"]


def test_a_request_while_the_first_answer_is_due_starts_no_second_clock() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    make_calendar()
    make_policy()
    ask(held_by(None).lead, MONDAY_9AM + HOUR)
    assert Clock.objects.filter(metric="first_touch").count() == 1


def test_a_handoff_whose_lead_asked_for_contact_does_not_cool() -> None:
    make_live({**PRICING, "half_life": 10}, fast_lane_kinds=["contact_request"], hysteresis=0)
    lead = make_lead()
    received(page_view(lead, MONDAY_9AM), page_view(lead, MONDAY_9AM))
    ask(lead, MONDAY_9AM + HOUR)
    act_on_crossings(at=MONDAY_9AM + 100 * DAY)
    assert Handoff.objects.get().is_open


def test_a_request_that_comes_just_before_the_cooling_is_noticed_is_not_lost() -> None:
    make_live({**PRICING, "half_life": 10}, fast_lane_kinds=["contact_request"], hysteresis=0)
    lead = make_lead()
    received(page_view(lead, MONDAY_9AM), page_view(lead, MONDAY_9AM))
    ask(lead, MONDAY_9AM + 50 * DAY)
    handoff = Handoff.objects.get()
    assert (handoff.is_open, handoff.raised_at) == (True, MONDAY_9AM + 50 * DAY)
