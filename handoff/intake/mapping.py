"""Mappings: which column of a file fills which field of a lead. Read from TOML and checked as a whole."""

import re
import tomllib
from pathlib import Path

from django.utils.translation import gettext

from handoff.intake.columns import (
    COMPANY_FIELDS,
    COST_FIELDS,
    HANDOFF_FIELDS,
    LEAD_FIELDS,
    TOUCH_FIELDS,
    ActivityColumns,
    ColumnType,
    Condition,
    FileFormat,
    Mapping,
    TouchColumns,
)
from handoff.intake.records import DELIMITERS
from handoff.intake.tables import Options, Wrong, checked, column, consent, fields, one_of, own_fields, signs, table
from handoff.queue.models import Outcome, Route, Touch, TouchChannel

__all__ = ["Mapping", "MappingError", "load_mapping", "parse_mapping", "shipped_mappings"]

SHIPPED = Path(__file__).parent / "mappings"
TABLES = ("file", "lead", "company", "traits", "consent", "handoff", "cost")
MAPPING: Options = dict.fromkeys(TABLES) | {"activities": [], "touches": [], "people": ""}
FILE: Options = {
    "delimiter": "", "encoding": "", "empty": (), "ignore": (), "zone": "", "decimal": "", "optional_columns": False,
}  # fmt: skip
ACTIVITY: Options = {"when": None, "kind": None, "at": None, "id": "", "source": "", "properties": None}
KNOWN = {
    "route": Route.values,
    "channel": TouchChannel.values,
    "direction": Touch.Direction.values,
    "outcome": Outcome.values,
}


class MappingError(ValueError):
    """A mapping that can't be used: `file`, `key` and `value` say where, `accepted` what would do."""

    def __init__(self, file: str, key: str, value: object, accepted: str) -> None:
        shown = repr(value) if len(repr(value)) <= 200 else f"{repr(value)[:200]}…"
        text = gettext("%(file)s: %(key)s = %(value)s: use %(accepted)s.")
        super().__init__(text % {"file": file, "key": key, "value": shown, "accepted": accepted})
        self.file, self.key, self.value, self.accepted = file, key, value, accepted


