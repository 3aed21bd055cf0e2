"""Conditions: trees of and, or and not over typed fields, checked, evaluated in columns.

Stored form: {"id", "all" | "any": [tree, ...]}, {"id", "not": tree} or {"id", "field", "op", "value"}; an empty
dict is the condition that always holds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from scoring.fields import OPERATORS, BadValue, Field, Operator, column_of, read_operand

Tree = Mapping[str, Any]
Catalogue = Mapping[str, Field]
FORMS = ("all", "any", "not", "field")


class BadCondition(ValueError):
    """A condition that the catalogue does not allow: `code` and `about` say what, wording.py says it in words."""

    def __init__(self, code: str, **about: object) -> None:
        super().__init__(code, about)
        self.code, self.about = code, about


def branches_of(tree: Tree) -> list[Any]:
    """Return the trees right below `tree`."""
    return [*tree.get("all", ()), *tree.get("any", ()), *([tree["not"]] if "not" in tree else [])]


def leaves(tree: Tree) -> Iterator[Tree]:
    """Yield the leaves of `tree`, left to right."""
    if "field" in tree:
        yield tree
    for branch in branches_of(tree):
        yield from leaves(branch)


def fields_of(tree: Tree) -> set[str]:
    """Return the names of the fields that `tree` looks at."""
    return {leaf["field"] for leaf in leaves(tree)}


def _looked_up(leaf: Tree, catalogue: Catalogue) -> tuple[Field, Operator]:
    field = catalogue.get(str(leaf["field"]))
    if field is None:
        raise BadCondition("unknown_field", field=leaf["field"])
    operator = OPERATORS[field.type].get(str(leaf.get("op", "")))
    if operator is None:
        raise BadCondition("unknown_operator", field=field.label, op=leaf.get("op", ""), type=field.type)
    return field, operator


def check(tree: Tree, catalogue: Catalogue) -> None:
    """Raise BadCondition where `tree` has another form, names an unknown field, operator or an impossible value."""
    _check_form(tree)
    for leaf in leaves(tree):
        field, operator = _looked_up(leaf, catalogue)
        try:
            value = read_operand(field.type, operator, leaf.get("value"))
        except BadValue as error:
            raise BadCondition(error.code, field=field.label, value=error.value) from error
        if operator.turns and value < 0:
            raise BadCondition("negative_days", field=field.label, value=leaf["value"])


def _check_form(tree: object) -> None:
    """Raise BadCondition unless each branch of `tree` is empty or has exactly one form."""
    if not isinstance(tree, Mapping):
        raise BadCondition("unknown_form", keys=tree)
    forms = [form for form in FORMS if form in tree]
    if tree and len(forms) != 1:
        raise BadCondition("unknown_form", keys=", ".join(map(str, tree)))
    for form in forms:
        branches = {"not": [tree[form]], "field": []}.get(form, tree[form])
        if not isinstance(branches, list | tuple):
            raise BadCondition("unknown_form", keys=branches)
        for branch in branches:
            _check_form(branch)


def expression(tree: Tree, catalogue: Catalogue) -> pl.Expr:
    """Return `tree` as a boolean column without nulls over the catalogue's columns."""
    if "field" in tree:
        field, operator = _looked_up(tree, catalogue)
        return operator.holds(column_of(field), read_operand(field.type, operator, tree.get("value")))
    if "not" in tree:
        return expression(tree["not"], catalogue).not_()
    if tree.get("any"):
        return pl.any_horizontal([expression(branch, catalogue) for branch in tree["any"]])
    if tree.get("all"):
        return pl.all_horizontal([expression(branch, catalogue) for branch in tree["all"]])
    return pl.lit(value=True)


def turning_points(tree: Tree, catalogue: Catalogue) -> list[pl.Expr]:
    """Return the instants (columns, µs) at which the answer of `tree` may change by itself: its relative dates."""
    points = []
    for leaf in leaves(tree):
        field, operator = _looked_up(leaf, catalogue)
        if operator.turns:
            value = read_operand(field.type, operator, leaf.get("value"))
            points += [column_of(field) + after for after in operator.turns(value)]
    return points
