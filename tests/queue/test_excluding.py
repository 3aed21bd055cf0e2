"""Keeping the exclusion list: who is known already, who is let go, and what becomes of open handoffs."""

from datetime import datetime

import pytest

from handoff.leads.models import Exclusion, Hold, Lead, Stage
from handoff.lib.refusals import Incomplete, NotAllowed, WrongStage
from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue import excluding
from handoff.queue.claiming import claim
from handoff.queue.excluding import end_exclusion, exclude, keep_list
from handoff.queue.holding import hold, release_hold
from handoff.queue.models import Handoff
from handoff.queue.objecting import record_objection
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.verifying import broken_rows
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_handoff,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_rep,
    page_view,
)

pytestmark = pytest.mark.django_db
LATER = MONDAY_9AM + HOUR


@pytest.fixture
def max_() -> User:
    return make_marketer("max")


def put_on(max_: User, value: str = "acme.example", *, at: datetime = MONDAY_9AM, **values: object) -> Exclusion:
    """Put a domain on the list."""
    return exclude(**{"kind": "domain", "value": value, "why": "competitor", "by": max_, "at": at, **values})  # type: ignore[arg-type]


def standing(lead: Lead) -> list[str]:
    return sorted(Hold.objects.filter(lead=lead, released_at=None).values_list("reason", flat=True))


def test_a_lead_that_comes_in_and_would_qualify_is_held_before_it_is_handed_over(max_: User) -> None:
    make_live({**PRICING, "points": 80})
    put_on(max_)
    waiting = {**page_view(make_lead(), LATER), "lead": {"email": "lena@acme.example"}}
    receive_activities([waiting], at=LATER)
    receive_leads([{"email": "lena@acme.example"}], by=None, at=LATER)
    assert not Handoff.objects.exists()
    assert standing(Lead.objects.get(email="lena@acme.example")) == ["excluded"]


def test_adding_an_entry_holds_who_is_known_and_is_said_to_have_been_applied(max_: User) -> None:
    lead, other = make_lead("lena@acme.example"), make_lead()
    entry = put_on(max_)
    assert Hold.objects.get().exclusion == entry
    assert (standing(lead), standing(other)) == (["excluded"], [])
    entry.refresh_from_db()
    assert entry.applied_at == MONDAY_9AM


def test_many_are_held_lot_by_lot_by_the_tick(max_: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excluding, "AT_ONCE", 2)
    for number in range(5):
        make_lead(f"lead{number}@acme.example")
    put_on(max_)
    assert Hold.objects.count() == 2
    assert keep_list(at=LATER) == 3
    assert Hold.objects.filter(released_at=None).count() == 5
    assert keep_list(at=LATER) == 0


def test_an_untouched_handoff_that_nobody_claimed_is_taken_back(max_: User) -> None:
    handoff = make_handoff(make_lead("lena@acme.example"))
    put_on(max_, at=LATER)
    handoff.refresh_from_db()
    assert (handoff.verdict, handoff.lead.stage) == ("cooled", Stage.LEAD)


def test_a_claimed_handoff_stays_and_its_holder_is_told(max_: User) -> None:
    handoff, sam = make_handoff(make_lead("lena@acme.example")), make_rep("sam")
    claim(handoff, by=sam, at=MONDAY_9AM)
    put_on(max_, at=LATER)
    assert Handoff.objects.open().get() == handoff
    assert "exclusion list now: acme.example (competitor)" in Notice.objects.get(user=sam).text
    assert standing(handoff.lead) == ["excluded"]


def test_taking_an_entry_off_lets_go_and_the_score_hands_over(max_: User) -> None:
    make_live({**PRICING, "points": 80})
    lead = make_lead("lena@acme.example")
    entry = put_on(max_)
    receive_activities([page_view(lead, LATER)], at=LATER)
    assert not Handoff.objects.exists()
    end_exclusion(entry, by=max_, at=LATER)
    assert Handoff.objects.get().lead == lead
    assert (entry.ended_at, entry.ended_by) == (LATER, max_)


