"""A condition as its template shows it: what stands in each row, what can be chosen there, and blank rows to go on."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from scoring.condition_rows import SOURCES, Place, Row, RowGroup, RowMistakes, Rows, as_rows, as_tree
from scoring.conditions import Catalogue, Tree
from scoring.fields import OPERATORS, FieldType
from scoring.population import population
from scoring.wording import OPERATOR_LABELS, sentence

BLANK_ROWS = 3  # in the first group, where most conditions are written
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


def comparisons() -> list[tuple[str, str, str]]:
    """Return all comparisons with their labels and for which types of fields they are: "text:one date:none"."""
    return [
        (op, str(label), " ".join(f"{of}:{known[op].takes}" for of, known in OPERATORS.items() if op in known))
        for op, label in OPERATOR_LABELS.items()
    ]


def shown_condition(
    name: str, rows: Rows, sources: Sequence[str], stored: Tree, mistakes: Mapping[Place, str]
) -> dict[str, Any]:
    """Return what the template of a condition needs; `sources` begins with the one that `stored` is about."""
    catalogues = {source: catalogue_of(source) for source in sources}
    is_deep = as_rows(stored, "") is None
    seen = cache(lambda source, field: values_seen(source, field, catalogues.get(source, {})))

    def line(start: str, number: int | str, row: Row, mistake: str = "") -> dict[str, Any]:
        is_known = row.field in catalogues.get(row.source, {})
        known = {"seen": seen(row.source, row.field), "is_known": is_known or not row.field}
        return {"name": start, "number": number, "row": row, "mistake": mistake, **known}

    def group(number: int, place: int, found: RowGroup) -> dict[str, Any]:
        start = f"{name}-{number}"
        filled = [(row, mistakes.get((place, at), "")) for at, row in enumerate(found.rows) if not row.is_blank]
        lines = [*filled, *[(Row(), "")] * (1 if number else BLANK_ROWS)]
        shown = [line(f"{start}-{at}", at + 1, row, mistake) for at, (row, mistake) in enumerate(lines)]
        return {"name": start, "number": number + 1, "group": found, "rows": shown}

    start = f"{name}-__group__"
    pattern = {
        "name": start,
        "number": "__n__",
        "group": RowGroup(),
        "rows": [line(f"{start}-__row__", "__n__", Row())],
    }
    return {
        "name": name,
        "joiner": rows.joiner,
        "groups": [group(number, *placed) for number, placed in enumerate(_groups_to_show(rows))],
        "pattern": pattern,
        "fields": [(SAID_OF[source], source, fields.values()) for source, fields in catalogues.items()],
        "comparisons": comparisons(),
        "deep": sentence(stored, catalogues[sources[0]]) if is_deep else "",
        "said": "" if is_deep and not rows.replaces else _said_if_readable(rows, sources[0]),
        "replaces": rows.replaces,
        # A form that asks about either lets its `kind` decide: a kind called like a source, or else what they did.
        "sources": " ".join(source for source in SOURCES if source in sources),
        "sentence_url": reverse("admin:scoring_condition_sentence"),
        "values_url": reverse("admin:scoring_condition_values"),
    }


def _groups_to_show(rows: Rows) -> list[tuple[int, RowGroup]]:
    """Return the groups in which something stands, each with its place, or a first one; and a blank one."""
    filled = [(place, group) for place, group in enumerate(rows.groups) if group.filled]
    # A joiner that was chosen for a group to come is kept.
    blank = [*(RowGroup(joiner=group.joiner) for group in rows.groups if not group.filled), RowGroup(), RowGroup()]
    return [*filled, *((-1, group) for group in blank[: 1 if filled else 2])]


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
