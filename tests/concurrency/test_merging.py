"""Merging against everything else that wants the same leads: one order of events explains what came out."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from handoff.leads.models import Activity, Lead
from handoff.lib.refusals import AlreadyMerged, Refusal
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.merging import merge
from handoff.queue.models import Handoff, Merge
from handoff.queue.objecting import record_objection
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.touching import log_touch
from handoff.queue.verifying import broken_rows
from tests.concurrency.racing import race
from tests.making import (
    PRICING,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    page_view,
)

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
ROUNDS = 6


@pytest.fixture
def people() -> tuple[User, User]:
    make_calendar()
    make_policy()
    make_live(PRICING)
    make_reason()
    return make_marketer(), make_rep()


def merges(kept: Lead, gone: Lead, by: User) -> Callable[[], Any]:
    return lambda: merge(Lead.objects.get(pk=kept.pk), Lead.objects.get(pk=gone.pk), by=by, at=timezone.now())


def test_of_two_merges_the_other_way_round_one_wins(people: tuple[User, User]) -> None:
    for _ in range(ROUNDS):
        one, other = make_lead(), make_lead()
        outcomes = race(merges(one, other, people[0]), merges(other, one, people[0]))
        assert sorted(isinstance(outcome, Merge) for outcome in outcomes) == [False, True]
        [loss] = [outcome for outcome in outcomes if not isinstance(outcome, Merge)]
        assert isinstance(loss, AlreadyMerged | Lead.DoesNotExist)
    assert Lead.objects.count() == ROUNDS
    assert list(broken_rows()) == []


def test_three_merges_in_a_ring_leave_one_lead(people: tuple[User, User]) -> None:
    for _ in range(ROUNDS):
        ring = [make_lead() for _ in range(3)]
        outcomes = race(*(merges(ring[n], ring[(n + 1) % 3], people[0]) for n in range(3)))
        assert all(isinstance(outcome, Merge | AlreadyMerged | Lead.DoesNotExist) for outcome in outcomes), outcomes
        left = Lead.objects.filter(pk__in=[lead.pk for lead in ring]).count()
        assert left == 3 - sum(isinstance(outcome, Merge) for outcome in outcomes)
    assert list(broken_rows()) == []


def test_what_comes_in_while_leads_are_merged_is_the_kept_ones(people: tuple[User, User]) -> None:
    for number in range(ROUNDS):
        # The kept one comes after the other in the order of locks in every second round.
        pair = make_lead(f"a{number}@acme.example"), make_lead(f"b{number}@acme.example")
        kept, gone = pair if number % 2 else pair[::-1]
        by_id, by_mail = ({"id": gone.pk}, {"email": gone.email})
        items = [{**page_view(gone, timezone.now()), "lead": name} for name in (by_id, by_mail)]
        both = [page_view(lead, timezone.now()) for lead in pair]
        outcomes = race(
            merges(kept, gone, people[0]),
            *(partial(receive_activities, coming, at=timezone.now()) for coming in ([items[0]], [items[1]], both)),
            partial(receive_leads, [{"email": gone.email, "title": "CTO"}], by=None, at=timezone.now()),
        )
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)], outcomes
    assert (Lead.objects.count(), Activity.objects.filter(lead=None).count()) == (ROUNDS, 0)
    assert Activity.objects.count() == 4 * ROUNDS
    assert list(broken_rows()) == []


def test_a_handoff_that_is_worked_while_its_lead_is_merged_ends_in_one_order_or_the_other(
    people: tuple[User, User],
) -> None:
    max_, sam = people
    for _ in range(ROUNDS):
        first, second = make_handoff(at=timezone.now()), make_handoff(at=timezone.now())
        now = timezone.now()
        outcomes = race(
            merges(first.lead, second.lead, max_),
            partial(claim, second, by=sam, at=now),
            partial(log_touch, _again(second), channel="call", outcome="sent", by=sam, at=now),
            partial(disqualify, first, reason=make_reason(), by=sam, at=now),
            partial(record_objection, _again(second).lead, by=max_, at=now),
        )
        bugs = [outcome for outcome in outcomes if isinstance(outcome, Exception) and not isinstance(outcome, Refusal)]
        assert bugs == []
        assert isinstance(outcomes[0], Merge)
    assert Lead.objects.count() == ROUNDS
    assert Handoff.objects.count() == 2 * ROUNDS
    assert list(broken_rows()) == []


def _again(handoff: Handoff) -> Handoff:
    """Return a copy of its own for another thread."""
    return Handoff.objects.select_related("lead").get(pk=handoff.pk)
