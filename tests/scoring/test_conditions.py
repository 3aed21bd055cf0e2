"""Conditions: each comparison of each type, blanks and capitals, trees, and mistakes said in a sentence."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from django.utils import translation

from scoring.conditions import BadCondition, check, expression
from scoring.fields import COLUMN_TYPES, OPERATORS, Field, FieldType, microseconds, read_value
from scoring.wording import OPERATOR_LABELS, mistake, sentence
from tests.scoring.oracle import holds

TEXT, NUMBER, YES_NO = FieldType.TEXT, FieldType.NUMBER, FieldType.YES_NO
DATE, CHOICE, CHOICES = FieldType.DATE, FieldType.CHOICE, FieldType.CHOICES
NEW_YEAR = read_value(DATE, "2026-01-01")  # the instant for which relative dates are asked
MONTH_AGO, MONTH_AHEAD = (read_value(DATE, day) for day in ("2025-12-02", "2026-01-31"))
FIELDS = {
    "title": Field("title", "Job title", TEXT),
    "employees": Field("employees", "Employees", NUMBER),
    "is_free": Field("is_free", "Free provider", YES_NO),
    "founded": Field("founded", "Founded", DATE),
    "industry": Field("industry", "Industry", CHOICE),
    "topics": Field("topics", "Topics", CHOICES),
}
FIELD_OF = {field.type: field for field in FIELDS.values()}


def passing(tree: dict[str, Any], **columns: list[Any]) -> list[bool]:
    """Return for each row whether `tree` holds, after checking it."""
    check(tree, FIELDS)
    frame = pl.DataFrame(
        {name: pl.Series(rows, dtype=COLUMN_TYPES[FIELDS[name].type]) for name, rows in columns.items()}
    )
    asked = frame.with_columns(pl.lit(NEW_YEAR).alias("$now"))
    found = asked.select(pl.first().alias("first"), expression(tree, FIELDS).alias("found"))["found"].to_list()
    assert found == [holds(tree, dict(zip(columns, row, strict=True)), NEW_YEAR) for row in frame.iter_rows()]
    return found


# Type, comparison, its value, what passes, what does not.
WORDS: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("is", "sales", ["sales", "SALES"], ["head of sales", "sale", None]),
    ("is", "ÄRZTE", ["ärzte"], ["arzte", None]),
    ("is_not", "sales", ["ops", None], ["Sales"]),
    ("is_one_of", ["sales", "Ops"], ["OPS", "sales"], ["sales ops", None]),
    ("is_none_of", ["sales", "Ops"], ["sales ops", None], ["ops"]),
    ("contains", "OF S", ["head of sales"], ["head", None]),
    ("contains", ".*", ["a.*b"], ["head of sales", None]),
    ("does_not_contain", "sales", ["head", None], ["head of SALES"]),
    ("contains_any_of", ["cto", "Chief"], ["the CTO", "chief of staff"], ["clerk", "ct o", None]),
    ("starts_with", "Head", ["head of sales", "HEAD"], ["a head", None]),
    ("ends_with", "Sales", ["head of sales", "SALES"], ["sales head", None]),
    ("is_blank", None, [None], ["sales"]),
    ("is_filled", None, ["sales"], [None]),
]
CASES: list[tuple[FieldType, str, Any, list[Any], list[Any]]] = [
    *[(type_, *case) for type_ in (TEXT, CHOICE) for case in WORDS],
    (NUMBER, "is", 50.0, [50.0], [50.1, None]),
    (NUMBER, "is_not", 50.0, [50.1, None], [50.0]),
    (NUMBER, "at_least", 50.0, [50.0, 51.0], [49.9, None, float("nan")]),
    (NUMBER, "at_most", 50.0, [50.0, -51.0], [50.1, None, float("nan")]),
    (NUMBER, "more_than", 50.0, [50.1], [50.0, None, float("nan")]),
    (NUMBER, "less_than", 50.0, [49.9], [50.0, None, float("nan")]),
    (NUMBER, "between", [50.0, 500.0], [50.0, 99.0, 500.0], [49.9, 500.1, None]),
    (NUMBER, "is_blank", None, [None], [0.0]),
    (NUMBER, "is_filled", None, [0.0], [None]),
    (YES_NO, "is_yes", None, [True], [False, None]),
    (YES_NO, "is_no", None, [False], [True, None]),
    (YES_NO, "is_blank", None, [None], [True, False]),
    (YES_NO, "is_filled", None, [True, False], [None]),
    (DATE, "on_or_after", "2026-01-01", [NEW_YEAR, NEW_YEAR + 1], [NEW_YEAR - 1, None]),
    (DATE, "before", "2026-01-01", [NEW_YEAR - 1], [NEW_YEAR, None]),
    (DATE, "in_last_days", 30, [NEW_YEAR, MONTH_AGO + 1], [MONTH_AGO, NEW_YEAR + 1, None]),
    (DATE, "days_ago", 30, [MONTH_AGO, MONTH_AGO - 1], [MONTH_AGO + 1, NEW_YEAR + 1, None]),
    (DATE, "in_next_days", 30, [NEW_YEAR + 1, MONTH_AHEAD], [NEW_YEAR, MONTH_AHEAD + 1, None]),
    (DATE, "is_blank", None, [None], [NEW_YEAR]),
    (DATE, "is_filled", None, [NEW_YEAR], [None]),
    (CHOICES, "has_any_of", ["Crm", "seo"], [["CRM"], ["ads", "SEO"]], [["ads"], [], None]),
    (CHOICES, "has_all_of", ["Crm", "seo"], [["SEO", "crm", "ads"]], [["seo"], [], None]),
    (CHOICES, "has_none_of", ["Crm", "seo"], [["ads"], [], None], [["ads", "SEO"]]),
    (CHOICES, "is_blank", None, [None, []], [["seo"]]),
    (CHOICES, "is_filled", None, [["seo"]], [None, []]),
]


@pytest.mark.parametrize(
    ("type_", "op", "value", "passes", "fails"),
    [pytest.param(*case, id=f"{case[0]} {case[1].replace('_', ' ')} {case[2]}") for case in CASES],
)
def test_each_comparison_of_each_type(
    type_: FieldType, op: str, value: object, passes: list[Any], fails: list[Any]
) -> None:
    field = FIELD_OF[type_]
    # "Not a number" stands for a blank, which the oracle knows as None.
    rows = [None if row != row else row for row in [*passes, *fails]]  # noqa: PLR0124
    tree = {"field": field.name, "op": op, "value": value}
    expected = [True] * len(passes) + [False] * len(fails)
    assert passing(tree, **{field.name: rows}) == expected
    raw = pl.DataFrame({field.name: pl.Series([*passes, *fails], dtype=COLUMN_TYPES[type_])})
    raw = raw.with_columns(pl.lit(NEW_YEAR).alias("$now"))
    assert raw.select(expression(tree, FIELDS)).to_series().to_list() == expected


def test_every_comparison_is_tested_and_has_its_words() -> None:
    known = {(type_, op) for type_, operators in OPERATORS.items() for op in operators}
    assert {(type_, op) for type_, op, *_ in CASES} == known
    assert {op for _, op in known} == set(OPERATOR_LABELS)


HEAD = {"field": "title", "op": "contains", "value": "head"}
BIG = {"field": "employees", "op": "at_least", "value": 50}
TITLES, SIZES = ["head", "head", "clerk", None], [80.0, None, 80.0, 9.0]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        pytest.param({}, [True, True, True, True], id="an empty condition"),
        pytest.param({"id": "n", "all": []}, [True, True, True, True], id="no rows"),
        pytest.param({"all": [HEAD, BIG]}, [True, False, False, False], id="both"),
        pytest.param({"any": [HEAD, BIG]}, [True, True, True, False], id="one of them"),
        pytest.param({"not": HEAD}, [False, False, True, True], id="not"),
        pytest.param({"not": {"any": [HEAD, BIG]}}, [False, False, False, True], id="none of them"),
        pytest.param({"all": [HEAD, {"not": {"all": [BIG]}}]}, [False, True, False, False], id="one without the other"),
        pytest.param({"any": [{"all": [HEAD, BIG]}, {"not": BIG}]}, [True, True, False, True], id="deeper"),
    ],
)
def test_trees_of_all_any_and_not(tree: dict[str, Any], expected: list[bool]) -> None:
    assert passing(tree, title=TITLES, employees=SIZES) == expected


def leaf(field: str, op: str, value: object = None) -> dict[str, Any]:
    """Return one comparison."""
    return {"id": "x", "field": field, "op": op, "value": value}


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        pytest.param(leaf("colour", "is", "red"), "There is no field “colour”; choose one from the list.", id="field"),
        pytest.param(leaf(["title"], "is", "a"), "There is no field “['title']”", id="a field that is a list"),  # type: ignore[arg-type]
        pytest.param(
            leaf("is_free", "contains", "a"),
            "“Free provider” can't be compared by “contains”; choose one of: is yes, is no, is blank, is filled in.",
            id="an operator of another type",
        ),
        pytest.param(
            leaf("title", "in_next_days", 5),
            "“Job title” can't be compared by “is within the next … days”",
            id="an operator of another type in words",
        ),
        pytest.param(
            leaf("founded", "in_last_days", -5),
            "Founded: -5 days are below zero; use zero or more.",
            id="negative days",
        ),
        pytest.param({"field": "title"}, "“Job title” can't be compared by “”", id="no operator"),
        pytest.param(leaf("title", ["is"], "a"), "can't be compared by “['is']”", id="an operator that is a list"),  # type: ignore[arg-type]
        pytest.param(leaf("employees", "is", "many"), "Employees: “many” is no number; use digits", id="no number"),
        pytest.param(leaf("employees", "at_least", "nan"), "Employees: “nan” is no number", id="not a number"),
        pytest.param(leaf("employees", "at_least", "1e999"), "is no number", id="an endless number"),
        pytest.param(leaf("employees", "is"), "Employees: a value is missing", id="a number is missing"),
        pytest.param(
            leaf("employees", "between", [9, 5]), "Employees: give the lower and the higher", id="upside down"
        ),
        pytest.param(leaf("employees", "between", [5]), "Employees: give the lower and the higher", id="half a range"),
        pytest.param(
            leaf("founded", "before", "01/02/2026"), "Founded: “01/02/2026” is no date; use year", id="no date"
        ),
        pytest.param(leaf("founded", "before", ""), "Founded: a value is missing", id="a date is missing"),
        pytest.param(leaf("title", "is"), "Job title: a value is missing; fill one in", id="a text is missing"),
        pytest.param(leaf("title", "contains", "  "), "Job title: a value is missing", id="a text of blanks"),
        pytest.param(leaf("industry", "is_one_of", []), "Industry: a value is missing", id="no values"),
        pytest.param(leaf("topics", "has_any_of", ["a", ""]), "Topics: a value is missing", id="a blank among values"),
        pytest.param({"all": [HEAD, {"not": leaf("x", "is", 1)}]}, "There is no field “x”", id="a field deep inside"),
        pytest.param({"id": "a", "every": [HEAD]}, "a field; this one has: id, every.", id="another form"),
        pytest.param({"all": [{"every": [HEAD]}]}, "a field; this one has: every.", id="another form inside"),
        pytest.param({"all": [HEAD], "any": [BIG]}, "a field; this one has: all, any.", id="two forms at once"),
        pytest.param({"any": "title"}, "a field; this one has: title.", id="a branch that is no list"),
        pytest.param({"not": "title"}, "a field; this one has: title.", id="a branch that is a word"),
    ],
)
def test_a_wrong_condition_is_refused_in_a_sentence(tree: dict[str, Any], said: str) -> None:
    with pytest.raises(BadCondition) as refused:
        check(tree, FIELDS)
    with translation.override("en"):
        sentence = mistake(refused.value)
    assert said in sentence
    assert sentence.endswith(".")
    assert "%(" not in sentence


def test_a_date_is_its_midnight_in_utc() -> None:
    assert microseconds(date(1970, 1, 2)) == 86_400_000_000


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        pytest.param(leaf("topics", "has_any_of", ["crm", "seo"]), "Topics has one of crm or seo", id="any of many"),
        pytest.param(leaf("topics", "has_all_of", ["a", "b", "c"]), "Topics has all of a, b and c", id="all of many"),
        pytest.param(leaf("topics", "has_all_of", ["a"]), "Topics has all of a", id="all of one"),
        pytest.param(leaf("employees", "between", [5, 50]), "Employees is between 5 and 50", id="a range"),
        pytest.param(leaf("founded", "days_ago", 30), "Founded is at least 30 days ago", id="a relative date"),
        pytest.param(
            {"any": [{"all": [HEAD, BIG]}, {"not": {"any": [HEAD, BIG]}}]},
            "(Job title contains head and Employees is at least 50)"
            " or not (Job title contains head or Employees is at least 50)",
            id="groups",
        ),
    ],
)
def test_a_condition_is_read_aloud_as_one_sentence(tree: dict[str, Any], said: str) -> None:
    assert sentence(tree, FIELDS) == said
