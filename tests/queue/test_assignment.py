"""Giving leads to reps: in turn by share and room, or to the colleague who knows the company."""

import pytest

from handoff.leads.models import Company, Lead, Stage
from handoff.outbox.models import Notice
from handoff.people.models import Membership, Team, User
from handoff.queue.assignment import next_in_turn
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Assignment, Handoff, Route
from tests.making import (
    HOUR,
    MONDAY_9AM,
    make_handoff,
    make_lead,
    make_manager,
    make_reason,
    make_rep,
    make_team,
)

pytestmark = pytest.mark.django_db


def rotating() -> Team:
    return make_team(giving=Team.Giving.ROTATION)


def limit(user: User, **values: int) -> None:
    Membership.objects.filter(user=user).update(**values)


def given(number: int) -> list[str]:
    """Hand over so many leads, an hour apart, and return who was given each."""
    holders = [make_handoff(at=MONDAY_9AM + hour * HOUR).assigned_to for hour in range(number)]
    return [holder.username if holder else "" for holder in holders]


def test_leads_are_given_in_turn() -> None:
    rotating()
    make_rep("ann")
    make_rep("bo")
    assert given(4) == ["ann", "bo", "ann", "bo"]


def test_a_double_share_gets_two_of_three() -> None:
    rotating()
    limit(make_rep("ann"), share=2)
    make_rep("bo")
    assert sorted(given(6)) == ["ann"] * 4 + ["bo"] * 2


def test_who_has_no_share_is_left_out() -> None:
    rotating()
    limit(make_rep("ann"), share=0)
    make_rep("bo")
    make_rep("gone", is_active=False)
    make_manager()
    assert given(2) == ["bo", "bo"]


def test_who_is_full_is_passed_over_until_there_is_room() -> None:
    rotating()
    ann, bo = make_rep("ann"), make_rep("bo")
    limit(ann, capacity=1)
    limit(bo, capacity=2)
    assert given(4) == ["ann", "bo", "bo", ""]
    first = Handoff.objects.order_by("id").first()
    assert first
    disqualify(first, reason=make_reason(), by=ann, at=MONDAY_9AM + HOUR)
    assert next_in_turn(Team.objects.get()) == ann


def test_claiming_what_one_was_given_takes_no_room_twice() -> None:
    rotating()
    ann = make_rep("ann")
    limit(ann, capacity=2)
    handoff = make_handoff()
    claim(handoff, by=ann, at=MONDAY_9AM)
    assert next_in_turn(Team.objects.get()) == ann


def test_being_given_a_lead_is_told_once() -> None:
    rotating()
    ann = make_rep("ann")
    make_handoff()
    assert Assignment.objects.get().how == Assignment.How.ROTATION
    assert Lead.objects.get().owner == ann
    assert Notice.objects.get().user == ann


def test_where_reps_take_leads_themselves_nobody_is_given_one_but_all_hear_of_it() -> None:
    make_team()
    make_rep("ann")
    make_rep("bo")
    assert make_handoff().assigned_to is None
    assert set(Notice.objects.values_list("user__username", flat=True)) == {"ann", "bo"}


@pytest.mark.parametrize("stage", [Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER])
def test_a_second_person_of_a_company_goes_to_the_rep_in_contact_there(stage: str) -> None:
    make_team()
    company = Company.objects.create(name="Acme")
    sam = make_rep("sam")
    make_lead(company=company, stage=stage, owner=sam)
    handoff = make_handoff(make_lead(company=company), route=Route.FAST_LANE)
    assert (handoff.assigned_to, Assignment.objects.get().how) == (sam, Assignment.How.COLLEAGUE)


@pytest.mark.parametrize(
    ("stage", "is_active"),
    [
        pytest.param(Stage.NURTURE, True, id="a contact that has ended"),
        pytest.param(Stage.SQL, False, id="a colleague who has left"),
    ],
)
def test_other_contacts_do_not_count(stage: str, is_active: bool) -> None:
    make_team()
    company = Company.objects.create(name="Acme")
    make_lead(company=company, stage=stage, owner=make_rep("sam", is_active=is_active))
    assert make_handoff(make_lead(company=company)).assigned_to is None


def test_the_handoff_moves_to_the_team_of_the_colleague() -> None:
    make_team()
    nordics = make_team("Nordics")
    company = Company.objects.create(name="Acme")
    make_lead(company=company, stage=Stage.SQL, owner=make_rep("nina", team=nordics))
    assert make_handoff(make_lead(company=company)).team == nordics
