"""Six weeks of silence: they end a handoff that was worked as agreed, and show one that was not."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from handoff.leads.models import Stage
from handoff.lib.refusals import NotOpen
from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.lapsing import end_silence, lapse_instant
from handoff.queue.models import Breach, Clock, FiredStep, Handoff, Recycling, Verdict
from handoff.queue.objecting import record_objection
from handoff.queue.snoozing import snooze
from handoff.queue.touching import log_touch
from handoff.queue.undoing import overturn, undo
from handoff.queue.verifying import broken_rows
from handoff.sla.models import Metric, Policy, Target
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_manager,
    make_policy,
    make_reason,
    make_rep,
)

pytestmark = pytest.mark.django_db
# The first attempt is on 2 March; its 42nd day afterwards, 13 April, is in summer time and ends at midnight.
SIX_WEEKS_ON = datetime(2026, 4, 13, 22, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def sam() -> User:
    """A rep in an office whose policy wants two attempts, and gives a verdict sixty days."""
    make_calendar()
    make_policy(verdict_days=60, attempts=2)
    return make_rep("sam")


def attempted(sam: User, *days: float, outcome: str = "no_answer") -> Handoff:
    """Hand a lead over, with attempts so many days after Monday."""
    handoff = make_handoff()
    claim(handoff, by=sam, at=MONDAY_9AM)
    for day in days:
        log_touch(handoff, channel="call", outcome=outcome, by=sam, at=MONDAY_9AM + day * DAY)
    return handoff


def test_with_enough_attempts_it_lapses_at_the_end_of_the_42nd_day(sam: User) -> None:
    handoff = attempted(sam, 0, 3)
    assert end_silence(at=SIX_WEEKS_ON - SECOND) == 1  # the warning
    assert end_silence(at=SIX_WEEKS_ON + 3 * HOUR) == 1
    handoff.refresh_from_db()
    assert (handoff.verdict, handoff.closed_at, handoff.lead.stage) == (Verdict.LAPSED, SIX_WEEKS_ON, Stage.NURTURE)
    assert not Clock.objects.running().exists()
    assert not Breach.objects.exists()
    assert Recycling.objects.get().at == SIX_WEEKS_ON
    assert end_silence(at=SIX_WEEKS_ON + DAY) == 0


def test_with_too_few_the_verdict_is_late_and_the_managers_hear_it(sam: User) -> None:
    mia = make_manager()
    handoff = attempted(sam, 0)
    end_silence(at=SIX_WEEKS_ON + HOUR)
    end_silence(at=SIX_WEEKS_ON + DAY)
    handoff.refresh_from_db()
    breach = Breach.objects.get()
    assert handoff.is_open
    assert (breach.due_at, breach.clock.due_at, breach.holder) == (SIX_WEEKS_ON, SIX_WEEKS_ON, sam)
    assert Notice.objects.filter(user=mia, text__contains="fewer attempts than agreed").count() == 1


def test_with_too_few_the_steps_at_due_and_later_are_taken_and_those_before_it_are_not(sam: User) -> None:
    mia, policy = make_manager(), Policy.objects.get()
    policy.targets.filter(metric=Metric.VERDICT).update(amount=60)
    for action, when in (("tell_team", {"share": 90}), ("raise", {"share": 100}), ("tell_manager", {"offset": 60})):
        policy.ladder.create(metric=Metric.VERDICT, action=action, **when)
    handoff = attempted(sam, 0)
    end_silence(at=SIX_WEEKS_ON + HOUR)
    enforce_due(at=SIX_WEEKS_ON + 7 * DAY)
    handoff.refresh_from_db()
    assert [one.step.action for one in FiredStep.objects.all()] == ["raise", "tell_manager"]
    assert (handoff.priority, Breach.objects.get().due_at) == (1, SIX_WEEKS_ON)
    told = Notice.objects.filter(user=mia, cause__startswith="breach:")
    assert ["fewer attempts than agreed" in notice.text for notice in told] == [True]
    assert list(broken_rows()) == []


def test_who_works_on_after_too_few_attempts_is_not_ended_by_one_that_is_written_down_later(sam: User) -> None:
    handoff = attempted(sam, 0)
    late = SIX_WEEKS_ON + HOUR
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=late)
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, happened_at=SIX_WEEKS_ON - HOUR, at=late + HOUR)
    assert end_silence(at=late + DAY) == 0
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=late + 2 * DAY)
    handoff.refresh_from_db()
    assert handoff.is_open


def test_the_owner_is_warned_once_a_week_before(sam: User) -> None:
    handoff = attempted(sam, 0, 3)
    assert [end_silence(at=SIX_WEEKS_ON - days * DAY) for days in (8, 7, 6, 5)] == [0, 1, 0, 0]
    said = Notice.objects.get(user=sam, text__contains="lapses").text
    assert said == f"{handoff.lead.name} lapses in 7 days unless somebody answers."


@pytest.mark.parametrize(
    ("direction", "outcome"),
    [pytest.param("out", "connected", id="we spoke"), pytest.param("in", "replied", id="they wrote")],
)
def test_an_answer_starts_the_six_weeks_anew(sam: User, direction: str, outcome: str) -> None:
    handoff = attempted(sam, 0, 3)
    at = MONDAY_9AM + 20 * DAY
    log_touch(handoff, channel="email", outcome=outcome, direction=direction, by=sam, at=at)
    handoff.refresh_from_db()
    assert handoff.lapses_at == SIX_WEEKS_ON + 20 * DAY


@pytest.mark.parametrize("worker_was_there", [True, False])
def test_an_answer_before_the_end_is_too_late_where_it_is_written_down_after_it(
    sam: User, worker_was_there: bool
) -> None:
    handoff = attempted(sam, 0, 3)
    late = SIX_WEEKS_ON + HOUR
    if worker_was_there:
        end_silence(at=SIX_WEEKS_ON)
    with pytest.raises(NotOpen):
        log_touch(handoff, channel="email", outcome="replied", by=sam, happened_at=SIX_WEEKS_ON - HOUR, at=late)


def test_what_comes_after_the_end_finds_it_ended_whether_or_not_a_worker_was_there(sam: User) -> None:
    handoff = attempted(sam, 0, 3)
    late = SIX_WEEKS_ON + HOUR
    with pytest.raises(NotOpen, match="lapsed after six weeks"):
        log_touch(handoff, channel="call", outcome="connected", by=sam, at=late)
    with pytest.raises(NotOpen, match="lapsed after six weeks"):
        disqualify(handoff, reason=make_reason(), by=sam, at=late)
    end_silence(at=late)
    assert Handoff.objects.get().verdict == Verdict.LAPSED


def test_too_few_attempts_are_found_by_a_late_verdict_too(sam: User) -> None:
    handoff = attempted(sam, 0)
    disqualify(handoff, reason=make_reason(), by=sam, at=SIX_WEEKS_ON + HOUR)
    assert Breach.objects.get().due_at == SIX_WEEKS_ON


def test_paused_dates_come_on_top(sam: User) -> None:
    handoff = attempted(sam, 0, 3)
    at = MONDAY_9AM + 4 * DAY
    snooze(handoff, until=at + 10 * DAY, reason="Trade fair", by=sam, at=at)
    assert handoff.lapses_at == SIX_WEEKS_ON + 10 * DAY
    snooze(handoff, until=None, reason="", by=sam, at=at + 3 * DAY)
    assert handoff.lapses_at == SIX_WEEKS_ON + 3 * DAY


def test_a_snooze_that_an_answer_ends_counts_from_the_answer(sam: User) -> None:
    handoff = attempted(sam, 0, 3)
    at = MONDAY_9AM + 4 * DAY
    snooze(handoff, until=at + 20 * DAY, reason="Trade fair", by=sam, at=at)
    log_touch(handoff, channel="email", outcome="replied", by=sam, at=at + 19 * DAY)
    assert handoff.lapses_at == SIX_WEEKS_ON + 24 * DAY


def test_an_objection_is_heard_though_the_six_weeks_are_over(sam: User) -> None:
    handoff = attempted(sam, 0, 3)
    record_objection(handoff.lead, by=sam, at=SIX_WEEKS_ON + HOUR)
    assert handoff.lead.holds.get().reason == "objection"
    assert Handoff.objects.get().closed_at == SIX_WEEKS_ON


def test_a_snooze_finds_the_six_weeks_over(sam: User) -> None:
    handoff = attempted(sam, 0, 3)
    with pytest.raises(NotOpen):
        snooze(handoff, until=SIX_WEEKS_ON + 9 * DAY, reason="Fair", by=sam, at=SIX_WEEKS_ON + HOUR)


def test_an_overturned_verdict_has_six_weeks_and_clocks_of_its_own(sam: User) -> None:
    mia, handoff = make_manager(), attempted(sam, 0, 3)
    disqualify(handoff, reason=make_reason(), by=sam, at=MONDAY_9AM + 4 * DAY)
    overturn(handoff, reason="They called me.", by=mia, at=SIX_WEEKS_ON + 7 * DAY)
    end_silence(at=SIX_WEEKS_ON + 8 * DAY)
    enforce_due(at=SIX_WEEKS_ON + 8 * DAY)
    handoff.refresh_from_db()
    assert handoff.is_open
    assert handoff.lapses_at == SIX_WEEKS_ON + 50 * DAY
    assert not Breach.objects.exists()
    assert list(handoff.clocks.filter(metric="verdict").values_list("round", "ending")) == [(1, "met"), (2, "")]


def test_nothing_is_counted_before_the_first_attempt(sam: User) -> None:
    handoff = attempted(sam)
    assert handoff.lapses_at is None
    assert end_silence(at=SIX_WEEKS_ON + 400 * DAY) == 0


def test_a_handoff_without_a_policy_lapses_after_one_attempt(sam: User) -> None:
    Target.objects.all().delete()
    Policy.objects.all().delete()
    handoff = attempted(sam, 0)
    end_silence(at=SIX_WEEKS_ON + DAY)
    handoff.refresh_from_db()
    assert handoff.verdict == Verdict.LAPSED


def test_a_snooze_does_not_open_six_weeks_again_that_showed_too_little(sam: User) -> None:
    handoff = attempted(sam, 0)
    end_silence(at=SIX_WEEKS_ON + HOUR)
    snooze(handoff, until=SIX_WEEKS_ON + 10 * DAY, reason="Fair", by=sam, at=SIX_WEEKS_ON + DAY)
    handoff.refresh_from_db()
    assert handoff.lapses_at is None
    log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=SIX_WEEKS_ON + 2 * DAY)
    assert end_silence(at=SIX_WEEKS_ON + 20 * DAY) == 0
    handoff.refresh_from_db()
    assert handoff.is_open


def test_undoing_a_verdict_does_not_open_six_weeks_again_that_showed_too_little(sam: User) -> None:
    handoff = attempted(sam, 0)
    after = SIX_WEEKS_ON + 3 * DAY
    end_silence(at=after)
    assert Handoff.objects.get().lapses_at is None
    disqualify(handoff, reason=make_reason(), by=sam, at=after + HOUR)
    undo(handoff, by=sam, at=after + HOUR + SECOND)
    assert Handoff.objects.get().lapses_at is None


def test_undoing_a_verdict_just_before_the_six_weeks_are_over_leaves_them_running(sam: User) -> None:
    handoff = attempted(sam, 0, 3)
    disqualify(handoff, reason=make_reason(), by=sam, at=SIX_WEEKS_ON - 2 * SECOND)
    undo(handoff, by=sam, at=SIX_WEEKS_ON + SECOND)
    assert Handoff.objects.get().lapses_at == SIX_WEEKS_ON


TOUCHES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 6), st.sampled_from(["no_answer", "no_answer", "connected"])),
    min_size=1,
    max_size=8,
)


@given(touches=TOUCHES)
def test_in_whatever_order_touches_are_written_down_the_six_weeks_are_those_of_all_of_them(
    touches: list[tuple[int, int, str]],
) -> None:
    """Each is written down on one day, and dated back by some days."""
    with transaction.atomic():
        make_calendar()
        make_policy(verdict_days=200, attempts=9)
        handoff, sam = make_handoff(), make_rep("sam")
        for day, back, outcome in sorted(touches):
            at = MONDAY_9AM + day * DAY
            happened_at = max(at - back * DAY, MONDAY_9AM)
            log_touch(handoff, channel="call", outcome=outcome, by=sam, at=at, happened_at=happened_at)
            assert handoff.lapses_at == lapse_instant(Handoff.objects.get(pk=handoff.pk))
        transaction.set_rollback(True)
