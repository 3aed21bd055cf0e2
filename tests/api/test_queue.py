"""The queue through the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from handoff.leads.models import Stage
from handoff.people.models import User
from handoff.queue.models import Handoff, Note, Qualification, Recycling, Touch
from handoff.queue.receiving import receive_activities
from tests.api.calling import caller, every_row, get, post
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
    make_reason,
    make_rep,
    make_team,
    make_user,
    page_view,
)

pytestmark = pytest.mark.django_db
YES = {"answer": "yes", "note": ""}
BANT = dict.fromkeys(("budget", "authority", "need", "timeline"), YES)
CALLED = {"channel": "call", "outcome": "connected"}


def fresh_handoff(**values: Any) -> Handoff:
    """Return a handoff of an hour ago, so that the API's own clock finds it young."""
    return make_handoff(at=timezone.now() - HOUR, **values)


def act(user: User, handoff: Handoff, name: str, body: Any = None) -> Any:
    return post(caller(user), f"queue/{handoff.pk}/{name}/", body)


def test_a_row_has_what_the_contract_names() -> None:
    make_live(PRICING)
    make_calendar()
    make_policy()
    handoff = fresh_handoff()
    row = get(caller(make_rep()), f"queue/{handoff.pk}/").json()
    assert set(row) >= {
        *("id", "lead", "route", "opened_at", "team", "assigned_to", "claimed_by", "score", "grade"),
        *("cools_at", "reasons", "next_step", "clocks", "version"),
    }
    assert (row["id"], row["lead"], row["team"], row["claimed_by"]) == (handoff.pk, handoff.lead_id, "benelux", None)
    assert {clock["metric"] for clock in row["clocks"]} == {"first_touch", "verdict"}
    assert set(row["clocks"][0]) == {"metric", "policy", "due_at", "stopped_at", "breached_at"}


def test_the_whole_way_from_claim_to_qualified() -> None:
    make_calendar()
    make_policy()
    handoff, sam = fresh_handoff(), make_rep()
    client, path = caller(sam), f"queue/{handoff.pk}"
    assert post(client, f"{path}/claim/").json()["claimed_by"] == "sam"
    touched = post(client, f"{path}/touches/", {**CALLED, "note": "spoke", "evidence": "call-7"}).json()
    assert next(clock for clock in touched["clocks"] if clock["metric"] == "first_touch")["stopped_at"]
    at = (timezone.now() + DAY).isoformat()
    assert post(client, f"{path}/next-step/", {"what": "Call", "at": at}).json()["next_step"]["what"] == "Call"
    assert post(client, f"{path}/notes/", {"text": "likes tea"}).status_code == 200
    worth = {"value": 1234567890.12, "currency": "eur", "expected_close": "2027-01-31"}
    done = post(client, f"{path}/qualify/", {**BANT, **worth})
    assert (done.status_code, done.json()["verdict"], done.json()["next_step"]) == (200, "qualified", None)
    qualification = Qualification.objects.get()
    assert (str(qualification.value), qualification.currency) == ("1234567890.12", "EUR")
    assert (Touch.objects.get().evidence, Note.objects.get().text) == ("call-7", "likes tea")
    undone = post(client, f"{path}/undo/").json()
    assert (undone["verdict"], undone["claimed_by"]) == ("", "sam")


def test_the_second_claim_hears_who_was_first() -> None:
    handoff = fresh_handoff()
    assert act(make_rep("sam"), handoff, "claim").status_code == 200
    answer = act(make_rep("sasha"), handoff, "claim")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_taken")
    assert "Sam" in answer.json()["detail"]
    assert get(caller(make_rep("sven")), f"queue/{handoff.pk}/").status_code == 404


def test_next_gives_what_is_due_first_until_nothing_waits() -> None:
    early, late = fresh_handoff(), fresh_handoff()
    Handoff.objects.filter(pk=early.pk).update(due_at=timezone.now())
    client = caller(make_rep())
    assert [post(client, "queue/next/").json().get("id") for _ in range(2)] == [early.pk, late.pk]
    empty = post(client, "queue/next/")
    assert (empty.status_code, empty.json()["code"]) == (404, "nothing_waiting")


