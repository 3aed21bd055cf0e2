import pytest

from handoff.lib.refusals import AlreadyTaken, Incomplete, NotHeld, NotOpen
from handoff.queue.claiming import claim, pass_on, release, take_next
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Assignment, Handoff
from tests.making import HOUR, MONDAY_9AM, make_handoff, make_manager, make_reason, make_rep, make_team, make_user

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


def test_what_has_a_verdict_is_not_taken_but_over() -> None:
    handoff, sam, sasha = make_handoff(), make_rep("sam"), make_rep("sasha")
    disqualify(handoff, reason=make_reason("bad-fit"), by=sam, at=MONDAY_9AM)
    with pytest.raises(NotOpen, match="verdict"):
        claim(handoff, by=sasha, at=MONDAY_9AM)


def test_what_nobody_holds_can_not_be_given_back() -> None:
    with pytest.raises(NotHeld):
        release(make_handoff(), reason="ill", by=make_rep(), at=MONDAY_9AM)


def test_nobody_passes_a_lead_to_who_has_it() -> None:
    handoff, sam = make_handoff(), make_rep()
    claim(handoff, by=sam, at=MONDAY_9AM)
    for by in (sam, make_manager()):
        with pytest.raises(Incomplete, match="has this lead already"):
            pass_on(handoff, to=sam, note="for you", by=by, at=MONDAY_9AM)
    assert Assignment.objects.count() == 1


def test_take_next_gives_an_administrator_what_waits_in_any_team() -> None:
    handoff = make_handoff()
    assert take_next(by=make_user("ada", "admin"), at=MONDAY_9AM) == handoff


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
