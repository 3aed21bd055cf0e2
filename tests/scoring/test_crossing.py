"""When a score crosses the line: nothing flips before, it flips exactly then, and null means never."""

import random
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.course import FOREVER, Course, Term
from scoring.crossing import first_crossing
from scoring.engine import HORIZON, Scores
from scoring.spec import GroupSpec, ModelSpec, RuleSpec
from tests.scoring.oracle import DAY, Act, Person, answer, is_mql, margin
from tests.scoring.worlds import World, instant, scores, worlds

NOON = instant("2026-03-02T12:00")
# Nearer to the line than this, the oracle's other order of adding may decide otherwise.
BLURRED = 1e-9
Found = TypeVar("Found")


def crossings(world: World, at: int) -> tuple[Scores, np.ndarray[Any, np.dtype[np.bool_]], dict[int, int]]:
    """Return the engine's scores, who holds at `at`, and when each lead crosses."""
    found = scores(world.model, world.people)
    held = found.holds(at, np.zeros(len(world.people), dtype=bool))
    return found, held, found.first_crossings(at, held)


def moments(course: Course, low: int, high: int, chance: random.Random) -> list[int]:
    """Return instants in [low, high]: around every breakpoint, and anywhere."""
    edges = [edge + step for term in course.terms for edge in (term.start, term.end) for step in (-1, 0, 1)]
    edges += [course.created - 1, course.created, low, high]
    # Most of what happens, happens soon.
    spread = [low + int((high - low) * chance.random() ** power) for power in (1, 3, 6, 12) for _ in range(6)]
    return [at for at in {*edges, *spread} if low <= at <= high]


def assert_state(world: World, row: int, at: int, *, held: bool, expected: bool) -> None:
    """Compare the oracle's state of a lead with what is expected, unless it stands on the line itself."""
    found = answer(world.model, world.people[row], at)
    if abs(margin(world.model, found, holds=held)) > BLURRED:
        assert is_mql(world.model, found, holds=held) is expected


def aimed(world: World, now: int, chance: random.Random) -> World:
    """Put the threshold where the first lead's course passes some days after `now`, so that crossings are frequent."""
    later = now + round(chance.choice([0.01, 0.3, 2, 9, 40]) * DAY)
    total = answer(world.model, world.people[0], later).total
    return replace(world, model=replace(world.model, threshold=round(total, chance.choice([1, 9])), minimums={}))


@pytest.mark.properties
@given(worlds(leads=2, asked=2), st.randoms(use_true_random=False), st.booleans())
def test_the_state_stays_until_the_crossing_and_flips_at_it(drawn: World, chance: random.Random, aims: bool) -> None:
    for now in drawn.instants:
        world = aimed(drawn, now, chance) if aims else drawn
        found, holds, crossing = crossings(world, now)
        for row, held in enumerate(holds.tolist()):
            course, crosses = found.course(row), crossing.get(row)
            last = now + HORIZON - 1 if crosses is None else crosses - 1
            for at in moments(course, now, last, chance):
                assert course.is_mql(at, holds=held) is held
                assert_state(world, row, at, held=held, expected=held)
            if crosses is not None:
                assert now < crosses < now + HORIZON
                assert course.is_mql(crosses, holds=held) is not held
                assert_state(world, row, crosses, held=held, expected=not held)


@pytest.mark.properties
@given(worlds(leads=4, asked=3))
def test_no_lead_that_crosses_is_left_out_beforehand(world: World) -> None:
    for now in world.instants:
        found, holds, _ = crossings(world, now)
        may_cross = found.may_cross(now, holds)
        for row, held in enumerate(holds.tolist()):
            if first_crossing(found.course(row), now, now + HORIZON, held=held) is not None:
                assert may_cross[row]


@pytest.mark.properties
@given(worlds(leads=4, asked=3), st.randoms(use_true_random=False))
def test_many_are_found_to_cross_when_each_alone_is(drawn: World, chance: random.Random) -> None:
    for now in drawn.instants:
        with pytest.MonkeyPatch.context() as few:
            few.setattr("scoring.scores.FEW", 0)
            found, holds, crossing = crossings(aimed(drawn, now, chance), now)
        for row, held in enumerate(holds.tolist()):
            alone = first_crossing(found.course(row), now, now + HORIZON, held=held)
            # The order of adding may differ in the last bit, so the instants in a few microseconds.
            assert crossing.get(row) == (alone if alone is None else pytest.approx(alone, abs=50))


