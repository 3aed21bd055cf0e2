"""Recycling as a contract: what wakes a lead, what does not, who gets it then, and how often."""

from datetime import timedelta
from typing import Any

import pytest

from handoff.leads.models import Lead, Stage
from handoff.people.models import Team, User
from handoff.queue.briefing import last_time
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.gains import gains_since
from handoff.queue.models import Handoff, Recycling, Route
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.recycling import wake_due
from handoff.queue.rescoring import read_one, rescore
from handoff.queue.verifying import broken_rows
from handoff.sla.models import Policy
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_handoff,
    make_lead,
    make_live,
    make_policy,
    make_reason,
    make_rep,
    make_team,
    page_view,
)  # fmt: skip

pytestmark = pytest.mark.django_db
WEBINAR = {
    "kind": "activity", "dimension": "interest", "points": 34, "activity_kinds": ["webinar_attended"],
    "name": "Webinar", "key": "webinar",
}  # fmt: skip
WAKES = MONDAY_9AM + 30 * DAY


def rested(sam: User, **contract: Any) -> Lead:
    """Return a lead that came with 60 points, fading by half in 30 days, and was sent back to nurture."""
    make_live({**PRICING, "points": 60, "half_life": 30}, WEBINAR)
    lead = make_lead()
    again(lead, sam, MONDAY_9AM, **{"wake_at": WAKES, **contract})
    return lead


def again(lead: Lead, sam: User, at: Any, **contract: Any) -> Handoff:
    receive_activities([page_view(lead, at)], at=at)
    handoff = Handoff.objects.open().get(lead=lead)
    if handoff.claimed_by_id is None:
        claim(handoff, by=sam, at=at)
    disqualify(handoff, reason=make_reason(), by=sam, at=at + HOUR, **contract)
    return handoff


def attends(lead: Lead, at: Any) -> None:
    receive_activities([page_view(lead, at, kind="webinar_attended")], at=at)


def is_back(lead: Lead) -> bool:
    return Handoff.objects.open().filter(lead=lead).exists()


def test_a_signal_wakes_at_once_and_the_next_handoff_says_what_came_since() -> None:
    sam = make_rep()
    lead = rested(sam, wake_kinds=["webinar_attended"], wake_at=WAKES)
    receive_activities([page_view(lead, MONDAY_9AM + DAY)], at=MONDAY_9AM + DAY)
    assert not is_back(lead)
    attends(lead, MONDAY_9AM + 2 * DAY)
    handoff = Handoff.objects.open().get()
    said = last_time(handoff, read_one(lead, at=MONDAY_9AM + 2 * DAY), MONDAY_9AM + 2 * DAY)
    assert said is not None
    assert (said.verdict.by, said.wake_at, said.woken_by) == (sam, WAKES, "signal")
    assert [(gain.name, gain.count) for gain in said.gained] == [("Visited pricing", 1), ("Webinar", 1)]
    # One more visit a day ago, whatever the first one has faded to meanwhile.
    assert said.points == pytest.approx(60 * 0.5 ** (1 / 30) + 34)


@pytest.mark.parametrize(
    ("points", "comes_back"),
    [pytest.param(34, True, id="just enough"), pytest.param(34.1, False, id="a little too few")],
)
def test_what_faded_since_does_not_count_against_new_points(points: float, comes_back: bool) -> None:
    lead = rested(make_rep(), wake_points=points)
    attends(lead, WAKES - DAY)
    assert wake_due(at=WAKES) == int(comes_back)
    assert Recycling.objects.get().considered_at == (None if comes_back else WAKES)
    assert is_back(lead) == comes_back


def test_a_signal_with_too_few_points_waits_for_the_rest_of_them() -> None:
    lead = rested(make_rep(), wake_kinds=["webinar_attended"], wake_points=60)
    attends(lead, MONDAY_9AM + 2 * DAY)
    assert not is_back(lead)
    receive_activities([page_view(lead, MONDAY_9AM + 3 * DAY)], at=MONDAY_9AM + 3 * DAY)
    assert is_back(lead)
    assert Recycling.objects.get().woken_by == "points"


def test_the_tick_asks_a_lead_that_lacks_points_only_once() -> None:
    rested(make_rep(), wake_points=500)
    assert wake_due(at=WAKES) == 0
    considered = Recycling.objects.get()
    assert wake_due(at=WAKES + DAY) == 0
    assert Recycling.objects.get().considered_at == considered.considered_at == WAKES


