"""Leads that come in while an entry is added to the exclusion list: none slips through between the two."""

import pytest

from handoff.leads.models import Hold, Lead
from handoff.queue.excluding import end_exclusion, exclude, keep_list
from handoff.queue.models import Handoff
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.verifying import broken_rows
from tests.concurrency.racing import race
from tests.making import MONDAY_9AM, PRICING, make_lead, make_live, make_marketer, make_team, page_view

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