def shipped_mappings() -> list[str]:
    """Return the names that load_mapping knows without a path."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load_mapping(name_or_path: str | Path) -> Mapping:
    """Return a shipped mapping by its name, or the one in a TOML file; raise MappingError."""
    if str(name_or_path) in shipped_mappings():
        path = SHIPPED / f"{name_or_path}.toml"
    elif isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
    else:
        accepted = gettext("one of %(names)s, or the path of a .toml file")
        raise MappingError("mapping", "name", name_or_path, accepted % {"names": ", ".join(shipped_mappings())})
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(path.name, "path", str(path), gettext("a file in UTF-8 that can be read")) from error
    return parse_mapping(text, name=path.stem, file=path.name)


def parse_mapping(text: str, *, name: str, file: str = "mapping.toml") -> Mapping:
    """Return the mapping written in `text`; raise MappingError naming `file`, key, value and what is accepted."""
    try:
        return _mapping(name, checked("", tomllib.loads(text), MAPPING))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(file, "TOML", str(error), gettext("a valid TOML document")) from error
    except Wrong as wrong:
        raise MappingError(file, *wrong.args) from wrong


def _mapping(name: str, content: Options) -> Mapping:
    style = _file_format(content["file"])
    mapping = Mapping(
        name=name,
        file=style,
        lead=fields("lead", content["lead"], LEAD_FIELDS, style),
        company=fields("company", content["company"], COMPANY_FIELDS, style),
        traits=own_fields("traits", content["traits"], style),
        consent={name: consent(name, one, style) for name, one in table("consent", content["consent"]).items()},
        activities=tuple(_activity(place, one, name, style) for place, one in enumerate(content["activities"], 1)),
        handoff=fields("handoff", content["handoff"], HANDOFF_FIELDS, style, KNOWN),
        touches=tuple(_touch(place, one, style) for place, one in enumerate(content["touches"], 1)),
        cost=fields("cost", content["cost"], COST_FIELDS, style),
        people=content["people"] or name,
    )
    for trait in mapping.traits:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", trait):
            raise Wrong(f"traits.{trait}", trait, gettext("a name of small letters, digits and underscores"))
    if mapping.cost and (lacking := COST_FIELDS.keys() - mapping.cost.keys()):
        raise Wrong("cost", sorted(mapping.cost), ", ".join(sorted(lacking)))
    if mapping.cost and any(content[name] for name in content if name not in {"file", "cost"}):
        raise Wrong("cost", sorted(mapping.cost), gettext("a mapping of its own for what sources cost"))
    if not mapping.cost and not any(column.headers for column in mapping.identity.values()):
        raise Wrong("lead", sorted(mapping.lead), gettext("a column for external_id or email, or for both"))
    if "is_won" in mapping.handoff and "closed_at" not in mapping.handoff:
        raise Wrong("handoff.closed_at", "", gettext("the column that says when it was won"))
    ids = set()
    for activity in mapping.activities:
        if (activity.source, activity.id) in ids:
            # The same (source, id) means the same activity, so the second would vanish as a repeat.
            raise Wrong(f"{activity.key}.id", activity.id, gettext("an id that no other activity here has"))
        ids.add((activity.source, activity.id))
    return mapping


def _file_format(content: object) -> FileFormat:
    file = checked("file", content, FILE)
    try:
        "a".encode(file["encoding"] or "utf-8")
    except (LookupError, UnicodeError) as error:
        raise Wrong("file.encoding", file["encoding"], "utf-8, utf-16, utf-16-le, cp1252, iso-8859-15, …") from error
    one_of("file.delimiter", file["delimiter"], DELIMITERS, '",", ";", "\\t", "|"')
    return FileFormat(**file | signs("file", file, FileFormat()))


def _activity(number: int, content: object, name: str, style: FileFormat) -> ActivityColumns:
    key = f"activities[{number}]"
    options = checked(key, content, ACTIVITY)
    at, kind = options["at"], options["kind"]
    if not isinstance(at, str) and "column" not in table(f"{key}.at", at):
        accepted = gettext("the column with its time; a column without a time belongs in [traits]")
        raise Wrong(f"{key}.at", at, accepted)
    if not kind:
        raise Wrong(f"{key}.kind", "", gettext("a kind of activity, or a table with its column"))
    if not (id_headers := re.findall(r"\{([^{}]+)\}", options["id"])):
        accepted = gettext('a text with a column that tells rows apart, as in "{ID}-demo"')
        raise Wrong(f"{key}.id", options["id"], accepted)
    # A plain text is the kind itself, where for other columns it would be the header.
    kind = {"constant": kind} if isinstance(kind, str) else kind
    return ActivityColumns(
        key=key,
        when=_when(key, options["when"], style),
        source=options["source"] or name,
        id=options["id"],
        id_parts={one: column(f"{key}.id.{one}", one, (ColumnType.TEXT,), style) for one in id_headers},
        kind=column(f"{key}.kind", kind, (ColumnType.TEXT,), style),
        at=column(f"{key}.at", at, (ColumnType.TIME,), style),
        properties=own_fields(f"{key}.properties", options["properties"], style),
    )


def _touch(number: int, content: object, style: FileFormat) -> TouchColumns:
    key = f"touches[{number}]"
    options = dict(table(key, content))
    when = _when(key, options.pop("when", None), style)
    found = fields(key, options, TOUCH_FIELDS, style, KNOWN)
    for name, accepted in (("at", gettext("the column with its time")), ("channel", ", ".join(KNOWN["channel"]))):
        if name not in found:
            raise Wrong(f"{key}.{name}", "", accepted)
    return TouchColumns(key=key, when=when, at=found.pop("at"), fields=found)


def _when(key: str, content: object, style: FileFormat) -> tuple[Condition, ...]:
    """Return what has to stand in a row for it to count: some columns, each with one of its values."""
    asked = table(f"{key}.when", content)
    known = checked(f"{key}.when", asked, dict.fromkeys(asked, ()))
    return tuple(
        Condition(column(f"{key}.when.{header}", header, (ColumnType.TEXT,), style), frozenset(values))
        for header, values in known.items()
    )
