"""Holding by hand: kept from being handed over, with a reason."""

import pytest

from handoff.leads.models import Hold
from handoff.lib.refusals import Incomplete, NotAllowed, WrongStage
from handoff.queue.holding import hold, release_hold
from handoff.queue.models import Handoff
from handoff.queue.objecting import record_objection
from handoff.queue.receiving import receive_activities
from tests.making import (
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_handoff,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_rep,
    make_team,
    page_view,
)

pytestmark = pytest.mark.django_db


def test_a_held_lead_is_handed_over_only_once_it_is_released() -> None:
    make_live({**PRICING, "points": 80})
    lead, mia = make_lead(), make_manager()
    hold(lead, reason="a partner", by=mia, at=MONDAY_9AM)
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    assert not Handoff.objects.exists()
    release_hold(lead, reason="no partner after all", by=mia, at=MONDAY_9AM + HOUR)
    assert Handoff.objects.get().lead == lead
    assert Hold.objects.get().released_by == mia


def test_what_is_open_stays_open() -> None:
    handoff = make_handoff()
    hold(handoff.lead, reason="a partner", by=make_marketer(), at=MONDAY_9AM)
    assert Handoff.objects.open().get() == handoff


def test_it_needs_a_reason_and_holds_once() -> None:
    lead, max_ = make_lead(), make_marketer()
    with pytest.raises(Incomplete):
        hold(lead, reason=" ", by=max_, at=MONDAY_9AM)
    hold(lead, reason="a partner", by=max_, at=MONDAY_9AM)
    with pytest.raises(WrongStage, match="held already"):
        hold(lead, reason="again", by=max_, at=MONDAY_9AM)


def test_a_rep_and_another_teams_manager_hold_nobody() -> None:
    lead = make_lead()
    for stranger in (make_rep(), make_manager("nora", team=make_team("Nordics"))):
        with pytest.raises(NotAllowed):
            hold(lead, reason="mine", by=stranger, at=MONDAY_9AM)


def test_an_objection_is_not_released_by_hand() -> None:
    lead, max_ = make_lead(), make_marketer()
    record_objection(lead, by=max_, at=MONDAY_9AM)
    with pytest.raises(WrongStage, match="only their own new consent or request"):
        release_hold(lead, reason="a partner", by=max_, at=MONDAY_9AM)


def test_letting_through_needs_a_reason_and_a_hold() -> None:
    lead, max_ = make_lead(), make_marketer()
    with pytest.raises(WrongStage, match="is not held"):
        release_hold(lead, reason="a partner", by=max_, at=MONDAY_9AM)
    hold(lead, reason="a partner", by=max_, at=MONDAY_9AM)
    with pytest.raises(Incomplete):
        release_hold(lead, reason=" ", by=max_, at=MONDAY_9AM)
