"""Suggested points: what is chosen, how many points it gets, and that chance gets none."""

import numpy as np
import pytest

from scoring.evaluating import ADDED, FEW, TOO_FEW, Decline, Examples, evaluate, folds, learn, newest, offer
from scoring.judging import auc
from scoring.learning import MOST_POINTS, STEP, Bools, Floats, Matrix, choose, logistic, noise_bar, score_tests
from scoring.spec import RuleSpec

DRAW = np.random.default_rng


def world(
    rows: int, effects: list[float], *, noise: int = 20, usual: float = -1.0, seed: int = 1
) -> tuple[Matrix, Bools]:
    """Draw candidates of which the first have these effects (log odds) and the others none, and verdicts."""
    draw = DRAW(seed)
    holds = (draw.random((rows, len(effects) + noise)) < 0.3).astype(np.float32)
    odds = usual + holds[:, : len(effects)] @ np.array(effects)
    return holds, draw.random(rows) < 1 / (1 + np.exp(-odds))


def examples(holds: Matrix, yes: Bools, base: Floats | None = None) -> Examples:
    rules = [RuleSpec("", "", "", "profile", 1.0, {"field": str(n), "op": "is_yes"}) for n in range(holds.shape[1])]
    return Examples(rules, holds, yes, base)


def test_what_tells_verdicts_apart_is_chosen_with_points_in_proportion() -> None:
    holds, yes = world(4000, [2.0, -1.0, 1.0])
    chosen = {one.column: one.points for one in choose(holds, yes, most=10)}
    assert chosen.keys() == {0, 1, 2}
    assert chosen[0] == MOST_POINTS
    assert chosen[1] == pytest.approx(-25, abs=STEP)
    assert chosen[2] == pytest.approx(25, abs=STEP)


def test_the_strongest_comes_first_and_no_more_are_chosen_than_asked_for() -> None:
    holds, yes = world(4000, [1.0, 2.0, 1.5])
    assert [one.column for one in choose(holds, yes, most=2)] == [1, 2]


@pytest.mark.parametrize("usual", [pytest.param(-1.0, id="a usual share"), pytest.param(-3.5, id="few accepted")])
def test_points_are_fives_within_fifty(usual: float) -> None:
    holds, yes = world(3000, [4.0, 3.0, 0.5, -0.8, 0.4], usual=usual)
    chosen = choose(holds, yes, most=10)
    assert len(chosen) >= 2
    assert all(one.points % STEP == 0 and 0 < abs(one.points) <= MOST_POINTS for one in chosen)


def test_of_permuted_verdicts_hardly_ever_anything_is_made() -> None:
    holds, yes = world(600, [1.0], noise=200)
    found = [len(choose(holds, DRAW(seed).permutation(yes), most=10)) for seed in range(40)]
    assert np.mean(found) < 0.5


def test_the_bar_rises_with_the_number_of_candidates() -> None:
    holds, yes = world(600, [0.0], noise=400)
    # Of one candidate it is the 90th percentile of chi-squared, 2.71.
    assert noise_bar(holds[:, :1], yes) == pytest.approx(2.71, abs=1.2)
    assert noise_bar(holds[:, :1], yes) < noise_bar(holds[:, :20], yes) < noise_bar(holds, yes)


def test_the_score_test_is_that_of_the_textbook() -> None:
    holds, yes = world(300, [1.0, 0.5], noise=3)
    z = np.column_stack([np.ones(300), holds[:, 0]]).astype(np.float64)
    expected = logistic(z, yes)[1]
    for column, found in enumerate(score_tests(holds, yes, z)[0].tolist()):
        both = np.column_stack([z, holds[:, column]]).astype(np.float64)
        slope = both.T @ (yes - expected)
        curve = (both * (expected * (1 - expected))[:, None]).T @ both
        textbook = 0.0 if column == 0 else float(slope @ np.linalg.solve(curve, slope))
        assert found == pytest.approx(textbook, rel=0.01, abs=1e-3)


