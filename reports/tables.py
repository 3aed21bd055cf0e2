"""What a report shows, said once: its tables with their columns are the page, the files and the API's answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.functional import Promise
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from handoff.leads.models import Lead
from handoff.lib.spreadsheets import Sheet
from handoff.queue.models import Handoff
from reports.statistics import Rate, Spread

Text = str | Promise


class Kind(StrEnum):
    """How a value is written."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    MONEY = "money"
    RATE = "rate"
    SHARE = "share"  # a rate of which more is better
    SPREAD = "spread"
    LENGTH = "length"
    DATE = "date"
    MOMENT = "moment"
    FLAG = "flag"


@extend_schema_field(OpenApiTypes.FLOAT)
class Seconds(serializers.Field[timedelta, Any, float, Any]):
    """A duration in seconds."""

    def to_representation(self, value: timedelta) -> float:
        return value.total_seconds()


class RateShape(serializers.Serializer[Any]):
    """`count` of `of`: the share, its 95 % Wilson interval, and whether `of` is too small to compare."""

    count = serializers.IntegerField()
    of = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(source="interval.low", allow_null=True)
    high = serializers.FloatField(source="interval.high", allow_null=True)
    too_few = serializers.BooleanField(source="is_too_few")


class SpreadShape(serializers.Serializer[Any]):
    """Over how many, the median and the 90th percentile (nearest rank), in seconds; `open` have not got there yet."""

    n = serializers.IntegerField()
    median_seconds = Seconds(source="median", allow_null=True)
    p90_seconds = Seconds(source="p90", allow_null=True)
    open = serializers.IntegerField(source="censored")


