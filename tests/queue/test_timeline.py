"""All that happened to a lead, in one line of time."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.leads.models import Activity, Lead
from handoff.people.models import User
from handoff.queue.claiming import claim, pass_on, release
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Handoff
from handoff.queue.noting import add_note
from handoff.queue.pages.trail import trail_of
from handoff.queue.snoozing import snooze
from handoff.queue.timeline import Event, timeline
from handoff.queue.touching import log_touch
from tests.making import DAY, HOUR, MONDAY_9AM, make_handoff, make_lead, make_reason, make_rep

pytestmark = pytest.mark.django_db


def did(lead: Lead, kind: str, at: datetime, *, is_machine: bool = False) -> None:
    key = f"{kind}-{at.timestamp()}-{is_machine}"
    row = {"source": "web", "source_id": key, "kind": kind, "occurred_at": at, "received_at": at}
    Activity.objects.create(lead=lead, is_machine=is_machine, **row)


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


@pytest.fixture
def handoff() -> Handoff:
    return make_handoff()


@pytest.fixture
def sam(handoff: Handoff) -> User:
    sam = make_rep("sam")
    claim(handoff, by=sam, at=MONDAY_9AM)
    return sam


def test_everything_stands_in_one_line(handoff: Handoff, sam: User) -> None:
    at = MONDAY_9AM
    did(handoff.lead, "page_view", at + HOUR)
    log_touch(handoff, channel="call", outcome="voicemail", evidence="call 17", by=sam, at=at + 2 * HOUR)
    add_note(handoff, text="Ask for Lena", by=sam, at=at + 3 * HOUR)
    snooze(handoff, until=at + 2 * DAY, reason="on holiday", by=sam, at=at + 4 * HOUR)
    disqualify(handoff, reason=make_reason(), note="next year", by=sam, at=at + 3 * DAY)
    events = timeline(handoff.lead)
    assert kinds(events)[:5] == ["verdict", "snooze", "note", "touch", "page_view"]
    assert sorted(kinds(events)[5:]) == ["assignment", "handoff"]
    by_kind = {event.kind: event for event in events}
    assert (by_kind["verdict"].by, by_kind["verdict"].note) == ("Sam", "No budget: next year")
    assert by_kind["touch"].note == "call 17"
    assert by_kind["snooze"].note == "on holiday"


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        pytest.param("", {"page_view", "email_opened", "email_clicked", "handoff", "assignment"}, id="all"),
        pytest.param("theirs", {"page_view", "email_opened", "email_clicked"}, id="theirs"),
        pytest.param("ours", {"handoff", "assignment"}, id="ours"),
        pytest.param("quiet", {"page_view", "email_clicked", "handoff", "assignment"}, id="without mail noise"),
    ],
)
def test_a_view_shows_its_part(handoff: Handoff, sam: User, view: str, expected: set[str]) -> None:
    for number, kind in enumerate(("page_view", "email_opened", "email_clicked")):
        did(handoff.lead, kind, MONDAY_9AM + number * HOUR)
    did(handoff.lead, "email_clicked", MONDAY_9AM + 9 * HOUR, is_machine=True)
    events = timeline(handoff.lead, view=view)
    assert set(kinds(events)) == expected
    clicks = {"ours": 0, "quiet": 1}.get(view, 2)
    assert kinds(events).count("email_clicked") == clicks


def test_a_touch_that_was_dated_back_says_so(handoff: Handoff, sam: User) -> None:
    call: dict[str, Any] = {"channel": "call", "outcome": "no_answer", "by": sam}
    log_touch(handoff, happened_at=MONDAY_9AM + HOUR, at=MONDAY_9AM + DAY, **call)
    log_touch(handoff, at=MONDAY_9AM + 2 * DAY, **call)
    touches = [event.logged_at for event in timeline(handoff.lead) if event.kind == "touch"]
    assert touches == [None, MONDAY_9AM + DAY]


def test_who_gave_it_back_and_why_is_kept_apart_from_who_passed_it_on(handoff: Handoff, sam: User) -> None:
    sasha = make_rep("sasha")
    pass_on(handoff, to=sasha, note="speaks French", by=sam, at=MONDAY_9AM + HOUR)
    release(handoff, reason="too much to do", by=sasha, at=MONDAY_9AM + 2 * HOUR)
    released = [(event.by, event.note) for event in timeline(handoff.lead) if event.kind == "release"]
    assert released == [("Sasha", "too much to do")]


def test_older_ones_are_asked_for_until_there_are_none() -> None:
    lead = make_lead()
    for number in range(5):
        did(lead, "page_view", MONDAY_9AM + number * HOUR)
    first = trail_of(lead, {}, address="/", most=2)
    assert (len(first.events), first.older > 2) == (2, True)
    rest = trail_of(lead, {"most": str(first.older)}, address="/", most=2)
    assert (len(rest.events), rest.older) == (5, 0)


@pytest.mark.parametrize("asked", [{"most": "-1"}, {"most": "x"}, {"most": "9" * 40}, {"show": "nonsense"}])
def test_a_mistyped_address_shows_the_usual(asked: dict[str, str]) -> None:
    lead = make_lead()
    did(lead, "page_view", MONDAY_9AM)
    found = trail_of(lead, asked, address="/", most=2)
    assert (len(found.events), found.view) == (1, "")


def test_it_costs_the_same_queries_however_much_happened(handoff: Handoff, sam: User) -> None:
    lead = Lead.objects.get()

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            timeline(lead)
        return len(queries)

    before = cost()
    for number in range(5):
        did(handoff.lead, "page_view", MONDAY_9AM + number * HOUR)
        add_note(handoff, text="again", by=sam, at=MONDAY_9AM + number * HOUR)
    assert cost() == before <= 7