def test_two_candidates_that_say_the_same_are_not_both_chosen() -> None:
    holds, yes = world(3000, [1.5])
    doubled = np.column_stack([holds, holds[:, 0]])
    assert [one.column for one in choose(doubled, yes, most=10)] == [0]


def test_a_dear_candidate_has_to_be_clearly_better() -> None:
    holds, yes = world(3000, [1.5], noise=0)
    nearly = holds[:, 0].copy()
    nearly[:40] = 1 - nearly[:40]
    both = np.column_stack([holds[:, 0], nearly])
    assert choose(both, yes, most=1)[0].column == 0
    assert choose(both, yes, most=1, dear=np.array([True, False]))[0].column == 1


def test_what_sales_likes_never_loses_points() -> None:
    draw = DRAW(5)
    strong = draw.random(4000) < 0.3
    # It comes with the strong one, and takes something away beside it, yet of its own leads more are accepted.
    follows = np.where(strong, draw.random(4000) < 0.8, draw.random(4000) < 0.05)
    yes = draw.random(4000) < 1 / (1 + np.exp(-(-1.5 + 3.0 * strong - 1.0 * follows)))
    assert yes[follows].mean() > yes.mean()
    holds = np.column_stack([strong, follows]).astype(np.float32)
    assert [one.column for one in choose(holds, yes, most=5)] == [0]


def test_points_beside_a_base_are_on_its_scale() -> None:
    holds, yes = world(6000, [1.0, 1.0])
    base = 20.0 * holds[:, 0].astype(np.float64)
    assert [(one.column, one.points) for one in choose(holds, yes, most=3, base=base)] == [(1, 20)]
    assert [(one.column, one.points) for one in choose(holds, yes, most=3, base=2 * base)] == [(1, 40)]


def test_beside_a_base_that_says_nothing_points_stay_within_bounds() -> None:
    holds, yes = world(4000, [2.0])
    base = DRAW(3).random(4000) * 40
    (first, *_) = choose(holds, yes, most=3, base=base)
    assert (first.column, first.points) == (0, MOST_POINTS)


@pytest.mark.parametrize("yes", [np.ones(50, dtype=bool), np.zeros(50, dtype=bool)], ids=["all", "none"])
def test_of_one_kind_of_verdict_nothing_is_learned(yes: Bools) -> None:
    assert choose(np.ones((50, 2), dtype=np.float32), yes, most=3) == []


def test_folds_are_of_a_kind_and_every_row_is_judged_once() -> None:
    yes = np.arange(103) % 4 == 0
    splits = folds(yes, 5)
    assert sorted(np.concatenate([new for _, new in splits]).tolist()) == list(range(103))
    assert all(not set(old) & set(new) and len(old) + len(new) == 103 for old, new in splits)
    assert {int(yes[new].sum()) for _, new in splits} <= {5, 6}


def test_the_newest_are_the_last_rows() -> None:
    ((old, new),) = newest(10, 0.3)
    assert (old.tolist(), new.tolist()) == ([0, 1, 2, 3, 4, 5, 6], [7, 8, 9])


def few(accepted: int) -> Examples:
    """Return a clear world in which so many are accepted and five times as many refused."""
    yes = np.arange(6 * accepted) % 6 == 0
    clear = (DRAW(2).random((6, 6 * accepted)) < np.where(yes, 0.85, 0.1)).astype(np.float32)
    return examples(np.ascontiguousarray(clear.T), yes)


