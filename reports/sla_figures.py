"""The rows of the SLA report."""

from dataclasses import dataclass, fields
from datetime import date

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from handoff.sla.models import Metric
from reports.causes import Cause
from reports.grouping import Group
from reports.measured import Outcome
from reports.statistics import Rate, Spread

NO_SPREAD = Spread(0, None, None)


@dataclass(frozen=True)
class Figures:
    """The figures of a group of handoffs, of one metric."""

    handed_over: int = 0
    in_time: int = 0
    logged_late: int = 0
    late: int = 0
    never: int = 0
    at_sight: int = 0
    running: int = 0
    cancelled: int = 0
    unmeasured: int = 0
    took: Spread = NO_SPREAD
    delay: Spread = NO_SPREAD
    human: Spread = NO_SPREAD

    @property
    def share(self) -> Rate:
        """The share in time of those that are decided."""
        return Rate(self.in_time, self.in_time + self.late + self.never)

    @property
    def missed(self) -> int:
        """How many were not in time."""
        return self.late + self.never


COUNTS = [field.name for field in fields(Figures) if field.type == "int" or field.type is int]


@dataclass(frozen=True)
class MetricRow:
    """One metric, beside what it is compared with."""

    metric: Metric
    figures: Figures
    before: Figures

    @property
    def label(self) -> str:
        """The metric in words."""
        return str(capfirst(self.metric.label))


@dataclass(frozen=True)
class GroupRow:
    """One group's figures."""

    group: Group
    figures: Figures
    open_breaches: int


@dataclass(frozen=True)
class Week:
    """One ISO week of opening in the reader's zone, as far as it lies in the period."""

    first: date
    last: date
    figures: Figures

    @property
    def number(self) -> int:
        """Its number in the year."""
        return self.first.isocalendar().week

    @property
    def iso(self) -> str:
        """Its ISO name, such as 2026-W10."""
        return "{0.year}-W{0.week:02}".format(self.first.isocalendar())

    @property
    def narrow(self) -> dict[str, str]:
        """What the report is asked for to show only this."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


@dataclass(frozen=True)
class CauseRow:
    """How many breaches have this cause."""

    cause: Cause
    rate: Rate


@dataclass(frozen=True)
class AgeRow:
    """The running clocks of a metric by how long they are past due."""

    metric: Metric
    not_due: int
    past_due_1d: int
    past_due_3d: int
    past_due_7d: int
    past_due_longer: int

    @property
    def label(self) -> str:
        """The metric in words."""
        return str(capfirst(self.metric.label))


@dataclass(frozen=True)
class SqlRow:
    """The share of SQLs among handoffs that are old enough, by what became of their first touch."""

    touched: Outcome
    rate: Rate

    @property
    def label(self) -> str:
        """The first touch in words."""
        return {
            Outcome.IN_TIME: _("First touch in time"),
            Outcome.LATE: _("First touch late"),
            Outcome.NEVER: _("Never touched, or after due without a touch"),
        }[self.touched]
