"""Merging three leads gives the same, whatever the order and the direction; nothing is lost, nothing doubled."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from handoff.leads.consent import permissions_of
from handoff.leads.models import Activity, Consent, Hold, Lead
from handoff.leads.recording import record_leads, register_traits
from handoff.queue.claiming import claim
from handoff.queue.merging import merge
from handoff.queue.models import Handoff, Merge, Route
from handoff.queue.receiving import receive_activities
from handoff.queue.verifying import broken_rows
from scoring.publishing import forget_specs
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_marketer,
    make_policy,
    make_rep,
    page_view,
)

LATER = MONDAY_9AM + DAY
# What every lead may say or leave blank: leads whose profiles contradict each other keep what the kept one says.
PROFILE = {"title": "CTO", "phone": "+31201234567", "country": "NL", "campaign": "spring"}
FIT = {"points": 7, "condition": {"field": "title", "op": "is", "value": "CTO"}}
EARLY = {"points": 5, "condition": {"field": "traits.size", "op": "more_than", "value": 5}}
instants = st.integers(0, 40).map(lambda hours: MONDAY_9AM - timedelta(hours=hours))


@dataclass(frozen=True)
class Person:
    """A lead before it is merged."""

    known: frozenset[str]
    size: int | None
    visits: list[Any]
    consents: dict[str, tuple[str, Any]]
    holds: dict[str, Any]
    is_open: bool
    is_claimed: bool
    age: int


persons = st.builds(
    Person,
    known=st.frozensets(st.sampled_from(sorted(PROFILE))),
    size=st.sampled_from([None, 9]),
    visits=st.lists(instants, max_size=3),
    consents=st.dictionaries(
        st.sampled_from(["email", "phone"]), st.tuples(st.sampled_from(["opt_in", "objection"]), instants), max_size=2
    ),
    holds=st.dictionaries(st.sampled_from(["by_hand", "persona"]), instants, max_size=2),
    is_open=st.booleans(),
    is_claimed=st.booleans(),
    age=st.integers(40, 60),
)
# Who is merged into whom, by place; the second merge names the one that is left of the first.
ways = st.tuples(st.permutations([0, 1, 2]), st.booleans())


@pytest.mark.properties
class TestOrders(TestCase):
    """Each example lives in a transaction of its own."""

    @settings(max_examples=max(settings().max_examples // 6, 1), phases=[Phase.generate])
    @given(st.lists(persons, min_size=3, max_size=3), ways, ways)
    def test_the_order_and_the_direction_of_merges_do_not_matter(
        self, people: list[Person], one_way: Any, other_way: Any
    ) -> None:
        assert _merged(people, one_way) == _merged(people, other_way)


def _merged(people: list[Person], way: tuple[list[int], bool]) -> dict[str, Any]:
    """Return what has become of `people`, merged that way, and leave no trace."""
    with transaction.atomic():
        found = _live(people, way)
        transaction.set_rollback(True)
    forget_specs()
    return found


def _live(people: list[Person], way: tuple[list[int], bool]) -> dict[str, Any]:
    make_calendar()
    make_policy()
    register_traits({"size": ("size", "number")})
    make_live(PRICING, FIT, EARLY, threshold=1000)
    by, sam = make_marketer(), make_rep()
    leads = [_make(person, number) for number, person in enumerate(people)]
    for number, (person, lead) in enumerate(zip(people, leads, strict=True)):
        if person.is_open and not lead.holds.filter(reason=Hold.Reason.OBJECTION).exists():
            # By hand, so that none cools for a score it never had.
            handoff = make_handoff(lead, at=MONDAY_9AM + number * HOUR, route=Route.MANUAL)
            if person.is_claimed:
                claim(handoff, by=sam, at=MONDAY_9AM + (6 - number) * HOUR)
    said, done = set(Consent.objects.values_list("channel", "basis", "at")), Activity.objects.count()
    (first, second, third), is_into_the_first = way
    merge(leads[first], leads[second], by=by, at=LATER)
    pair = (leads[first], leads[third]) if is_into_the_first else (leads[third], leads[first])
    merge(*pair, by=by, at=LATER + HOUR)
    lead = Lead.objects.get()
    assert Merge.objects.count() == 3 - Lead.objects.count() == 2
    assert lead.activities.count() == done
    assert said <= set(lead.consents.values_list("channel", "basis", "at"))
    assert list(broken_rows()) == []
    open_one = Handoff.objects.open().first()
    return {
        "activities": set(lead.activities.values_list("source_id", "occurred_at")),
        "consents": {name: (p.is_allowed, p.basis) for name, p in permissions_of(lead).items()},
        "proof": sorted(said),
        "holds": set(lead.holds.filter(released_at=None).exclude(reason="objection").values_list("reason", "at")),
        "objects": lead.holds.filter(released_at=None, reason="objection").exists(),
        "stage": lead.stage,
        "open": open_one and (open_one.opened_at, open_one.claimed_at, lead.owner_id is None),
        "score": (round(lead.score.total, 6), round(lead.score.fit, 6)),
        "profile": (lead.title, lead.phone, lead.country, lead.campaign, lead.traits, lead.created_at),
    }


def _make(person: Person, number: int) -> Lead:
    profile = {name: PROFILE[name] for name in person.known}
    traits = {} if person.size is None else {"size": person.size}
    lead = make_lead(f"{number}@acme.example", at=MONDAY_9AM - person.age * DAY, traits=traits, **profile)
    for channel, (basis, at) in person.consents.items():
        record_leads([{"email": lead.email, "consent": {channel: basis}}], by=None, at=at)
    for reason, at in person.holds.items():
        Hold.objects.create(lead=lead, reason=reason, at=at)
    visits = [page_view(lead, at, id=f"{number}-{n}") for n, at in enumerate(person.visits)]
    receive_activities(visits, at=MONDAY_9AM)
    return Lead.objects.get(pk=lead.pk)
