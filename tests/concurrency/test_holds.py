"""Leads that come in while an entry is added to the exclusion list slip through nowhere; one answer to a request."""

import threading

import pytest
from django.db import transaction

from handoff.leads.models import Hold, Lead
from handoff.lib.refusals import NotOpen
from handoff.queue.excluding import end_exclusion, exclude, keep_list
from handoff.queue.holding import hold
from handoff.queue.models import Handoff, Triage
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.triage import keep_held, keep_triage, let_through
from handoff.queue.verifying import broken_rows
from tests.concurrency.racing import race
from tests.making import MONDAY_9AM, PRICING, make_lead, make_live, make_marketer, make_rep, make_team, page_view

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
ROUNDS = 12


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_whoever_comes_in_while_an_entry_is_added_is_held_and_not_handed_over(round_: int) -> None:
    make_team()
    make_live({**PRICING, "points": 80})
    known, marketer = make_lead("known@acme.example"), make_marketer()
    emails = [f"lena{number}@acme.example" for number in range(5)]
    waiting = [{**page_view(known, MONDAY_9AM), "lead": {"email": email}} for email in emails]
    receive_activities(waiting, at=MONDAY_9AM)
    added = lambda: exclude(kind="domain", value="acme.example", why="other", by=marketer, at=MONDAY_9AM)  # noqa: E731
    outcomes = race(
        lambda: receive_leads([{"email": email} for email in emails], by=None, at=MONDAY_9AM),
        added,
        lambda: receive_activities([page_view(known, MONDAY_9AM)], at=MONDAY_9AM),
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    keep_list(at=MONDAY_9AM)
    assert Hold.objects.filter(released_at=None).count() == Lead.objects.count() == 6
    assert not Handoff.objects.open().exists()
    assert list(broken_rows()) == []


def test_taking_an_entry_off_while_leads_come_in_leaves_nobody_held() -> None:
    make_team()
    marketer = make_marketer()
    for number in range(6):
        make_lead(f"known{number}@acme.example")
    entry = exclude(kind="domain", value="acme.example", why="other", by=marketer, at=MONDAY_9AM)
    rows = [{"email": f"known{number}@acme.example", "title": "Buyer"} for number in range(6)]
    outcomes = race(
        lambda: end_exclusion(entry, by=marketer, at=MONDAY_9AM),
        lambda: receive_leads(rows, by=None, at=MONDAY_9AM),
        lambda: keep_list(at=MONDAY_9AM),
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    keep_list(at=MONDAY_9AM)
    assert not Hold.objects.filter(released_at=None).exists()
    assert list(broken_rows()) == []


def test_adding_an_entry_waits_for_whoever_is_taking_leads_in() -> None:
    make_team()
    marketer, is_in, may_end, is_added = make_marketer(), threading.Event(), threading.Event(), threading.Event()

    def take_in() -> None:
        with transaction.atomic():
            receive_leads([{"email": "lena@acme.example"}], by=None, at=MONDAY_9AM)
            is_in.set()
            # Without the gate the entry is added meanwhile, and its search knows nothing of this lead.
            assert not is_added.wait(1)
            may_end.set()

    def add() -> None:
        is_in.wait(30)
        exclude(kind="domain", value="acme.example", why="other", by=marketer, at=MONDAY_9AM)
        is_added.set()

    assert race(take_in, add) == [None, None]
    assert may_end.is_set()
    assert Hold.objects.get(released_at=None).lead.email == "lena@acme.example"


def test_a_request_is_answered_once_whoever_answers_it() -> None:
    make_team()
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    marketer, lead = make_marketer(), make_lead()
    make_rep()
    hold(lead, reason="a partner", by=marketer, at=MONDAY_9AM)

    def asks() -> object:
        return receive_activities([page_view(lead, MONDAY_9AM, kind="contact_request")], at=MONDAY_9AM)

    asks()
    row = Triage.objects.get()
    outcomes = race(
        lambda: let_through(row, by=marketer, at=MONDAY_9AM),
        lambda: let_through(row, by=marketer, at=MONDAY_9AM),
        lambda: keep_held(row, reason="no", by=marketer, at=MONDAY_9AM),
        lambda: keep_triage(at=MONDAY_9AM),
        asks,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert {type(outcome) for outcome in refused} == {NotOpen}
    assert Triage.objects.exclude(closed_at=None).exclude(outcome="").exists()
    assert list(broken_rows()) == []
