"""Conditions as groups of plain rows of field, comparison and value: how people who are no programmers write them."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from itertools import groupby
from typing import Any

from django.utils.crypto import get_random_string
from django.utils.formats import get_format
from django.utils.translation import gettext as _

from scoring.conditions import BadCondition, Catalogue, Tree, branches_of, check
from scoring.fields import OPERATORS, FieldType, read_operand
from scoring.wording import mistake

SOURCES = ("profile", "activity")
TWO_READINGS = re.compile(r"-?[1-9]\d{0,2}([.,]\d{3})+")  # 1.000 is one here and a thousand there


@dataclass(frozen=True)
class Row:
    """One row as it stands in the form. `source` says whose field it is; many values are separated by commas."""

    id: str = ""
    source: str = ""
    field: str = ""
    op: str = ""
    text: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing was chosen or written in it."""
        return not (self.field or self.op or self.text)


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
        return RowGroup(rows=(_row_of(tree, source),))
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
    return RowGroup(own_id, joiner, tuple(_row_of(leaf, source) for leaf in leaves))


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
                leaves += [] if row.is_blank else [_leaf_of(row, source, catalogue)]
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
    own_id = group.id or get_random_string(8)
    # The inner node's id follows from the outer one's, so that it stays as well.
    return {"id": own_id, "not": {"id": f"{own_id}-any", "any": leaves}}


def _with_own_ids(tree: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    """Return `tree` with an id of its own for each node; branches keep theirs before what is around them."""
    for branch in branches_of(tree):
        _with_own_ids(branch, taken)
    if not tree["id"] or tree["id"] in taken:
        tree["id"] = get_random_string(8)
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


def _row_of(leaf: Tree, source: str) -> Row:
    """Return the comparison `leaf` as a row about a field of `source`."""
    value = leaf.get("value")
    text = _joined(value) if isinstance(value, list | tuple) else _plain(value)
    return Row(str(leaf.get("id", "")), source, leaf["field"], leaf.get("op", ""), text)


def _plain(value: object) -> str:
    if value is None:
        return ""
    text = str(_whole(value) if isinstance(value, float) else value)
    return f"{text}0" if isinstance(value, float) and TWO_READINGS.fullmatch(text) else text


def _joined(values: Iterable[object]) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="").writerow([_plain(value) for value in values])
    # Quotes stand only around values that hold a comma themselves.
    return written.getvalue().replace(",", ", ") if '"' not in written.getvalue() else written.getvalue()


def _split(text: str) -> list[str]:
    try:
        parts = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:  # far too long, or lines within it
        parts = [text]
    return [part.strip() for part in parts if part.strip()]


def _leaf_of(row: Row, source: str, catalogue: Catalogue) -> dict[str, Any]:
    """Return the comparison that `row` stands for; ValueError in words where it can't be read."""
    if not row.field:
        raise ValueError(_("Choose what to look at, or tick “remove”."))
    if row.source != source:
        raise ValueError(_wrong_source(source))
    if not row.op:
        raise ValueError(_("Choose how to compare."))
    leaf: dict[str, Any] = {"id": row.id, "field": row.field, "op": row.op}
    field = catalogue.get(row.field)
    operator = OPERATORS[field.type].get(row.op) if field else None
    if operator and operator.takes != "none":
        leaf["value"] = _split(row.text) if operator.takes in {"many", "two"} else row.text.strip()
    is_number = field and operator and (operator.reads or field.type) is FieldType.NUMBER and "value" in leaf
    try:
        if field and is_number:
            leaf["value"] = _with_points(leaf["value"], field.label)
        check(leaf, catalogue)
    except BadCondition as error:
        raise ValueError(mistake(error)) from error
    if field and operator and is_number:
        read = read_operand(field.type, operator, leaf["value"])
        leaf["value"] = [_whole(one) for one in read] if isinstance(read, list) else _whole(read)
    return leaf


def _with_points(typed: Any, label: str) -> Any:
    """Return numbers as they were typed in the reader's language with decimal points; BadCondition where in doubt."""
    if isinstance(typed, list):
        return [_with_points(text, label) for text in typed]
    if TWO_READINGS.fullmatch(typed):
        raise BadCondition("two_readings", field=label, value=typed)
    return typed.replace(",", ".") if get_format("DECIMAL_SEPARATOR") == "," and "." not in typed else typed


def _wrong_source(source: str) -> str:
    if source == "profile":
        return _("This is about what they did, but the rule is about who they are: choose a field of that list.")
    return _("This is about who they are, but the rule is about what they do: choose a field of that list.")


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() else number