def fading(points: float, half_life: float = 0.0, *, since: float = 0, until: float | None = None) -> Term:
    """Return a term that began so many days after noon."""
    anchor = NOON + round(since * DAY)
    return Term(0, anchor, FOREVER if until is None else NOON + round(until * DAY), points, anchor, half_life * DAY, -1)


def course_of(*groups: list[Term] | tuple[list[Term], float | None, float | None], **model: Any) -> Course:
    """Return the course of a lead whose groups have these terms, with a floor and a cap where they are given."""
    specs: list[GroupSpec] = []
    rules: list[RuleSpec] = []
    terms: list[Term] = []
    for number, given_group in enumerate(groups):
        group, floor, cap = given_group if isinstance(given_group, tuple) else (given_group, None, None)
        specs.append(GroupSpec(f"g{number}", "Group", "interest", floor, cap))
        for term in group:
            terms.append(term._replace(rule=len(rules)))
            rules.append(RuleSpec(f"r{len(rules)}", "Rule", f"g{number}", "activity", term.points))
    return Course(ModelSpec(tuple(specs), tuple(rules), **{"threshold": 50.0, **model}), NOON, terms)


def crossing_of(course: Course, *, held: bool) -> float | None:
    """Return the crossing after noon in days."""
    found = first_crossing(course, NOON, NOON + HORIZON, held=held)
    return None if found is None else (found - NOON) / DAY


