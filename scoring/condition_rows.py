"""Conditions as groups of plain rows of field, comparison and value: how people who are no programmers write them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.utils.crypto import get_random_string

from scoring.condition_row import Row, leaf_of, row_of
from scoring.conditions import Catalogue, Tree, branches_of

SOURCES = ("profile", "activity")


@dataclass(frozen=True)
class RowGroup:
    """Some rows, of which "all", "any" or "none" have to hold."""

    id: str = ""
    joiner: str = "all"
    rows: tuple[Row, ...] = ()

    @property
    def filled(self) -> tuple[Row, ...]:
        """The rows in which something stands."""
        return tuple(row for row in self.rows if not row.is_blank)


@dataclass(frozen=True)
class Rows:
    """A whole condition: "all" or "any" of its groups have to hold; `replaces` lets it take a deeper tree's place."""

    joiner: str = "all"
    groups: tuple[RowGroup, ...] = ()
    replaces: bool = False

    @property
    def filled(self) -> tuple[RowGroup, ...]:
        """The groups in which something stands."""
        return tuple(group for group in self.groups if group.filled)

    def says(self) -> tuple[Any, ...]:
        """Return what it says, to compare it with others: without blank rows and ids."""
        groups = self.filled
        joiner = self.joiner if len(groups) > 1 else ""
        return joiner, *((group.joiner, *(replace(row, id="") for row in group.filled)) for group in groups)


Place = tuple[int, int]  # which group, and which of its rows


class RowMistakes(ValueError):
    """Rows that can't be read; `by_row` says of each, by its place, what is wrong."""

    def __init__(self, by_row: Mapping[Place, str]) -> None:
        super().__init__(" ".join(by_row.values()))
        self.by_row = dict(by_row)


def as_rows(tree: Tree, source: str) -> Rows | None:
    """Return `tree` as groups of rows over the fields of `source`, or None where it is nested deeper than that."""
    if not tree:
        return Rows()
    alone = _group(tree, source)
    if alone:
        return Rows(groups=(alone,) if alone.rows else ())
    if "not" in tree or "field" in tree or bool(tree.get("all")) == bool(tree.get("any")):
        return None
    joiner = "any" if tree.get("any") else "all"
    groups: list[RowGroup] = []
    # Single comparisons beside groups make a group of their own.
    for are_leaves, run in groupby(tree[joiner], lambda branch: "field" in branch):
        branches = list(run)
        for branch in [{joiner: branches}] if are_leaves else branches:
            group = _group(branch, source)
            if group is None or not group.rows:
                return None
            groups.append(group)
    return Rows(joiner if len(groups) > 1 else "all", tuple(groups))


def _group(tree: Tree, source: str) -> RowGroup | None:
    """Return `tree` as one group, or None where it needs more than one."""
    own_id = str(tree.get("id", ""))
    if "field" in tree:
        return RowGroup(rows=(row_of(tree, source),))
    if "not" in tree:
        inner = _group(tree["not"], source)
        # "Not all of several" is no choice of a group, but of a single row it says the same as "none".
        if inner is None or not inner.rows or inner.joiner == "none" or (inner.joiner == "all" and len(inner.rows) > 1):
            return None
        return RowGroup(own_id, "none", inner.rows)
    if tree.get("all") and tree.get("any"):
        return None
    joiner = "any" if tree.get("any") else "all"
    leaves = tree.get(joiner) or ()
    if not all("field" in leaf for leaf in leaves):
        return None
    return RowGroup(own_id, joiner, tuple(row_of(leaf, source) for leaf in leaves))


def as_tree(rows: Rows, source: str, catalogue: Catalogue, *, tree_id: str = "") -> dict[str, Any]:
    """Return the tree that `rows` stand for, over the fields of `source`; RowMistakes where one can't be read.

    A single group is stored without an outer one around it.
    """
    mistakes: dict[Place, str] = {}
    read: list[tuple[RowGroup, list[dict[str, Any]]]] = []
    for place, group in enumerate(rows.groups):
        leaves = []
        for number, row in enumerate(group.rows):
            try:
                leaves += [] if row.is_blank else [leaf_of(row, source, catalogue)]
            except ValueError as error:
                mistakes[place, number] = str(error)
        if leaves:
            read.append((group, leaves))
    if mistakes:
        raise RowMistakes(mistakes)
    if not read:
        return {}
    if len(read) == 1:
        group, leaves = read[0]
        return _with_own_ids(_branch(replace(group, id=group.id or tree_id), leaves), set())
    branches = [_branch(group, leaves) for group, leaves in read]
    return _with_own_ids({"id": tree_id, rows.joiner: branches}, set())


def _branch(group: RowGroup, leaves: list[dict[str, Any]]) -> dict[str, Any]:
    if group.joiner != "none":
        return {"id": group.id, group.joiner: leaves}
    own_id = group.id or new_id()
    # The inner node's id follows from the outer one's, so that it stays as well.
    return {"id": own_id, "not": {"id": f"{own_id}-any", "any": leaves}}


def new_id() -> str:
    """Return an id for a new node of a tree."""
    return get_random_string(8)


def _with_own_ids(tree: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    """Return `tree` with an id of its own for each node; branches keep theirs before what is around them."""
    for branch in branches_of(tree):
        _with_own_ids(branch, taken)
    if not tree["id"] or tree["id"] in taken:
        tree["id"] = new_id()
    taken.add(tree["id"])
    return tree


def keep_ids(rows: Rows, stored: Tree) -> Rows:
    """Return `rows` with only those ids that `stored` has for a group, or for a row about the same field."""
    known = as_rows(stored, "") or Rows()
    groups = {group.id for group in known.groups}
    fields = {row.id: row.field for group in known.groups for row in group.rows}
    return replace(
        rows,
        groups=tuple(
            RowGroup(
                group.id if group.id in groups else "",
                group.joiner,
                tuple(row if fields.get(row.id) == row.field else replace(row, id="") for row in group.rows),
            )
            for group in rows.groups
        ),
    )
