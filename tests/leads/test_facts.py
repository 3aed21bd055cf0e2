"""Leads as columns of facts, now and as they were recorded."""

from datetime import datetime
from typing import Any

import pytest

from handoff.leads.catalogue import activity_fields, profile_fields
from handoff.leads.facts import facts_of
from handoff.leads.fitting import fitting
from handoff.leads.models import Activity, Lead
from handoff.leads.recording import record_leads, register_traits
from scoring.engine import Prepared, prepare
from scoring.fields import FieldType, microseconds
from scoring.models import ScoringModel
from tests.making import DAY, MONDAY_9AM, PRICING, make_lead, make_model

pytestmark = pytest.mark.django_db


def prepared_for(*fields: str) -> Prepared:
    """Prepare a model whose rules look at these profile fields, and at the address of a page."""
    rules = [{"points": 1, "condition": {"field": name, "op": "is_filled"}} for name in fields]
    model = ScoringModel.objects.get(pk=make_model(*rules, PRICING).pk)
    return prepare(model.spec(), profile_fields(), activity_fields())


def profile(lead: Lead, *fields: str, known_at: datetime | None = None) -> list[Any]:
    leads = list(Lead.objects.filter(pk=lead.pk).select_related("company"))
    columns = facts_of(leads, prepared_for(*fields).needs, known_at=known_at).leads
    return [columns[name].to_list()[0] for name in fields]


def test_a_profile_reads_own_fields_company_and_traits() -> None:
    register_traits({"seats": ("Seats", "number")})
    lead = make_lead(title="CTO", country="", traits={"seats": 4}, company={"industry": "Energy", "employees": 40})
    found = profile(lead, "title", "country", "company.industry", "company.employees", "traits.seats")
    assert found == ["CTO", None, "Energy", 40.0, 4.0]


def test_a_lead_without_a_company_has_blanks_there() -> None:
    assert profile(make_lead(), "company.industry", "company.employees") == [None, None]


def test_nothing_earned_or_nobody_employed_is_a_number_and_not_blank() -> None:
    lead = make_lead(company={"employees": 0, "annual_revenue": 0})
    assert profile(lead, "company.employees", "company.annual_revenue") == [0, 0]


def test_the_past_profile_is_what_was_recorded_then() -> None:
    register_traits({"city": ("City", "choice")})
    lead = make_lead("ann@acme.example", title="Intern", traits={"city": "Delft"})
    for day, title in ((1, "Engineer"), (2, "CTO")):
        row = {"email": "ann@acme.example", "title": title, "traits": {"city": None}}
        record_leads([row], by=None, at=MONDAY_9AM + day * DAY)
    read = [profile(lead, "title", "traits.city", known_at=MONDAY_9AM + days * DAY) for days in (0, 1, 1.5, 2)]
    assert read == [["Intern", "Delft"], ["Engineer", None], ["Engineer", None], ["CTO", None]]


def test_the_past_profile_reads_the_company_back_too() -> None:
    company = {"name": "Acme", "domain": "acme.example", "employees": 10}
    for day, employees in enumerate((10, 900)):
        row = {"email": "ann@acme.example", "company": {**company, "employees": employees}}
        record_leads([row], by=None, at=MONDAY_9AM + day * DAY)
    lead = Lead.objects.get()
    assert profile(lead, "company.employees", known_at=MONDAY_9AM) == [10.0]
    assert profile(lead, "company.employees") == [900.0]


def test_activities_come_in_order_with_the_row_of_their_lead() -> None:
    first, second = make_lead(), make_lead()
    for lead, days in ((second, 1), (first, 3), (first, 2)):
        Activity.objects.create(
            lead=lead,
            source="web",
            source_id=f"{days}",
            kind="page_view",
            occurred_at=MONDAY_9AM + days * DAY,
            received_at=MONDAY_9AM + 9 * DAY,
            properties={"url": f"/{days}/"},
        )
    found = facts_of([second, first], prepared_for("title").needs).activities
    assert found["lead"].to_list() == [0, 1, 1]
    assert found["url"].to_list() == ["/1/", "/2/", "/3/"]
    assert found["at"].to_list() == [microseconds(MONDAY_9AM + days * DAY) for days in (1, 2, 3)]


@pytest.mark.parametrize(
    ("value", "type_", "kept"),
    [
        pytest.param("12.5", FieldType.NUMBER, 12.5, id="a number as text"),
        pytest.param("many", FieldType.NUMBER, None, id="no number"),
        pytest.param(True, FieldType.YES_NO, True, id="yes"),
        pytest.param("yes", FieldType.YES_NO, None, id="a word is no yes"),
        pytest.param("one", FieldType.CHOICES, ["one"], id="one of several"),
        pytest.param([1, "b"], FieldType.CHOICES, ["1", "b"], id="several"),
        pytest.param("1970-01-02", FieldType.DATE, 86_400_000_000, id="a date"),
        pytest.param("tomorrow", FieldType.DATE, None, id="no date"),
        pytest.param("", FieldType.TEXT, None, id="blank"),
        pytest.param(7, FieldType.TEXT, "7", id="a number where text is meant"),
    ],
)
def test_what_does_not_fit_its_type_counts_as_blank(value: object, type_: FieldType, kept: object) -> None:
    assert fitting(value, type_) == kept
