"""The form field of a condition: groups of rows that work without script, with mistakes beside the row.

The names of its inputs, for a field called `name`: `name-joiner` joins the groups; `name-0-joiner`, `name-0-id` and
`name-0-remove` are of the first group, `name-0-2-field`, `-op`, `-value`, `-id` and `-remove` of its third row. Numbers
say the order and may have gaps; `name-replace` allows the rows to replace a deeper tree.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scoring.condition_rows import Place, Row, RowGroup, RowMistakes, Rows, as_rows, as_tree, keep_ids
from scoring.condition_shown import catalogue_of, shown_condition
from scoring.conditions import BadCondition, Catalogue, Tree, check
from scoring.wording import mistake

MOST_ROWS = 200


class ConditionWidget(forms.Widget):
    """Groups of rows of field, comparison and value, and always a few blank ones."""

    class Media:
        js = ["handoff/conditions.js"]

    def __init__(self, sources: Sequence[str]) -> None:
        super().__init__()
        self.sources = sources
        self.stored: Tree = {}
        self.mistakes: Mapping[Place, str] = {}

    def id_for_label(self, id_: str) -> str:
        return ""  # each row names its own inputs

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False  # a condition without rows is one too

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Rows:
        return sent_rows(data, name)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        rows = value if isinstance(value, Rows) else as_rows(value or {}, self.sources[0])
        context = shown_condition(name, rows or Rows(), self.sources, self.stored, self.mistakes)
        return render_to_string("admin/scoring/condition_rows.html", context)


def sent_rows(data: Mapping[str, Any], name: str) -> Rows:
    """Return the condition called `name` as the form's `data` say it; what is ticked to be removed is left out."""
    numbered = re.compile(rf"{re.escape(name)}-(\d{{1,4}})-(\d{{1,4}})-field")
    found = sorted((int(one[1]), int(one[2])) for key in data if (one := numbered.fullmatch(key)))[:MOST_ROWS]
    groups: dict[int, list[Row]] = {}
    for group, number in found:
        rows, start = groups.setdefault(group, []), f"{name}-{group}-{number}"
        if not data.get(f"{start}-remove"):
            rows.append(_sent_row(data, start))
    return Rows(
        _chosen(data, name, "any"),
        tuple(
            RowGroup(data.get(f"{name}-{group}-id", ""), _chosen(data, f"{name}-{group}", "any", "none"), tuple(rows))
            for group, rows in groups.items()
            if not data.get(f"{name}-{group}-remove")
        ),
        replaces=bool(data.get(f"{name}-replace")),
    )


def _chosen(data: Mapping[str, Any], start: str, *others: str) -> str:
    joiner = str(data.get(f"{start}-joiner", ""))
    return joiner if joiner in others else "all"


def _sent_row(data: Mapping[str, Any], start: str) -> Row:
    source, _colon, field = data[f"{start}-field"].partition(":")
    text = data.get(f"{start}-value", "").replace("\0", "")  # no database stores it
    return Row(data.get(f"{start}-id", ""), source, field, data.get(f"{start}-op", ""), text)


class ConditionField(forms.Field):
    """A condition over the fields of one of `sources`: the first, unless its form says by `look_at` which one fits."""

    widget: ConditionWidget

    def __init__(self, *, sources: Sequence[str], **kwargs: Any) -> None:
        super().__init__(required=False, widget=ConditionWidget(sources), **kwargs)

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """Return the field as the form has it; what is stored now is needed to read what is sent."""
        self.widget.stored = form.get_initial_for_field(self, field_name) or {}
        return super().get_bound_field(form, field_name)

    def look_at(self, source: str) -> None:
        """Take the fields of `source` from now on."""
        self.widget.sources = sorted(self.widget.sources, key=lambda other: other != source)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether `data` says something else than the stored tree."""
        before = as_rows(initial or {}, self.widget.sources[0])
        if before is None:
            return bool(data.replaces)
        return before.says() != data.says()

    def clean(self, value: Rows) -> Tree:
        """Return the tree to store; ValidationError, and mistakes beside the rows, where they can't be read.

        Rows that say what is stored leave it as it is, to the letter.
        """
        stored, source = self.widget.stored, self.widget.sources[0]
        before, catalogue = as_rows(stored, source), catalogue_of(source)
        if before is None and not value.replaces:
            return self._kept(stored, value, catalogue)
        try:
            tree = as_tree(keep_ids(value, stored), source, catalogue, tree_id=str(stored.get("id", "")))
        except RowMistakes as error:
            self.widget.mistakes = error.by_row
            n = len(error.by_row)
            text = ngettext("%(n)d row can't be used yet; see there.", "%(n)d rows can't be used yet; see there.", n)
            raise ValidationError(text % {"n": n}, code="rows") from error
        return stored if before is not None and before.says() == value.says() else tree

    @staticmethod
    def _kept(stored: Tree, rows: Rows, catalogue: Catalogue) -> Tree:
        if rows.filled:
            raise ValidationError(_("Tick “replace” to use these rows in place of the stored condition."), code="deep")
        try:
            check(stored, catalogue)
        except BadCondition as error:
            raise ValidationError(mistake(error), code=error.code) from error
        return stored