def test_whoever_another_entry_matches_stays_held_by_that(max_: User) -> None:
    lead = make_lead("lena@mail.acme.example")
    first, second = put_on(max_), put_on(max_, "mail.acme.example")
    end_exclusion(first, by=max_, at=LATER)
    assert Hold.objects.get(lead=lead, released_at=None).exclusion == second
    end_exclusion(second, by=max_, at=LATER)
    assert standing(lead) == []


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(MONDAY_9AM + DAY - HOUR, ["excluded"], id="before its end"),
        pytest.param(MONDAY_9AM + DAY, [], id="at its end"),
    ],
)
def test_an_entry_with_an_end_ends_by_itself(max_: User, at: datetime, expected: list[str]) -> None:
    lead = make_lead("lena@acme.example")
    put_on(max_, expires_at=MONDAY_9AM + DAY)
    keep_list(at=at)
    assert standing(lead) == expected


def test_who_was_let_through_is_not_held_again_by_the_same_entry_but_by_another(max_: User) -> None:
    lead = make_lead("lena@mail.acme.example")
    put_on(max_)
    release_hold(lead, reason="a partner now", by=max_, at=LATER)
    receive_leads([{"email": lead.email, "title": "Buyer"}], by=None, at=LATER)
    assert standing(lead) == []
    assert Hold.objects.get().release_note == "a partner now"
    put_on(max_, "mail.acme.example", at=LATER)
    assert standing(lead) == ["excluded"]


def test_holds_of_several_reasons_stand_beside_each_other(max_: User) -> None:
    lead = make_lead("lena@acme.example")
    entry = put_on(max_)
    hold(lead, reason="a friend of the boss", by=max_, at=MONDAY_9AM)
    record_objection(lead, by=max_, at=MONDAY_9AM)
    assert standing(lead) == ["by_hand", "excluded", "objection"]
    end_exclusion(entry, by=max_, at=LATER)
    assert standing(lead) == ["by_hand", "objection"]
    release_hold(lead, reason="asked the boss", by=max_, at=LATER)
    assert standing(lead) == ["objection"]
    with pytest.raises(WrongStage, match="only their own new consent or request"):
        release_hold(lead, reason="please", by=max_, at=LATER)


def test_a_manager_lets_through_whom_they_held_but_not_whom_marketing_holds(max_: User) -> None:
    lead, mia = make_lead("lena@acme.example"), make_manager()
    put_on(max_)
    with pytest.raises(WrongStage, match="ask a marketer"):
        release_hold(lead, reason="mine", by=mia, at=LATER)


@pytest.mark.parametrize("stranger", [make_rep, make_manager])
def test_only_marketers_and_administrators_keep_the_list(stranger: object, max_: User) -> None:
    entry, somebody = put_on(max_), stranger()  # type: ignore[operator]
    with pytest.raises(NotAllowed):
        put_on(somebody, "other.example")
    with pytest.raises(NotAllowed):
        end_exclusion(entry, by=somebody, at=LATER)


def test_the_same_pattern_stands_once_and_may_come_back_when_it_has_expired(max_: User) -> None:
    entry = put_on(max_, expires_at=LATER)
    with pytest.raises(WrongStage, match="on the list already"):
        put_on(max_, "ACME.example")
    put_on(max_, at=LATER)
    entry.refresh_from_db()
    assert entry.ended_at == LATER
    with pytest.raises(WrongStage, match="no longer on the list"):
        end_exclusion(entry, by=max_, at=LATER)


def test_a_bad_pattern_or_a_day_that_has_passed_is_refused(max_: User) -> None:
    with pytest.raises(Incomplete):
        put_on(max_, "com")
    with pytest.raises(Incomplete):
        put_on(max_, expires_at=MONDAY_9AM)
    assert not Exclusion.objects.exists()


def test_who_ought_to_be_held_and_is_not_is_found_by_verify(max_: User) -> None:
    make_lead("lena@acme.example")
    put_on(max_)
    assert list(broken_rows()) == []
    make_lead("second@acme.example")
    assert "second" in "".join(broken.row for broken in broken_rows()) or len(list(broken_rows())) == 1
