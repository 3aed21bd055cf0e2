"""A condition as its template shows it: what stands in each row, what can be chosen there, and blank rows to go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.condition_row import Row
from scoring.condition_rows import SOURCES, Place, RowGroup, RowMistakes, Rows, as_rows, as_tree
from scoring.conditions import Catalogue, Tree
from scoring.fields import OPERATORS, FieldType
from scoring.population import population
from scoring.wording import OPERATOR_LABELS, sentence

BLANK_ROWS = 3  # in the first group, where most conditions are written
SHOWN_VALUES = 8
SAID_OF = {"profile": gettext_lazy("who they are"), "activity": gettext_lazy("what they did")}
# Fields whose values are listed: personal ones are not, and numbers and dates say nothing one by one.
LISTED_TYPES = {FieldType.TEXT, FieldType.CHOICE, FieldType.CHOICES}


def catalogue_of(source: str) -> Catalogue:
    """Return the fields of "profile" or "activity"."""
    return population().profile_fields() if source == "profile" else population().activity_fields()


def values_seen(source: str, name: str, catalogue: Catalogue) -> list[str]:
    """Return values to suggest for the field `name` of `source`; none where it is unknown or of another type."""
    field = catalogue.get(name)
    if field is None or field.type not in LISTED_TYPES:
        return []
    return list(field.seen) or population().seen_values(source, name)


@dataclass(frozen=True)
class Choice:
    """A comparison to choose: `fits` says for which types of fields, and what it takes there ("text:one date:none")."""

    op: str
    label: str
    fits: str


def comparisons() -> list[Choice]:
    """Return all comparisons that any type knows, in the order of their labels."""
    known = list(dict.fromkeys([*OPERATOR_LABELS, *(op for operators in OPERATORS.values() for op in operators)]))
    return [
        Choice(
            op,
            str(OPERATOR_LABELS.get(op, op)),
            " ".join(f"{type_}:{operators[op].takes}" for type_, operators in OPERATORS.items() if op in operators),
        )
        for op in known
    ]


@dataclass(frozen=True)
class ShownRow:
    """One row with what can be chosen in it; its numbers are those of the form, its place is what people count."""

    name: str
    number: int | str
    row: Row
    mistake: str
    fields: Sequence[tuple[Any, str, Sequence[tuple[str, str, str, bool]]]]
    seen: Sequence[str] = ()

    @property
    def seen_said(self) -> str:
        """A few of the values, to be read below the row."""
        return ", ".join(self.seen[:SHOWN_VALUES])


@dataclass(frozen=True)
class ShownGroup:
    """One group with its rows, at least one of them blank."""

    name: str
    number: int | str
    group: RowGroup
    rows: Sequence[ShownRow]


@dataclass(frozen=True)
class Shelf:
    """What there is to choose from, looked up once for all rows of a condition."""

    catalogues: Mapping[str, Catalogue]

    @cached_property
    def _options(self) -> dict[str, list[tuple[str, str, str]]]:
        return {
            source: [(f"{source}:{field.name}", field.label, str(field.type)) for field in fields.values()]
            for source, fields in self.catalogues.items()
        }

    @cached_property
    def _seen(self) -> dict[tuple[str, str], list[str]]:
        return {}

    def row(self, name: str, number: int | str, row: Row, mistake: str = "") -> ShownRow:
        """Return `row` with what can be chosen in it."""
        return ShownRow(name, number, row, mistake, self._fields(row), self._values(row))

    def _fields(self, row: Row) -> list[tuple[Any, str, list[tuple[str, str, str, bool]]]]:
        chosen = f"{row.source}:{row.field}" if row.field else ""
        groups: list[tuple[Any, str, list[tuple[str, str, str, bool]]]] = [
            (SAID_OF[source], source, [(*option, option[0] == chosen) for option in options])
            for source, options in self._options.items()
        ]
        if row.field and row.field not in self.catalogues.get(row.source, {}):
            groups.append((_("no longer known"), "", [(chosen, row.field, "", True)]))
        return groups

    def _values(self, row: Row) -> list[str]:
        asked = (row.source, row.field)
        if asked not in self._seen:
            self._seen[asked] = values_seen(*asked, self.catalogues.get(row.source, {}))
        return self._seen[asked]


def shown_condition(
    name: str, rows: Rows, sources: Sequence[str], stored: Tree, mistakes: Mapping[Place, str]
) -> dict[str, Any]:
    """Return what the template of a condition needs; `sources` begins with the one that `stored` is about."""
    catalogues = {source: catalogue_of(source) for source in sources}
    shelf = Shelf(catalogues)
    is_deep = as_rows(stored, "") is None
    pattern = ShownGroup(
        f"{name}-__group__", "__n__", RowGroup(), [shelf.row(f"{name}-__group__-__row__", "__n__", Row())]
    )
    return {
        "name": name,
        "joiner": rows.joiner,
        "groups": _shown_groups(name, rows, mistakes, shelf),
        "pattern": pattern,
        "comparisons": comparisons(),
        "deep": sentence(stored, catalogues[sources[0]]) if is_deep else "",
        "said": "" if is_deep and not rows.replaces else _said_if_readable(rows, sources[0]),
        "replaces": rows.replaces,
        # A form that asks about either lets its `kind` decide: a kind called like a source, or else what they did.
        "sources": " ".join(source for source in SOURCES if source in sources),
        "sentence_url": reverse("admin:scoring_condition_sentence"),
        "values_url": reverse("admin:scoring_condition_values"),
    }


def said_of(rows: Rows, source: str) -> str:
    """Return `rows` as one sentence about the fields of `source`, "" for the first row's; RowMistakes as in as_tree."""
    named = [row.source for group in rows.filled for row in group.filled]
    found = next((one for one in [source, *named] if one in SOURCES), SOURCES[0])
    catalogue = catalogue_of(found)
    return sentence(as_tree(rows, found, catalogue), catalogue)


def _said_if_readable(rows: Rows, source: str) -> str:
    try:
        return said_of(rows, source)
    except RowMistakes:
        return ""


def _shown_groups(name: str, rows: Rows, mistakes: Mapping[Place, str], shelf: Shelf) -> list[ShownGroup]:
    """Return the groups in which something stands, or a first one, and a blank one; each ends with a blank row."""
    filled = [(place, group) for place, group in enumerate(rows.groups) if group.filled]
    # A joiner that was chosen for a group to come is kept.
    blank = [*(RowGroup(joiner=group.joiner) for group in rows.groups if not group.filled), RowGroup(), RowGroup()]
    groups = [*filled, *((-1, group) for group in blank[: 1 if filled else 2])]
    return [
        ShownGroup(
            f"{name}-{number}",
            number + 1,
            group,
            _shown_rows(f"{name}-{number}", place, group, mistakes, shelf, blanks=1 if number else BLANK_ROWS),
        )
        for number, (place, group) in enumerate(groups)
    ]


def _shown_rows(
    name: str, place: int, group: RowGroup, mistakes: Mapping[Place, str], shelf: Shelf, *, blanks: int
) -> list[ShownRow]:
    filled = [(row, mistakes.get((place, at), "")) for at, row in enumerate(group.rows) if not row.is_blank]
    return [
        shelf.row(f"{name}-{number}", number + 1, row, mistake)
        for number, (row, mistake) in enumerate([*filled, *[(Row(), "")] * blanks])
    ]
