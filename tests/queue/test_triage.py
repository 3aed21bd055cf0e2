"""The triage list: no request for contact of a held or disqualified lead is swallowed."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from handoff.leads.consent import permissions_of
from handoff.leads.models import Consent, Hold, Lead, Stage
from handoff.leads.recording import record_leads
from handoff.lib.refusals import Incomplete, NotAllowed, NotOpen, WrongStage
from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.excluding import end_exclusion, exclude
from handoff.queue.holding import hold, release_hold
from handoff.queue.models import Handoff, Route, Triage
from handoff.queue.objecting import record_objection, take_back_objection
from handoff.queue.opening import hand_over_by_hand
from handoff.queue.receiving import receive_activities
from handoff.queue.triage import keep_held, keep_triage, let_through
from handoff.queue.verifying import broken_rows
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
    page_view,
)

pytestmark = pytest.mark.django_db
ASKED = MONDAY_9AM + HOUR
LATER = ASKED + HOUR


@pytest.fixture(autouse=True)
def rules() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])


@pytest.fixture
def max_() -> User:
    return make_marketer("max")


def asks(lead: Lead, at: datetime = ASKED, message: str = "Call me") -> None:
    """Let `lead` ask for contact."""
    request = page_view(lead, at - timedelta(minutes=10), kind="contact_request", properties={"message": message})
    receive_activities([request], at=at)


def held_lead(max_: User, **values: object) -> Lead:
    lead = make_lead(**values)  # type: ignore[arg-type]
    hold(lead, reason="a partner", by=max_, at=MONDAY_9AM)
    return lead


def disqualified_lead() -> Lead:
    handoff, sam = make_handoff(), make_rep("sam")
    claim(handoff, by=sam, at=MONDAY_9AM)
    disqualify(handoff, reason=make_reason("bad-fit"), permanent=True, by=sam, at=MONDAY_9AM)
    return handoff.lead


def test_the_request_of_a_held_lead_waits_with_what_they_wrote_and_marketing_is_told(max_: User) -> None:
    lead = held_lead(max_)
    asks(lead)
    row = Triage.objects.get()
    assert row.request
    assert (row.lead, row.request.properties["message"]) == (lead, "Call me")
    assert (row.asked_at, row.opened_at) == (ASKED - timedelta(minutes=10), ASKED)
    assert Notice.objects.get(user=max_).url == "/feedback/triage/"
    assert not Handoff.objects.exists()


def test_so_does_that_of_a_disqualified_one_but_not_that_of_anybody_in_the_queue(max_: User) -> None:
    asks(disqualified_lead())
    asks(make_lead())
    assert [row.lead.stage for row in Triage.objects.all()] == [Stage.DISQUALIFIED]


def test_it_is_due_when_the_first_touch_of_the_policy_that_would_match_would_be(max_: User) -> None:
    make_calendar()
    make_policy(first_touch_hours=4, position=90)
    make_policy(first_touch_hours=1, position=10, slug="fast", routes=["fast_lane"])
    friday_noon = MONDAY_9AM + 4 * DAY + 7 * HOUR + timedelta(minutes=30)  # half an hour before the week ends
    asks(held_lead(max_), at=friday_noon)
    assert Triage.objects.get().due_at == MONDAY_9AM + 7 * DAY + timedelta(minutes=30)


def test_a_later_request_raises_the_same_row_and_stays_due(max_: User) -> None:
    make_policy()
    lead = held_lead(max_)
    asks(lead)
    due_at = Triage.objects.get().due_at
    asks(lead, LATER, message="Please!")
    row = Triage.objects.get()
    assert row.request
    assert (row.raised_at, row.due_at, row.request.properties["message"]) == (LATER, due_at, "Please!")


def test_without_a_policy_nothing_is_due(max_: User) -> None:
    asks(held_lead(max_))
    assert Triage.objects.get().due_at is None
    assert keep_triage(at=MONDAY_9AM + 99 * DAY) == 0


def test_marketing_is_told_once_that_it_is_overdue_and_not_before(max_: User) -> None:
    make_policy(first_touch_hours=4)
    asks(held_lead(max_))
    told = Notice.objects.filter(user=max_, cause__startswith="triage:")
    keep_triage(at=ASKED + 4 * HOUR)
    assert not told.exists()
    assert keep_triage(at=ASKED + 4 * HOUR + timedelta(seconds=1)) == 1
    assert keep_triage(at=ASKED + DAY) == 0
    assert "asked for contact on 2 Mar 09:50" in told.get().text


def test_what_is_overdue_stands_first(max_: User) -> None:
    make_policy(first_touch_hours=4)
    late, early = held_lead(max_), held_lead(max_)
    asks(late, ASKED + DAY)
    asks(early, ASKED)
    assert [row.lead for row in Triage.objects.waiting().by_urgency()] == [early, late]


def test_letting_through_hands_over_by_the_fast_lane_with_the_request_and_its_instant(max_: User) -> None:
    make_calendar()
    make_policy()
    lead, sam = held_lead(max_), make_rep("sam")
    asks(lead)
    handoff = let_through(Triage.objects.get(), note="a real one", by=max_, at=LATER)
    row = Triage.objects.get()
    assert handoff
    assert (handoff.route, handoff.trigger, handoff.opened_at) == (Route.FAST_LANE, row.request, LATER)
    assert handoff.opening_note == "Asked on 2 Mar 09:50. a real one"
    assert "asked for contact on 2 Mar 09:50" in Notice.objects.get(user=sam, cause__startswith="request:").text
    assert (row.outcome, row.by, row.note, row.handoff) == ("let_through", max_, "a real one", handoff)
    released = Hold.objects.get()
    assert (released.released_by, released.release_note) == (max_, "a real one")
    assert list(broken_rows()) == []


def test_a_disqualified_lead_is_handed_over_too(max_: User) -> None:
    lead = disqualified_lead()
    asks(lead)
    let_through(Triage.objects.get(), by=max_, at=LATER)
    lead.refresh_from_db()
    assert lead.stage == Stage.MQL
    assert Handoff.objects.open().get().lead == lead


def test_whom_the_exclusion_list_holds_is_let_through_for_good(max_: User) -> None:
    make_rep()
    lead = make_lead("lena@acme.example")
    exclude(kind="domain", value="acme.example", why="competitor", by=max_, at=MONDAY_9AM)
    asks(lead)
    let_through(Triage.objects.get(), by=max_, at=LATER)
    assert Handoff.objects.open().get().lead == lead
    assert not Hold.objects.filter(released_at=None).exists()
    assert list(broken_rows()) == []


def test_their_own_request_lifts_an_objection_from_before_it(max_: User) -> None:
    lead = make_lead("lena@acme.example", phone="+31201234567")
    record_objection(lead, by=max_, at=MONDAY_9AM)
    asks(lead)
    let_through(Triage.objects.get(), by=max_, at=LATER)
    assert Handoff.objects.open().get().lead == lead
    assert {p.basis for p in permissions_of(lead).values()} == {"request"}


def test_an_objection_from_after_the_request_stands(max_: User) -> None:
    lead = held_lead(max_)
    asks(lead)
    record_objection(lead, by=max_, at=LATER)
    with pytest.raises(WrongStage, match="objected to contact after asking"):
        let_through(Triage.objects.get(), by=max_, at=LATER + HOUR)
    assert not Handoff.objects.exists()
    assert Triage.objects.waiting().exists()


def test_an_objection_is_taken_back_by_their_own_word_alone(max_: User) -> None:
    lead = make_lead("lena@acme.example")
    record_objection(lead, by=max_, at=MONDAY_9AM)
    with pytest.raises(Incomplete):
        take_back_objection(lead, words=" ", by=max_, at=LATER)
    with pytest.raises(NotAllowed):
        take_back_objection(lead, words="she wrote", by=make_rep(), at=LATER)
    take_back_objection(lead, words="She wrote on 2 March: do call me", by=max_, at=LATER)
    assert Hold.objects.get().release_note == "She wrote on 2 March: do call me"
    assert permissions_of(lead)["email"].basis == "opt_in"
    with pytest.raises(WrongStage):
        take_back_objection(lead, words="again", by=max_, at=LATER)


def test_keeping_held_needs_a_reason_and_a_later_request_is_listed_anew(max_: User) -> None:
    lead = held_lead(max_)
    asks(lead)
    with pytest.raises(Incomplete):
        keep_held(Triage.objects.get(), reason="", by=max_, at=LATER)
    keep_held(Triage.objects.get(), reason="still a partner", by=max_, at=LATER)
    assert (Triage.objects.get().outcome, Triage.objects.get().note) == ("kept", "still a partner")
    assert Hold.objects.filter(released_at=None).exists()
    asks(lead, LATER + HOUR)
    assert Triage.objects.waiting().count() == 1


@pytest.mark.parametrize("answer", ["let_through", "keep_held"])
def test_a_request_is_answered_once_and_by_marketing(answer: str, max_: User) -> None:
    asks(held_lead(max_))
    row = Triage.objects.get()
    acts: dict[str, Callable[[User], object]] = {
        "let_through": lambda by: let_through(row, by=by, at=LATER),
        "keep_held": lambda by: keep_held(row, reason="no", by=by, at=LATER),
    }
    for stranger in (make_rep(), make_manager()):
        with pytest.raises(NotAllowed):
            acts[answer](stranger)
    acts["keep_held"](max_)
    with pytest.raises(NotOpen, match="answered already: kept held"):
        acts[answer](max_)


def test_once_nothing_holds_the_lead_any_more_its_request_goes_through_by_itself(max_: User) -> None:
    lead = make_lead("lena@acme.example")
    entry = exclude(kind="domain", value="acme.example", why="competitor", by=max_, at=MONDAY_9AM)
    asks(lead)
    assert keep_triage(at=LATER) == 0
    end_exclusion(entry, by=max_, at=LATER)
    assert keep_triage(at=LATER) == 1
    handoff = Handoff.objects.open().get()
    assert (handoff.route, Triage.objects.get().handoff, Triage.objects.get().by) == (Route.FAST_LANE, handoff, None)


def test_where_the_lead_was_handed_over_meanwhile_its_handoff_is_raised(max_: User) -> None:
    lead = held_lead(max_)
    asks(lead)
    release_hold(lead, reason="no partner", by=max_, at=LATER)
    handoff = hand_over_by_hand(lead, note="now", by=max_, at=LATER)
    keep_triage(at=LATER)
    handoff.refresh_from_db()
    assert (handoff.raised_at, Triage.objects.get().handoff) == (LATER, handoff)


def test_a_customers_request_goes_to_its_owner_even_when_held(max_: User) -> None:
    sam = make_rep("sam")
    lead = held_lead(max_, stage=Stage.CUSTOMER, owner=sam)
    asks(lead)
    assert not Triage.objects.exists()
    assert Notice.objects.filter(user=sam).count() == 1


def test_a_new_objection_on_one_channel_does_not_revive_one_that_was_taken_back(max_: User) -> None:
    lead = make_lead("lena@acme.example", phone="+31201234567")
    record_objection(lead, by=max_, at=MONDAY_9AM)
    take_back_objection(lead, words="she wrote", by=max_, at=LATER)
    record_leads([{"email": lead.email, "consent": {"email": "objection"}}], by=None, at=LATER + HOUR)
    assert Consent.objects.filter(lead=lead, channel="email").last().basis == "objection"  # type: ignore[union-attr]
    assert not Hold.objects.filter(released_at=None).exists()
