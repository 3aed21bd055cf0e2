"""The engine against a second implementation, and what holds for every score."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.course import Reading
from scoring.spec import DIMENSIONS, GroupSpec, ModelSpec, RuleSpec
from tests.scoring.oracle import DAY, Act, Person, answer, in_order
from tests.scoring.worlds import KINDS, NUMBERS, WORDS, World, instant, scores, worlds

EXACT = 1e-9
NOON = instant("2026-03-02T12:00")


def one_rule(**values: object) -> ModelSpec:
    """Make a model of one activity rule worth ten points."""
    rule = RuleSpec("r", "Rule", "g", **{"kind": "activity", "points": 10.0, **values})  # type: ignore[arg-type]
    return ModelSpec((GroupSpec("g", "Group", "interest"),), (rule,), threshold=50)


def lead(*days: float, **properties: list[object]) -> Person:
    """Make a lead with a page view on each of these days after noon of the first; properties come in step."""
    acts = [
        Act("web", f"{n}", NOON + round(day * DAY), "page_view", False, {k: v[n] for k, v in properties.items()})
        for n, day in enumerate(days)
    ]
    return Person(NOON, {}, acts)


def total(model: ModelSpec, person: Person, *, day: float) -> float:
    """Return the engine's total so many days after noon of the first."""
    found, at = scores(model, [person]), NOON + round(day * DAY)
    assert found.dimensions(at).sum() == pytest.approx(found.course(0).total(at), abs=EXACT)
    return found.course(0).total(at)


def assert_agrees(world: World) -> None:
    """Compare engine and oracle for each lead at each instant of `world`."""
    found = scores(world.model, world.people)
    for at in world.instants:
        columns = found.dimensions(at)
        for row, person in enumerate(world.people):
            expected = answer(world.model, person, at)
            assert columns[row].tolist() == pytest.approx([expected.dimensions[name] for name in DIMENSIONS], abs=EXACT)
            reading = found.course(row).reading(at)
            assert reading.total == pytest.approx(expected.total, abs=EXACT)
            assert dict(reading.dimensions) == pytest.approx(dict(expected.dimensions), abs=EXACT)
            assert_same_entries(world, row, reading, at)


def assert_same_entries(world: World, row: int, reading: Reading, at: int) -> None:
    """Compare what the engine and the oracle give as reasons."""
    expected = answer(world.model, world.people[row], at)
    acts = [act for person in world.people for act in sorted(person.acts, key=in_order)]
    entries = {entry.rule: entry for entry in reading.entries}
    clamps = {f"group:{key}": points for key, points in expected.clamps.items() if abs(points) > EXACT}
    assert set(entries) == set(expected.reasons) | set(clamps)
    for key, points in clamps.items():
        assert entries[key].points == pytest.approx(points, abs=EXACT)
    for rule in world.model.rules:
        if rule.key not in entries:
            continue
        entry, reason = entries[rule.key], expected.reasons[rule.key]
        assert (entry.points, entry.fresh_points) == pytest.approx((reason.points, reason.fresh), abs=EXACT)
        shown = [acts[number] for number in entry.activities]
        assert shown == list(reason.acts)


@pytest.mark.properties
@given(worlds())
def test_the_engine_agrees_with_the_oracle(world: World) -> None:
    assert_agrees(world)


@pytest.mark.properties
@given(worlds(leads=2))
def test_entries_always_sum_to_the_total(world: World) -> None:
    found = scores(world.model, world.people)
    for at in world.instants:
        for row in range(len(world.people)):
            reading = found.course(row).reading(at)
            assert sum(entry.points for entry in reading.entries) == pytest.approx(reading.total, abs=EXACT)
            assert sum(reading.dimensions.values()) == pytest.approx(reading.total, abs=EXACT)


@pytest.mark.properties
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(world: World, chance: random.Random) -> None:
    shuffled = [replace(person, acts=chance.sample(person.acts, len(person.acts))) for person in world.people]
    first, second = scores(world.model, world.people), scores(world.model, shuffled[::-1])
    for at in world.instants:
        assert first.dimensions(at) == pytest.approx(second.dimensions(at)[::-1], abs=0)


@pytest.mark.properties
@given(worlds())
def test_what_happens_later_changes_nothing_before(world: World) -> None:
    for at in world.instants:
        so_far = [replace(person, acts=[act for act in person.acts if act.at <= at]) for person in world.people]
        now, then = scores(world.model, world.people).dimensions(at), scores(world.model, so_far).dimensions(at)
        assert now == pytest.approx(then, abs=EXACT)


