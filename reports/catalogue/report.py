"""What a report is: its name, what works it out, and its tables. The doors make the rest of this."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from rest_framework import serializers

from handoff.people.models import User
from reports import wording
from reports.filters import ReportFilter
from reports.tables import Column, PeriodShape, Table


@dataclass(frozen=True)
class Long:
    """A table of single rows, that pages and the API show in parts: how many there are, and how to get some."""

    table: Table
    count: Callable[[Any], int]
    rows: Callable[[Any, slice, User, datetime], list[Any]]
    still_open: Callable[[Any], int]


@dataclass(frozen=True)
class Report:
    """One report."""

    name: str
    title: str | Promise
    build: Callable[..., Any]
    tables: tuple[Table, ...]
    question: type[ReportFilter] = ReportFilter
    numbers: tuple[Column, ...] = ()
    long: Long | None = None
    headlines: Callable[[Any], list[wording.Kpi]] = lambda _report: []

    @property
    def address(self) -> str:
        """The name of its address."""
        return f"report-{self.name}"

    @property
    def listed(self) -> list[Table]:
        """Its tables of more than one row, as files have them."""
        return [*(table for table in self.tables if not table.is_one), *([self.long.table] if self.long else [])]

    @cached_property
    def shape(self) -> type[serializers.Serializer[Any]]:
        """The report as the API answers it."""
        fields: dict[str, Any] = {
            "period": PeriodShape(),
            **{column.field_name: column.field() for column in self.numbers},
            **{table.name: table.shape(self.name) for table in self.tables},
        }
        if self.long:
            rows = self.long.table.shape(self.name)
            page = {"count": serializers.IntegerField(), "open": serializers.IntegerField(), "results": rows}
            page |= {name: serializers.URLField(allow_null=True) for name in ("next", "previous")}
            fields[self.long.table.name] = type("LongPage", (serializers.Serializer,), page)()
        return type(f"{self.name.capitalize()}Report", (serializers.Serializer,), fields)
