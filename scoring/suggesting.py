"""Negative personas taken from whom sales refused for good: the few readable patterns that many of them share.

A pattern is a comparison of one field, or of two, that fits at least `FEWEST` refused and of whose leads at most
`MOST_ACCEPTED` were accepted. The best have the highest lower bound (Wilson, 95 %) of the share refused, so that many
refused outweigh a pure few; it has to lie above the share among all. A pair has to beat both its halves, and each next
pattern to catch mostly others than those before it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scoring.conditions import Catalogue, expression
from scoring.fields import FieldType, microseconds
from scoring.hindsight import LOOKED_BACK
from scoring.models import ScoringModel
from scoring.population import Bools, Outcomes, population
from scoring.preparing import true_rows
from scoring.publishing import prepared_of

FEWEST = 10  # refused
MOST_ACCEPTED = 0.05  # of all that a pattern fits
SHOWN = 8
TRIED = 150  # single comparisons, those with the most refused
FRESH = 0.5  # of those that a pattern catches must be new
Z_95 = 1.959963984540054
WORDS_OF = "title"
BANDS_OF = "company.employees"
BANDS = ((1, 9), (10, 49), (50, 249), (250, 999))
WORD = re.compile(r"[^\W\d_]{3,}")
VALUES = (FieldType.CHOICE, FieldType.CHOICES, FieldType.YES_NO)


@dataclass(frozen=True)
class Suggestion:
    """A pattern: how many it fits whom sales refused or accepted, and the lower bound of the share refused."""

    condition: Mapping[str, Any]
    refused: int
    accepted: int
    at_least: float


def suggestions(model: ScoringModel, at: datetime) -> list[Suggestion]:
    """Return the best patterns of the last two years among whom no negative persona of `model` catches yet."""
    catalogue = population().profile_fields()
    prepared = prepared_of(model)
    looked_at = {name: field.type for name, field in catalogue.items() if field.type in VALUES}
    looked_at |= {name: catalogue[name].type for name in (WORDS_OF, BANDS_OF) if name in catalogue}
    found = population().outcomes(looked_at | prepared.persona_fields, since=at - LOOKED_BACK)
    in_force = {persona.key for persona in prepared.model.personas_at(microseconds(at))}
    masks = [mask for p, mask in prepared.personas if p.standing == "negative" and p.key in in_force]
    moments = found.profiles.with_columns(pl.lit(microseconds(at)).alias("$now"))
    left = np.ones(len(found.ids), dtype=bool)
    for rows in true_rows(moments, masks):
        left[rows] = False
    rest = Outcomes(found.ids[left], found.profiles.filter(left), found.accepted[left], found.refused[left])
    return patterns(rest, {name: catalogue[name] for name in looked_at})


def patterns(found: Outcomes, catalogue: Catalogue) -> list[Suggestion]:
    """Return the best patterns in `found`, each with what it catches."""
    leaves = list(_leaves(found.profiles.filter(found.refused), catalogue))[:TRIED]
    if not leaves or not len(found.ids):
        return []
    fits = np.zeros((len(leaves), len(found.ids)), dtype=np.float32)
    for row, where in enumerate(true_rows(found.profiles, [expression(leaf, catalogue) for leaf in leaves])):
        fits[row, where] = 1
    refused, accepted = (fits * found.refused) @ fits.T, (fits * found.accepted) @ fits.T
    at_least = _lower_bound(refused, refused + accepted)
    good = (refused >= FEWEST) & (accepted <= MOST_ACCEPTED * (refused + accepted))
    good &= at_least > found.refused.sum() / max(int((found.refused | found.accepted).sum()), 1)
    ranked = sorted(_places(leaves, good, at_least), key=lambda place: (-at_least[place], -refused[place], place))
    return [
        Suggestion(_tree(leaves, place), int(refused[place]), int(accepted[place]), float(at_least[place]))
        for place in _apart(ranked, fits.astype(bool), found.refused)
    ]


def _leaves(refused: pl.DataFrame, catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Yield the comparisons that enough of the refused meet, the most frequent first."""
    counted: Counter[tuple[str, str, Any]] = Counter()
    for name, field in catalogue.items():
        for value in refused[name].drop_nulls().to_list():
            counted.update((name, op, operand) for op, operand in set(_said(field.name, field.type, value)))
    for (name, op, operand), n in sorted(counted.items(), key=lambda entry: (-entry[1], str(entry[0]))):
        if n >= FEWEST:
            value = {} if operand is None else {"value": list(operand) if isinstance(operand, tuple) else operand}
            yield {"field": name, "op": op, **value}


def _said(name: str, type_: FieldType, value: Any) -> Iterator[tuple[str, Any]]:
    if name == WORDS_OF:
        yield from (("contains", word) for word in WORD.findall(value.lower()))
    elif name == BANDS_OF:
        band = next(((low, high) for low, high in BANDS if low <= value <= high), None)
        if band:
            yield "between", band
        elif value > BANDS[-1][1]:
            yield "more_than", BANDS[-1][1]
    elif type_ is FieldType.YES_NO:
        yield ("is_yes" if value else "is_no"), None
    elif type_ is FieldType.CHOICES:
        yield from (("has_any_of", (str(item).lower(),)) for item in value)
    else:
        yield "is", value


def _places(
    leaves: Sequence[Mapping[str, Any]], good: npt.NDArray[np.bool_], at_least: npt.NDArray[np.float64]
) -> Iterator[tuple[int, int]]:
    """Yield which patterns are good: one comparison (its number twice), or two that together beat each alone."""
    for one in range(len(leaves)):
        if good[one, one]:
            yield one, one
    for one, other in combinations(range(len(leaves)), 2):
        beats = at_least[one, other] > max(at_least[one, one], at_least[other, other])
        if good[one, other] and beats and leaves[one]["field"] != leaves[other]["field"]:
            yield one, other


def _apart(ranked: Sequence[tuple[int, int]], fits: Bools, refused: Bools) -> list[tuple[int, int]]:
    """Return the best of `ranked` that each catch mostly others than those before."""
    caught, chosen = np.zeros(len(refused), dtype=bool), list[tuple[int, int]]()
    for one, other in ranked:
        catches = fits[one] & fits[other] & refused
        if len(chosen) < SHOWN and (catches & ~caught).sum() >= FRESH * catches.sum():
            chosen.append((one, other))
            caught |= catches
    return chosen


def _tree(leaves: Sequence[Mapping[str, Any]], place: tuple[int, int]) -> dict[str, Any]:
    return {"all": [dict(leaves[number]) for number in sorted(set(place))]}


def _lower_bound(count: npt.NDArray[Any], of: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the lower end of Wilson's 95 % interval of `count` of `of`, 0 of nothing (Wilson 1927)."""
    n = np.maximum(of.astype(np.float64), 1)
    share, z2 = count / n, Z_95**2
    centre, spread = share + z2 / (2 * n), Z_95 * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return np.where(of > 0, (centre - spread) / (1 + z2 / n), 0.0)
