"""Territories: the first team, in their order, whose countries and condition a lead meets; one team gets the rest."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.leads.models import Company, Lead, Stage
from handoff.leads.recording import record_leads
from tests.making import MONDAY_9AM, make_handoff, make_lead, make_manager, make_team

pytestmark = pytest.mark.django_db
BIG: dict[str, Any] = {"id": "t1", "field": "company.employees", "op": "at_least", "value": 500}


def recorded(**row: Any) -> str:
    lead = record_leads([{"email": "lena@acme.example", **row}], by=None, at=MONDAY_9AM)[0].lead
    assert lead
    return str(lead.team)


def company(employees: int, country: str = "") -> dict[str, Any]:
    return {"name": "Acme", "employees": employees, "country": country}


@pytest.mark.parametrize(
    ("row", "team"),
    [
        pytest.param({"country": "NL", "company": company(900)}, "Large", id="both hold"),
        pytest.param({"company": company(900, "NL")}, "Large", id="the company's country stands in"),
        pytest.param({"country": "NL", "company": company(20)}, "Dutch", id="only the country"),
        pytest.param({"country": "FR", "company": company(900)}, "Rest", id="only the condition"),
        pytest.param({"country": "NL"}, "Dutch", id="nothing is known of the company"),
    ],
)
def test_the_first_team_in_order_whose_countries_and_condition_fit_gets_the_lead(
    row: dict[str, Any], team: str
) -> None:
    make_team("Rest")
    make_team("Dutch", countries=["NL"], position=2)
    make_team("Large", countries=["NL"], territory=BIG, position=1)
    assert recorded(**row) == team


def test_a_condition_needs_no_countries_and_looks_at_traits_of_the_row_itself() -> None:
    record_leads([{"email": "a@b.example", "traits": {"segment": "public"}}], by=None, at=MONDAY_9AM)
    make_team("Rest")
    make_team("Public", territory={"id": "t", "field": "traits.segment", "op": "is", "value": "public"})
    assert recorded(traits={"segment": "public"}) == "Public"
    assert recorded(traits={"segment": "private"}) == "Rest"


def test_a_relative_date_is_asked_of_today() -> None:
    make_team("Rest")
    make_team("New", territory={"id": "t", "field": "created_on", "op": "in_last_days", "value": 7})
    assert recorded() == "New"


def test_a_condition_on_a_field_that_is_gone_holds_for_nobody_and_leads_still_come_in() -> None:
    make_team("Rest")
    make_team("Gone", territory={"id": "t", "field": "traits.gone", "op": "is_filled"})
    assert recorded() == "Rest"


def test_a_lead_with_an_open_handoff_stays_where_it_is() -> None:
    rest, dutch = make_team("Rest"), make_team("Dutch", countries=["NL"])
    lead = make_lead("lena@acme.example", team=rest)
    make_handoff(lead)
    assert recorded(country="NL") == "Rest"
    Lead.objects.update(stage=Stage.NURTURE)
    assert recorded(country="NL", title="CFO") == dutch.name


def test_a_manager_adds_two_rows_of_one_new_person_in_a_list() -> None:
    mia = make_manager(team=make_team("Dutch", countries=["NL"]))
    rows = [{"email": "lena@acme.example", "title": title} for title in ("CFO", "CEO")]
    results = record_leads(rows, by=mia, at=MONDAY_9AM)
    assert [result.outcome for result in results] == ["created", "updated"]
    assert (Lead.objects.get().title, str(Lead.objects.get().team)) == ("CEO", "Dutch")


def test_routing_a_list_asks_as_often_as_routing_one() -> None:
    make_team("Rest")
    make_team("Large", territory=BIG)
    Company.objects.create(name="Acme", employees=900)

    def queries(number: int, mark: str) -> int:
        rows = [{"email": f"{mark}{n}@acme.example", "company": {"name": "Acme"}} for n in range(number)]
        with CaptureQueriesContext(connection) as asked:
            record_leads(rows, by=None, at=MONDAY_9AM)
        return len(asked)

    assert queries(1, "one") == queries(25, "many")
    assert set(Lead.objects.values_list("team__name", flat=True)) == {"Large"}
