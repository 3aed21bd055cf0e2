"""Imported history: kept at its true dates, and nothing of it is at work."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from handoff.leads.models import Lead, LeadScore, Stage
from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.history import SIX_WEEKS, Kept, Past, keep_history
from handoff.queue.models import Clock, Deal, Handoff, Recycling, Touch, Verdict
from handoff.queue.receiving import receive_activities
from handoff.queue.verifying import broken_rows
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_handoff,
    make_lead,
    make_live,
    make_marketer,
    make_policy,
    make_rep,
    page_view,
)
from tests.queue.test_pages import signed_in, text

pytestmark = pytest.mark.django_db
THEN = MONDAY_9AM - 400 * DAY
WON = {"opened_at": THEN, "closed_at": THEN + 9 * DAY, "is_won": True, "by": "s1", "won_by": "s2"}


def keep(lead: Lead, said: dict[str, Any], *touches: dict[str, Any], is_new: bool = False) -> Kept:
    return keep_history([Past(lead, is_new, said, touches)], people="crm", at=MONDAY_9AM)[0]


def past_lead() -> Lead:
    """Return a lead as the import makes it before its history is kept."""
    return make_lead(stage=Stage.NURTURE, at=MONDAY_9AM)


def call(after: timedelta, **values: Any) -> dict[str, Any]:
    return {"at": THEN + after, "channel": "call", **values}


def everything() -> list[list[tuple[Any, ...]]]:
    return [list(model.objects.order_by("pk").values_list()) for model in (Handoff, Deal, Touch, Lead, User)]


def test_a_won_handoff_is_closed_with_its_deal_its_people_and_its_customer() -> None:
    lead = past_lead()
    assert keep(lead, {**WON, "value": 1200.5, "currency": "BRL"}, is_new=True) == Kept(is_news=True)
    handoff = Handoff.objects.get()
    assert (handoff.opened_at, handoff.closed_at, handoff.verdict) == (THEN, THEN + 9 * DAY, Verdict.QUALIFIED)
    assert (handoff.is_imported_history, handoff.team, handoff.source) == (True, lead.team, lead.source)
    deal = handoff.deal
    assert (deal.is_won, deal.at, deal.value, deal.currency) == (True, THEN + 9 * DAY, Decimal("1200.50"), "BRL")
    assert [str(handoff.claimed_by), str(deal.by)] == ["s1", "s2"]
    lead.refresh_from_db()
    assert (lead.stage, lead.stage_since, lead.created_at) == (Stage.CUSTOMER, THEN + 9 * DAY, THEN)
    assert lead.is_imported_history


def test_people_become_inactive_users_who_can_not_sign_in_once_each() -> None:
    keep(past_lead(), WON)
    keep(past_lead(), {**WON, "by": "s2"}, call(HOUR))
    people = {user.username: user for user in User.objects.all()}
    assert set(people) == {"crm-s1", "crm-s2", "crm"}
    assert not any(user.is_active or user.has_usable_password() for user in people.values())
    assert Touch.objects.get().by == people["crm"]  # the touch named nobody


@pytest.mark.parametrize(
    ("said", "closed_at"),
    [
        pytest.param({"is_won": False, "closed_at": THEN + 3 * DAY}, THEN + 3 * DAY, id="lost"),
        pytest.param({"is_won": False}, THEN + SIX_WEEKS, id="lost, nobody knows when"),
        pytest.param({}, THEN + SIX_WEEKS, id="nothing known"),
        pytest.param({"opened_at": MONDAY_9AM - DAY}, MONDAY_9AM, id="begun yesterday"),
    ],
)
def test_what_was_not_won_lapsed_and_its_lead_rests(said: dict[str, Any], closed_at: object) -> None:
    lead = past_lead()
    keep(lead, {"opened_at": THEN, **said}, is_new=True)
    handoff = Handoff.objects.get()
    assert (handoff.verdict, handoff.closed_at) == (Verdict.LAPSED, closed_at)
    lead.refresh_from_db()
    assert (lead.stage, lead.stage_since, lead.is_asleep) == (Stage.NURTURE, closed_at, True)
    assert not Recycling.objects.exists()


def test_nothing_of_it_is_at_work() -> None:
    make_policy()
    make_rep()
    make_live({"points": 60, "condition": {"field": "country", "op": "is", "value": "NL"}})
    lead = make_lead(stage=Stage.NURTURE, at=MONDAY_9AM, country="NL")
    keep(lead, {"opened_at": THEN}, call(HOUR), is_new=True)
    lately = page_view(lead, MONDAY_9AM - HOUR, kind="contact_request")
    receive_activities([lately], at=MONDAY_9AM, is_history=True, opens=False)
    assert LeadScore.objects.get().is_mql
    assert not Handoff.objects.open().exists()
    assert not Clock.objects.exists()
    assert not Notice.objects.exists()
    assert list(broken_rows()) == []


def test_touches_are_told_of_the_handoff_that_had_begun_by_then() -> None:
    lead = past_lead()
    keep(lead, {"opened_at": THEN})
    keep(lead, {"opened_at": THEN + 90 * DAY})
    keep(lead, {}, call(HOUR), call(2 * HOUR, outcome="connected"))
    keep(lead, {}, call(91 * DAY, by="s1"))
    first, second = Handoff.objects.order_by("opened_at")
    assert (first.touches_count, first.touched_at, first.connected_at) == (2, THEN + HOUR, THEN + 2 * HOUR)
    assert (second.touches_count, second.touched_at, second.connected_at) == (1, THEN + 91 * DAY, None)
    assert not any(touch.is_backdated for touch in Touch.objects.all())


def test_told_again_in_any_order_it_changes_nothing() -> None:
    lead = past_lead()
    stories: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        ({"opened_at": THEN}, []), (WON, []), ({}, [call(HOUR, by="s1"), call(2 * HOUR)]),
    ]  # fmt: skip
    for said, touches in stories:
        assert keep(lead, said, *touches, is_new=said == {"opened_at": THEN}).is_news
    before = everything()
    for said, touches in (*reversed(stories), *stories):
        assert keep(Lead.objects.get(), said, *touches) == Kept()
    assert everything() == before


def test_a_corrected_row_takes_the_deal_back() -> None:
    lead = past_lead()
    keep(lead, {**WON, "value": 100, "currency": "EUR"}, is_new=True)
    assert keep(lead, {**WON, "value": 90, "currency": "EUR"}).is_news
    assert Deal.objects.get().value == 90
    assert keep(lead, {"opened_at": THEN, "is_won": False, "closed_at": THEN + DAY}).is_news
    lead.refresh_from_db()
    handoff = Handoff.objects.get()
    assert (handoff.verdict, handoff.closed_at, lead.stage) == (Verdict.LAPSED, THEN + DAY, Stage.NURTURE)
    assert not Deal.objects.exists()


def test_dates_that_contradict_each_other_are_kept_and_said() -> None:
    said = {**WON, "closed_at": THEN - DAY}
    assert keep(past_lead(), said) == Kept(is_news=True, trouble="contradiction")
    assert Handoff.objects.get().closed_at == THEN - DAY


@pytest.mark.parametrize(
    ("said", "touches", "trouble"),
    [
        pytest.param({"is_won": True, "closed_at": THEN}, [], "no_handoff", id="the end of an unknown one"),
        pytest.param({}, [call(DAY)], "no_handoff", id="a touch of an unknown one"),
        pytest.param({"opened_at": MONDAY_9AM + DAY}, [], "in_future", id="it begins tomorrow"),
        pytest.param({"opened_at": THEN}, [call(500 * DAY)], "in_future", id="a touch to come"),
    ],
)
def test_what_can_not_be_kept_is_said(said: dict[str, Any], touches: list[dict[str, Any]], trouble: str) -> None:
    assert keep(past_lead(), said, *touches) == Kept(trouble=trouble)
    assert not Handoff.objects.exists()


def test_a_lead_that_the_house_works_on_keeps_its_stage_and_a_customer_of_old_is_one() -> None:
    open_one, free, live = make_handoff().lead, make_lead(), make_lead()
    keep(open_one, WON)
    keep(free, WON)
    keep(live, {"opened_at": THEN})
    stages = [Lead.objects.get(pk=lead.pk).stage for lead in (open_one, free, live)]
    assert stages == [Stage.MQL, Stage.CUSTOMER, Stage.LEAD]
    assert Lead.objects.get(pk=live.pk).created_at == live.created_at


def test_the_number_of_queries_does_not_grow_with_the_number_of_leads(django_assert_num_queries: Any) -> None:
    def pasts(number: int) -> list[Past]:
        return [Past(past_lead(), True, WON, [call(HOUR)]) for _ in range(number)]

    keep_history(pasts(1), people="crm", at=MONDAY_9AM)  # the people are made once
    for number in (1, 20):
        told = pasts(number)
        with django_assert_num_queries(9):
            keep_history(told, people="crm", at=MONDAY_9AM)


def test_its_pages_say_what_is_known() -> None:
    lead, resting = past_lead(), past_lead()
    keep(lead, {**WON, "value": 90, "currency": "EUR"}, call(HOUR), is_new=True)
    keep(resting, {"opened_at": THEN}, is_new=True)
    client = signed_in(make_marketer())
    shown = text(client.get(f"/leads/{lead.pk}/"))
    assert "Handed over (imported history)" in shown
    assert "Verdict: qualified" in shown
    for handoff in Handoff.objects.all():
        assert client.get(f"/queue/{handoff.pk}/").status_code == 200
    assert resting.name in text(client.get("/nurture/"))
    assert resting.name not in text(client.get("/queue/?view=team"))
