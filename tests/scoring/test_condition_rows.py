"""Conditions as groups of rows and back: nothing is lost, nothing changes its meaning, ids stay where they can."""

from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from scoring.condition_rows import Row, RowGroup, Rows, as_rows, as_tree, keep_ids
from scoring.conditions import check
from tests.scoring.oracle import holds
from tests.scoring.worlds import PROFILE, leaves, profile_trees, profiles

one_leaf = leaves(PROFILE)
some_leaves = st.lists(one_leaf, min_size=1, max_size=3)
one_group = st.one_of(
    one_leaf,
    some_leaves.map(lambda branches: {"all": branches}),
    some_leaves.map(lambda branches: {"any": branches}),
    one_leaf.map(lambda branch: {"not": branch}),
    one_leaf.map(lambda branch: {"not": {"all": [branch]}}),
    some_leaves.map(lambda branches: {"not": {"any": branches}}),
)
some_groups = st.lists(one_group, min_size=1, max_size=3)
two_levels = st.one_of(
    st.just({}),
    one_group,
    some_groups.map(lambda branches: {"all": branches}),
    some_groups.map(lambda branches: {"any": branches}),
)


def rows_of(tree: dict[str, Any]) -> Rows:
    """Return a tree of two levels as rows."""
    rows = as_rows(tree, "profile")
    assert rows is not None
    return rows


def ids_of(tree: Any) -> list[str]:
    """Return the ids of all nodes of `tree`."""
    branches = [*tree.get("all", ()), *tree.get("any", ()), *([tree["not"]] if "not" in tree else [])]
    return [tree["id"], *(found for branch in branches for found in ids_of(branch))] if tree else []


@pytest.mark.properties
@given(two_levels)
def test_a_condition_of_two_levels_is_shown_in_groups_and_comes_back_as_it_was(tree: dict[str, Any]) -> None:
    rows = rows_of(tree)
    again = as_tree(rows, "profile", PROFILE)
    check(again, PROFILE)
    assert rows_of(again).says() == rows.says()
    assert len(set(ids_of(again))) == len(ids_of(again))
    # Once it has ids, it keeps them all.
    assert as_tree(keep_ids(rows_of(again), again), "profile", PROFILE, tree_id=again.get("id", "")) == again


@pytest.mark.properties
@given(st.one_of(profile_trees, two_levels), st.lists(profiles, min_size=1, max_size=5))
def test_what_is_shown_in_groups_keeps_its_meaning(tree: dict[str, Any], people: list[dict[str, Any]]) -> None:
    rows = as_rows(tree, "profile")
    if rows is None:
        return
    again = as_tree(rows, "profile", PROFILE)
    assert [holds(again, person) for person in people] == [holds(tree, person) for person in people]


A, B, C = ({"id": name, "field": "title", "op": "is", "value": name} for name in "abc")


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param({"not": {"all": [A, B]}}, id="not all of several"),
        pytest.param({"not": {"not": A}}, id="not not"),
        pytest.param({"not": {}}, id="never"),
        pytest.param({"any": [A, {"all": []}]}, id="an empty group beside another"),
        pytest.param({"all": [{"any": [A, {"all": [B, C]}]}, C]}, id="three levels"),
        pytest.param({"not": {"any": [A, {"all": [B, C]}]}}, id="not a deeper one"),
    ],
)
def test_what_groups_cannot_say_is_left_to_words(tree: dict[str, Any]) -> None:
    assert as_rows(tree, "profile") is None


@pytest.mark.parametrize(
    ("tree", "stored"),
    [
        pytest.param({"any": [{"all": [A, B]}]}, {"id": "root", "all": [A, B]}, id="one group inside another"),
        pytest.param({"all": [A, B]}, {"id": "root", "all": [A, B]}, id="one group"),
        pytest.param({"not": A}, {"id": "root", "not": {"id": "root-any", "any": [A]}}, id="not"),
    ],
)
def test_a_single_group_is_stored_without_one_around_it(tree: dict[str, Any], stored: dict[str, Any]) -> None:
    assert as_tree(rows_of(tree), "profile", PROFILE, tree_id="root") == stored


def test_a_second_group_leaves_the_first_and_its_rows_their_ids() -> None:
    one = {"id": "one", "all": [A, B]}
    both = Rows("any", (*rows_of(one).groups, *rows_of({"any": [C]}).groups))
    tree = as_tree(keep_ids(both, one), "profile", PROFILE, tree_id="one")
    assert tree["any"][0] == one
    assert len(set(ids_of(tree))) == 6
    back = Rows("any", rows_of(tree).groups[:1])
    assert as_tree(keep_ids(back, tree), "profile", PROFILE, tree_id=tree["id"]) == one


@pytest.mark.parametrize("language", ["nl", "de"])
def test_a_decimal_comma_is_read_where_people_write_it(language: str) -> None:
    typed = Row(source="profile", field="employees", op="is", text="1000,5")
    with override(language):
        assert as_tree(Rows(groups=(RowGroup(rows=(typed,)),)), "profile", PROFILE)["all"][0]["value"] == 1000.5


@pytest.mark.parametrize("number", [12.125, -1.5, 0.125, 1000.125, 1000, 1e16])
def test_a_number_that_is_stored_is_shown_so_that_it_comes_back(number: float) -> None:
    tree = {"id": "x", "all": [{"id": "y", "field": "employees", "op": "is", "value": number}]}
    for language in ("en", "nl"):
        with override(language):
            assert as_tree(rows_of(tree), "profile", PROFILE, tree_id="x") == tree
