"""Candidates for rules: which comparisons are made of which column, and which two belong together."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from handoff.intake.cards import only_profiles
from scoring.candidates import FEWEST, single_candidates, where, with_pairs
from scoring.conditions import fields_of
from scoring.fields import COLUMN_TYPES, FieldType
from tests.scoring.worlds import catalogue

ROWS = 100


def said(type_: FieldType, values: list[Any]) -> list[tuple[str, Any]]:
    """Return the comparisons that are made of a column."""
    frame = pl.DataFrame({"x": pl.Series(values, dtype=COLUMN_TYPES[type_])})
    return [
        (rule.condition["op"], rule.condition.get("value")) for rule in single_candidates(frame, catalogue(x=type_))
    ]


@pytest.mark.parametrize(
    ("type_", "values", "expected"),
    [
        pytest.param(FieldType.CHOICE, ["a", "b"] * 45 + ["c"] * 9 + [None], [("is", "a"), ("is", "b")], id="values"),
        pytest.param(FieldType.YES_NO, [True, False] * 50, [("is_yes", None)], id="yes or no"),
        pytest.param(
            FieldType.YES_NO, [True, False, None, None] * 25, [("is_yes", None), ("is_no", None)], id="or blank"
        ),
        pytest.param(
            FieldType.TEXT, ["Head of sales"] * 9 + ["PhD"] * 91, [("is", "PhD"), ("contains", "phd")], id="words"
        ),
        pytest.param(
            FieldType.CHOICES, [["a", "B"], ["B"]] * 50, [("has_any_of", ["a"]), ("has_any_of", ["b"])], id="many"
        ),
        pytest.param(
            FieldType.NUMBER, [0.0] * 60 + [1.0] * 40, [("at_least", 1.0), ("is", 0.0), ("is", 1.0)], id="two"
        ),
        pytest.param(FieldType.DATE, list(range(100)), [], id="a day says nothing about later ones"),
        pytest.param(FieldType.NUMBER, [7.0] * 100, [("is", 7.0)], id="the same everywhere"),
        pytest.param(FieldType.NUMBER, [None] * 100, [], id="nothing at all"),
    ],
)
def test_what_is_asked_of_a_column(type_: FieldType, values: list[Any], expected: list[tuple[str, Any]]) -> None:
    assert said(type_, values) == expected


def test_numbers_are_cut_at_round_places_and_never_asked_whether_they_are_filled_in() -> None:
    found = said(FieldType.NUMBER, [float(n * 13 + 3) for n in range(ROWS)])
    cuts = [value for op, value in found if op == "at_least"]
    assert len(cuts) == 16
    assert {op for op, _ in found} == {"at_least"}
    assert all(value % 10 == 0 for value in cuts)
    assert min(cuts) > 3


def test_small_fractions_are_cut_finely_enough() -> None:
    values = np.random.default_rng(1).normal(4.86, 0.01, ROWS).tolist()
    assert len({value for _op, value in said(FieldType.NUMBER, values)}) >= 10


def test_with_blanks_less_than_is_asked_too() -> None:
    assert {op for op, _ in said(FieldType.NUMBER, [float(n) for n in range(90)] + [None] * 10)} == {
        "at_least",
        "less_than",
    }


def paired(**columns: list[Any]) -> tuple[list[Any], Any, pl.DataFrame]:
    frame = pl.DataFrame(columns)
    fields = catalogue(**dict.fromkeys(columns, FieldType.CHOICE))
    single = single_candidates(frame, fields)
    moments = np.ones(frame.height, dtype=np.int64)
    return *with_pairs(single, where(single, only_profiles(frame), moments, fields, {})), frame


def test_pairs_are_of_two_fields_and_fit_where_both_do() -> None:
    rules, holds, frame = paired(a=["x", "y"] * 100, b=["p", "p", "q", "q"] * 50)
    pairs = [place for place, rule in enumerate(rules) if "all" in rule.condition]
    assert len(pairs) == 4
    for place in pairs:
        one, other = rules[place].condition["all"]
        assert len(fields_of(rules[place].condition)) == 2
        both = (frame[one["field"]] == one["value"]) & (frame[other["field"]] == other["value"])
        assert holds[:, place].tolist() == both.cast(pl.Float64).to_list()


def test_a_pair_that_fits_whom_one_of_its_halves_fits_is_left_out() -> None:
    rules, _holds, _frame = paired(a=["x", "y"] * 100, b=["p", "q"] * 99 + ["q", "p"])
    assert all("all" not in rule.condition for rule in rules)


def test_what_fits_the_same_leads_is_a_candidate_once_and_what_fits_few_or_nearly_all_is_none() -> None:
    rare = ["r"] * (FEWEST - 1) + ["s"] * (200 - FEWEST + 1)
    rules, holds, _frame = paired(a=["x", "y"] * 100, b=["x", "y"] * 100, c=rare)
    assert [rule.condition["field"] for rule in rules] == ["a", "a"]
    assert holds.shape == (200, 2)