@pytest.mark.parametrize(
    ("name", "body", "field", "says"),
    [
        ("disqualify", {"reason": "no-budget", "wake_kinds": ["moon_landing"]}, "wake_kinds", "moon_landing"),
        ("qualify", {**BANT, "value": 5, "currency": "ZZZ"}, "value", "currency"),
        ("qualify", {**BANT, "expected_close": "0001-01-01"}, "expected_close", "0001-01-01"),
        ("qualify", {**BANT, "starts_on": "9999-12-31"}, "starts_on", "9999-12-31"),
    ],
)
def test_what_no_lead_can_do_no_money_and_no_date_of_our_days_are_refused(
    name: str, body: dict[str, Any], field: str, says: str
) -> None:
    handoff, sam = fresh_handoff(), make_rep()
    make_reason()
    act(sam, handoff, "touches", CALLED)
    answer = act(sam, handoff, name, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "incomplete")
    assert says in answer.json()["fields"][field]


def test_a_kind_of_activity_that_somebody_sent_may_wake_a_lead() -> None:
    handoff = fresh_handoff()
    receive_activities([page_view(handoff.lead, MONDAY_9AM, kind="moon_landing")], at=MONDAY_9AM)
    body = {"reason": make_reason().slug, "wake_kinds": ["moon_landing"]}
    assert act(make_rep(), handoff, "disqualify", body).status_code == 200


VERSIONED: dict[str, dict[str, Any]] = {
    "claim": {},
    "release": {"reason": "ill"},
    "pass": {"to": "sasha", "note": "yours"},
    "assign": {"to": "sasha"},
    "touches": CALLED,
    "next-step": {"what": "Call", "at": "2199-01-01T00:00:00Z"},
    "notes": {"text": "tea"},
    "snooze": {"until": None},
    "qualify": BANT,
    "disqualify": {"reason": "no-budget"},
}


@pytest.mark.parametrize("name", VERSIONED)
def test_a_stale_version_changes_nothing(name: str) -> None:
    handoff, manager = fresh_handoff(), make_manager()
    make_rep("sasha")
    make_reason()
    before = Handoff.objects.filter(pk=handoff.pk).values().get()
    answer = act(manager, handoff, name, {**VERSIONED[name], "version": handoff.version - 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "stale")
    assert Handoff.objects.filter(pk=handoff.pk).values().get() == before


@pytest.mark.parametrize("name", VERSIONED)
def test_after_the_verdict_every_act_says_that_it_is_not_open(name: str) -> None:
    handoff, sam, manager = fresh_handoff(), make_rep(), make_manager()
    make_rep("sasha")
    act(sam, handoff, "disqualify", {"reason": make_reason("no-budget").slug})
    answer = act(manager, handoff, name, VERSIONED[name])
    assert (answer.status_code, answer.json()["code"]) == (409, "not_open")


def test_a_colleague_is_named_by_username_or_id() -> None:
    handoff, sam, sasha = fresh_handoff(), make_rep("sam"), make_rep("sasha")
    passed = act(sam, handoff, "pass", {"to": sasha.pk, "note": "speaks Dutch"})
    assert (passed.status_code, passed.json()["assigned_to"]) == (200, "sasha")
    assert act(sasha, handoff, "pass", {"to": str(sam.pk), "note": "no"}).json()["assigned_to"] == "sam"
    assert act(make_manager(), handoff, "assign", {"to": "sasha"}).json()["assigned_to"] == "sasha"
    released = act(sasha, handoff, "release", {"reason": "on holiday"}).json()
    assert (released["assigned_to"], released["claimed_by"]) == (None, None)


@pytest.mark.parametrize("to", ["nobody", 10**30, "9" * 5000, True, None, ["sasha"], "nina", "max", "\x00"])
def test_nobody_who_cannot_take_it_is_given_a_lead(to: Any) -> None:
    make_team()
    make_rep("nina", team=make_team("Nordics"))
    make_marketer("max")
    handoff, sam = fresh_handoff(), make_rep("sam")
    answer = act(sam, handoff, "pass", {"to": to, "note": "yours"})
    assert (answer.status_code, answer.json()["code"]) == (400, "incomplete")
    assert "to" in answer.json()["fields"]


def test_who_takes_over_is_a_colleague() -> None:
    handoff, sam, sasha = fresh_handoff(), make_rep("sam"), make_rep("sasha")
    make_rep("nina", team=make_team("Nordics"))
    act(sam, handoff, "touches", CALLED)
    assert "takes_over" in act(sam, handoff, "qualify", {**BANT, "takes_over": "nina"}).json()["fields"]
    assert act(sam, handoff, "qualify", {**BANT, "takes_over": "sasha"}).status_code == 200
    handoff.lead.refresh_from_db()
    assert (handoff.lead.owner, handoff.lead.stage) == (sasha, Stage.SQL)


def test_qualifying_says_all_that_is_missing() -> None:
    answer = act(make_rep(), fresh_handoff(), "qualify", {"budget": YES})
    assert (answer.status_code, answer.json()["code"]) == (400, "incomplete")
    assert set(answer.json()["fields"]) == {"connect", "authority", "need", "timeline"}


def test_disqualifying_takes_the_whole_contract() -> None:
    handoff, other = fresh_handoff(), make_lead()
    body = {
        "reason": make_reason("no-budget").slug,
        "permanent": False,
        "wake_at": (timezone.now() + 90 * DAY).isoformat(),
        "wake_kinds": ["demo_request"],
        "wake_points": 20,
        "misleading": [],
        "note": "next year",
        "competitor": "",
        "other_lead": other.pk,
        "right_person": "",
    }
    answer = act(make_rep(), handoff, "disqualify", body)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "disqualified")
    recycling = Recycling.objects.get()
    assert (recycling.wake_kinds, recycling.wake_points) == (["demo_request"], 20)


