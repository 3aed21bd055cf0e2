"""The values that are suggested to whoever writes a condition: frequent ones first, from the latest rows only."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.leads.catalogue import LATEST, LONGEST, seen_values
from handoff.queue.receiving import receive_activities
from tests.making import MONDAY_9AM, make_lead, page_view

pytestmark = pytest.mark.django_db


def test_values_of_a_field_a_company_a_trait_and_a_list_are_found() -> None:
    make_lead(country="NL", company={"industry": "energy"}, traits={"city": "Graz", "likes": ["seo", "crm"]})
    make_lead(country="NL", company={"industry": ""}, traits={"city": None, "likes": ["seo"]})
    make_lead(country="BE")
    assert seen_values("profile", "country") == ["NL", "BE"]
    assert seen_values("profile", "company.industry") == ["energy"]
    assert seen_values("profile", "traits.city") == ["Graz"]
    assert seen_values("profile", "traits.likes") == ["seo", "crm"]


def test_a_name_with_any_characters_is_one_trait() -> None:
    make_lead(traits={"a__b": "x", "it's 100%": "y", "a": {"b": "z"}})
    assert seen_values("profile", "traits.a__b") == ["x"]
    assert seen_values("profile", "traits.it's 100%") == ["y"]


def test_values_of_activities_are_found() -> None:
    lead = make_lead()
    urls = ["/a/", "/b/", "/b/", "", "/" + LONGEST * "x"]
    receive_activities([page_view(lead, MONDAY_9AM, url) for url in urls], at=MONDAY_9AM)
    assert seen_values("activity", "url") == ["/b/", "/a/"]
    assert seen_values("activity", "form") == []


@pytest.mark.parametrize(
    ("source", "name"), [("profile", "company.industry"), ("profile", "traits.city"), ("activity", "url")]
)
def test_however_many_rows_there_are_only_the_latest_are_read(source: str, name: str) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        seen_values(source, name)
    [query] = asked.captured_queries
    assert query["sql"].endswith(f"DESC LIMIT {LATEST}")
    assert "GROUP BY" not in query["sql"]


@pytest.mark.parametrize("name", ["email", "phone"])
def test_what_points_at_one_person_is_not_suggested(name: str) -> None:
    make_lead("lena@company.example", phone="+31201234567")
    assert seen_values("profile", name) == []
