"""Giving leads to reps: in turn by share and room, or to the colleague who knows the company."""

from collections.abc import Callable
from datetime import datetime

import pytest

from handoff.leads.models import Company, Lead, Stage
from handoff.outbox.models import Notice
from handoff.people.models import Absence, Membership, Team, User
from handoff.queue.assignment import tell_nobody_is_free
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Assignment, Handoff, Route
from handoff.queue.opening import hand_over_by_hand
from handoff.queue.rotation import next_in_turn
from handoff.sla.models import Calendar, CalendarOpening, PersonCalendar
from tests.making import (
    HOUR,
    MONDAY_9AM,
    make_calendar,
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


def away(user: User, *, until: datetime | None = None) -> None:
    at = MONDAY_9AM - HOUR
    Absence.objects.create(user=user, starts_at=at, ends_at=until, created_at=at)


def given(number: int, *, start: datetime = MONDAY_9AM) -> list[str]:
    """Hand over so many leads, half an hour apart, and return who was given each."""
    holders = [make_handoff(at=start + half * HOUR / 2).assigned_to for half in range(number)]
    return [holder.username if holder else "" for holder in holders]


def test_leads_are_given_in_turn() -> None:
    rotating()
    make_rep("ann")
    make_rep("bo")
    assert given(4) == ["ann", "bo", "ann", "bo"]


def test_who_joins_starts_where_the_team_is_now() -> None:
    rotating()
    make_rep("ann")
    assert given(5) == ["ann"] * 5
    make_rep("bo")
    assert given(4) == ["bo", "ann", "bo", "ann"]


def test_who_was_away_does_not_catch_up() -> None:
    rotating()
    make_rep("ann")
    away(make_rep("bo"), until=MONDAY_9AM + 6 * HOUR)
    assert given(6) == ["ann"] * 6
    assert given(4, start=MONDAY_9AM + 6 * HOUR) == ["bo", "ann", "bo", "ann"]


def test_who_is_at_work_goes_first_and_where_nobody_is_the_turn_decides() -> None:
    team = rotating()
    make_calendar(team)
    ann = make_rep("ann")
    make_rep("bo")
    late = Calendar.objects.create(name="Late shift", time_zone="Europe/Amsterdam")
    CalendarOpening.objects.create(calendar=late, weekday=0, opens=13 * 60, closes=21 * 60)
    PersonCalendar.objects.create(user=ann, calendar=late)
    morning, evening, night = MONDAY_9AM, MONDAY_9AM + 10 * HOUR, MONDAY_9AM + 15 * HOUR
    assert given(3, start=morning) == ["bo"] * 3
    assert given(3, start=evening) == ["ann"] * 3
    assert sorted(given(4, start=night)) == ["ann", "ann", "bo", "bo"]


def test_the_next_rep_is_never_the_one_to_avoid() -> None:
    team = rotating()
    ann, bo = make_rep("ann"), make_rep("bo")
    assert [next_in_turn(team, at=MONDAY_9AM, avoiding=ann) for _ in range(2)] == [bo, bo]
    away(bo)
    assert next_in_turn(team, at=MONDAY_9AM, avoiding=ann) is None
    assert next_in_turn(team, at=MONDAY_9AM) == ann


def test_where_nobody_is_free_the_lead_waits_and_the_managers_hear_of_it_once() -> None:
    rotating()
    away(make_rep("ann"))
    limit(make_rep("bo"), capacity=0)
    mia = make_manager()
    handoff = make_handoff()
    assert handoff.assigned_to is None
    assert Notice.objects.get(user=mia).text == f"Nobody in Benelux is free for {handoff.lead.name}."
    tell_nobody_is_free(handoff, at=MONDAY_9AM + HOUR)
    assert Notice.objects.filter(user=mia).count() == 1


def test_leads_held_in_another_team_take_room_too() -> None:
    rotating()
    ann = make_rep("ann")
    Membership.objects.create(user=ann, team=make_team("Nordics"))
    limit(ann, capacity=1)
    claim(make_handoff(make_lead(team=make_team("Nordics"))), by=ann, at=MONDAY_9AM)
    assert given(1) == [""]


def had_by(user: User) -> Lead:
    """Make a lead that `user` has disqualified."""
    handoff = make_handoff()
    claim(handoff, by=user, at=MONDAY_9AM)
    disqualify(handoff, reason=make_reason(), by=user, at=MONDAY_9AM + HOUR)
    return Lead.objects.get(pk=handoff.lead_id)


@pytest.mark.parametrize("giving", list(Team.Giving))
def test_a_lead_that_returns_goes_to_whoever_had_it_whosever_turn_it_is(giving: str) -> None:
    ann = make_rep("ann")
    make_rep("bo")
    first = had_by(ann)
    Team.objects.update(giving=giving)
    Membership.objects.filter(user=ann).update(turn=10**9)
    handoff = make_handoff(first, at=MONDAY_9AM + 2 * HOUR)
    assert handoff.assigned_to == ann
    assert Assignment.objects.get(handoff=handoff).how == Assignment.How.MEMORY


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(away, id="is away"),
        pytest.param(lambda user: limit(user, capacity=0), id="has no room"),
        pytest.param(lambda user: Membership.objects.filter(user=user).delete(), id="has left the team"),
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(is_active=False), id="has left the house"),
        pytest.param(lambda user: User.objects.filter(pk=user.pk).update(role="manager"), id="is no rep any more"),
    ],
)
def test_a_lead_that_returns_waits_for_all_where_whoever_had_it(change: Callable[[User], object]) -> None:
    ann = make_rep("ann")
    lead = had_by(ann)
    change(ann)
    assert make_handoff(lead, at=MONDAY_9AM + 2 * HOUR).assigned_to is None


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
    assert next_in_turn(Team.objects.get(), at=MONDAY_9AM + HOUR) == ann


def test_claiming_what_one_was_given_takes_no_room_twice() -> None:
    rotating()
    ann = make_rep("ann")
    limit(ann, capacity=2)
    handoff = make_handoff()
    claim(handoff, by=ann, at=MONDAY_9AM)
    assert next_in_turn(Team.objects.get(), at=MONDAY_9AM + HOUR) == ann


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


def test_a_colleague_who_is_away_is_not_given_the_second_person() -> None:
    make_team()
    company = Company.objects.create(name="Acme")
    sam = make_rep("sam")
    make_lead(company=company, stage=Stage.SQL, owner=sam)
    away(sam)
    assert make_handoff(make_lead(company=company)).assigned_to is None


def test_the_handoff_moves_to_the_team_of_the_colleague() -> None:
    make_team()
    nordics = make_team("Nordics")
    company = Company.objects.create(name="Acme")
    make_lead(company=company, stage=Stage.SQL, owner=make_rep("nina", team=nordics))
    assert make_handoff(make_lead(company=company)).team == nordics


def test_who_pulls_a_lead_in_has_it_though_it_is_another_ones_turn() -> None:
    team, sam, sasha = rotating(), make_rep("sam"), make_rep("sasha")
    before = dict(Membership.objects.values_list("user", "turn"))
    handoff = hand_over_by_hand(make_lead(team=team), note="Met at a fair", by=sasha, at=MONDAY_9AM)
    assert (handoff.claimed_by, Assignment.objects.get().user) == (sasha, sasha)
    assert dict(Membership.objects.values_list("user", "turn")) == before
    assert not Notice.objects.filter(user=sam).exists()
