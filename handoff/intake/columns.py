"""Columns: where a value stands in a file and how it reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

IDENTITY = ("external_id", "email")
YES = ("yes", "true", "1", "y", "x", "ja", "j", "wahr", "waar")
NO = ("no", "false", "0", "n", "nee", "nein", "falsch", "onwaar")


class ColumnType(StrEnum):
    """What the cells of a column hold. Mappings name the first six; the others belong to fixed fields."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    EMAIL = "email"
    COUNTRY = "country"
    TIME = "time"
    CONSENT = "consent"


TRAIT_TYPES = tuple(ColumnType)[:6]
LEAD_FIELDS = {
    **dict.fromkeys(("external_id", "first_name", "last_name", "title", "phone", "source"), ColumnType.TEXT),
    **dict.fromkeys(("campaign", "language"), ColumnType.TEXT),
    "email": ColumnType.EMAIL,
    "country": ColumnType.COUNTRY,
}
COMPANY_FIELDS = {
    **dict.fromkeys(("name", "domain", "industry"), ColumnType.TEXT),
    **dict.fromkeys(("employees", "annual_revenue"), ColumnType.NUMBER),
    "country": ColumnType.COUNTRY,
}


@dataclass(frozen=True)
class Column:
    """Where one value comes from (the first of `headers` that the file has, or a constant) and how it reads."""

    key: str  # "lead.email", "traits.city": its place in the mapping
    headers: tuple[str, ...] = ()
    type: ColumnType = ColumnType.TEXT
    label: str = ""
    empty: frozenset[str] = frozenset({""})
    values: dict[str, str] = field(default_factory=dict)
    constant: str = ""  # reads as a cell does
    separator: str = ";"
    words: dict[str, object] = field(default_factory=dict)  # what each stands for, of yes-or-no and consent; folded
    formats: tuple[str, ...] = ()  # none: ISO 8601
    zone: ZoneInfo | None = None
    decimal: str = ""  # none: a point, and nothing groups the thousands


@dataclass(frozen=True)
class ActivityColumns:
    """One activity that a row tells of; `id` is a template such as "{Lead ID}-demo" over the columns `id_parts`."""

    key: str
    source: str
    id: str
    id_parts: dict[str, Column]
    kind: Column
    at: Column
    properties: dict[str, Column]


@dataclass(frozen=True)
class FileFormat:
    """How the file is written; an empty delimiter or encoding is found out while reading."""

    delimiter: str = ""
    encoding: str = ""
    empty: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    zone: ZoneInfo | None = None
    decimal: str = ""
    optional_columns: bool = False


@dataclass(frozen=True)
class Mapping:
    """A checked mapping. Every column in it can be read; whether a file has it shows when reading."""

    name: str
    file: FileFormat
    lead: dict[str, Column]
    company: dict[str, Column]
    traits: dict[str, Column]
    consent: dict[str, Column]
    activities: tuple[ActivityColumns, ...]

    @property
    def identity(self) -> dict[str, Column]:
        """The columns that tell whose row it is."""
        return {name: self.lead[name] for name in IDENTITY if name in self.lead}

    def columns(self) -> Iterator[Column]:
        """Yield every column, those of activities last."""
        for columns in (self.lead, self.company, self.traits, self.consent):
            yield from columns.values()
        for activity in self.activities:
            yield from (activity.kind, activity.at, *activity.properties.values(), *activity.id_parts.values())
