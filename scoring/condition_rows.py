"""Conditions as plain rows of field, comparison and value: how people who are no programmers read and write them."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from math import isfinite
from typing import Any

from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from scoring.conditions import BadCondition, Catalogue, Tree, check
from scoring.fields import OPERATORS, Field, FieldType
from scoring.wording import mistake

SOURCES = ("profile", "activity")


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
class Rows:
    """A whole condition as rows: `joiner` is "all" or "any"; `replaces` allows it to take a deeper tree's place."""

    joiner: str = "all"
    rows: tuple[Row, ...] = ()
    replaces: bool = False

    @property
    def filled(self) -> tuple[Row, ...]:
        """The rows in which something stands."""
        return tuple(row for row in self.rows if not row.is_blank)


class RowMistakes(ValueError):
    """Rows that can't be read; `by_row` says of each, by its place, what is wrong."""

    def __init__(self, by_row: Mapping[int, str]) -> None:
        super().__init__(" ".join(by_row.values()))
        self.by_row = dict(by_row)


def as_rows(tree: Tree, source: str) -> Rows | None:
    """Return `tree` as rows over the fields of `source`, or None where it is nested deeper than rows can show."""
    if "field" in tree:
        return Rows(rows=(_row(tree, source),))
    if "not" in tree or (tree.get("all") and tree.get("any")):
        return None
    joiner = "any" if tree.get("any") else "all"
    leaves = tree.get(joiner) or ()
    if not all("field" in leaf for leaf in leaves):
        return None
    return Rows(joiner, tuple(_row(leaf, source) for leaf in leaves))


def as_tree(rows: Rows, source: str, catalogue: Catalogue, *, tree_id: str = "") -> dict[str, Any]:
    """Return the tree that `rows` stand for, over the fields of `source`; RowMistakes where one can't be read."""
    leaves: list[dict[str, Any]] = []
    mistakes: dict[int, str] = {}
    for place, row in enumerate(rows.rows):
        if row.is_blank:
            continue
        try:
            leaves.append(_leaf(row, source, catalogue))
        except BadCondition as error:
            mistakes[place] = mistake(error)
        except ValueError as error:
            mistakes[place] = str(error)
    if mistakes:
        raise RowMistakes(mistakes)
    if not leaves:
        return {}
    return {"id": tree_id or new_id(), rows.joiner: _with_own_ids(leaves)}


def new_id() -> str:
    """Return an id for a new node of a tree."""
    return get_random_string(8)


def _row(leaf: Tree, source: str) -> Row:
    value = leaf.get("value")
    text = _joined(value) if isinstance(value, list | tuple) else _plain(value)
    return Row(str(leaf.get("id", "")), source, leaf["field"], leaf.get("op", ""), text)


def _plain(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _joined(values: Iterable[object]) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="").writerow([_plain(value) for value in values])
    # Quotes stand only around values that hold a comma themselves.
    return written.getvalue().replace(",", ", ") if '"' not in written.getvalue() else written.getvalue()


def _split(text: str) -> list[str]:
    parts = next(csv.reader([text], skipinitialspace=True), [])
    return [part.strip() for part in parts if part.strip()]


def _leaf(row: Row, source: str, catalogue: Catalogue) -> dict[str, Any]:
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
    check(leaf, catalogue)
    if field and field.type is FieldType.NUMBER and "value" in leaf:
        typed = leaf["value"]
        leaf["value"] = [_number(field, one) for one in typed] if isinstance(typed, list) else _number(field, typed)
    return leaf


def _wrong_source(source: str) -> str:
    if source == "profile":
        return _("This is about what they did, but the rule is about who they are: choose a field of that list.")
    return _("This is about who they are, but the rule is about what they do: choose a field of that list.")


def _number(field: Field, text: str) -> int | float:
    number = float(text.replace(" ", ""))
    if not isfinite(number):  # JSON has no such numbers
        raise BadCondition("no_number", field=field.label, value=text)
    return int(number) if number.is_integer() else number


def _with_own_ids(leaves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    taken: set[str] = set()
    for leaf in leaves:
        if not leaf["id"] or leaf["id"] in taken:
            leaf["id"] = new_id()
        taken.add(leaf["id"])
    return leaves


def keep_ids(rows: Rows, stored: Tree) -> Rows:
    """Return `rows` with only those ids that `stored` has for a row about the same field."""
    known = as_rows(stored, "")
    fields = {row.id: row.field for row in known.rows} if known else {}
    return replace(
        rows, rows=tuple(row if fields.get(row.id) == row.field else replace(row, id="") for row in rows.rows)
    )
