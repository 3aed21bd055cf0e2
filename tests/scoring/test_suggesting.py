"""Suggested negative personas: what the refused share and the accepted do not."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from scoring.fields import Field, FieldType
from scoring.population import Outcomes
from scoring.suggesting import FEWEST, Suggestion, patterns

CATALOGUE = {
    "country": Field("country", "country", FieldType.CHOICE),
    "title": Field("title", "job title", FieldType.TEXT),
    "email_is_free": Field("email_is_free", "free", FieldType.YES_NO),
    "company.employees": Field("company.employees", "employees", FieldType.NUMBER),
    "traits.tags": Field("traits.tags", "tags", FieldType.CHOICES),
}
PLAIN = {"country": "NL", "title": "Buyer", "email_is_free": False, "company.employees": 100.0, "traits.tags": ["a"]}
TYPES = {"country": pl.String, "title": pl.String, "email_is_free": pl.Boolean, "company.employees": pl.Float64}


def found(*groups: tuple[int, bool, Any]) -> list[Suggestion]:
    """Return the patterns among groups of leads: how many, whether refused, and what is special about them."""
    rows = [{**PLAIN, **special} for n, _refused, special in groups for _ in range(n)]
    refused = np.array([is_refused for n, is_refused, _ in groups for _ in range(n)], dtype=bool)
    profiles = pl.DataFrame(rows, schema={**TYPES, "traits.tags": pl.List(pl.String)})
    return patterns(Outcomes(np.arange(len(rows)), profiles, ~refused, refused), CATALOGUE)


def said(suggestion: Suggestion) -> list[tuple[object, ...]]:
    leaves = suggestion.condition["all"]
    return [(leaf["field"], leaf["op"], leaf.get("value")) for leaf in leaves]


@pytest.mark.parametrize(
    ("special", "leaf"),
    [
        pytest.param({"country": "FR"}, ("country", "is", "FR"), id="a value"),
        pytest.param({"title": "PhD Student"}, ("title", "contains", "phd"), id="a word of the title"),
        pytest.param({"email_is_free": True}, ("email_is_free", "is_yes", None), id="yes"),
        pytest.param({"company.employees": 3.0}, ("company.employees", "between", [1, 9]), id="a band of sizes"),
        pytest.param({"company.employees": 5000.0}, ("company.employees", "more_than", 999), id="the largest"),
        pytest.param({"traits.tags": ["b"]}, ("traits.tags", "has_any_of", ["b"]), id="one of several"),
    ],
)
def test_what_the_refused_have_in_common_is_found(special: dict[str, object], leaf: tuple[object, ...]) -> None:
    best = found((30, True, special), (30, False, {}))[0]
    assert said(best) == [leaf]
    assert (best.refused, best.accepted) == (30, 0)
    assert best.at_least == pytest.approx(0.8865, abs=1e-4)  # Wilson, 30 of 30


@pytest.mark.parametrize(
    ("refused", "accepted", "is_found"),
    [
        pytest.param(FEWEST, 0, True, id="just enough"),
        pytest.param(FEWEST - 1, 0, False, id="too few"),
        pytest.param(95, 5, True, id="as many SQLs as may be"),
        pytest.param(94, 5, False, id="more SQLs than may be"),
    ],
)
def test_only_what_is_frequent_and_hardly_ever_an_sql_counts(refused: int, accepted: int, is_found: bool) -> None:
    special = {"country": "FR"}
    patterns_ = found((refused, True, special), (accepted, False, special), (200, False, {}))
    assert bool(patterns_) is is_found


def test_a_pair_is_found_where_neither_half_says_it() -> None:
    both = {"country": "FR", "title": "Student"}
    best = found((40, True, both), (40, False, {"country": "FR"}), (40, False, {"title": "Student"}))[0]
    assert {leaf[0] for leaf in said(best)} == {"country", "title"}


def test_a_pair_that_says_no_more_than_one_of_its_halves_is_left_out() -> None:
    for suggestion in found((40, True, {"country": "FR", "email_is_free": True}), (40, False, {})):
        assert len(said(suggestion)) == 1


def test_the_next_pattern_catches_mostly_others() -> None:
    groups: list[tuple[int, bool, Any]] = [
        (40, True, {"country": "FR", "email_is_free": True}),
        (30, True, {"title": "Student"}),
        (80, False, {}),
    ]
    assert [one.refused for one in found(*groups)] == [40, 30]


def test_what_everybody_has_in_common_is_no_pattern() -> None:
    assert found((50, True, {}), (1, False, {})) == []
    assert found() == []
