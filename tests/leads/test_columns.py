"""Ranges of leads as columns: the same facts as lead by lead."""

import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from handoff.leads.activity_columns import activities_of, activities_then
from handoff.leads.catalogue import activity_fields, profile_fields
from handoff.leads.columns import facts_in
from handoff.leads.facts import facts_of
from handoff.leads.models import Activity, Lead
from handoff.leads.recording import register_traits
from scoring.engine import Needs
from scoring.fields import FieldType
from tests.making import HOUR, MONDAY_9AM, make_lead

pytestmark = pytest.mark.django_db
TRAITS = {f"a_{type_}": ("A trait", str(type_)) for type_ in FieldType}
texts = st.text(string.ascii_letters + " ,\"'\\\n\räöü€0123456789-.", max_size=8)
values = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.sampled_from([1.5, -0.25]), texts,
    st.sampled_from(["12.5", "1e3", "nan", "2026-03-29", "2026-03-29T10:00:00+02:00"]),
    st.lists(st.one_of(texts, st.integers(0, 9), st.booleans()), max_size=3),
)  # fmt: skip
traits = st.dictionaries(st.sampled_from(sorted(TRAITS)), values)
properties = st.dictionaries(st.sampled_from(["url", "topic", "seconds", "people", "other"]), values)


def all_needs() -> Needs:
    """Return the need of every field there is."""
    own = {name: field.type for name, field in activity_fields().items() if "." not in name}
    return Needs({name: field.type for name, field in profile_fields().items()}, own)


def add(lead: Lead, number: int, **given: Any) -> None:
    row = {"source_id": f"{lead.pk}-{number}", "kind": "page_view", "occurred_at": MONDAY_9AM - number * HOUR, **given}
    Activity.objects.create(lead=lead, source="web", received_at=MONDAY_9AM, **row)


def assert_same(needs: Needs) -> None:
    leads = list(Lead.objects.select_related("company").order_by("id"))
    ids, found = facts_in(0, leads[-1].pk, needs)
    expected = facts_of(leads, needs)
    # On PostgreSQL both come by COPY, so the activities are also read row by row.
    for some in (leads, leads[::-1], [*leads, leads[0]], []):
        assert_frame_equal(activities_of(some, needs), activities_then(some, needs), check_column_order=False)
    assert ids.tolist() == [lead.pk for lead in leads]
    assert_frame_equal(found.leads, expected.leads)
    assert_frame_equal(found.activities.drop("id", strict=False), expected.activities.drop("id"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(traits, st.lists(properties, max_size=3)), min_size=1, max_size=3))
def test_whatever_is_stored_reads_the_same(drawn: list[tuple[dict[str, Any], list[dict[str, Any]]]]) -> None:
    Activity.objects.all().delete()
    Lead.objects.all().delete()
    register_traits(TRAITS)
    for own_traits, acts in drawn:
        lead = make_lead(traits=own_traits, company={"industry": "Energy", "annual_revenue": "12.50"}, title="")
        for number, given_properties in enumerate(acts):
            add(lead, number, properties=given_properties, is_machine=number == 1)
    assert_same(all_needs())


def test_a_range_without_activities_or_without_leads_reads_as_nothing() -> None:
    make_lead(email_is_free=True)
    assert_same(all_needs())
    _ids, found = facts_in(10**9, 10**9 + 1, all_needs())
    assert (found.leads.height, found.activities.height) == (0, 0)


def test_what_happened_at_one_instant_comes_in_the_order_of_source_and_id() -> None:
    lead = make_lead()
    for number, source_id in enumerate(["b", "B", "a", "_", "é"]):
        add(lead, number, source_id=source_id, occurred_at=MONDAY_9AM, properties={"url": source_id})
    _ids, found = facts_in(0, lead.pk, Needs({}, {"url": FieldType.TEXT}))
    assert found.activities["url"].to_list() == sorted(["b", "B", "a", "_", "é"])
    assert_same(all_needs())
