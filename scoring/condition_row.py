"""One row of a condition: field, comparison and value as they are chosen and typed."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.utils.translation import gettext as _

from scoring.conditions import BadCondition, Catalogue, Tree, check
from scoring.fields import OPERATORS, FieldType, read_operand
from scoring.wording import mistake


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


def row_of(leaf: Tree, source: str) -> Row:
    """Return the comparison `leaf` as a row about a field of `source`."""
    value = leaf.get("value")
    text = _joined(value) if isinstance(value, list | tuple) else _plain(value)
    return Row(str(leaf.get("id", "")), source, leaf["field"], leaf.get("op", ""), text)


def _plain(value: object) -> str:
    if value is None:
        return ""
    return str(_whole(value) if isinstance(value, float) else value)


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


def leaf_of(row: Row, source: str, catalogue: Catalogue) -> dict[str, Any]:
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
    try:
        check(leaf, catalogue)
    except BadCondition as error:
        raise ValueError(mistake(error)) from error
    if field and operator and (operator.reads or field.type) is FieldType.NUMBER and "value" in leaf:
        read = read_operand(field.type, operator, leaf["value"])
        leaf["value"] = [_whole(one) for one in read] if isinstance(read, list) else _whole(read)
    return leaf


def _wrong_source(source: str) -> str:
    if source == "profile":
        return _("This is about what they did, but the rule is about who they are: choose a field of that list.")
    return _("This is about who they are, but the rule is about what they do: choose a field of that list.")


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() else number
