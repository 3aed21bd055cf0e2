"""When a calendar is open, on a line of instants.

Pure. An instant is a whole number of microseconds since 1970 UTC: sums stay exact, and a search is a bisection over
cumulated open time. It is open when the wall clock of its zone stands inside an opening: a wall time that summer time
skips never counts, one that comes twice counts twice.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 1440 * MINUTE
YEARS = range(1900, 2200)

Span = tuple[int, int]
Period = tuple[int, int, int]  # since, until, offset of the wall clock


class NoOpenHours(ValueError):
    """A calendar is closed for the next five years, or does not reach the target in this century or the next."""


class _Year:
    """A year's open spans of UTC in order, the open time before each, and its local dates with open time."""

    def __init__(self, spans: list[Span], open_days: list[int]) -> None:
        self.opens, self.closes = [span[0] for span in spans], [span[1] for span in spans]
        *self.before, self.total = accumulate((closes - opens for opens, closes in spans), initial=0)
        self.open_days = open_days

    def open_time_at(self, at: int) -> int:
        """Return the open time from the year's beginning to `at`, which may lie outside it."""
        index = bisect_right(self.opens, at) - 1
        return self.before[index] + min(at, self.closes[index]) - self.opens[index] if index >= 0 else 0

    def reached_at(self, open_time: int) -> int:
        """Return the earliest instant with that much open time behind it, more than 0 and at most the total."""
        index = bisect_left(self.before, open_time) - 1
        return self.opens[index] + open_time - self.before[index]


class Timeline:
    """The open time of one calendar, worked out year by year as far as questions have reached."""

    def __init__(self, zone: str, openings: Iterable[tuple[int, int, int]], closed: frozenset[date]) -> None:
        self.zone = ZoneInfo(zone)
        self._closed = {day.toordinal() for day in closed}
        self._weekly: list[list[Span]] = [[] for _ in range(7)]
        for weekday, opens, closes in openings:
            self._weekly[weekday].append((opens * MINUTE, closes * MINUTE))
        self.spans_of = cache(self._spans_of)
        self._year = cache(self._work_out)

    def open_between(self, begin: int, end: int) -> int:
        """Return the open time in [begin, end)."""
        if end <= begin:
            return 0
        years = map(self._year, range(instant(begin).year, instant(end).year + 1))
        return sum(year.open_time_at(end) - year.open_time_at(begin) for year in years)

    def spans_in(self, years: range) -> Iterator[Span]:
        """Yield the open spans of `years` in order, cut where a year ends."""
        for year in map(self._year, years):
            yield from zip(year.opens, year.closes, strict=True)

    def add(self, begin: int, amount: int) -> int:
        """Return the earliest instant at which `amount`, above 0, of open time has elapsed since `begin`."""
        start = instant(begin)
        passed = self._year(start.year).open_time_at(begin)
        year, left = self._seek(start, amount, passed, lambda year: year.total)
        return year.reached_at(left)

    def in_days(self, begin: int, count: int) -> int:
        """Return when the wall clock shows the time of `begin` on the `count`-th later date with open time.

        Before its openings that is the opening, after them the last closing, between two of them the next one.
        """
        begin_day, time_of_day = divmod(begin + _offset(self.zone, begin), DAY)
        start = date.fromordinal(begin_day + EPOCH_DAY)
        passed = bisect_right(self._year(start.year).open_days, start.toordinal())
        year, left = self._seek(start, count, passed, lambda year: len(year.open_days))
        day = year.open_days[left - 1]
        time = (day - EPOCH_DAY) * DAY + time_of_day
        periods = _periods_around(self.zone, day)
        # A time that comes twice is its first, one that is skipped the instant of the change.
        at = next(max(since, time - offset) for since, until, offset in periods if time - offset < until)
        spans = self.spans_of(day)
        return next((max(at, opens) for opens, closes in spans if at <= closes), spans[-1][1])

    def _seek(self, start: date, wanted: int, passed: int, size: Callable[[_Year], int]) -> tuple[_Year, int]:
        """Return the year with the last of `wanted`, counted after the first year's `passed`, and its place there."""
        left = passed + wanted
        for number in range(start.year, YEARS.stop):
            year = self._year(number)
            if left <= size(year):
                return year, left
            left -= size(year)
            if left == wanted and number == start.year + 5:
                raise NoOpenHours(f"{self.zone.key} has no open hours in the five years from {start}: add openings.")
        raise NoOpenHours(f"Not due before {YEARS.stop} in the openings of {self.zone.key}: set a shorter target.")

    def _work_out(self, year: int) -> _Year:
        first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
        since, until = (first - EPOCH_DAY) * DAY, (last + 1 - EPOCH_DAY) * DAY
        # The nights before the year reach into it, as may the first date after it, where the sun is ahead of UTC.
        around = (span for day in range(first - 2, last + 2) for span in self.spans_of(day))
        spans = merged((max(since, opens), min(until, closes)) for opens, closes in around)
        return _Year(spans, [day for day in range(first, last + 1) if self.spans_of(day)])

    def _spans_of(self, day: int) -> list[Span]:
        """Return the open spans that belong to the local date with the ordinal `day`."""
        if day in self._closed:
            return []
        midnight = (day - EPOCH_DAY) * DAY
        return merged(
            (max(since, midnight + opens - offset), min(until, midnight + closes - offset))
            for since, until, offset in _periods_around(self.zone, day)
            for opens, closes in self._weekly[(day - 1) % 7]
        )


timeline_of = lru_cache(maxsize=256)(Timeline)  # equal calendars share one


def _periods_around(zone: ZoneInfo, day: int) -> list[Period]:
    """Cut the time in which the wall clock may show the date `day` or the next where it is put forward or back."""
    cuts = [(day - EPOCH_DAY - 1) * DAY]
    # One look a day misses nothing: no zone has ever changed its offset twice within three days.
    for early, late in pairwise(range(cuts[0], cuts[0] + 5 * DAY, DAY)):
        before = _offset(zone, early)
        if _offset(zone, late) != before:
            seconds = range(early, late + 1, SECOND)
            cuts.append(seconds[bisect_left(seconds, True, key=lambda at: _offset(zone, at) != before)])
    return [(since, until, _offset(zone, since)) for since, until in pairwise([*cuts, cuts[0] + 4 * DAY])]


@lru_cache(maxsize=4096)
def _offset(zone: ZoneInfo, at: int) -> int:
    """Return how far the wall clock of `zone` is ahead of UTC at an instant."""
    utc = instant(at)
    return (utc.astimezone(zone).replace(tzinfo=UTC) - utc) // MICROSECOND


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, without empty ones, those that overlap or touch as one."""
    joined: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def instant(microseconds: int) -> datetime:
    """Return the UTC datetime of an instant."""
    return EPOCH + timedelta(microseconds=microseconds)


def microseconds(at: datetime) -> int:
    """Return the instant of an aware datetime; raise ValueError for a naive one, and for a year out of reach."""
    if at.utcoffset() is None:
        raise ValueError(f"{at!r} has no time zone: pass an aware datetime.")
    if at.year not in YEARS:
        raise ValueError(f"Business time is known for the years {YEARS.start} to {YEARS.stop - 1}, not for {at.year}.")
    return (at - EPOCH) // MICROSECOND
