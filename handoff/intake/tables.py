"""Tables of a mapping: keys that are known, values of the right type, and the columns that they name."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from handoff.intake.cells import read_cell
from handoff.intake.columns import NO, TRAIT_TYPES, YES, Column, ColumnType, FileFormat
from handoff.intake.remarks import Trouble

Options = dict[str, Any]
# Each option with its default, which is of the type that is accepted; None stands for what is looked at later.
COLUMN: Options = {
    "column": (), "type": "", "label": "", "empty": (), "values": {}, "constant": None, "separator": ";",
    "true": YES, "false": NO, "format": (), "zone": "", "decimal": "",
}  # fmt: skip
CONSENT: Options = {"column": (), "constant": None, "empty": (), "objection": (), "basis": {}, "nothing": NO}


class Wrong(Exception):
    """A key, its value and what is accepted there."""


def checked(key: str, content: object, options: Options) -> Options:
    """Return the table `content` with each of the options, those it lacks by their default; raise Wrong."""
    known = dict(options)
    for name, value in table(key, content).items():
        path = f"{key}.{name}" if key else name
        if name not in options:
            raise Wrong(path, value, ", ".join(sorted(options)))
        known[name] = like(options[name], path, value)
    return known


def table(key: str, content: object) -> Options:
    """Return `content`, nothing as an empty table."""
    if content is not None and not isinstance(content, dict):
        raise Wrong(key, content, gettext("a table"))
    return content or {}


def like(default: object, path: str, value: object) -> object:
    """Return the value if it is of the default's type: a flag, a text, texts (of which one may stand alone), pairs."""
    if isinstance(default, tuple) and isinstance(value, str | list):
        value = (value,) if isinstance(value, str) else tuple(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ()
    if default is None or (isinstance(value, type(default)) and all(isinstance(part, str) for part in parts)):
        return value
    texts = gettext("a text or a list of texts")
    accepted = {
        bool: "true, false",
        str: gettext("a text"),
        dict: gettext("a table"),
        list: "[[activities]], [[touches]]",
    }
    raise Wrong(path, value, accepted.get(type(default), texts))


def one_of(key: str, value: str, accepted: tuple[str, ...], shown: str = "") -> str:
    """Return `value` if it is one of those or empty."""
    if value and value not in accepted:
        raise Wrong(key, value, shown or ", ".join(accepted))
    return value


def signs(key: str, options: Options, default: FileFormat) -> Options:
    """Return the zone and the decimal sign of a file or column."""
    try:
        zone = ZoneInfo(options["zone"]) if options["zone"] else default.zone
    except (KeyError, ValueError, OSError) as error:
        accepted = gettext("a time zone such as Europe/Amsterdam or UTC")
        raise Wrong(f"{key}.zone", options["zone"], accepted) from error
    decimal = one_of(f"{key}.decimal", options["decimal"], (".", ","), '".", ","') or default.decimal
    return {"zone": zone, "decimal": decimal}


def fields(
    key: str,
    content: object,
    types: Mapping[str, ColumnType],
    style: FileFormat,
    known: Mapping[str, Iterable[str]] | None = None,
) -> dict[str, Column]:
    """Return columns of these names and types; `known` has the values of those of which only some are."""
    checked(key, content, dict.fromkeys(types))
    words = {name: {"words": {value: value for value in values}} for name, values in (known or {}).items()}
    return {
        name: column(f"{key}.{name}", one, (types[name],), style, **words.get(name, {}))
        for name, one in table(key, content).items()
    }


def own_fields(key: str, content: object, style: FileFormat) -> dict[str, Column]:
    """Return columns with names and types of the mapping's choosing."""
    return {name: column(f"{key}.{name}", one, TRAIT_TYPES, style) for name, one in table(key, content).items()}


def column(key: str, content: object, types: tuple[ColumnType, ...], style: FileFormat, **more: Any) -> Column:
    """Return a column of one of the types, the first by default; a plain text is short for its header."""
    options = checked(key, {"column": content} if isinstance(content, str) else content, COLUMN)
    constant = "" if options["constant"] is None else str(options["constant"])
    if bool(options["column"]) == bool(constant):
        raise Wrong(f"{key}.column", list(options["column"]), gettext("either a column or a constant"))
    words = dict.fromkeys(folded(options["true"]), True) | dict.fromkeys(folded(options["false"]), False)
    found = Column(
        key=key,
        headers=options["column"],
        type=ColumnType(one_of(f"{key}.type", options["type"], types) or types[0]),
        label=options["label"] or key.rpartition(".")[2].replace("_", " ").capitalize(),
        empty=frozenset({"", *style.empty, *options["empty"]}),
        values=options["values"],
        constant=constant,
        separator=options["separator"] or ";",
        words=more.get("words", words),
        formats=options["format"],
        **signs(key, options, style),
    )
    try:
        read_cell(found, constant)
    except Trouble as trouble:
        accepted = gettext("a value of the type %(type)s") % {"type": found.type}
        raise Wrong(f"{key}.constant", options["constant"], accepted) from trouble
    return found


def folded(words: Iterable[str]) -> list[str]:
    """Return the words without case."""
    return [word.casefold() for word in words]


def consent(channel: str, content: object, style: FileFormat) -> Column:
    """Return a column whose words object, name a basis or say nothing; a constant is a basis."""
    key = f"consent.{channel}"
    options = checked(key, {"column": content} if isinstance(content, str) else content, CONSENT)
    if options["column"] and not options["objection"] and not options["basis"]:
        raise Wrong(f"{key}.objection", [], gettext('values that object, as in ["Yes"], or a table `basis`'))
    words = dict(zip(folded(options["basis"]), options["basis"].values(), strict=True))
    words = dict.fromkeys(folded(options["nothing"])) | words | dict.fromkeys(folded(options["objection"]), "objection")
    plain = {name: options[name] for name in ("column", "constant", "empty")}
    return column(key, plain, (ColumnType.CONSENT if options["column"] else ColumnType.TEXT,), style, words=words)
