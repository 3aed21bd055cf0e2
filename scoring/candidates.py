"""Candidates for rules: readable conditions that enough leads meet and enough do not, as rules without points. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scoring.conditions import Catalogue, fields_of
from scoring.engine import Facts, prepare, score
from scoring.fields import COLUMN_TYPES, Field, FieldType
from scoring.spec import GroupSpec, ModelSpec, RuleSpec

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

FEWEST, FEWEST_SHARE = 10, 0.005  # leads with it, and as many without
CUTS = 16  # places at which a number is cut, each with as many leads between
FEW_VALUES = 12  # of a number, each of which may be a candidate
MANY_BLANKS = 0.02  # from which "less than" says something else than "at least" does
PAIRED = 60  # candidates of which pairs are made, those that divide the leads most evenly
NARROWER = 0.9  # of the leads that each half fits, a pair fits at most so many
WORD = re.compile(r"[^\W\d_]{3,}")


def single_candidates(profiles: pl.DataFrame, catalogue: Catalogue) -> list[RuleSpec]:
    """Return a candidate for each comparison of one field that enough of `profiles` meet, and enough do not.

    What is blank is never asked for, nor a day: neither says what to look for in those who come later.
    """
    least = fewest(profiles.height)
    found = []
    for name, field in catalogue.items():
        for op, value in _comparisons(profiles[name].cast(COLUMN_TYPES[field.type]), field, least):
            leaf = {"field": name, "op": op} | ({} if value is None else {"value": value})
            found.append(RuleSpec("", "", "", "profile", 1.0, leaf))
    return found


def fewest(leads: int) -> int:
    """Return how many of so many leads a candidate has to fit, and to leave out."""
    return max(FEWEST, math.ceil(FEWEST_SHARE * leads))


def _comparisons(column: pl.Series, field: Field, least: int) -> Iterator[tuple[str, Any]]:
    known = column.drop_nulls()
    has_blanks = len(known) < (1 - MANY_BLANKS) * len(column)
    if field.type is FieldType.NUMBER:
        yield from _cuts(known, has_blanks=has_blanks)
        if known.n_unique() <= FEW_VALUES:
            yield from (("is", value) for value in sorted(known.unique().to_list()))
    elif field.type is FieldType.YES_NO:
        yield "is_yes", None
        if has_blanks:
            yield "is_no", None
    elif field.type is FieldType.CHOICES:
        counted = Counter(item.lower() for items in known.to_list() for item in set(items))
        yield from (("has_any_of", [item]) for item, n in sorted(counted.items()) if n >= least)
    elif field.type in {FieldType.CHOICE, FieldType.TEXT}:
        values = Counter(known.to_list())
        yield from (("is", value) for value, n in sorted(values.items()) if n >= least)
        if field.type is FieldType.TEXT:
            words = Counter(word for value in known.to_list() for word in set(WORD.findall(value.lower())))
            yield from (("contains", word) for word, n in sorted(words.items()) if n >= least)


def _cuts(known: pl.Series, *, has_blanks: bool) -> Iterator[tuple[str, float]]:
    """Yield comparisons at round numbers that lie about evenly among the values."""
    if known.n_unique() < 2:
        return
    values = known.to_numpy()
    places = np.quantile(values, np.arange(1, CUTS) / CUTS, method="inverted_cdf")
    # A few values may be most of them; what is above the smallest is asked for too.
    places = np.append(places, values[values > values.min()].min())
    spread = float(np.quantile(values, 0.95) - np.quantile(values, 0.05)) or float(np.ptp(values))
    unit = 10.0 ** math.floor(math.log10(spread / 20))
    for cut in sorted({round(round(place / unit) * unit, 6) for place in places.tolist()}):
        if cut <= values.min():
            continue  # that would only ask whether it is filled in
        yield "at_least", cut
        if has_blanks:
            yield "less_than", cut


def where(candidates: Sequence[RuleSpec], facts: Facts, at: Ints, profile: Catalogue, activity: Catalogue) -> Floats:
    """Return 1 where a candidate (column) gives points to a lead (row) at its moment in `at` (µs), else 0."""
    rules = tuple(RuleSpec(**{**vars(rule), "group": "all", "points": 1.0}) for rule in candidates)
    model = ModelSpec((GroupSpec("all", "all", "fit"),), rules, 0.0)
    scores = score(prepare(model, profile, activity), facts)
    counts = scores.values(at) > 0
    found = np.zeros((len(scores.created), len(candidates)), dtype=np.float32)
    found[scores.lead[counts], scores.rule[counts]] = 1.0
    return found


def with_pairs(candidates: Sequence[RuleSpec], found: Floats) -> tuple[list[RuleSpec], Floats]:
    """Return the candidates that fit enough leads and not too many, once each, and those that are two of them at once.

    Verdicts play no part in it, so that permuted ones meet the same candidates.
    """
    least = fewest(len(found))
    kept, columns = _apart(list(candidates), found, least)
    counts = columns.sum(axis=0)
    evenness = counts * (len(found) - counts)
    profile = [place for place in np.argsort(-evenness, kind="stable").tolist() if kept[place].kind == "profile"]
    pairs, both = [], []
    for one, other in combinations(profile[:PAIRED], 2):
        left, right = kept[one].condition, kept[other].condition
        together = columns[:, one] * columns[:, other]
        n = together.sum()
        if least <= n <= NARROWER * min(counts[one], counts[other]) and not fields_of(left) & fields_of(right):
            pairs.append(RuleSpec("", "", "", "profile", 1.0, {"all": [left, right]}))
            both.append(together)
    if not pairs:
        return kept, columns
    # The single ones come first, so that of two alike the shorter stays.
    return _apart([*kept, *pairs], np.column_stack([columns, *both]), least)


def _apart(candidates: list[RuleSpec], found: Floats, least: int) -> tuple[list[RuleSpec], Floats]:
    seen, kept = set[bytes](), list[int]()
    counts = found.sum(axis=0)
    for place in range(len(candidates)):
        if least <= counts[place] <= len(found) - least:
            key = np.packbits(found[:, place] > 0).tobytes()
            if key not in seen:
                seen.add(key)
                kept.append(place)
    return [candidates[place] for place in kept], np.ascontiguousarray(found[:, kept])
