"""Mappings: which column of a file fills which field of a lead. Read from TOML and checked as a whole."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from handoff.intake.cells import read_cell
from handoff.intake.columns import (
    COMPANY_FIELDS,
    LEAD_FIELDS,
    NO,
    TRAIT_TYPES,
    YES,
    ActivityColumns,
    Column,
    ColumnType,
    FileFormat,
    Mapping,
)
from handoff.intake.records import DELIMITERS
from handoff.intake.remarks import Trouble

__all__ = ["Mapping", "MappingError", "load_mapping", "parse_mapping", "shipped_mappings"]

SHIPPED = Path(__file__).parent / "mappings"
Options = dict[str, Any]
# Each option with its default, which is of the type that is accepted; None stands for what is looked at later.
MAPPING: Options = dict.fromkeys(("file", "lead", "company", "traits", "consent")) | {"activities": []}
FILE: Options = {
    "delimiter": "", "encoding": "", "empty": (), "ignore": (), "zone": "", "decimal": "", "optional_columns": False,
}  # fmt: skip
COLUMN: Options = {
    "column": (), "type": "", "label": "", "empty": (), "values": {}, "constant": None, "separator": ";",
    "true": YES, "false": NO, "format": (), "zone": "", "decimal": "",
}  # fmt: skip
CONSENT: Options = {"column": (), "constant": None, "empty": (), "objection": (), "basis": {}, "nothing": NO}
ACTIVITY: Options = {"kind": None, "at": None, "id": "", "source": "", "properties": None}


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
        return _mapping(name, _checked("", tomllib.loads(text), MAPPING))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(file, "TOML", str(error), gettext("a valid TOML document")) from error
    except _Wrong as wrong:
        raise MappingError(file, *wrong.args) from wrong


class _Wrong(Exception):
    """A key, its value and what is accepted there."""


def _checked(key: str, content: object, options: Options) -> Options:
    """Return the table `content` with each of the options, those it lacks by their default; raise _Wrong."""
    checked = dict(options)
    for name, value in _table(key, content).items():
        path = f"{key}.{name}" if key else name
        if name not in options:
            raise _Wrong(path, value, ", ".join(sorted(options)))
        checked[name] = _like(options[name], path, value)
    return checked


def _table(key: str, content: object) -> Options:
    if content is not None and not isinstance(content, dict):
        raise _Wrong(key, content, gettext("a table"))
    return content or {}


def _like(default: object, path: str, value: object) -> object:
    """Return the value if it is of the default's type: a flag, a text, texts (of which one may stand alone), pairs."""
    if isinstance(default, tuple) and isinstance(value, str | list):
        value = (value,) if isinstance(value, str) else tuple(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
    if default is None or (isinstance(value, type(default)) and all(isinstance(part, str) for part in parts)):
        return value
    texts = gettext("a text or a list of texts")
    accepted = {bool: "true, false", str: gettext("a text"), dict: gettext("a table"), list: "[[activities]]"}
    raise _Wrong(path, value, accepted.get(type(default), texts))


def _one_of(key: str, value: str, accepted: tuple[str, ...], shown: str = "") -> str:
    if value and value not in accepted:
        raise _Wrong(key, value, shown or ", ".join(accepted))
    return value


def _mapping(name: str, content: Options) -> Mapping:
    style = _file_format(content["file"])
    mapping = Mapping(
        name=name,
        file=style,
        lead=_fields("lead", content["lead"], LEAD_FIELDS, style),
        company=_fields("company", content["company"], COMPANY_FIELDS, style),
        traits=_own_fields("traits", content["traits"], style),
        consent={name: _consent(name, one, style) for name, one in _table("consent", content["consent"]).items()},
        activities=tuple(_activity(place, one, name, style) for place, one in enumerate(content["activities"], 1)),
    )
    for trait in mapping.traits:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", trait):
            raise _Wrong(f"traits.{trait}", trait, gettext("a name of small letters, digits and underscores"))
    if not any(column.headers for column in mapping.identity.values()):
        raise _Wrong("lead", sorted(mapping.lead), gettext("a column for external_id or email, or for both"))
    ids = set()
    for activity in mapping.activities:
        if (activity.source, activity.id) in ids:
            # The same (source, id) means the same activity, so the second would vanish as a repeat.
            raise _Wrong(f"{activity.key}.id", activity.id, gettext("an id that no other activity here has"))
        ids.add((activity.source, activity.id))
    return mapping


def _file_format(content: object) -> FileFormat:
    file = _checked("file", content, FILE)
    try:
        "a".encode(file["encoding"] or "utf-8")
    except (LookupError, UnicodeError) as error:
        raise _Wrong("file.encoding", file["encoding"], "utf-8, utf-16, utf-16-le, cp1252, iso-8859-15, …") from error
    _one_of("file.delimiter", file["delimiter"], DELIMITERS, '",", ";", "\\t", "|"')
    return FileFormat(**file | _signs("file", file, FileFormat()))


def _signs(key: str, options: Options, default: FileFormat) -> Options:
    """Return the zone and the decimal sign of a file or column."""
    try:
        zone = ZoneInfo(options["zone"]) if options["zone"] else default.zone
    except (KeyError, ValueError, OSError) as error:
        accepted = gettext("a time zone such as Europe/Amsterdam or UTC")
        raise _Wrong(f"{key}.zone", options["zone"], accepted) from error
    decimal = _one_of(f"{key}.decimal", options["decimal"], (".", ","), '".", ","') or default.decimal
    return {"zone": zone, "decimal": decimal}


def _fields(key: str, content: object, types: dict[str, ColumnType], style: FileFormat) -> dict[str, Column]:
    _checked(key, content, dict.fromkeys(types))
    return {name: _column(f"{key}.{name}", one, (types[name],), style) for name, one in _table(key, content).items()}


def _own_fields(key: str, content: object, style: FileFormat) -> dict[str, Column]:
    """Return columns with names and types of the mapping's choosing."""
    return {name: _column(f"{key}.{name}", one, TRAIT_TYPES, style) for name, one in _table(key, content).items()}


def _column(key: str, content: object, types: tuple[ColumnType, ...], style: FileFormat, **more: Any) -> Column:
    """Return a column of one of the types, the first by default; a plain text is short for its header."""
    options = _checked(key, {"column": content} if isinstance(content, str) else content, COLUMN)
    constant = "" if options["constant"] is None else str(options["constant"])
    if bool(options["column"]) == bool(constant):
        raise _Wrong(f"{key}.column", list(options["column"]), gettext("either a column or a constant"))
    words = dict.fromkeys(_folded(options["true"]), True) | dict.fromkeys(_folded(options["false"]), False)
    column = Column(
        key=key,
        headers=options["column"],
        type=ColumnType(_one_of(f"{key}.type", options["type"], types) or types[0]),
        label=options["label"] or key.rpartition(".")[2].replace("_", " ").capitalize(),
        empty=frozenset({"", *style.empty, *options["empty"]}),
        values=options["values"],
        constant=constant,
        separator=options["separator"] or ";",
        words=more.get("words", words),
        formats=options["format"],
        **_signs(key, options, style),
    )
    try:
        read_cell(column, constant)
    except Trouble as trouble:
        accepted = gettext("a value of the type %(type)s") % {"type": column.type}
        raise _Wrong(f"{key}.constant", options["constant"], accepted) from trouble
    return column


def _folded(words: Iterable[str]) -> list[str]:
    return [word.casefold() for word in words]


def _consent(channel: str, content: object, style: FileFormat) -> Column:
    """Return a column whose words object, name a basis or say nothing; a constant is a basis."""
    key = f"consent.{channel}"
    options = _checked(key, {"column": content} if isinstance(content, str) else content, CONSENT)
    if options["column"] and not options["objection"] and not options["basis"]:
        raise _Wrong(f"{key}.objection", [], gettext('values that object, as in ["Yes"], or a table `basis`'))
    words = dict(zip(_folded(options["basis"]), options["basis"].values(), strict=True))
    words = (
        dict.fromkeys(_folded(options["nothing"])) | words | dict.fromkeys(_folded(options["objection"]), "objection")
    )
    plain = {name: options[name] for name in ("column", "constant", "empty")}
    return _column(key, plain, (ColumnType.CONSENT if options["column"] else ColumnType.TEXT,), style, words=words)


def _activity(number: int, content: object, name: str, style: FileFormat) -> ActivityColumns:
    key = f"activities[{number}]"
    options = _checked(key, content, ACTIVITY)
    at, kind = options["at"], options["kind"]
    if not isinstance(at, str) and "column" not in _table(f"{key}.at", at):
        accepted = gettext("the column with its time; a column without a time belongs in [traits]")
        raise _Wrong(f"{key}.at", at, accepted)
    if not kind:
        raise _Wrong(f"{key}.kind", "", gettext("a kind of activity, or a table with its column"))
    if not (id_headers := re.findall(r"\{([^{}]+)\}", options["id"])):
        accepted = gettext('a text with a column that tells rows apart, as in "{ID}-demo"')
        raise _Wrong(f"{key}.id", options["id"], accepted)
    # A plain text is the kind itself, where for other columns it would be the header.
    kind = {"constant": kind} if isinstance(kind, str) else kind
    return ActivityColumns(
        key=key,
        source=options["source"] or name,
        id=options["id"],
        id_parts={one: _column(f"{key}.id.{one}", one, (ColumnType.TEXT,), style) for one in id_headers},
        kind=_column(f"{key}.kind", kind, (ColumnType.TEXT,), style),
        at=_column(f"{key}.at", at, (ColumnType.TIME,), style),
        properties=_own_fields(f"{key}.properties", options["properties"], style),
    )
