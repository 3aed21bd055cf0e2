"""SQLs in hand: who takes them on, what is learned of them, in which order they stand, and what becomes of them."""

from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from handoff.leads.models import Lead, Stage
from handoff.lib.refusals import Incomplete, NotAllowed, WrongStage
from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.deals import lose, open_opportunity, win
from handoff.queue.enforcement import enforce_due
from handoff.queue.feed import calendar_of
from handoff.queue.models import Clock, Handoff, Qualification, Recycling, TakeoverReturn
from handoff.queue.next_steps import plan_next_step, remind_due
from handoff.queue.qualification import correct_sql, qualify
from handoff.queue.standing import sqls_for_today
from handoff.queue.takeover import accept_takeover, pass_sql, return_takeover
from handoff.queue.touching import log_touch
from handoff.queue.undoing import overturn
from handoff.queue.verifying import broken_rows
from handoff.sla.models import Metric, Target
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    YES,
    make_calendar,
    make_handoff,
    make_lead,
    make_manager,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
)  # fmt: skip

pytestmark = pytest.mark.django_db
LATER = MONDAY_9AM + 2 * HOUR
TODAY = MONDAY_9AM.date()


@pytest.fixture
def sam() -> User:
    return make_rep("sam")


@pytest.fixture
def sasha() -> User:
    return make_rep("sasha")


def sql(by: User, *, bant: dict[str, tuple[str, str]] = YES, **given: Any) -> Handoff:
    """Make an SQL that `by` qualified."""
    handoff = make_handoff(make_lead())
    claim(handoff, by=by, at=MONDAY_9AM)
    log_touch(handoff, channel="call", outcome="connected", by=by, at=MONDAY_9AM + HOUR)
    qualify(handoff, bant=bant, by=by, at=LATER, **given)
    return handoff


def with_takeover_clock() -> None:
    make_calendar()
    Target.objects.create(policy=make_policy(), metric=Metric.TAKEOVER, amount=4, unit="hours")


def test_who_takes_it_on_returns_it_with_a_reason_and_the_clock_is_answered(sam: User, sasha: User) -> None:
    with_takeover_clock()
    handoff = sql(sam, takes_over=sasha)
    return_takeover(handoff, reason="Speaks Polish only", by=sasha, at=LATER + HOUR)
    found = Qualification.objects.get()
    assert (found.takes_over, found.accepted_at, Lead.objects.get().owner) == (sam, LATER + HOUR, sam)
    returned = TakeoverReturn.objects.get()
    assert (returned.by, returned.to, returned.reason) == (sasha, sam, "Speaks Polish only")
    clock = Clock.objects.get(metric=Metric.TAKEOVER)
    assert (clock.stopped_at, clock.ending) == (LATER + HOUR, Clock.Ending.MET)
    assert (
        Notice.objects.get(cause__startswith="returned:").text == f"Sasha gives {handoff.lead} back: Speaks Polish only"
    )
    assert list(broken_rows()) == []


def test_a_takeover_that_came_too_late_stays_on_record_though_its_verdict_is_overturned(sam: User, sasha: User) -> None:
    with_takeover_clock()
    handoff = sql(sam, takes_over=sasha)
    enforce_due(at=LATER + DAY)
    overturn(handoff, reason="They have no budget after all.", by=make_manager(), at=LATER + 2 * DAY)
    clock = Clock.objects.get(metric=Metric.TAKEOVER)
    assert (clock.ending, clock.breach.holder, clock.breach.annulled_at) == (Clock.Ending.CANCELLED, sasha, None)
    qualify(handoff, bant=YES, takes_over=sasha, by=sam, at=LATER + 3 * DAY)
    assert list(Clock.objects.filter(metric=Metric.TAKEOVER).values_list("round", flat=True).order_by("id")) == [1, 2]
    assert list(broken_rows()) == []


