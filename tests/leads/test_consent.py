"""Whether somebody may be called or mailed, and why."""

import pytest

from handoff.leads.consent import object_to_contact, permissions_of
from handoff.leads.models import Consent, Hold, Lead
from handoff.people.models import User
from tests.making import DAY, MONDAY_9AM, make_lead, make_rep

pytestmark = pytest.mark.django_db


def say(lead: Lead, basis: str, days: int = 0, channel: str = "email", by: User | None = None) -> None:
    Consent.objects.create(lead=lead, channel=channel, basis=basis, at=MONDAY_9AM + days * DAY, by=by)


def test_without_a_word_nothing_is_allowed() -> None:
    found = permissions_of(make_lead())
    assert {channel: (p.is_allowed, p.basis, p.at) for channel, p in found.items()} == {
        "email": (False, "", None),
        "phone": (False, "", None),
    }


@pytest.mark.parametrize(
    ("basis", "is_allowed"),
    [
        pytest.param("opt_in", True, id="opted in"),
        pytest.param("request", True, id="asked for it"),
        pytest.param("customer", True, id="a customer"),
        pytest.param("legitimate_interest", True, id="legitimate interest"),
        pytest.param("objection", False, id="objected"),
    ],
)
def test_each_basis_allows_or_forbids_its_channel_only(basis: str, is_allowed: bool) -> None:
    lead = make_lead()
    say(lead, basis)
    found = permissions_of(lead)
    assert (found["email"].is_allowed, found["email"].basis) == (is_allowed, basis)
    assert not found["phone"].is_allowed


def test_the_latest_word_counts_however_it_was_written_down() -> None:
    lead = make_lead()
    say(lead, "objection", days=2)
    say(lead, "opt_in", days=1)
    permission = permissions_of(lead)["email"]
    assert (permission.is_allowed, permission.at) == (False, MONDAY_9AM + 2 * DAY)


def test_objecting_closes_every_channel_and_holds_the_lead() -> None:
    lead, sam = make_lead(), make_rep()
    say(lead, "opt_in")
    object_to_contact(lead, by=sam, at=MONDAY_9AM + DAY)
    assert not any(permission.is_allowed for permission in permissions_of(lead).values())
    hold = Hold.objects.get()
    assert (hold.lead, hold.reason, hold.by) == (lead, "objection", sam)


def test_objecting_twice_holds_once() -> None:
    lead = make_lead()
    object_to_contact(lead, by=None, at=MONDAY_9AM)
    object_to_contact(lead, by=None, at=MONDAY_9AM + DAY)
    assert Hold.objects.count() == 1
