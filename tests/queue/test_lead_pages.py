"""A lead by hand: added, corrected, held, kept from contact."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handoff.leads.consent import object_to_contact, permissions_of
from handoff.leads.models import Hold, Lead, LeadChange
from handoff.people.models import User
from handoff.queue.models import Handoff
from tests.making import (
    HOUR,
    MONDAY_9AM,
    make_handoff,
    make_lead,
    make_manager,
    make_marketer,
    make_rep,
    make_team,
)

pytestmark = pytest.mark.django_db
GIVEN = {"first_name": "Lena", "email": "lena@acme.example", "company_name": "Acme", "consent_phone": "request"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def edit(user: User, lead: Lead, **given: Any) -> Any:
    row = {"email": lead.email or "", "first_name": lead.first_name, **given}
    return signed_in(user).post(reverse("edit-lead", args=[lead.pk]), row)


def test_what_a_rep_adds_is_theirs_and_can_be_pulled_in() -> None:
    sam = make_rep()
    client = signed_in(sam)
    answer = client.post(reverse("new-lead"), {**GIVEN, "country": "Netherlands", "company_employees": "40"})
    lead = Lead.objects.get()
    assert answer.headers["Location"] == reverse("lead", args=[lead.pk])
    assert (lead.owner, lead.country, lead.company.employees) == (sam, "NL", 40)  # type: ignore[union-attr]
    assert permissions_of(lead)["phone"].is_allowed
    client.post(reverse("hand-over", args=[lead.pk]), {"note": "met at the fair"})
    assert Handoff.objects.get().claimed_by == sam


def test_a_marketer_adds_a_lead_that_is_nobodys() -> None:
    signed_in(make_marketer()).post(reverse("new-lead"), GIVEN)
    assert Lead.objects.get().owner is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"email": "lena"}, "is no e-mail address", id="a bad address"),
        pytest.param({"email": ""}, "needs an external_id or an email", id="no address"),
        pytest.param({"country": "Atlantis"}, "is no country", id="no country"),
        pytest.param({"company_country": "Atlantis"}, "is no country", id="no country of a company"),
        pytest.param({"email": "known@acme.example"}, "is known already", id="a known address"),
    ],
)
def test_what_cannot_be_taken_is_said_beside_the_field(given: dict[str, str], says: str) -> None:
    make_lead("known@acme.example")
    page = signed_in(make_marketer()).post(reverse("new-lead"), {**GIVEN, **given})
    assert page.status_code in {409, 422}
    field = next(iter(given))
    assert page.context["form"].errors[field]
    assert says in text(page)
    assert Lead.objects.count() == 1


def test_correcting_changes_the_address_too_and_keeps_what_was() -> None:
    lead = make_lead("lena@acme.example")
    edit(make_marketer(), lead, email="vogt@acme.example", last_name="")
    lead.refresh_from_db()
    assert (lead.email, lead.last_name, Lead.objects.count()) == ("vogt@acme.example", "", 1)
    assert LeadChange.objects.get().before["email"] == "lena@acme.example"


def test_anothers_address_is_refused_beside_the_field() -> None:
    make_lead("vogt@acme.example")
    lead = make_lead("lena@acme.example")
    page = edit(make_marketer(), lead, email="vogt@acme.example")
    assert page.status_code == 409
    assert "belongs to another lead" in str(page.context["form"].errors["email"])


def test_an_objection_cannot_be_edited_away() -> None:
    lead = make_lead()
    object_to_contact(lead, by=None, at=MONDAY_9AM)
    edit(make_marketer(), lead, consent_email="opt_in", consent_phone="opt_in")
    assert not any(permission.is_allowed for permission in permissions_of(lead).values())


@pytest.mark.parametrize("act", ["edit-lead", "hold", "release-hold", "objection"])
def test_a_strangers_lead_is_not_there(act: str) -> None:
    stranger = make_rep("nina", team=make_team("Nordics"))
    client, address = signed_in(stranger), reverse(act, args=[make_lead(team=make_team("Rest")).pk])
    assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)


@pytest.mark.parametrize("act", ["edit-lead", "hold", "release-hold"])
def test_what_a_rep_sees_but_does_not_own_is_not_theirs_to_change(act: str) -> None:
    client, address = signed_in(make_rep()), reverse(act, args=[make_lead().pk])
    assert (client.get(address).status_code, client.post(address).status_code) == (403, 403)


def test_a_manager_corrects_the_leads_of_the_team() -> None:
    lead = make_lead(owner=make_rep())
    edit(make_manager(), lead, first_name="Lene")
    assert Lead.objects.get().first_name == "Lene"


def test_holding_and_releasing_stand_on_the_page() -> None:
    lead, client = make_lead(), signed_in(make_marketer())
    address = reverse("hold", args=[lead.pk])
    assert client.post(address, {"reason": ""}).status_code == 422
    assert "a partner" in text(client.post(address, {"reason": "a partner"}, follow=True))
    assert client.post(address, {"reason": "again"}).status_code == 409
    page = client.post(reverse("release-hold", args=[lead.pk]), {"reason": "no partner any more"}, follow=True)
    assert "is let through" in text(page)
    assert Hold.objects.get().released_at


def test_an_objection_is_confirmed_first_and_offers_to_undo() -> None:
    sam = make_rep()
    handoff, client = make_handoff(at=MONDAY_9AM - HOUR), signed_in(sam)
    address = reverse("objection", args=[handoff.lead_id])
    assert "Record the objection" in text(client.get(address))
    assert Handoff.objects.open().exists()
    assert client.post(address).headers["Location"] == reverse("queue")
    assert not Handoff.objects.open().exists()
    assert client.session["undo"]["handoff"] == handoff.pk