def test_clocks_from_before_are_told_to_whom_their_sql_was_offered(sam: User, sasha: User) -> None:
    with_takeover_clock()
    returned, passed = sql(sam, takes_over=sasha), sql(sam, takes_over=sasha)
    return_takeover(returned, reason="Speaks Polish only", by=sasha, at=LATER + HOUR)
    enforce_due(at=LATER + DAY)
    nina = make_rep("nina")
    pass_sql(passed, to=nina, by=sasha, at=LATER + DAY)
    takeovers = Clock.objects.filter(metric=Metric.TAKEOVER).order_by("id")
    said = list(takeovers.values_list("offered_to", flat=True))
    takeovers.update(offered_to=None)
    import_module("handoff.queue.migrations.0011_offered_to").say_to_whom(apps, None)
    assert list(takeovers.values_list("offered_to", flat=True)) == said == [sasha.pk, sasha.pk, nina.pk]


def test_a_return_needs_a_reason_and_one_who_was_offered_it(sam: User, sasha: User) -> None:
    handoff = sql(sam, takes_over=sasha)
    with pytest.raises(Incomplete):
        return_takeover(handoff, reason=" ", by=sasha, at=LATER)
    with pytest.raises(NotAllowed):
        return_takeover(handoff, reason="No", by=sam, at=LATER)
    accept_takeover(handoff, by=sasha, at=LATER)
    with pytest.raises(WrongStage, match="taken on already"):
        return_takeover(handoff, reason="No", by=sasha, at=LATER)


def test_both_who_qualified_and_who_took_it_on_keep_seeing_it(sam: User, sasha: User) -> None:
    sql(sam, takes_over=sasha)
    stranger = make_rep("nina")
    seen = {user.username: Qualification.objects.visible_to(user).count() for user in (sam, sasha, stranger)}
    assert seen == {"sam": 1, "sasha": 1, "nina": 0}


def test_passing_it_on_starts_a_new_clock_for_the_next_one(sam: User, sasha: User) -> None:
    with_takeover_clock()
    handoff, nina = sql(sam, takes_over=sasha), make_rep("nina")
    pass_sql(handoff, to=nina, by=sasha, at=LATER + HOUR)
    clocks = Clock.objects.filter(metric=Metric.TAKEOVER).order_by("round").values_list("round", "ending")
    assert list(clocks) == [(1, Clock.Ending.CANCELLED), (2, "")]
    assert (Qualification.objects.get().takes_over, Lead.objects.get().owner) == (nina, nina)
    with pytest.raises(NotAllowed):
        accept_takeover(handoff, by=sasha, at=LATER + 2 * HOUR)
    accept_takeover(handoff, by=nina, at=LATER + 2 * HOUR)
    assert list(broken_rows()) == []


def test_an_sql_is_passed_to_colleagues_only(sam: User) -> None:
    with pytest.raises(Incomplete):
        pass_sql(sql(sam), to=make_marketer(), by=sam, at=LATER)


def test_what_is_learned_later_changes_its_strength_and_stays_on_record(sam: User) -> None:
    handoff = sql(sam)
    assert Qualification.objects.get().strength == 12
    found = correct_sql(handoff, budget="no", budget_state="planned", role="decides", by=sam, at=LATER + DAY)
    assert found.strength == 9 + 1 + 2
    assert list(broken_rows()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"budget": "maybe"}, id="an answer that is none"),
        pytest.param({"role": "boss"}, id="a part that is none"),
        pytest.param({"value": 5, "currency": ""}, id="an amount without a currency"),
    ],
)
def test_nonsense_about_an_sql_is_refused(sam: User, wrong: dict[str, Any]) -> None:
    handoff = sql(sam)
    with pytest.raises(Incomplete):
        correct_sql(handoff, by=sam, at=LATER, **wrong)


def test_ready_to_start_tomorrow_stands_above_in_six_months(sam: User) -> None:
    weak = YES | {"need": ("no", ""), "budget": ("unknown", "")}
    at = {
        "in half a year": sql(sam, starts_on=TODAY + timedelta(days=180)),
        "weaker, tomorrow": sql(sam, bant=weak, starts_on=TODAY + timedelta(days=1)),
        "no date": sql(sam),
        "tomorrow": sql(sam, starts_on=TODAY + timedelta(days=1)),
        "tomorrow, money approved": sql(sam, starts_on=TODAY + timedelta(days=1), budget_state="approved"),
    }
    names = {handoff.pk: name for name, handoff in at.items()}
    order = [names[sql_.handoff_id] for sql_ in Qualification.objects.in_hand().by_readiness(TODAY)]
    assert order == ["tomorrow, money approved", "tomorrow", "in half a year", "weaker, tomorrow", "no date"]


