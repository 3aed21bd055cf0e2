"""Whether suggestions are worth taking: learned on some verdicts, judged on others beside the present rules. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from scoring.candidates import fewest
from scoring.judging import Figure, auc
from scoring.learning import Bools, Chosen, Floats, Matrix, choose
from scoring.spec import RuleSpec

Ints = npt.NDArray[np.int64]
Split = tuple[Ints, Ints]  # the rows to learn from, and those to judge by

TOO_FEW = 50  # verdicts of the rarer kind, below which nothing is suggested
FEW = 200  # of the rarer kind, below which only a few are added to what there is
ADDED = 3
CHANCE = 0.5  # the AUC of points that say nothing
SEED = 11


class Decline(StrEnum):
    """Why nothing is suggested."""

    TOO_FEW = "too_few"
    NOTHING = "nothing"
    BASE_IS_BETTER = "base_is_better"


@dataclass(frozen=True)
class Declined:
    """That nothing is suggested, and the numbers that say why."""

    why: Decline
    about: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Examples:
    """Verdicts with what could be learned from them: where each candidate (column) holds for each lead (row).

    `base` is what the rules there are give each lead.
    """

    candidates: Sequence[RuleSpec]
    holds: Matrix
    yes: Bools
    base: Floats | None = None

    @property
    def rarer(self) -> int:
        """How many verdicts there are of the rarer kind."""
        return int(min(self.yes.sum(), (~self.yes).sum()))


@dataclass(frozen=True)
class Suggested:
    """A rule with its points: how many of those learned from it fits, and how many of these were accepted."""

    rule: RuleSpec
    points: int
    n: int
    accepted: int


@dataclass(frozen=True)
class Offer:
    """What is suggested, and what it is worth on verdicts that it was not learned from; `totals` are of all leads."""

    rules: list[Suggested]
    worth: Figure | None
    base: Figure | None
    declined: Declined | None
    totals: Floats


def folds(yes: Bools, number: int) -> list[Split]:
    """Return so many splits of all rows, each with about as many of either verdict."""
    draw = np.random.default_rng(SEED)
    fold = np.empty(len(yes), dtype=np.int64)
    for kind in (yes, ~yes):
        rows = draw.permutation(np.flatnonzero(kind))
        fold[rows] = np.arange(len(rows)) % number
    return [(np.flatnonzero(fold != one), np.flatnonzero(fold == one)) for one in range(number)]


def newest(rows: int, share: float) -> list[Split]:
    """Return the one split that judges by the last `share` of the rows."""
    cut = rows - round(rows * share)
    return [(np.arange(cut), np.arange(cut, rows))]


def total(examples: Examples, chosen: Sequence[Chosen], rows: Ints, *, base: bool = False) -> Floats:
    """Return what the chosen give these rows, on top of the base where asked for."""
    start = examples.base[rows] if base and examples.base is not None else np.zeros(len(rows))
    return start + sum((examples.holds[rows, one.column] * float(one.points) for one in chosen), np.zeros(len(rows)))


def learn(examples: Examples, rows: Ints, most: int, *, add: bool = False) -> list[Chosen]:
    """Return at most `most` candidates with points that tell the verdicts of these rows apart, or `add` to the base."""
    holds, least = examples.holds[rows], fewest(len(rows))
    counts = holds.sum(axis=0)
    usual = np.flatnonzero((counts >= least) & (counts <= len(rows) - least))
    dear = np.array(["all" in examples.candidates[column].condition for column in usual.tolist()], dtype=np.bool_)
    base = examples.base[rows] if add and examples.base is not None else None
    chosen = choose(holds[:, usual], examples.yes[rows], most=most, base=base, dear=dear)
    return [Chosen(int(usual[one.column]), one.points) for one in chosen]


def suggested(examples: Examples, chosen: Sequence[Chosen], rows: Ints) -> list[Suggested]:
    """Return the chosen as rules, with what became of the leads among `rows` that each fits."""
    found = []
    for one in chosen:
        fits = examples.holds[rows, one.column] > 0
        accepted = int((fits & examples.yes[rows]).sum())
        found.append(Suggested(examples.candidates[one.column], one.points, int(fits.sum()), accepted))
    return found


def offer(examples: Examples, most: int, split: Split, *, add: bool = False) -> Offer:
    """Return what the older verdicts suggest, judged on the newer ones beside the base."""
    old, new = split
    base = auc(examples.base[new], examples.yes[new]) if examples.base is not None else None
    if examples.rarer < (TOO_FEW if add else FEW):
        return Offer([], None, base, _too_few(examples, TOO_FEW if add else FEW), np.zeros(0))
    chosen = learn(examples, old, most, add=add)
    totals = total(examples, chosen, np.arange(len(examples.yes)), base=add)
    worth = auc(totals[new], examples.yes[new])
    declined = _declined(chosen, worth.value if worth else None, base.value if base else None)
    return Offer([] if declined else suggested(examples, chosen, old), worth, base, declined, totals)


def _too_few(examples: Examples, least: int) -> Declined:
    return Declined(Decline.TOO_FEW, {"n": examples.rarer, "least": least})


def _declined(chosen: Sequence[Chosen], reached: float | None, base: float | None) -> Declined | None:
    if not chosen:
        return Declined(Decline.NOTHING)
    if reached is not None and base is not None and reached <= base:
        return Declined(Decline.BASE_IS_BETTER, {"reached": reached, "base": base})
    return Declined(Decline.NOTHING) if reached is not None and reached <= CHANCE else None


@dataclass(frozen=True)
class Evaluation:
    """What is suggested from a file, and the AUC of it and of its yardsticks, by name."""

    rules: list[Suggested]
    auc: dict[str, float | None] = field(default_factory=dict)
    declined: Declined | None = None


def evaluate(
    examples: Examples,
    splits: Sequence[Split],
    *,
    most: int,
    yardsticks: Mapping[str, Callable[[Ints, Ints], Floats]],
) -> Evaluation:
    """Return what is suggested from all rows (of one split: from its older ones), each AUC the mean over the splits."""
    names = ("rules", "card", "card_plus_three", "logistic", "boosting")
    if examples.rarer < TOO_FEW:
        return Evaluation([], dict.fromkeys(names), _too_few(examples, TOO_FEW))
    most = most if examples.rarer >= FEW else min(most, ADDED)
    found: dict[str, list[float]] = {name: [] for name in names}
    for old, new in splits:
        yes = examples.yes[new]
        totals = {"rules": total(examples, learn(examples, old, most), new)}
        if examples.base is not None:
            added = learn(examples, old, ADDED, add=True)
            totals |= {"card": examples.base[new], "card_plus_three": total(examples, added, new, base=True)}
        totals |= {name: yardstick(old, new) for name, yardstick in yardsticks.items()}
        for name, values in totals.items():
            if (figure := auc(values, yes)) is not None:
                found[name].append(figure.value)
    means = {name: float(np.mean(values)) if values else None for name, values in found.items()}
    rows = splits[0][0] if len(splits) == 1 else np.arange(len(examples.yes))
    few = examples.rarer < FEW and examples.base is not None
    chosen = learn(examples, rows, most, add=few)
    declined = _declined(chosen, means["card_plus_three" if few else "rules"], means["card"])
    return Evaluation([] if declined else suggested(examples, chosen, rows), means, declined)