def test_what_is_absent_follows_from_the_reason() -> None:
    handoff = fresh_handoff()
    act(make_rep(), handoff, "disqualify", {"reason": make_reason("bad-fit").slug})
    handoff.lead.refresh_from_db()
    assert handoff.lead.stage == Stage.DISQUALIFIED


@pytest.mark.parametrize(
    ("name", "field"), [("touches", "at"), ("next-step", "at"), ("snooze", "until"), ("disqualify", "wake_at")]
)
def test_a_time_without_an_offset_is_refused(name: str, field: str) -> None:
    body = {**VERSIONED[name], field: "2026-12-01T10:00:00"}
    make_reason()
    answer = act(make_rep(), fresh_handoff(), name, body)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (400, "naive_time", [field])


def test_snoozing_hides_it_from_mine_and_null_brings_it_back() -> None:
    handoff, sam = fresh_handoff(), make_rep()
    act(sam, handoff, "touches", CALLED)
    until = (timezone.now() + DAY).isoformat()
    assert act(sam, handoff, "snooze", {"until": until, "reason": "fair"}).json()["snoozed_until"]
    assert get(caller(sam), "queue/?view=mine").json()["results"] == []
    assert len(get(caller(sam), "queue/").json()["results"]) == 1
    assert act(sam, handoff, "snooze", {"until": None}).json()["snoozed_until"] is None


def test_a_manager_overturns_and_a_rep_does_not() -> None:
    handoff, sam = fresh_handoff(), make_rep()
    act(sam, handoff, "disqualify", {"reason": make_reason("no-budget").slug})
    assert act(sam, handoff, "overturn", {"reason": "no"}).status_code == 403
    answer = act(make_manager(), handoff, "overturn", {"reason": "they called back"})
    assert (answer.status_code, answer.json()["verdict"]) == (200, "")


def test_pages_give_every_handoff_once_most_urgent_first() -> None:
    now = timezone.now()
    for number in range(120):
        due = now + timedelta(hours=number % 5) if number % 3 else None
        handoff = fresh_handoff()
        Handoff.objects.filter(pk=handoff.pk).update(due_at=due, total=number % 4, priority=number % 2)
    rows = every_row(caller(make_user("ada", "admin")), "queue/")
    wanted = Handoff.objects.by_urgency().values_list("id", flat=True)
    assert [row["id"] for row in rows] == list(wanted)


@pytest.mark.parametrize("query", ["lead=" + "9" * 30, "view=nonsense", "route=nonsense", "q=%00"])
def test_a_filter_of_the_queue_that_says_nothing_finds_nothing_or_is_refused(query: str) -> None:
    fresh_handoff()
    answer = get(caller(make_rep()), f"queue/?{query}")
    assert answer.status_code in {200, 400}
    assert not answer.json().get("results")


def test_the_queue_costs_the_same_for_one_row_and_for_fifty(django_assert_max_num_queries: Any) -> None:
    make_calendar()
    make_policy()
    client = caller(make_rep())
    fresh_handoff()
    get(client, "queue/")
    with django_assert_max_num_queries(8) as one:
        get(client, "queue/")
    for _ in range(49):
        fresh_handoff(lead=make_lead(company={}))
    with django_assert_max_num_queries(len(one.captured_queries)):
        assert len(get(client, "queue/").json()["results"]) == 50