def test_a_lead_that_wakes_below_the_line_comes_when_it_crosses() -> None:
    sam = make_rep()
    lead = rested(sam)
    later = WAKES + 100 * DAY
    assert wake_due(at=later) == 1
    assert not is_back(lead)
    attends(lead, later + HOUR)
    receive_activities([page_view(lead, later + 2 * HOUR)], at=later + 2 * HOUR)
    assert is_back(lead)


def test_a_request_for_contact_wakes_whatever_the_contract_says() -> None:
    sam = make_rep()
    make_live({**PRICING, "points": 60}, fast_lane_kinds=["contact_request"])
    lead = make_lead()
    again(lead, sam, MONDAY_9AM, wake_at=WAKES, wake_kinds=[], wake_points=900)
    asks = page_view(lead, MONDAY_9AM + DAY, kind="contact_request")
    receive_activities([asks], at=MONDAY_9AM + DAY)
    assert Handoff.objects.open().get().route == "fast_lane"
    assert Recycling.objects.get().woken_by == "fast_lane"


def test_after_as_many_returns_as_the_policy_allows_only_a_request_wakes() -> None:
    make_policy(returns_at_most=1)
    sam = make_rep()
    lead = rested(sam)
    wake_due(at=WAKES)
    receive_activities([page_view(lead, WAKES + HOUR)], at=WAKES + HOUR)
    again(lead, sam, WAKES + 2 * HOUR, wake_kinds=["webinar_attended"], wake_at=WAKES + 10 * DAY)
    last = Recycling.objects.get(woken_at=None)
    assert last.is_last
    attends(lead, WAKES + 3 * DAY)
    assert wake_due(at=WAKES + 20 * DAY) == 0
    assert not is_back(lead)
    assert list(broken_rows()) == []


@pytest.mark.parametrize(("returns_to", "who"), [("same", "sam"), ("other", "sasha")])
def test_the_policy_says_whether_the_same_rep_gets_it_again(returns_to: str, who: str) -> None:
    team = make_team(giving=Team.Giving.ROTATION)
    make_policy(returns_to=returns_to)
    sam, _sasha = make_rep("sam", team=team), make_rep("sasha", team=team)
    lead = rested(sam)
    assert Policy.objects.get().returns_to == returns_to
    before = Handoff.objects.get()
    assert before.claimed_by == sam
    wake_due(at=WAKES)
    receive_activities([page_view(lead, WAKES + HOUR)], at=WAKES + HOUR)
    assert Handoff.objects.open().get().assigned_to == User.objects.get(username=who)


def test_what_was_learned_of_the_person_since_is_a_gain_too() -> None:
    fit = {
        "points": 25,
        "condition": {"field": "title", "op": "contains", "value": "Head"},
        "name": "Head of",
        "key": "head",
    }
    publication = make_live(fit)
    lead = make_lead()
    receive_leads([{"email": lead.email, "title": "Head of Growth"}], by=None, at=MONDAY_9AM)
    lead.refresh_from_db()
    gains = gains_since(lead, MONDAY_9AM - DAY, at=MONDAY_9AM + DAY, publication=publication)
    assert [(gain.rule, gain.points) for gain in gains] == [("head", 25)]
    assert gains_since(lead, MONDAY_9AM + timedelta(hours=1), at=MONDAY_9AM + DAY, publication=publication) == []


def test_rescoring_leaves_sleepers_whose_date_has_not_come_asleep() -> None:
    lead = rested(make_rep())
    attends(lead, MONDAY_9AM + DAY)
    rescore([lead.pk], at=MONDAY_9AM + 2 * DAY)
    lead.refresh_from_db()
    assert (lead.stage, lead.woken_at) == (Stage.NURTURE, None)


@pytest.mark.parametrize(
    ("kinds", "route"),
    [
        pytest.param(["trial_started"], Route.PRODUCT, id="which the contract names"),
        pytest.param(["webinar_attended"], None, id="which it does not name"),
    ],
)
def test_a_product_signal_wakes_like_any_other_signal(kinds: list[str], route: str | None) -> None:
    sam, lead = make_rep(), make_lead()
    make_live(PRICING, product_kinds=["trial_started"])
    disqualify(make_handoff(lead), reason=make_reason(), by=sam, at=MONDAY_9AM + HOUR, wake_kinds=kinds)
    at = MONDAY_9AM + DAY
    receive_activities([page_view(lead, at, kind="trial_started")], at=at)
    opened = Handoff.objects.open().filter(lead=lead).first()
    assert (opened.route if opened else None) == route
