"""Objections: heard once, kept whatever comes in later."""

import pytest

from handoff.leads.consent import permissions_of
from handoff.leads.models import Hold, Lead, Stage
from handoff.leads.recording import record_leads
from handoff.lib.refusals import NotAllowed, WrongStage
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.models import Clock, Handoff
from handoff.queue.objecting import record_objection
from handoff.queue.opening import hand_over_by_hand
from handoff.queue.receiving import receive_activities
from handoff.queue.undoing import undo
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_marketer,
    make_policy,
    make_rep,
    make_team,
    page_view,
)

pytestmark = pytest.mark.django_db
AT = MONDAY_9AM + HOUR


def is_reachable(lead: Lead) -> bool:
    return any(permission.is_allowed for permission in permissions_of(lead).values())


def test_an_objection_ends_the_open_handoff_for_good() -> None:
    make_calendar()
    make_policy()
    handoff, sam = make_handoff(), make_rep()
    claim(handoff, by=sam, at=MONDAY_9AM)
    assert record_objection(handoff.lead, by=sam, at=AT) == handoff
    handoff.refresh_from_db()
    assert (handoff.verdict, handoff.disqualification.reason.slug) == ("disqualified", "do-not-contact")
    assert handoff.disqualification.is_permanent
    assert Lead.objects.get().stage == Stage.DISQUALIFIED
    assert not Clock.objects.running().exists()
    assert not is_reachable(handoff.lead)


def test_without_an_open_handoff_the_lead_is_held() -> None:
    lead = make_lead()
    assert record_objection(lead, by=make_marketer(), at=AT) is None
    assert Hold.objects.get().reason == Hold.Reason.OBJECTION
    with pytest.raises(WrongStage, match="held"):
        hand_over_by_hand(lead, note="really", by=make_rep(), at=AT)


def test_whoever_hears_it_may_record_it_also_of_a_lead_that_a_rep_holds() -> None:
    handoff = make_handoff()
    claim(handoff, by=make_rep(), at=MONDAY_9AM)
    record_objection(handoff.lead, by=make_marketer(), at=AT)
    assert not Handoff.objects.open().exists()


def test_a_stranger_records_none() -> None:
    with pytest.raises(NotAllowed):
        record_objection(make_lead(), by=make_rep("nina", team=make_team("Nordics")), at=AT)
    assert not Hold.objects.exists()


@pytest.mark.parametrize("basis", ["opt_in", "request", "customer"])
def test_a_later_import_that_gives_consent_does_not_lift_it(basis: str) -> None:
    lead = make_lead("lena@acme.example", phone="+4940555014")
    record_objection(lead, by=make_marketer(), at=AT)
    row = {"email": "lena@acme.example", "consent": {"email": basis, "phone": basis}}
    record_leads([row], by=None, at=AT + DAY)
    assert not is_reachable(Lead.objects.get())
    assert Hold.objects.get().released_at is None


def test_what_they_do_later_hands_nobody_over() -> None:
    make_live({**PRICING, "points": 80})
    lead = make_lead()
    record_objection(lead, by=make_marketer(), at=AT)
    receive_activities([page_view(lead, AT + HOUR)], at=AT + HOUR)
    assert not Handoff.objects.exists()


def test_a_slip_can_be_undone_like_any_verdict(sam: User) -> None:
    handoff = make_handoff()
    claim(handoff, by=sam, at=MONDAY_9AM)
    record_objection(handoff.lead, by=sam, at=AT)
    undo(Handoff.objects.get(), by=sam, at=AT)
    assert Handoff.objects.get().is_open
    assert not Hold.objects.exists()


@pytest.fixture
def sam() -> User:
    return make_rep("sam")