def calls_of(act: Callable[[], Found]) -> tuple[int, Found]:
    """Return how many Python functions `act` calls, and what it returns."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        found = act()
    finally:
        sys.setprofile(before)
    return calls, found


@pytest.mark.parametrize(
    ("course", "held", "days"),
    [
        pytest.param(course_of([fading(60, 30)]), True, 30 * np.log2(60 / 50), id="points fade through the line"),
        pytest.param(course_of([fading(60), fading(-20, 30)]), False, 30.0, id="what was taken fades, so it warms"),
        pytest.param(course_of([fading(60, until=7)]), True, 7.0, id="a window ends"),
        pytest.param(course_of([fading(60), fading(-20, since=14)]), True, 14.0, id="silence begins"),
        pytest.param(course_of([fading(49), fading(1, since=3)]), False, 3.0, id="what is yet to count begins"),
        pytest.param(course_of([fading(60, 30)], hysteresis=20.0), True, 30.0, id="the slack is used up first"),
        pytest.param(course_of([fading(60, 30)], minimums={"interest": 15.0}, threshold=1), True, 60.0, id="a minimum"),
        pytest.param(course_of(([fading(200, 30)], 0, 80), [fading(10)]), True, 30 * np.log2(5), id="a cap lets go"),
        pytest.param(course_of(([fading(-80, 9)], -5, 9), [fading(52)]), False, 9 * np.log2(40), id="a floor lets go"),
        pytest.param(
            course_of(([fading(200, 30)], 0, 80), [fading(-40, 10)], threshold=75.0),
            False,
            30.0,
            id="a cap makes a peak",
        ),
        pytest.param(
            course_of([fading(60, 30), fading(1, until=5), fading(1, until=10)]),
            True,
            30 * np.log2(60 / 49),
            id="between two windows that end",
        ),
        pytest.param(course_of([fading(60)]), True, None, id="nothing moves"),
        pytest.param(course_of([fading(45), fading(4, 30)]), False, None, id="it only falls"),
        pytest.param(course_of([fading(50.000001), fading(9, 30)]), True, None, id="it falls towards the line"),
        pytest.param(course_of([fading(51, until=2000)]), True, None, id="later than five years"),
    ],
)
def test_the_crossing_is_where_arithmetic_says(course: Course, held: bool, days: float | None) -> None:
    found = crossing_of(course, held=held)
    assert found == (None if days is None else pytest.approx(days, abs=2e-5))


# 10 * (d60 - d30) rises to exactly 2.5 after 60 days, and falls again.
HUMP = [fading(10, 60), fading(-10, 30)]


@pytest.mark.parametrize(
    ("course", "held", "days"),
    [
        pytest.param(course_of([fading(47.5), *HUMP]), False, 60, id="it touches the line from below"),
        pytest.param(course_of([fading(47.4999), *HUMP]), False, None, id="it almost touches the line from below"),
        pytest.param(
            course_of([fading(52.5), fading(10, 30), fading(-10, 60)]), True, None, id="it touches from above"
        ),
        pytest.param(course_of([fading(52.4999), fading(10, 30), fading(-10, 60)]), True, 60, id="it dips below"),
        pytest.param(
            course_of([fading(50), fading(10, 30), fading(-10, 30)]), True, None, id="both cancel on the line"
        ),
        pytest.param(
            course_of([fading(49.9999), fading(10, 9), fading(-10, 9)]), False, None, id="both cancel below it"
        ),
        pytest.param(
            course_of(([fading(50)], 0, 50), ([fading(9, 7)], -50, 50), ([fading(-9, 7)], -50, 50)),
            True,
            None,
            id="two clamped groups cancel on the line",
        ),
        pytest.param(
            course_of(([fading(20), fading(9, 7), fading(-9, 7)], 0, 20), [fading(30)]),
            True,
            None,
            id="a group stays at its cap exactly",
        ),
    ],
)
def test_a_course_that_touches_the_line_is_read_quickly(course: Course, held: bool, days: float | None) -> None:
    calls, found = calls_of(lambda: crossing_of(course, held=held))
    assert calls < 20_000
    assert found == (None if days is None else pytest.approx(days, abs=1))


mixed_terms = st.lists(
    st.builds(
        fading,
        st.integers(-40, 40).map(lambda half: half / 2),
        st.sampled_from([0, 0.01, 3, 7, 7, 14, 30, 30, 90]),
        since=st.sampled_from([-40, -3, -3, 0, 0, 5]),
        until=st.sampled_from([None, None, 20, 70]),
    ),
    min_size=1,
    max_size=5,
)
mixed_groups = st.tuples(mixed_terms, st.sampled_from([None, None, 0, -4]), st.sampled_from([None, None, 5, 12.5]))


@pytest.mark.properties
@given(
    st.lists(mixed_groups, min_size=1, max_size=3),
    st.sampled_from([0.5, 4, 11, 19.9, 45, 300]),
    st.randoms(use_true_random=False),
)
def test_mixed_terms_cross_when_they_say(groups: Any, days: float, chance: random.Random) -> None:
    threshold = course_of(*groups).total(NOON + round(days * DAY))
    course = course_of(*groups, threshold=round(threshold, 3))
    held = course.is_mql(NOON, holds=False)
    calls, crosses = calls_of(lambda: first_crossing(course, NOON, NOON + HORIZON, held=held))
    assert calls < 20_000
    last = NOON + HORIZON - 1 if crosses is None else crosses - 1
    for at in moments(course, NOON, last, chance):
        assert course.is_mql(at, holds=held) is held
    assert crosses is None or course.is_mql(crosses, holds=held) is not held


@pytest.mark.parametrize(
    "half_lives",
    [
        pytest.param([7, 14, 30, 60, 90], id="five half-lives"),
        pytest.param([5 + number / 7 for number in range(500)], id="each rule its own half-life"),
    ],
)
def test_many_mixed_terms_near_the_line_are_read_quickly(half_lives: list[float]) -> None:
    chance = random.Random(7)
    terms = [
        fading(chance.uniform(-4, 4), half_lives[number % len(half_lives)], since=-chance.random() * 30)
        for number in range(500)
    ]
    now = course_of(terms).total(NOON)
    course = course_of([*terms, fading(50 - now)], hysteresis=0.5)
    calls, found = calls_of(lambda: crossing_of(course, held=True))
    assert calls < 100_000
    assert found is None or not course.is_mql(NOON + round(found * DAY) + 1, holds=True)


@pytest.mark.parametrize("held", [pytest.param(True, id="holding"), pytest.param(False, id="not holding")])
def test_a_lead_that_is_yet_to_come_crosses_at_its_creation(held: bool) -> None:
    model = ModelSpec((GroupSpec("g", "Group", "fit", floor=-9 if held else 60),), (), threshold=-1 if held else 50)
    if held:
        model = ModelSpec(
            (*model.groups, GroupSpec("h", "Other", "timing")), (RuleSpec("r", "Rule", "h", "profile", -5),), -1
        )
    found, holds, crossing = crossings(World(model, [Person(NOON + DAY, {})], []), NOON)
    assert holds.tolist() == [held]
    assert crossing == {0: NOON + DAY}
    assert found.course(0).is_mql(NOON + DAY, holds=held) is not held


def test_only_leads_that_cross_are_named() -> None:
    model = ModelSpec(
        (GroupSpec("g", "Group", "interest"),),
        (RuleSpec("r", "Rule", "g", "activity", 60, half_life=30.0),),
        threshold=50,
    )
    quiet, busy = Person(NOON, {}), Person(NOON, {}, [Act("web", "1", NOON, "page_view")])
    _, holds, crossing = crossings(World(model, [quiet, busy, quiet], []), NOON)
    assert holds.tolist() == [False, True, False]
    assert list(crossing) == [1]