class PeriodShape(serializers.Serializer[Any]):
    """Local dates, both included, in the reader's time zone."""

    to = serializers.DateField(source="last")
    time_zone = serializers.CharField(source="zone.key")

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; `from` is no name that a class body can hold."""
        return {"from": serializers.DateField(source="first"), **super().get_fields()}


FIELDS: dict[Kind, type[serializers.Field[Any, Any, Any, Any]]] = {
    Kind.TEXT: serializers.CharField,
    Kind.COUNT: serializers.IntegerField,
    Kind.NUMBER: serializers.FloatField,
    Kind.MONEY: serializers.FloatField,
    Kind.RATE: RateShape,
    Kind.SHARE: RateShape,
    Kind.SPREAD: SpreadShape,
    Kind.LENGTH: Seconds,
    Kind.DATE: serializers.DateField,
    Kind.MOMENT: serializers.DateTimeField,
    Kind.FLAG: serializers.BooleanField,
}


@dataclass(frozen=True)
class Column:
    """One column: its name for programs and for readers, how it is written, and where a row has it."""

    key: str
    label: Text = ""
    kind: Kind = Kind.TEXT
    source: str = ""  # a path of attributes; the key, unless said otherwise
    is_for_readers: bool = False  # programs have it from another column

    @property
    def field_name(self) -> str:
        """Its name in the API: a length says its unit."""
        return f"{self.key}_seconds" if self.kind == Kind.LENGTH else self.key

    def of(self, row: Any) -> Any:
        """Return the value in `row`, None where something on the way is missing."""
        for name in (self.source or self.key).split("."):
            if row is not None:
                row = row[name] if isinstance(row, Mapping) else getattr(row, name)
        return row

    def field(self) -> serializers.Field[Any, Any, Any, Any]:
        """Return the value as the API answers it."""
        source = self.source or self.key
        same: dict[str, Any] = {} if source == self.field_name else {"source": source}
        return FIELDS[self.kind](allow_null=True, **same)

    def cells(self) -> list[str]:
        """Return the names of its columns in a file."""
        parts = {
            **dict.fromkeys((Kind.RATE, Kind.SHARE), ("count", "of", "share", "low", "high")),
            Kind.SPREAD: ("n", "median_seconds", "p90_seconds", "open"),
        }
        return [f"{self.key}_{part}" for part in parts[self.kind]] if self.kind in parts else [self.field_name]

    def values(self, row: Any, zone: ZoneInfo) -> Iterable[Any]:
        """Return the values of those columns."""
        value = self.of(row)
        if value is None:
            return [None] * len(self.cells())
        if isinstance(value, Rate):
            bounds = value.interval
            reach = (bounds.low, bounds.high) if bounds else (None, None)
            return [value.count, value.of, *map(_short, (value.share, *reach))]
        if isinstance(value, Spread):
            return [value.n, _plain(value.median, zone), _plain(value.p90, zone), value.censored]
        return [_plain(value, zone)]


@dataclass(frozen=True)
class Behind:
    """The handoffs behind a number, or the leads themselves, by their ids."""

    ids: Sequence[int]
    are_leads: bool = False

    def rows(self, ids: Iterable[int]) -> "QuerySet[Lead] | QuerySet[Handoff]":
        """Return some of them as pages show them, the newest first."""
        if self.are_leads:
            return Lead.objects.filter(pk__in=list(ids)).select_related("company").order_by("-pk")
        found = Handoff.objects.filter(pk__in=list(ids)).order_by("-pk")
        return found.select_related("lead__company", "team", "disqualification__reason")


@dataclass(frozen=True)
class Table:
    """One table of a report. With `is_one` it has one row, and the API answers an object instead of a list."""

    name: str
    title: Text
    columns: tuple[Column, ...]
    source: str = ""  # the attribute of the report that has the rows
    note: Text = ""
    is_one: bool = False
    opens: tuple[str, ...] = ()  # the columns whose numbers open the rows behind them
    keys: tuple[str, ...] = ()  # the columns that tell its rows apart; the first, unless said otherwise

    @property
    def shown(self) -> list[Column]:
        """The columns that pages show: those with a label."""
        return [column for column in self.columns if column.label]

    @property
    def filed(self) -> list[Column]:
        """The columns for programs."""
        return [column for column in self.columns if not column.is_for_readers]

    def rows(self, report: Any) -> list[Any]:
        """Return its rows."""
        found = getattr(report, self.source or self.name)
        return [found] if self.is_one else list(found)

    def keys_of(self, row: Any) -> list[str]:
        """Return what tells `row` from the others."""
        names = self.keys or (self.columns[0].key,)
        values = (column.of(row) for name in names for column in self.columns if column.key == name)
        return ["" if value is None else str(value) for value in values]

    def opened(self, report: Any, keys: Sequence[str], figure: str) -> "Opened | None":
        """Return the number in the row of these `keys` and its rows, None where it is no number that opens."""
        row = next((row for row in self.rows(report) if self.keys_of(row) == [*keys]), None)
        column = next((column for column in self.columns if column.key == figure and figure in self.opens), None)
        if row is None or column is None:
            return None
        return Opened(self, row, column, report.behind(self.name, row, figure))

    def sheet(self, rows: Iterable[Any], zone: ZoneInfo) -> Sheet:
        """Return `rows` for a file."""
        names = [name for column in self.filed for name in column.cells()]
        return Sheet(self.name, names, self._filed(rows, names, zone))

    def _filed(self, rows: Iterable[Any], names: list[str], zone: ZoneInfo) -> Iterator[Mapping[str, Any]]:
        for row in rows:
            values = (value for column in self.filed for value in column.values(row, zone))
            yield dict(zip(names, values, strict=True))

    def shape(self, report: str, **more: Any) -> serializers.BaseSerializer[Any]:
        """Return the table as the API answers it in a report of that name."""
        fields = {column.field_name: column.field() for column in self.filed}
        row = type(f"{report.capitalize()}{self.name.capitalize()}Row", (serializers.Serializer,), fields)
        source = {} if self.source in {"", self.name} else {"source": self.source}
        return row(many=not self.is_one, **source, **more)


@dataclass(frozen=True)
class Opened:
    """A number in a table whose rows are shown."""

    table: Table
    row: Any
    column: Column
    behind: Behind

    @property
    def name(self) -> Any:
        """What the row is called."""
        return self.table.shown[0].of(self.row)


def _short(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _plain(value: Any, zone: ZoneInfo) -> Any:
    """Return a value as files have it: lengths in seconds, instants in the reader's zone, shares to four places."""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, timedelta):
        return round(value.total_seconds())
    if isinstance(value, float | Decimal):
        return _short(float(value))
    return value if value is None or isinstance(value, int) else str(value)
