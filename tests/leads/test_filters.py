"""Finding leads: words, phone numbers, and what the list can be narrowed by."""

from typing import Any

import pytest
from django.http import QueryDict

from handoff.leads.filters import LeadFilter, matching_person
from handoff.leads.models import Lead
from handoff.queue.receiving import receive_leads
from tests.making import DAY, MONDAY_9AM, make_lead, make_live, make_rep

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        pytest.param("lena", True, id="a first name in lower case"),
        pytest.param("Vogt Lena", True, id="both names, in any order"),
        pytest.param("lena noordwerk", True, id="a name and a company"),
        pytest.param("lena otherwerk", False, id="one word of two"),
        pytest.param("vogt@noord", True, id="part of an address"),
        pytest.param("crm-77", True, id="the external id"),
        pytest.param("+491512345678", True, id="the whole number"),
        pytest.param("+49 151 2345678", True, id="the number in groups"),
        pytest.param("+49 (0)151-234 5678", True, id="the number as on a card"),
        pytest.param("0151 2345678", True, id="the number as dialled at home"),
        pytest.param("0049 151 2345678", True, id="the number as dialled from abroad"),
        pytest.param("5678", True, id="its last digits"),
        pytest.param("9999", False, id="other digits"),
        pytest.param("+49", True, id="the code of its country"),
        pytest.param("+31", False, id="the code of another country"),
        pytest.param("12", False, id="too few digits to be a number"),
    ],
)
def test_words_find_name_address_company_and_phone(query: str, is_found: bool) -> None:
    make_lead("Vogt@noordwerk.example", first_name="Lena", last_name="Vogt", company={"name": "Noordwerk"})
    Lead.objects.update(external_id="crm-77", phone="+491512345678")
    make_lead("someone@else.example", first_name="Some", last_name="One")
    assert Lead.objects.filter(matching_person(query)).exists() is is_found


def test_the_digits_of_an_address_find_nobody_by_phone() -> None:
    make_lead(phone="+31612001212")
    assert not Lead.objects.filter(matching_person("wanda12@browser12.example")).exists()
    assert Lead.objects.filter(matching_person("Lena 1212")).exists()


def narrowed(query: str) -> list[str | None]:
    found: Any = LeadFilter(QueryDict(query), queryset=Lead.objects.order_by("id")).qs
    return [lead.email for lead in found]


def test_the_list_is_narrowed_and_ordered() -> None:
    make_live({"points": 30, "condition": {"field": "country", "op": "is", "value": "NL"}})
    for name, country, source in (("ann", "NL", "Webinar"), ("bo", "DE", "webinar"), ("cy", "NL", "Fair")):
        receive_leads([{"email": f"{name}@x.example", "country": country, "source": source}], by=None, at=MONDAY_9AM)
    Lead.objects.filter(email="cy@x.example").update(owner=make_rep(), created_at=MONDAY_9AM - DAY, stage="nurture")
    ann, bo, cy = "ann@x.example", "bo@x.example", "cy@x.example"
    assert narrowed("source=WEBINAR") == [ann, bo]
    assert narrowed("owner=sam") == [cy]
    assert narrowed("stage=nurture&stage=lead") == [cy]
    assert narrowed("score_min=30") == [ann, cy]
    assert narrowed("score_max=29.5") == [bo]
    assert narrowed("created_after=2026-03-02T08:00:00Z") == [ann, bo]
    assert narrowed("created_before=2026-03-02T08:00:00Z") == [cy]
    assert narrowed("ordering=-score,-id") == [cy, ann, bo]
