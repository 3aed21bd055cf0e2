"""Mail templates: the right language, filled in, quoted."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from handoff.leads.models import Lead
from handoff.queue.mailing import Offer, offers, unknown_placeholders
from handoff.queue.models import MailTemplate
from tests.making import make_lead, make_manager, make_rep, make_team

pytestmark = pytest.mark.django_db


def template(language: str = "en", **values: Any) -> MailTemplate:
    given = {"name": "First contact", "subject": f"{language} {{company}}", "body": "Dear {first_name},\n\n{my_name}"}
    return MailTemplate.objects.create(language=language, **{**given, **values})


def offered(lead: Lead, **of_rep: Any) -> Offer:
    return offers(lead, lead.team_id, make_rep(**of_rep))[0]


def said(offer: Offer) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(offer.address).query).items()}


def test_names_in_braces_are_filled_in_and_everything_is_quoted() -> None:
    template(subject="{company}: 100% & more?", body="Dear {first_name} {last_name},\n{title}\n{my_name}")
    lead = make_lead("lena+x@acme.example", first_name="Léna", last_name="Vogt", title="CTO", company={"name": "A&B"})
    offer = offered(lead)
    assert offer.address.startswith("mailto:lena%2Bx@acme.example?subject=A%26B%3A%20100%25")
    assert said(offer) == {"subject": "A&B: 100% & more?", "body": "Dear Léna Vogt,\r\nCTO\r\nSam"}


@pytest.mark.parametrize(
    ("lead", "rep", "known", "expected"),
    [
        pytest.param("de", "nl", "en nl de", "de", id="the lead's"),
        pytest.param("de-AT", "nl", "en nl de", "de", id="the lead's, whatever the country"),
        pytest.param("fr", "nl", "en nl de", "nl", id="else the rep's"),
        pytest.param("fr", "de", "en nl", "en", id="else English"),
        pytest.param("fr", "de", "nl", "nl", id="else what there is"),
    ],
)
def test_the_nearest_language_is_offered(lead: str, rep: str, known: str, expected: str) -> None:
    for language in known.split():
        template(language)
    assert said(offered(make_lead(language=lead), language=rep))["subject"].startswith(expected)


def test_the_teams_own_comes_before_everybodys_and_another_teams_never() -> None:
    lead = make_lead()
    template()
    template(team=lead.team, subject="ours")
    template(team=make_team("Nordics"), name="Theirs")
    found = offers(lead, lead.team_id, make_rep())
    assert [(offer.name, said(offer)["subject"]) for offer in found] == [("First contact", "ours")]


def test_what_cannot_be_filled_in_is_named() -> None:
    assert unknown_placeholders("Dear {first_name}, {nickname} {}") == ["nickname", ""]


def test_the_admin_refuses_it_and_managers_write_for_their_own_teams() -> None:
    client, team = Client(), make_team()
    make_team("Nordics")
    client.force_login(make_manager())
    address = reverse("admin:queue_mailtemplate_add")
    row = {"name": "Hello", "language": "en", "subject": "{nickname}", "body": "x", "position": 1, "team": team.pk}
    assert "{nickname}" in client.post(address, row).content.decode()
    assert "Nordics" not in client.get(address).content.decode()
    client.post(address, row | {"subject": "{company}"})
    assert MailTemplate.objects.get().team == team
    general = template(name="General")
    assert client.post(reverse("admin:queue_mailtemplate_delete", args=[general.pk])).status_code == 403
