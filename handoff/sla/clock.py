"""Business time: when so much open time has gone by, without what is paused.

Pure: values in, UTC instants out. Times outside the years 1900 to 2199 are refused with a ValueError, so that a
mistyped year costs no work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from handoff.sla.timeline import MICROSECOND, NoOpenHours, Span, Timeline, instant, merged, microseconds, timeline_of

__all__ = [
    "Hours", "NoOpenHours", "Opening", "Paused", "Target", "Unit",
    "add_business_time", "business_time_between", "due_at", "local_openings",
]  # fmt: skip

NEVER_ENDS = 10**18
Pauses = Sequence[tuple[datetime, datetime | None]]
Unit = Literal["minutes", "hours", "days"]


class Paused(ValueError):
    """A due instant lies behind a pause that has not ended."""


@dataclass(frozen=True)
class Opening:
    """One weekly opening: `weekday` (0 is Monday), from `opens` until before `closes` in minutes after its midnight.

    1440 is the end of the day; up to 2880 runs past midnight and still belongs to the date it starts on.
    """

    weekday: int
    opens: int
    closes: int

    def __post_init__(self) -> None:
        is_whole = all(type(number) is int for number in astuple(self))
        if not is_whole or not (0 <= self.weekday <= 6 and 0 <= self.opens < 1440 and self.opens < self.closes <= 2880):
            wanted = "a weekday from 0 (Monday) to 6, opens at 0 to 1439, closes later, at 2880 at the latest"
            raise ValueError(f"{self}: use whole numbers, {wanted}.")


@dataclass(frozen=True)
class Hours:
    """Weekly openings in a time zone, none of which starts on a `closed` date; overlapping openings count once."""

    zone: str
    openings: tuple[Opening, ...]
    closed: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, TypeError, OSError) as error:
            raise ValueError(f"zone={self.zone!r}: use a time zone's name, such as Europe/Berlin.") from error
        # A list has no hash, and a datetime among the dates would never match one.
        if type(self.openings) is not tuple or any(type(day) is not date for day in self.closed):
            raise ValueError(f"{self}: use a tuple of openings and a frozenset of dates.")

    @classmethod
    def around_the_clock(cls, zone: str) -> Self:
        """Return hours that are always open."""
        return cls(zone, tuple(Opening(weekday, 0, 1440) for weekday in range(7)))

    def to_json(self) -> dict[str, object]:
        """Return a plain dict that JSON can hold and `from_json` reads back."""
        openings, closed = [list(astuple(each)) for each in self.openings], sorted(self.closed)
        return {"zone": self.zone, "openings": openings, "closed": [day.isoformat() for day in closed]}

    @classmethod
    def from_json(cls, pinned: Mapping[str, Any]) -> Self:
        """Return the hours that `to_json` wrote, or raise ValueError with what cannot be read."""
        try:
            openings = tuple(Opening(*each) for each in pinned["openings"])
            return cls(pinned["zone"], openings, frozenset(map(date.fromisoformat, pinned.get("closed", []))))
        except (KeyError, TypeError) as error:
            wanted = "hours are a zone, openings and closed dates; an opening is [weekday, opens, closes]"
            raise ValueError(f"{pinned!r}: {wanted}, a date is YYYY-MM-DD.") from error

    @cached_property
    def timeline(self) -> Timeline:
        """The open time of these hours, shared with equal ones."""
        openings = tuple((each.weekday, each.opens, each.closes) for each in self.openings)
        return timeline_of(self.zone, openings, self.closed)


@dataclass(frozen=True)
class Target:
    """How long something may take: minutes and hours of open time, or open days."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise ValueError(f"unit={self.unit!r}: use minutes, hours or days.")
        if type(self.amount) is not int or self.amount < 0:
            raise ValueError(f"amount={self.amount!r}: use a whole number, 0 or more.")


def add_business_time(hours: Hours, start: datetime, amount: timedelta, pauses: Pauses = ()) -> datetime:
    """Return the earliest UTC instant at which `amount` of unpaused open time has elapsed since `start`.

    Nothing takes no time: zero gives `start`, open or not. Pauses may come in any order and overlap; one that ends
    before it starts counts for nothing. Raises Paused where a pause without end comes first, and NoOpenHours where the
    calendar is closed from the start, or from the end of the last pause on the way, to the end of the fifth year after.
    """
    begin, remaining = microseconds(start), amount // MICROSECOND
    if remaining < 0:
        raise ValueError(f"amount={amount}: business time only runs forward.")
    if not remaining:
        return instant(begin)
    for pause in _spans_of(pauses):
        until_pause = hours.timeline.open_between(begin, pause[0])
        if remaining <= until_pause:
            break
        if pause[1] > begin:
            begin, remaining = _end_of(pause), remaining - until_pause
    return instant(hours.timeline.add(begin, remaining))


def business_time_between(hours: Hours, start: datetime, end: datetime, pauses: Pauses = ()) -> timedelta:
    """Return the open time in [start, end) outside the pauses; nothing where `end` is not after `start`."""
    begin, finish = microseconds(start), microseconds(end)
    elapsed = hours.timeline.open_between(begin, finish)
    for pause_start, pause_end in _spans_of(pauses):
        elapsed -= hours.timeline.open_between(max(begin, pause_start), min(finish, pause_end))
    return timedelta(microseconds=elapsed)


def due_at(hours: Hours, start: datetime, target: Target, pauses: Pauses = ()) -> datetime:
    """Return the UTC instant at which `target`, running since `start`, is due.

    Minutes and hours are open time. `n` days end at the wall time of `start` on the n-th later date with open time or,
    where that is closed, at the next opening or the last closing of that date. The open time paused until then is added
    as by `add_business_time`; a due instant still inside a pause moves to its end. Raises what that raises.
    """
    if target.unit != "days":
        return add_business_time(hours, start, timedelta(**{target.unit: target.amount}), pauses)
    if not target.amount:
        return instant(microseconds(start))
    due = instant(hours.timeline.in_days(microseconds(start), target.amount))
    paused = business_time_between(hours, start, due) - business_time_between(hours, start, due, pauses)
    if paused:
        return add_business_time(hours, due, paused, pauses)
    inside = (pause for pause in _spans_of(pauses) if pause[0] < microseconds(due) < pause[1])
    return next((instant(_end_of(pause)) for pause in inside), due)


def local_openings(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
    """Return the UTC intervals, in order and apart, of the openings that start on the local date `day`."""
    return [(instant(opens), instant(closes)) for opens, closes in hours.timeline.spans_of(day.toordinal())]


def _spans_of(pauses: Pauses) -> list[Span]:
    return merged((microseconds(start), NEVER_ENDS if end is None else microseconds(end)) for start, end in pauses)


def _end_of(pause: Span) -> int:
    if pause[1] == NEVER_ENDS:
        raise Paused(f"Not due before the pause since {instant(pause[0])} ends: pass its end, or wait for it.")
    return pause[1]
