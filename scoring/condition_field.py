"""The form field of a condition: rows that work without script, with mistakes beside the row."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scoring.condition_rows import Row, RowMistakes, Rows, as_rows, as_tree, keep_ids
from scoring.conditions import BadCondition, Catalogue, Tree, check
from scoring.fields import FieldType
from scoring.population import population
from scoring.wording import OPERATOR_LABELS, mistake, sentence

BLANK_ROWS = 3
MOST_ROWS = 200
SAID_OF = {"profile": gettext_lazy("who they are"), "activity": gettext_lazy("what they did")}
SHOWN_VALUES = 8
LISTED_TYPES = {FieldType.CHOICE, FieldType.CHOICES}


def catalogue_of(source: str) -> Catalogue:
    """Return the fields of "profile" or "activity"."""
    return population().profile_fields() if source == "profile" else population().activity_fields()


class ConditionWidget(forms.Widget):
    """Rows of field, comparison and value, and always a few blank ones."""

    def __init__(self, sources: Sequence[str]) -> None:
        super().__init__()
        self.sources = sources
        self.stored: Tree = {}
        self.mistakes: Mapping[int, str] = {}

    def id_for_label(self, id_: str) -> str:
        """Return none: each row names its own inputs."""
        return ""

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Say that even a condition without rows was given."""
        return False

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Rows:
        """Return the rows as they were sent; those to remove are left out."""
        rows = []
        for number in range(MOST_ROWS):
            start = f"{name}-{number}"
            if f"{start}-field" not in data:
                break
            source, _colon, field = data[f"{start}-field"].partition(":")
            row = Row(
                data.get(f"{start}-id", ""), source, field, data.get(f"{start}-op", ""), data.get(f"{start}-value", "")
            )
            if not data.get(f"{start}-remove"):
                rows.append(row)
        joiner = "any" if data.get(f"{name}-joiner") == "any" else "all"
        return Rows(joiner, tuple(rows), replaces=bool(data.get(f"{name}-replace")))

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the rows as HTML; `value` is a stored tree or rows that were sent."""
        source = self.sources[0]
        rows = value if isinstance(value, Rows) else as_rows(value or {}, source)
        catalogues = {name: catalogue_of(name) for name in self.sources}
        shown = self._shown_rows(rows or Rows(), catalogues)
        context = {
            "name": name,
            "rows": shown,
            "joiner": rows.joiner if rows else "all",
            "deep": sentence(self.stored, catalogues[source]) if self._is_deep() else "",
            "replaces": bool(rows and rows.replaces),
        }
        return render_to_string("admin/scoring/condition_rows.html", context)

    def _is_deep(self) -> bool:
        return as_rows(self.stored, "") is None

    def _shown_rows(self, rows: Rows, catalogues: Mapping[str, Catalogue]) -> list[dict[str, Any]]:
        filled = [(place, row) for place, row in enumerate(rows.rows) if not row.is_blank]
        blanks = [(-1, Row())] * BLANK_ROWS
        return [
            {
                "row": row,
                "mistake": self.mistakes.get(place, ""),
                "fields": _field_groups(row, catalogues),
                "operators": [(op, label, op == row.op) for op, label in OPERATOR_LABELS.items()],
                **_seen(row, catalogues),
            }
            for place, row in [*filled, *blanks]
        ]


class ConditionField(forms.Field):
    """A condition over the fields of `sources`; the form turns its rows into a tree once it knows which source fits."""

    widget: ConditionWidget

    def __init__(self, *, sources: Sequence[str], **kwargs: Any) -> None:
        super().__init__(required=False, widget=ConditionWidget(sources), **kwargs)

    def stands_on(self, stored: Tree, source: str) -> None:
        """Take note of the tree that is stored now, over the fields of `source`."""
        self.widget.stored = stored
        self.widget.sources = [source, *(other for other in self.widget.sources if other != source)]

    def clean(self, value: Any) -> Rows:
        """Return the rows; which fields they may name depends on the rest of the form."""
        return value if isinstance(value, Rows) else Rows()

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether `data` says something else than the stored tree."""
        before = as_rows(initial or {}, self.widget.sources[0])
        if before is None:
            return bool(data.replaces)
        return (before.filled, before.filled and before.joiner) != (data.filled, data.filled and data.joiner)

    def tree(self, rows: Rows, source: str) -> Tree:
        """Return the tree to store; ValidationError, and mistakes beside the rows, where they can't be read."""
        stored, catalogue = self.widget.stored, catalogue_of(source)
        if as_rows(stored, source) is None and not rows.replaces:
            return self._kept(stored, rows, catalogue)
        try:
            return as_tree(keep_ids(rows, stored), source, catalogue, tree_id=str(stored.get("id", "")))
        except RowMistakes as error:
            self.widget.mistakes = error.by_row
            n = len(error.by_row)
            text = ngettext("%(n)d row can't be used yet; see there.", "%(n)d rows can't be used yet; see there.", n)
            raise ValidationError(text % {"n": n}, code="rows") from error

    @staticmethod
    def _kept(stored: Tree, rows: Rows, catalogue: Catalogue) -> Tree:
        if rows.filled:
            raise ValidationError(_("Tick “replace” to use these rows in place of the stored condition."), code="deep")
        try:
            check(stored, catalogue)
        except BadCondition as error:
            raise ValidationError(mistake(error), code=error.code) from error
        return stored


def _field_groups(row: Row, catalogues: Mapping[str, Catalogue]) -> list[tuple[Any, list[tuple[str, str, bool]]]]:
    chosen = f"{row.source}:{row.field}" if row.field else ""
    groups: list[tuple[Any, list[tuple[str, str, bool]]]] = [
        (SAID_OF[source], _options(source, fields, chosen)) for source, fields in catalogues.items()
    ]
    if row.field and row.field not in catalogues.get(row.source, {}):
        groups.append((_("no longer known"), [(chosen, row.field, True)]))
    return groups


def _options(source: str, fields: Catalogue, chosen: str) -> list[tuple[str, str, bool]]:
    named: Iterable[tuple[str, str]] = ((f"{source}:{field.name}", field.label) for field in fields.values())
    return [(value, label, value == chosen) for value, label in named]


def _seen(row: Row, catalogues: Mapping[str, Catalogue]) -> dict[str, Any]:
    field = catalogues.get(row.source, {}).get(row.field)
    if field is None or row.source != "profile" or field.type not in LISTED_TYPES:
        return {"seen": [], "seen_said": ""}
    values = population().seen_values(field.name)
    return {"seen": values, "seen_said": ", ".join(values[:SHOWN_VALUES])}