def test_five_hundred_rules_agree_with_the_oracle() -> None:
    chance = random.Random(500)
    groups = tuple(GroupSpec(name, name, name, floor=-200, cap=900) for name in DIMENSIONS)

    def rule(number: int) -> RuleSpec:
        limit = chance.choice([None, 1, 3])
        return RuleSpec(
            f"r{number}",
            f"Rule {number}",
            chance.choice(groups).key,
            "activity",
            chance.randint(-20, 40) / 4,
            chance.choice([{}, {"field": "url", "op": "contains", "value": chance.choice(WORDS)}]),
            (chance.choice(KINDS),),
            half_life=chance.choice([None, chance.uniform(0.5, 90)]),
            window=chance.choice([None, 7.0, 30.0]),
            limit=limit,
            limit_per=chance.choice(["day", "week", "month", "ever"]) if limit else "",
            at_least=chance.choice([None, None, 2, 5]),
            at_least_of=chance.choice(["matches", "visits", "days"]),
        )

    model = ModelSpec(groups, tuple(map(rule, range(500))), threshold=100, time_zone="Europe/Amsterdam")
    acts = [
        Act(
            "web",
            str(n),
            NOON + chance.randrange(60 * DAY),
            chance.choice(KINDS),
            n % 9 == 0,
            {"url": chance.choice(WORDS)},
        )
        for n in range(60)
    ]
    instants = [NOON + day * DAY for day in (30, 61, 200)]
    assert_agrees(World(model, [Person(NOON, {"employees": chance.choice(NUMBERS)}, acts)], instants))


@pytest.mark.parametrize(
    ("day", "points"),
    [
        pytest.param(0, 10.0, id="at once"),
        pytest.param(30, 5.0, id="after one half-life"),
        pytest.param(60, 2.5, id="after two"),
        pytest.param(89.999999, 10 * 0.5 ** (89.999999 / 30), id="just inside the window"),
        pytest.param(90, 0.0, id="at the end of the window"),
    ],
)
def test_points_fade_by_half_lives_and_stop_at_the_window(day: float, points: float) -> None:
    assert total(one_rule(half_life=30.0, window=90.0), lead(0), day=day) == pytest.approx(points, abs=EXACT)


@pytest.mark.parametrize("none", [pytest.param(None, id="empty"), pytest.param(0.0, id="nought")])
def test_without_window_and_half_life_points_stay(none: float | None) -> None:
    assert total(one_rule(window=none, half_life=none), lead(0), day=4000) == 10.0


def test_of_limited_matches_the_latest_count_ever_and_the_earliest_a_day() -> None:
    views = lead(0, 0.1, 0.2)
    assert total(one_rule(limit=1, limit_per="ever", half_life=1.0), views, day=0.2) == 10.0
    assert total(one_rule(limit=1, limit_per="day", window=0.15), views, day=0.2) == 0.0


def test_distinct_values_are_looked_for_among_the_latest_that_count() -> None:
    rule = one_rule(limit=2, limit_per="ever", at_least=2, at_least_of="values", values_of="url")
    assert total(rule, lead(0, 1, url=["a", "b"]), day=1) == 10.0
    assert total(rule, lead(0, 1, 2, url=["a", "b", "b"]), day=2) == 0.0


def test_a_blank_is_no_value() -> None:
    rule = one_rule(at_least=2, at_least_of="values", values_of="url", half_life=1.0)
    assert total(rule, lead(0, 1, url=["a", None]), day=1) == 0.0
    assert total(rule, lead(0, 1, 2, url=["a", "b", None]), day=2) == 5.0


@pytest.mark.parametrize(
    ("minutes", "points"),
    [pytest.param(30, 10.0, id="thirty minutes apart"), pytest.param(29.9, 0.0, id="less than thirty minutes apart")],
)
def test_a_visit_begins_after_thirty_minutes(minutes: float, points: float) -> None:
    assert total(one_rule(at_least=2, at_least_of="visits"), lead(0, minutes / 1440), day=1) == points


def test_a_long_visit_stays_one_though_its_beginning_left_the_window() -> None:
    views = lead(0, 0.02, 0.04, 0.06, 0.08)
    assert total(one_rule(at_least=2, at_least_of="visits", window=0.03), views, day=0.085) == 0.0


def test_silence_begins_again_with_each_match_and_knows_no_limit() -> None:
    rule = one_rule(kind="silence", points=-5.0, silence_days=3, limit=1, limit_per="month")
    views = lead(0, 2)
    assert total(rule, views, day=4.999999) == 0.0
    assert total(rule, views, day=5) == -5.0


def test_activities_before_the_lead_count_from_its_creation() -> None:
    views = lead(-30)
    assert total(one_rule(half_life=30.0), views, day=-1) == 0.0
    assert total(one_rule(half_life=30.0), views, day=0) == 5.0
    assert scores(one_rule(half_life=30.0), [views]).dimensions(NOON - 1).sum() == 0.0


def test_a_look_far_back_before_a_quickly_fading_activity_is_no_overflow() -> None:
    assert scores(one_rule(half_life=0.01), [lead(100)]).dimensions(NOON).sum() == 0.0


def test_a_group_within_its_bounds_has_no_entry_of_its_own() -> None:
    rules = tuple(RuleSpec(f"r{points}", "Rule", "g", "profile", points) for points in (0.1, 0.2))
    model = ModelSpec((GroupSpec("g", "Group", "fit", cap=0.3),), rules, threshold=1)
    assert [entry.rule for entry in scores(model, [lead()]).course(0).reading(NOON).entries] == ["r0.2", "r0.1"]
