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
    DOMAIN = "domain"
    TIME = "time"
    CONSENT = "consent"
    KNOWN = "known"


TRAIT_TYPES = tuple(ColumnType)[:6]
LEAD_FIELDS = {
    **dict.fromkeys(("external_id", "first_name", "last_name", "title", "phone", "source"), ColumnType.TEXT),
    **dict.fromkeys(("campaign", "language"), ColumnType.TEXT),
    "email": ColumnType.EMAIL,
    "country": ColumnType.COUNTRY,
}
COMPANY_FIELDS = {
    **dict.fromkeys(("name", "industry"), ColumnType.TEXT),
    "domain": ColumnType.DOMAIN,
    **dict.fromkeys(("employees", "annual_revenue"), ColumnType.NUMBER),
    "country": ColumnType.COUNTRY,
}

# What a row may tell of a handoff that is over; without `opened_at` it goes on about one that is known.
HANDOFF_FIELDS = {
    **dict.fromkeys(("opened_at", "touched_at", "closed_at"), ColumnType.TIME),
    **dict.fromkeys(("by", "won_by", "currency"), ColumnType.TEXT),
    "is_won": ColumnType.BOOLEAN,
    "value": ColumnType.NUMBER,
    "route": ColumnType.KNOWN,
}
COST_FIELDS = {
    **dict.fromkeys(("source", "currency"), ColumnType.TEXT),
    "month": ColumnType.DATE,
    "amount": ColumnType.NUMBER,
}
TOUCH_FIELDS = {
    "at": ColumnType.TIME,
    "by": ColumnType.TEXT,
    **dict.fromkeys(("channel", "direction", "outcome"), ColumnType.KNOWN),
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
    words: dict[str, object] = field(default_factory=dict)  # what each stands for, where only some are known; folded
    formats: tuple[str, ...] = ()  # none: ISO 8601
    zone: ZoneInfo | None = None
    decimal: str = ""  # none: a point, and nothing groups the thousands


@dataclass(frozen=True)
class Condition:
    """Which rows tell of something: those with one of `values` in `column`."""

    column: Column
    values: frozenset[str]


@dataclass(frozen=True)
class ActivityColumns:
    """One activity that a row tells of; `id` is a template such as "{Lead ID}-demo" over the columns `id_parts`."""

    key: str
    when: tuple[Condition, ...]
    source: str
    id: str
    id_parts: dict[str, Column]
    kind: Column
    at: Column
    properties: dict[str, Column]


@dataclass(frozen=True)
class TouchColumns:
    """One touch by a person that a row tells of."""

    key: str
    when: tuple[Condition, ...]
    at: Column
    fields: dict[str, Column]


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
    handoff: dict[str, Column]
    touches: tuple[TouchColumns, ...]
    cost: dict[str, Column]  # of a file of what sources cost; such a file tells of nothing else
    people: str  # whose names those are that handoffs and touches have

    @property
    def tells_history(self) -> bool:
        """Whether it tells of handoffs that are over."""
        return bool(self.handoff or self.touches)

    @property
    def is_of_known(self) -> bool:
        """Whether it only goes on about handoffs that another file told of."""
        return self.tells_history and "opened_at" not in self.handoff

    @property
    def is_log(self) -> bool:
        """Whether a lead may have many rows."""
        return bool(self.activities or self.touches)

    @property
    def identity(self) -> dict[str, Column]:
        """The columns that tell whose row it is."""
        return {name: self.lead[name] for name in IDENTITY if name in self.lead}

    def columns(self) -> Iterator[Column]:
        """Yield every column, those of activities and touches last."""
        for columns in (self.lead, self.company, self.traits, self.consent, self.handoff, self.cost):
            yield from columns.values()
        for activity in self.activities:
            yield from (activity.kind, activity.at, *activity.properties.values(), *activity.id_parts.values())
        for touch in self.touches:
            yield from (touch.at, *touch.fields.values())
        for when in (*(one.when for one in self.activities), *(one.when for one in self.touches)):
            yield from (condition.column for condition in when)