@pytest.mark.parametrize(
    ("accepted", "declined", "most"),
    [
        pytest.param(TOO_FEW - 1, Decline.TOO_FEW, 0, id="too few"),
        pytest.param(TOO_FEW, None, ADDED, id="just enough for a few"),
        pytest.param(FEW - 1, None, ADDED, id="not enough for a draft"),
        pytest.param(FEW, None, 6, id="just enough for a draft"),
    ],
)
def test_how_many_verdicts_allow_how_many_rules(accepted: int, declined: Decline | None, most: int) -> None:
    given = few(accepted)
    found = evaluate(given, folds(given.yes, 5), most=10, yardsticks={})
    assert (found.declined.why if found.declined else None) == declined
    assert len(found.rules) <= most
    assert bool(found.rules) is (declined is None)
    assert (found.auc["rules"] is None) is (declined is not None)


def test_below_that_many_a_fresh_draft_is_declined_and_additions_are_not() -> None:
    given = few(FEW - 1)
    with_base = examples(given.holds, given.yes, 30.0 * given.holds[:, 0].astype(np.float64))
    (split,) = newest(len(given.yes), 0.3)
    fresh, more = offer(with_base, 10, split), offer(with_base, ADDED, split, add=True)
    assert fresh.declined is not None
    assert (fresh.declined.why, fresh.declined.about) == (Decline.TOO_FEW, {"n": FEW - 1, "least": FEW})
    assert more.declined is None
    assert more.worth is not None
    assert more.base is not None
    assert more.worth.value > more.base.value
    assert 1 <= len(more.rules) <= ADDED


def test_what_does_not_beat_the_base_on_newer_verdicts_is_declined_with_both_numbers() -> None:
    holds, yes = world(2000, [2.0])
    holds[1400:, 0] = 1 - holds[1400:, 0]  # the world turned round
    base = 30.0 * yes.astype(np.float64) + DRAW(4).integers(0, 60, 2000).astype(np.float64)
    found = evaluate(examples(holds, yes, base), newest(2000, 0.3), most=10, yardsticks={})
    assert found.declined is not None
    assert found.declined.why == Decline.BASE_IS_BETTER
    assert found.declined.about == {"reached": found.auc["rules"], "base": found.auc["card"]}
    assert found.rules == []


def test_what_turns_out_wrong_is_declined_without_a_base_too() -> None:
    holds, yes = world(2000, [2.0])
    holds[1400:, 0] = 1 - holds[1400:, 0]
    found = evaluate(examples(holds, yes), newest(2000, 0.3), most=10, yardsticks={})
    assert found.declined is not None
    assert found.declined.why == Decline.NOTHING
    assert (found.auc["rules"] or 1) < 0.5


def test_each_rule_says_how_many_it_fits_and_how_many_of_these_were_accepted() -> None:
    holds, yes = world(2000, [2.0])
    (rule,) = evaluate(examples(holds, yes), folds(yes, 5), most=10, yardsticks={}).rules
    fits = holds[:, 0] > 0
    assert (rule.n, rule.accepted) == (fits.sum(), (fits & yes).sum())
    assert rule.rule.condition == {"field": "0", "op": "is_yes"}
    (older,) = evaluate(examples(holds, yes), newest(2000, 0.3), most=10, yardsticks={}).rules
    assert older.n == fits[:1400].sum()


def test_each_auc_is_the_mean_over_what_was_left_out() -> None:
    holds, yes = world(1000, [2.0, 1.0])
    given, splits = examples(holds, yes), folds(yes, 4)
    known = evaluate(
        given, splits, most=10, yardsticks={"logistic": lambda _old, new: holds[new, 0].astype(np.float64)}
    )
    expected = [auc(holds[new, 0].astype(np.float64), yes[new]) for _, new in splits]
    assert known.auc["logistic"] == pytest.approx(np.mean([one.value for one in expected if one]))
    assert known.auc["boosting"] is None


def test_a_candidate_that_hardly_any_of_the_older_meets_is_not_learned() -> None:
    holds, yes = world(1000, [2.0], noise=1)
    late = np.zeros(1000, dtype=np.float32)
    late[700:] = yes[700:]
    given = examples(np.column_stack([holds, late]), yes)
    assert [one.column for one in learn(given, np.arange(700), 10)] == [0]