def test_readiness_grows_as_the_start_comes_nearer_without_anybody_touching_it(sam: User) -> None:
    sql(sam, starts_on=date(2026, 9, 1))

    def readiness(today: date) -> int:
        return Qualification.objects.by_readiness(today).get().readiness  # type: ignore[attr-defined]

    assert [readiness(date(2026, month, 1)) for month in (1, 4, 7, 8)] == [12, 14, 16, 18]


def test_an_sql_has_next_steps_of_its_own_and_today_shows_them(sam: User, sasha: User) -> None:
    handoff = sql(sam, takes_over=sasha)
    accept_takeover(handoff, by=sasha, at=LATER)
    assert not sqls_for_today(sasha, LATER).exists()
    plan_next_step(handoff, what="Send the offer", step_at=LATER + HOUR, by=sasha, at=LATER)
    assert [sql_.step for sql_ in sqls_for_today(sasha, LATER)] == ["Send the offer"]
    assert remind_due(at=LATER + HOUR) == 1
    assert Notice.objects.get(cause__startswith="next-step:").user == sasha
    assert b"Send the offer" in calendar_of(sasha)
    assert b"Send the offer" not in calendar_of(sam)
    with pytest.raises(NotAllowed):
        plan_next_step(handoff, what="Mine", step_at=LATER + DAY, by=sam, at=LATER)
    assert list(broken_rows()) == []


def test_an_opportunity_is_recorded_once_and_can_be_won(sam: User) -> None:
    handoff = sql(sam)
    plan_next_step(handoff, what="Send the offer", step_at=LATER + DAY, by=sam, at=LATER)
    for hours in (1, 2):
        open_opportunity(handoff, by=sam, at=LATER + hours * HOUR)
    assert Qualification.objects.get().opportunity_at == LATER + HOUR
    assert Lead.objects.get().stage == Stage.OPPORTUNITY
    win(handoff, value=None, by=sam, at=LATER + DAY)
    assert Lead.objects.get().stage == Stage.CUSTOMER
    assert not handoff.next_steps.filter(ended_at=None).exists()
    assert list(broken_rows()) == []


def test_what_is_lost_rests_under_the_contract_of_its_reason(sam: User) -> None:
    handoff = sql(sam)
    lose(handoff, reason=make_reason("no-budget"), because="Postponed", by=sam, at=LATER)
    contract = Recycling.objects.get()
    assert (Lead.objects.get().stage, contract.wake_at) == (Stage.LOST, LATER + 180 * DAY)
    assert list(broken_rows()) == []


def test_what_is_lost_for_good_has_no_contract(sam: User) -> None:
    lose(sql(sam), because="Out of business", permanent=True, by=sam, at=LATER)
    assert Lead.objects.get().stage == Stage.LOST
    assert not Recycling.objects.exists()


def test_overturning_keeps_the_step_that_was_planned_for_the_sql(sam: User) -> None:
    handoff = make_handoff(make_lead())
    claim(handoff, by=sam, at=MONDAY_9AM)
    log_touch(handoff, channel="call", outcome="connected", by=sam, at=MONDAY_9AM + HOUR)
    plan_next_step(handoff, what="Before", step_at=LATER + DAY, by=sam, at=MONDAY_9AM + HOUR)
    qualify(handoff, bant=YES, by=sam, at=LATER)
    plan_next_step(handoff, what="After", step_at=LATER + 2 * DAY, by=sam, at=LATER + HOUR)
    overturn(handoff, reason="Wrong company", by=make_manager(), at=LATER + DAY)
    assert handoff.next_steps.get(ended_at=None).what == "After"
    assert list(broken_rows()) == []
