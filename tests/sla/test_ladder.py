"""When the steps of a ladder fall due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.sla.clock import Hours, Opening, Target, add_business_time, business_time_between, due_at
from handoff.sla.ladder import Planned, Rung, planned

OFFICE = Hours("Europe/Amsterdam", tuple(Opening(day, 540, 1020) for day in range(5)))
MONDAY_4PM = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
FRIDAY_4PM = MONDAY_4PM + timedelta(days=4)
rungs = st.one_of(
    st.builds(Rung, st.integers(1, 9), st.just("verdict"), st.just("raise"), share=st.integers(0, 300)),
    st.builds(Rung, st.integers(1, 9), st.just("verdict"), st.just("raise"), offset=st.integers(-3000, 3000)),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rung(**values: int) -> Rung:
    return Rung(1, "first_touch", "tell_owner", **values)


@pytest.mark.parametrize(
    ("step", "instant"),
    [
        pytest.param({"share": 50}, "2026-03-03 09:00", id="half of it, over night"),
        pytest.param({"share": 100}, "2026-03-03 11:00", id="all of it"),
        pytest.param({"share": 150}, "2026-03-03 13:00", id="half as much again"),
        pytest.param({"share": 0}, "2026-03-02 15:00", id="at once"),
        pytest.param({"offset": -60}, "2026-03-03 10:00", id="an hour before"),
        pytest.param({"offset": 0}, "2026-03-03 11:00", id="when due"),
        pytest.param({"offset": 6 * 60}, "2026-03-04 09:00", id="six hours after, over night"),
        pytest.param({"offset": -600}, "2026-03-02 15:00", id="never before the start"),
    ],
)
def test_a_step_counts_in_the_business_time_of_its_clock(step: dict[str, int], instant: str) -> None:
    due = due_at(OFFICE, MONDAY_4PM, Target(4, "hours"))
    first = next(one for one in planned([rung(**step)], OFFICE, MONDAY_4PM, due) if one.rung)
    assert first.at == at(instant)


def test_at_one_instant_steps_come_in_their_order_and_before_the_breach() -> None:
    due = due_at(OFFICE, MONDAY_4PM, Target(4, "hours"))
    both = [Rung(2, "first_touch", "raise", share=100), Rung(1, "first_touch", "tell_owner", offset=0)]
    assert planned(both, OFFICE, MONDAY_4PM, due) == [*(Planned(due, each) for each in both), Planned(due, None)]


def test_a_pause_moves_what_comes_after_it() -> None:
    pause = [(at("2026-03-03 08:30"), at("2026-03-05 08:30"))]
    due = due_at(OFFICE, MONDAY_4PM, Target(4, "hours"), pause)
    assert due == at("2026-03-05 11:00")
    steps = planned([rung(share=25), rung(share=50)], OFFICE, MONDAY_4PM, due, pause)
    assert [one.at for one in steps] == [at("2026-03-02 16:00"), at("2026-03-05 09:00"), due]


def test_hours_are_not_needed_where_there_is_no_ladder() -> None:
    assert planned([], Hours("Europe/Amsterdam", ()), MONDAY_4PM, FRIDAY_4PM) == [Planned(FRIDAY_4PM, None)]


@given(st.lists(rungs, max_size=6), st.integers(0, 10_000), st.integers(1, 90))
def test_every_step_stands_once_in_order_at_its_share_of_business_time(
    steps: list[Rung], minutes: int, hours: int
) -> None:
    start = MONDAY_4PM + timedelta(minutes=minutes)
    due = due_at(OFFICE, start, Target(hours, "hours"))
    plan = planned(steps, OFFICE, start, due)
    assert sorted(one.rung.id for one in plan if one.rung) == sorted(each.id for each in steps)
    assert [one.at for one in plan] == sorted(one.at for one in plan)
    assert [one.at for one in plan if one.rung is None] == [due]
    for one in plan:
        if one.rung is None:
            continue
        whole = timedelta(hours=hours)
        share, offset = one.rung.share, timedelta(minutes=one.rung.offset or 0)
        wanted = max(whole + offset if share is None else whole * share / 100, timedelta(0))
        assert business_time_between(OFFICE, start, one.at) == wanted
        assert one.at in {due, start, add_business_time(OFFICE, start, wanted)}
