"""Learning points from verdicts: which of many candidates to choose, and how many points each deserves. Pure.

Candidates are chosen forward, one at a time, by the score test of a logistic regression (Rao 1948) on what is chosen
already. None is chosen below a bar against noise: what the best of the same candidates reaches by chance, taken from
permuted verdicts. Points are the coefficients on the scale of points, rounded to fives, and then moved as long as the
verdicts become more likely.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

STEP, MOST_POINTS = 5, 50
PERMUTED, BAR = 100, 90  # permutations, and the percentile of their best that has to be beaten
SIMPLER = 1.3  # so many times better than the best single comparison a pair has to be
ALIKE = 1e-4
RIDGE = 1e-3  # keeps what is perfectly told apart from running away
SEED = 20
MOST_MOVES = 200


@dataclass(frozen=True)
class Chosen:
    """A candidate, by its column, and its points."""

    column: int
    points: int


def choose(
    holds: Matrix, yes: Bools, *, most: int, base: Floats | None = None, dear: Bools | None = None
) -> list[Chosen]:
    """Return at most `most` of the candidates (columns of `holds`) that tell verdicts apart, the best first.

    `base` is what the leads (rows) score already: points are on its scale then, else the best gets the most.
    `dear` candidates are chosen only where they are clearly better than the others.
    """
    if not holds.shape[1] or yes.all() or not yes.any():
        return []
    bar = noise_bar(holds, yes)
    worth = np.ones(holds.shape[1]) if dear is None else np.where(dear, 1 / SIMPLER, 1.0)
    direction = np.sign(holds.T @ (yes - yes.mean()).astype(np.float32))
    known = [np.ones(len(yes)), *([] if base is None else [_standard(base)])]
    chosen: list[int] = []
    while len(chosen) < most:
        z = np.column_stack([*known, *(holds[:, column] for column in chosen)]).astype(np.float64)
        found, side = score_tests(holds, yes, z)
        # What sales likes never loses points, only because others have given it too many.
        found *= worth * (side == direction)
        found[chosen] = 0.0
        # Of those that say the same the first is taken, whatever the last digits say.
        best = int(np.argmax(found >= found.max() * (1 - ALIKE)))
        if found[best] <= bar:
            break
        chosen.append(best)
    return _with_points(holds[:, chosen], yes, base, chosen) if chosen else []


def noise_bar(holds: Matrix, yes: Bools) -> float:
    """Return what the best candidate's test reaches with permuted verdicts in nine cases out of ten at most."""
    draw = np.random.default_rng(SEED)
    share = yes.mean()
    permuted = np.column_stack([draw.permutation(yes) for _ in range(PERMUTED)]).astype(np.float32) - np.float32(share)
    frequency = holds.mean(axis=0, dtype=np.float64)
    spread = share * (1 - share) * len(yes) * frequency * (1 - frequency)
    tests = np.square(holds.T @ permuted)[spread > 0] / spread[spread > 0][:, None]
    return float(np.percentile(tests.max(axis=0), BAR))


def score_tests(holds: Matrix, yes: Bools, z: Floats) -> tuple[Floats, Floats]:
    """Return each candidate's score statistic (about chi-squared) beside what `z` explains, and its side."""
    expected = logistic(z, yes)[1]
    weight = expected * (1 - expected)
    gain = holds.T @ (yes - expected).astype(np.float32)
    weighted = z * weight[:, None]
    shared = holds.T @ weighted.astype(np.float32)
    within = holds.T @ weight.astype(np.float32)  # of ones and noughts the square is the value itself
    explained = np.einsum("ij,ji->i", shared, np.linalg.solve(z.T @ weighted + RIDGE * np.eye(z.shape[1]), shared.T))
    left = within - explained
    # What is already said by others has nothing left to be tested.
    is_new = left > 1e-3 * np.maximum(within, 1e-9)
    return np.where(is_new, np.square(gain) / np.maximum(left, 1e-9), 0.0), np.sign(gain)


def logistic(z: Floats, yes: Bools | Floats, counts: Floats | None = None) -> tuple[Floats, Floats]:
    """Return the coefficients of a logistic regression on `z` (its first column ones), and what each row expects."""
    weights = np.ones(len(z)) if counts is None else counts
    coefficients = np.zeros(z.shape[1])
    penalty = RIDGE * np.eye(z.shape[1])
    for _ in range(25):
        expected = 1 / (1 + np.exp(-np.clip(z @ coefficients, -30, 30)))
        curve = (z * (weights * expected * (1 - expected))[:, None]).T @ z + penalty
        move = np.linalg.solve(curve, z.T @ (weights * (yes - expected)) - RIDGE * coefficients)
        coefficients += np.clip(move, -4, 4)
        if np.abs(move).max() < 1e-6:
            break
    return coefficients, 1 / (1 + np.exp(-np.clip(z @ coefficients, -30, 30)))


def _standard(base: Floats) -> Floats:
    return (base - base.mean()) / (base.std() or 1.0)


def _with_points(holds: Matrix, yes: Bools, base: Floats | None, columns: Sequence[int]) -> list[Chosen]:
    """Return the chosen with points; whom the rounding leaves none is left out."""
    beside = np.zeros(len(yes)) if base is None else base
    z = np.column_stack([np.ones(len(yes)), *([] if base is None else [_standard(base)]), holds]).astype(np.float64)
    coefficients = logistic(z, yes)[0]
    effects = coefficients[-len(columns) :]
    a_point = 0.0 if base is None else coefficients[1] / (base.std() or 1.0)
    largest = np.abs(effects).max() / MOST_POINTS
    # On a base that tells nothing, points would be without bounds.
    points = effects / max(a_point, largest / 4)
    start = np.clip(np.round(points / STEP) * STEP, -MOST_POINTS, MOST_POINTS)
    best = _moved(start, holds.astype(np.float64), yes, beside)
    return [Chosen(column, int(given)) for column, given in zip(columns, best.tolist(), strict=True) if given]


def _moved(points: Floats, holds: Floats, yes: Bools, base: Floats) -> Floats:
    """Return points from which no step of five makes the verdicts more likely."""
    alike, place = np.unique(np.column_stack([base, holds]), axis=0, return_inverse=True)
    n = np.bincount(place.ravel()).astype(np.float64)
    said = np.bincount(place.ravel(), weights=yes).astype(np.float64)
    best = _likelihood(alike[:, 0] + alike[:, 1:] @ points, n, said)
    for _ in range(MOST_MOVES):
        moves = [(_likelihood(alike[:, 0] + alike[:, 1:] @ tried, n, said), tried) for tried in _steps_from(points)]
        likelihood, tried = max(moves, key=lambda move: move[0])
        if likelihood <= best + 1e-6:
            break
        best, points = likelihood, tried
    return points


def _steps_from(points: Floats) -> list[Floats]:
    found = []
    for place in range(len(points)):
        for step in (-4 * STEP, -STEP, STEP, 4 * STEP):
            if abs(points[place] + step) <= MOST_POINTS:
                found.append(points.copy())
                found[-1][place] += step
    return found


def _likelihood(totals: Floats, n: Floats, said: Floats) -> float:
    """Return how likely (log) the verdicts are, if they depend on the total alone, by a logistic curve."""
    values, place = np.unique(totals, return_inverse=True)
    n, said = (np.bincount(place.ravel(), weights=each).astype(np.float64) for each in (n, said))
    z = np.column_stack([np.ones(len(values)), values / MOST_POINTS])
    expected = np.clip(logistic(z, said / n, n)[1], 1e-9, 1 - 1e-9)
    return float((said * np.log(expected) + (n - said) * np.log(1 - expected)).sum())
