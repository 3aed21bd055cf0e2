"""Business time as anybody would count it by hand: look at the wall clock every minute and ask whether it is open.

Slow, and independent of the clock it judges: it takes plain values (openings as (weekday, opens, closes) in minutes,
closed dates, pauses as pairs of instants) and counts without offsets or sums of days. It is exact to the microsecond
where offsets are whole minutes, as in all zones of today.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Openings = Iterable[tuple[int, int, int]]
Pauses = Sequence[tuple[datetime, datetime | None]]


class Calendar:
    """Openings by weekday in a zone, and the dates on which none starts."""

    def __init__(self, zone: str, openings: Openings, closed: Iterable[date]) -> None:
        self.zone, self.openings, self.closed = ZoneInfo(zone), tuple(openings), frozenset(closed)
        self._shown: dict[date, list[tuple[date, int, int]]] = {}

    def open_dates_at(self, instant: datetime) -> list[date]:
        """Return the dates of the openings inside which the wall clock stands at `instant`."""
        wall = instant.astimezone(self.zone)
        day, minute = wall.date(), wall.hour * 60 + wall.minute
        if day not in self._shown:
            self._shown[day] = list(self._openings_shown_on(day))
        return [belongs_to for belongs_to, opens, closes in self._shown[day] if opens <= minute < closes]

    def _openings_shown_on(self, day: date) -> Iterator[tuple[date, int, int]]:
        for days_ago in (0, 1):
            started = day - days_ago * DAY
            for weekday, opens, closes in self.openings:
                if started.weekday() == weekday and started not in self.closed:
                    yield started, opens - days_ago * 1440, closes - days_ago * 1440


def moments(start: datetime, end: datetime, pauses: Pauses) -> Iterator[tuple[datetime, datetime]]:
    """Cut [start, end) at every minute and at both ends of every pause; leave the paused pieces out."""
    edges = sorted({edge for pause in pauses for edge in pause if edge is not None and start < edge < end} | {end})
    begin = start.astimezone(UTC)
    for edge in edges:
        is_paused = any(since <= begin and (to is None or begin < to) for since, to in pauses)
        while begin < edge:
            until = min(begin.replace(second=0, microsecond=0) + MINUTE, edge)
            if not is_paused:
                yield begin, until
            begin = until


def open_time(calendar: Calendar, start: datetime, end: datetime, pauses: Pauses = ()) -> timedelta:
    """Return the open, unpaused time in [start, end)."""
    pieces = moments(start, end, pauses)
    return sum((until - begin for begin, until in pieces if calendar.open_dates_at(begin)), timedelta())


def due(
    calendar: Calendar, start: datetime, amount: timedelta, give_up_at: datetime, pauses: Pauses = ()
) -> datetime | None:
    """Return when `amount` has elapsed since `start`, or None where that is after `give_up_at`."""
    left = amount
    if not left:
        return start
    for begin, until in moments(start, give_up_at, pauses):
        if calendar.open_dates_at(begin):
            if left <= until - begin:
                return begin + left
            left -= until - begin
    return None


def open_minutes_of(calendar: Calendar, day: date) -> list[datetime]:
    """Return the UTC minutes during which an opening that belongs to the local date `day` is open."""
    last_closing = max((closes for weekday, _, closes in calendar.openings if weekday == day.weekday()), default=0)
    if day in calendar.closed or not last_closing:
        return []
    # No zone is further than 15 hours from UTC.
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    minutes = (first + number * MINUTE for number in range(last_closing + 30 * 60))
    return [minute for minute in minutes if day in calendar.open_dates_at(minute)]


def due_in_days(calendar: Calendar, start: datetime, days: int, give_up_after: int) -> datetime | None:
    """Return the wall time of `start` on the `days`-th later open date, brought inside that date's open minutes.

    None where that date is more than `give_up_after` dates later.
    """
    wall = start.astimezone(calendar.zone).replace(tzinfo=None)
    for later in range(1, give_up_after + 1):
        open_minutes = open_minutes_of(calendar, wall.date() + later * DAY)
        days -= bool(open_minutes)
        if not days:
            at = first_time_at_or_after(calendar.zone, wall + later * DAY)
            minute = at.replace(second=0, microsecond=0)
            if minute in open_minutes or (at == minute and at - MINUTE in open_minutes):
                return at
            return min((each for each in open_minutes if each > at), default=open_minutes[-1] + MINUTE)
    return None


def first_time_at_or_after(zone: ZoneInfo, wall: datetime) -> datetime:
    """Return the first instant at which the wall clock shows `wall` or more, found by walking through the minutes."""
    into_the_minute = timedelta(seconds=wall.second, microseconds=wall.microsecond)
    minute = wall.replace(tzinfo=UTC) - into_the_minute - timedelta(hours=15)
    while minute.astimezone(zone).replace(tzinfo=None) < wall - into_the_minute:
        minute += MINUTE
    is_shown = minute.astimezone(zone).replace(tzinfo=None) == wall - into_the_minute
    return minute + into_the_minute if is_shown else minute


@cache
def changes(zone: str, first_year: int, last_year: int) -> tuple[datetime, ...]:
    """Return the instants, to the minute, at which the zone's wall clock is put forward or back."""
    tz, found = ZoneInfo(zone), []
    day = datetime(first_year, 1, 1, tzinfo=UTC)
    while day.year <= last_year:
        if offset(day, tz) != offset(day + DAY, tz):
            minutes = (day + number * MINUTE for number in range(1441))
            found.append(next(minute for minute in minutes if offset(minute, tz) != offset(day, tz)))
        day += DAY
    return tuple(found)


def offset(instant: datetime, zone: ZoneInfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()
