import pytest

from handoff.lib.refusals import AlreadyTaken
from handoff.queue.claiming import claim, pass_on, release, take_next
from handoff.queue.models import Assignment, Handoff
from tests.making import HOUR, MONDAY_9AM, make_handoff, make_rep, make_team

pytestmark = pytest.mark.django_db


def test_the_second_claim_loses_and_changes_nothing() -> None:
    handoff, sam, sasha = make_handoff(), make_rep("sam"), make_rep("sasha")
    stale_copy = Handoff.objects.get(id=handoff.id)
    claim(handoff, by=sam, at=MONDAY_9AM)
    with pytest.raises(AlreadyTaken, match="Sam was first"):
        claim(stale_copy, by=sasha, at=MONDAY_9AM)
    handoff.refresh_from_db()
    assert handoff.claimed_by == sam
    assert handoff.lead.owner == sam


def test_claiming_twice_is_claiming_once() -> None:
    handoff, sam = make_handoff(), make_rep()
    claim(handoff, by=sam, at=MONDAY_9AM)
    claim(handoff, by=sam, at=MONDAY_9AM + HOUR)
    assert Assignment.objects.filter(handoff=handoff).count() == 1


def test_take_next_gives_the_one_that_is_due_first() -> None:
    sam = make_rep()
    late, early = make_handoff(at=MONDAY_9AM + HOUR), make_handoff()
    Handoff.objects.filter(id=early.id).update(due_at=MONDAY_9AM + HOUR)
    Handoff.objects.filter(id=late.id).update(due_at=MONDAY_9AM + 2 * HOUR)
    assert [take_next(by=sam, at=MONDAY_9AM + 2 * HOUR) for _ in range(3)] == [early, late, None]


def test_a_released_lead_is_everybodys_again() -> None:
    handoff, sam, sasha = make_handoff(), make_rep("sam"), make_rep("sasha")
    claim(handoff, by=sam, at=MONDAY_9AM)
    release(handoff, reason="on holiday", by=sam, at=MONDAY_9AM + HOUR)
    claim(handoff, by=sasha, at=MONDAY_9AM + 2 * HOUR)
    held = Assignment.objects.filter(handoff=handoff).values_list("user__username", "ended_because")
    assert list(held) == [("sam", "on holiday"), ("sasha", "")]


def test_passing_on_moves_the_lead_but_not_its_clocks() -> None:
    handoff, sam, sasha = make_handoff(), make_rep("sam"), make_rep("sasha")
    claim(handoff, by=sam, at=MONDAY_9AM)
    due = handoff.due_at
    pass_on(handoff, to=sasha, note="speaks Dutch", by=sam, at=MONDAY_9AM + HOUR)
    assert handoff.holder == sasha
    assert handoff.due_at == due


def test_a_rep_of_another_team_does_not_see_it() -> None:
    handoff, stranger = make_handoff(), make_rep("nina", team=make_team("Nordics"))
    assert not Handoff.objects.visible_to(stranger).filter(id=handoff.id).exists()
