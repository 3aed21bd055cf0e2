"""Periods of reports: local dates in the reader's zone, the period before, and the usual choices."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

DEFAULT_DAYS = 28
LAPSE_WINDOW = timedelta(days=42)  # six weeks, after which a handoff's verdict is in or overdue
EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """From the beginning of the local date `first` to the end of the local date `last`."""

    first: date
    last: date
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"A period from {self.first} can't end on {self.last}.")

    @classmethod
    def chosen(
        cls, first: date | None, last: date | None, *, at: datetime, zone: ZoneInfo, days: int = DEFAULT_DAYS
    ) -> Self:
        """Return the period from `first` to `last`; what is missing gives the `days` that end on `last`, or at `at`."""
        today = at.astimezone(zone).date()
        last = last or max(today, first or today)
        return cls(first or last - timedelta(days=days - 1), last, zone)

    @property
    def start(self) -> datetime:
        """The first instant."""
        return self._midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first instant after the period."""
        return self._midnight(self.last + ONE_DAY)

    @property
    def days(self) -> int:
        """How many dates it has."""
        return (self.last - self.first).days + 1

    def before(self) -> Self:
        """Return the period of as many dates that ends the day before this one."""
        return type(self)(self.first - timedelta(days=self.days), self.first - ONE_DAY, self.zone)

    def against(self, text: str) -> Self | None:
        """Return the period that `text` compares it with: before (or nothing), year, or FIRST..LAST; else None."""
        if text in {"", "before"}:
            return self.before()
        if text == "year":
            return type(self)(_a_year_before(self.first), _a_year_before(self.last), self.zone)
        try:
            first, last = map(date.fromisoformat, text.split("..", 1))
            is_sensible = EARLIEST <= first <= last <= LATEST
        except ValueError:
            return None
        return type(self)(first, last, self.zone) if is_sensible else None

    def local_date(self, at: datetime) -> date:
        """Return the date on which `at` falls for the reader."""
        return at.astimezone(self.zone).date()

    def words(self) -> str:
        """Return the dates as short as they stay clear: "1–18 Nov 2026"."""
        last = date_format(self.last, "j M Y")
        if self.first == self.last:
            return last
        if (self.first.year, self.first.month) == (self.last.year, self.last.month):
            return f"{date_format(self.first, 'j')}–{last}"
        return f"{date_format(self.first, 'j M' if self.first.year == self.last.year else 'j M Y')} – {last}"

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True)
class Preset:
    """One of the usual periods, with its name."""

    name: str
    first: date
    last: date


def presets(today: date) -> dict[str, Preset]:
    """Return the usual periods as seen from `today`, by the names that addresses have for them."""
    month, monday = today.replace(day=1), today - timedelta(days=today.weekday())
    quarter = month.replace(month=3 * ((month.month - 1) // 3) + 1)
    month_before, quarter_before = (month - ONE_DAY).replace(day=1), months_before(quarter, 3)
    return {
        "7d": Preset(_("Last 7 days"), today - timedelta(days=6), today),
        "28d": Preset(_("Last 28 days"), today - timedelta(days=DEFAULT_DAYS - 1), today),
        "12w": Preset(_("Last 12 weeks"), today - timedelta(days=83), today),
        "last_week": Preset(_("Last week"), monday - timedelta(days=7), monday - ONE_DAY),
        "month": Preset(_("This month"), month, today),
        "last_month": Preset(_("Last month"), month_before, month - ONE_DAY),
        "quarter": Preset(_("This quarter"), quarter, today),
        "last_quarter": Preset(_("Last quarter"), quarter_before, quarter - ONE_DAY),
    }


def presets_of_the_settled(today: date) -> dict[str, Preset]:
    """Return periods that ended six weeks ago, as seen from `today`: all their handoffs are old enough to judge."""
    last = today - LAPSE_WINDOW
    return {
        "settled_12w": Preset(_("12 weeks until six weeks ago"), last - timedelta(days=83), last),
        "settled_half": Preset(_("Half a year until six weeks ago"), last - timedelta(days=181), last),
        "settled_year": Preset(_("A year until six weeks ago"), last - timedelta(days=363), last),
    }


def _a_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def months_before(first: date, months: int) -> date:
    """Return the first day of the month that many months before that of `first`."""
    index = first.year * 12 + first.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)
