"""Handing on what people hold who are away, as their team wishes, once per absence."""

from datetime import datetime

import pytest

from handoff.outbox.models import Notice
from handoff.people.absences import be_away, come_back
from handoff.people.models import Absence, Team, User
from handoff.queue.claiming import claim
from handoff.queue.models import Assignment, Clock, Handoff
from handoff.queue.next_steps import plan_next_step
from handoff.queue.standing_in import hand_on_due
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_manager,
    make_policy,
    make_rep,
    make_team,
)

pytestmark = pytest.mark.django_db
RULE = Team.OnAbsence
NEXT_MONDAY = MONDAY_9AM + 7 * DAY


def held(by: User) -> Handoff:
    handoff = make_handoff()
    claim(handoff, by=by, at=MONDAY_9AM)
    return handoff


def away(user: User, *, until: datetime | None = NEXT_MONDAY) -> Absence:
    return be_away(user, by=user, at=MONDAY_9AM + HOUR, ends_at=until)


def hand_on(*, at: datetime = MONDAY_9AM + HOUR) -> int:
    return hand_on_due(at=at)


def holder(handoff: Handoff) -> User | None:
    return Handoff.objects.get(pk=handoff.pk).holder


@pytest.mark.parametrize(
    ("rule", "goes_to"),
    [
        pytest.param(RULE.KEEP, "ann", id="stay with them"),
        pytest.param(RULE.TEAM, None, id="back to the team"),
        pytest.param(RULE.NEXT, "bo", id="to the next rep"),
    ],
)
def test_the_leads_of_who_is_away_go_where_the_team_wishes(rule: str, goes_to: str | None) -> None:
    make_team(on_absence=rule)
    ann = make_rep("ann")
    make_rep("bo")
    handoff = held(ann)
    away(ann)
    assert hand_on() == (rule != RULE.KEEP)
    found = Handoff.objects.get(pk=handoff.pk)
    assert (found.holder.username if found.holder else None) == goes_to
    assert found.lead.owner == found.holder
    standing = Assignment.objects.filter(handoff=handoff, ended_at=None).values_list("how", flat=True)
    assert list(standing) == {"ann": ["claim"], "bo": ["absence"]}.get(goes_to or "", [])


def test_clocks_run_on_unchanged() -> None:
    make_calendar()
    make_policy()
    ann = make_rep("ann")
    handoff = held(ann)
    before = list(Clock.objects.values("due_at", "stopped_at"))
    away(ann)
    hand_on()
    assert list(Clock.objects.values("due_at", "stopped_at")) == before
    assert Handoff.objects.get().due_at == handoff.due_at


@pytest.mark.parametrize(
    ("step_at", "until", "stays"),
    [
        pytest.param(NEXT_MONDAY + HOUR, NEXT_MONDAY, True, id="after they are back"),
        pytest.param(NEXT_MONDAY, NEXT_MONDAY, True, id="as they come back"),
        pytest.param(MONDAY_9AM + DAY, NEXT_MONDAY, False, id="while they are away"),
        pytest.param(NEXT_MONDAY + HOUR, None, False, id="nobody knows when they are back"),
    ],
)
def test_a_lead_stays_whose_next_step_can_wait(step_at: datetime, until: datetime | None, stays: bool) -> None:
    ann = make_rep("ann")
    handoff = held(ann)
    plan_next_step(handoff, what="Call back", step_at=step_at, by=ann, at=MONDAY_9AM)
    away(ann, until=until)
    hand_on()
    assert (holder(handoff) == ann) is stays


def test_each_absence_hands_on_once() -> None:
    ann = make_rep("ann")
    away(ann)
    assert [hand_on(), hand_on()] == [0, 0]
    late = held(ann)
    assert hand_on() == 0
    assert holder(late) == ann
    away(ann)
    assert hand_on() == 1


@pytest.mark.parametrize(
    "at", [pytest.param(MONDAY_9AM, id="not yet"), pytest.param(NEXT_MONDAY, id="back before anybody looked")]
)
def test_nothing_is_handed_on_of_who_is_here(at: datetime) -> None:
    ann = make_rep("ann")
    handoff = held(ann)
    away(ann)
    assert hand_on(at=at) == 0
    assert holder(handoff) == ann


def test_who_is_back_keeps_what_they_have() -> None:
    ann = make_rep("ann")
    handoff = held(ann)
    away(ann)
    come_back(ann, by=ann, at=MONDAY_9AM + 2 * HOUR)
    assert hand_on(at=MONDAY_9AM + 2 * HOUR) == 0
    assert holder(handoff) == ann


def test_where_nobody_stands_in_the_leads_wait_and_the_managers_hear_of_it() -> None:
    make_team(on_absence=RULE.NEXT)
    ann, mia = make_rep("ann"), make_manager()
    handoffs = [held(ann), held(ann)]
    away(ann)
    assert hand_on() == 2
    assert [holder(handoff) for handoff in handoffs] == [None, None]
    told = list(Notice.objects.filter(user=mia).order_by("id").values_list("text", flat=True))
    assert [text.startswith("Nobody in Benelux is free") for text in told] == [True, True, False]
    assert told[-1] == "Ann is away; 2 leads were handed on."
