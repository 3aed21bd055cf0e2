"""Business time: the famous cases as sentences, and properties against a clock that looks every minute."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.sla.clock import (
    Hours,
    NoOpenHours,
    Opening,
    Paused,
    Target,
    Unit,
    add_business_time,
    business_time_between,
    due_at,
    local_openings,
)
from tests.sla import business_time_oracle as oracle

ZONES = [
    "Europe/Berlin",
    "Europe/Amsterdam",
    "Europe/London",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "UTC",
]
NOTHING, MICROSECOND, MINUTE, HOUR, DAY = (
    timedelta(),
    timedelta(microseconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


def clock_time(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def openings(days: str, *windows: str) -> tuple[Opening, ...]:
    """Build openings from `"Mon Tue"` and `"9:00-17:00"`; an end past 24:00 lies in the next day."""
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    return tuple(
        Opening(names.index(day), *map(clock_time, window.split("-"))) for day in days.split() for window in windows
    )


def at(local: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    # In UTC, because Python holds an ambiguous local time for unequal to any time of another zone.
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


WORKDAYS = "Mon Tue Wed Thu Fri"
EVERY_DAY = WORKDAYS + " Sat Sun"
OFFICE = Hours("Europe/Berlin", openings(WORKDAYS, "9:00-17:00"), frozenset({date(2026, 12, 25), date(2027, 1, 1)}))
WITH_LUNCH = Hours("Europe/Berlin", openings(WORKDAYS, "9:00-12:00", "13:00-17:00"))
NIGHTS = Hours("Europe/Berlin", openings(EVERY_DAY, "22:00-30:00"))
SUNDAYS_AT_TWO = Hours("Europe/Berlin", openings("Sun", "2:00-3:00"))
ALWAYS = Hours.around_the_clock("Europe/Berlin")
NEVER = Hours("Europe/Berlin", ())


# The famous cases


@pytest.mark.parametrize(
    ("hours", "start", "amount", "due"),
    [
        pytest.param(
            OFFICE, "2026-03-02 16:00", HOUR, "2026-03-02 17:00", id="at the end of an opening, not the next day"
        ),
        pytest.param(OFFICE, "2026-03-07 15:00", HOUR, "2026-03-09 10:00", id="Saturday waits for Monday"),
        pytest.param(OFFICE, "2026-03-06 16:30", HOUR, "2026-03-09 09:30", id="half on Friday and half on Monday"),
        pytest.param(OFFICE, "2026-03-02 17:00", HOUR, "2026-03-03 10:00", id="starting at closing time"),
        pytest.param(OFFICE, "2026-03-02 06:00", HOUR, "2026-03-02 10:00", id="starting before opening time"),
        pytest.param(
            OFFICE, "2026-03-02 16:00", HOUR + MICROSECOND, "2026-03-03 09:00:00.000001", id="a microsecond more"
        ),
        pytest.param(OFFICE, "2026-03-07 15:00", NOTHING, "2026-03-07 15:00", id="nothing takes no time"),
        pytest.param(OFFICE, "2026-12-24 16:00", 2 * HOUR, "2026-12-28 10:00", id="Christmas is closed"),
        pytest.param(OFFICE, "2026-12-31 16:00", 2 * HOUR, "2027-01-04 10:00", id="over the end of the year"),
        pytest.param(OFFICE, "2028-02-28 16:00", 2 * HOUR, "2028-02-29 10:00", id="on 29 February"),
        pytest.param(OFFICE, "2026-03-27 16:00", 2 * HOUR, "2026-03-30 10:00", id="summer time starts on the weekend"),
        pytest.param(OFFICE, "2026-10-23 16:00", 2 * HOUR, "2026-10-26 10:00", id="summer time ends on the weekend"),
        pytest.param(OFFICE, "2026-03-02 09:00", 400 * HOUR, "2026-05-08 17:00", id="ten weeks of work"),
        pytest.param(WITH_LUNCH, "2026-03-02 11:30", HOUR, "2026-03-02 13:30", id="lunch is closed"),
        pytest.param(ALWAYS, "2026-03-28 12:00", 24 * HOUR, "2026-03-29 13:00", id="an hour is skipped in spring"),
        pytest.param(ALWAYS, "2026-10-24 12:00", 24 * HOUR, "2026-10-25 11:00", id="an hour comes twice in autumn"),
        pytest.param(NIGHTS, "2026-03-28 20:00", 7 * HOUR, "2026-03-29 06:00", id="the short night shift"),
        pytest.param(NIGHTS, "2026-10-24 20:00", 9 * HOUR, "2026-10-25 06:00", id="the long night shift"),
        pytest.param(SUNDAYS_AT_TWO, "2026-03-28 12:00", HOUR, "2026-04-05 03:00", id="an opening that is skipped"),
        pytest.param(
            SUNDAYS_AT_TWO, "2026-10-24 12:00", 2 * HOUR, "2026-10-25 03:00", id="an opening that comes twice"
        ),
    ],
)
def test_due_is_the_earliest_instant_with_enough_open_time(
    hours: Hours, start: str, amount: timedelta, due: str
) -> None:
    assert add_business_time(hours, at(start), amount) == at(due)


@pytest.mark.parametrize(
    ("zone", "window", "day", "open_for"),
    [
        pytest.param("Europe/Berlin", "0:00-24:00", "2026-03-29", 23 * HOUR, id="the day summer time starts"),
        pytest.param("Europe/Berlin", "0:00-24:00", "2026-10-25", 25 * HOUR, id="the day it ends"),
        pytest.param("Europe/Berlin", "2:00-3:00", "2026-03-29", NOTHING, id="inside the skipped hour"),
        pytest.param("Europe/Berlin", "2:00-3:00", "2026-10-25", 2 * HOUR, id="inside the repeated hour"),
        pytest.param("Europe/Berlin", "2:15-2:30", "2026-10-25", HOUR / 2, id="twice a part of the repeated hour"),
        pytest.param("Europe/Berlin", "2:30-9:00", "2026-10-25", 7 * HOUR, id="opening inside the repeated hour"),
        pytest.param("Europe/Berlin", "2:30-9:00", "2026-03-29", 6 * HOUR, id="opening inside the skipped hour"),
        pytest.param("Australia/Lord_Howe", "0:00-24:00", "2026-10-04", 23.5 * HOUR, id="half an hour is skipped"),
        pytest.param("Australia/Lord_Howe", "0:00-24:00", "2026-04-05", 24.5 * HOUR, id="half an hour comes twice"),
        pytest.param("Pacific/Chatham", "2:30-4:00", "2026-09-27", HOUR / 2, id="skipped from a quarter to three"),
        pytest.param("America/Sao_Paulo", "0:00-24:00", "2018-11-04", 23 * HOUR, id="midnight is skipped"),
        pytest.param("America/Sao_Paulo", "23:00-24:00", "2018-02-17", 2 * HOUR, id="the hour to midnight comes twice"),
        pytest.param("Pacific/Apia", "0:00-24:00", "2011-12-30", NOTHING, id="the day that Samoa skipped"),
        pytest.param("Pacific/Apia", "20:00-28:00", "2011-12-29", 4 * HOUR, id="a night that ends in a skipped day"),
        pytest.param("Africa/Casablanca", "0:00-24:00", "2026-02-15", 25 * HOUR, id="Ramadan begins"),
        pytest.param("Asia/Kolkata", "9:00-17:00", "2026-03-29", 8 * HOUR, id="no summer time"),
    ],
)
def test_an_opening_is_as_long_as_the_wall_clock_really_shows_it(
    zone: str, window: str, day: str, open_for: timedelta
) -> None:
    hours = Hours(zone, openings(EVERY_DAY, window))
    spans = local_openings(hours, date.fromisoformat(day))
    assert sum((closes - opens for opens, closes in spans), NOTHING) == open_for


def test_an_opening_inside_the_repeated_hour_falls_into_two() -> None:
    hours = Hours("Europe/Berlin", openings("Sun", "2:00-2:30"))
    assert local_openings(hours, date(2026, 10, 25)) == [
        (at("2026-10-25 02:00"), at("2026-10-25 02:30")),
        (at("2026-10-25 02:00", fold=1), at("2026-10-25 02:30", fold=1)),
    ]


def test_a_night_belongs_to_the_date_it_starts_on() -> None:
    closed_saturday = Hours("Europe/Berlin", openings("Fri Sat", "22:00-26:00"), frozenset({date(2026, 3, 7)}))
    friday, saturday = date(2026, 3, 6), date(2026, 3, 7)
    assert local_openings(closed_saturday, friday) == [(at("2026-03-06 22:00"), at("2026-03-07 02:00"))]
    assert local_openings(closed_saturday, saturday) == []


def test_due_is_told_in_utc() -> None:
    start = datetime(2026, 3, 2, 10, tzinfo=ZoneInfo("Asia/Kolkata"))
    assert add_business_time(OFFICE, start, HOUR).tzinfo is UTC
    assert add_business_time(OFFICE, start, NOTHING).tzinfo is UTC
    assert due_at(OFFICE, start, Target(0, "days")).tzinfo is UTC


@pytest.mark.parametrize(
    ("hours", "start", "days", "due"),
    [
        pytest.param(OFFICE, "2026-03-02 10:15", 1, "2026-03-03 10:15", id="the same wall time"),
        pytest.param(OFFICE, "2026-03-06 15:00", 1, "2026-03-09 15:00", id="Friday to Monday"),
        pytest.param(OFFICE, "2026-03-07 15:00", 1, "2026-03-09 15:00", id="Saturday to Monday"),
        pytest.param(OFFICE, "2026-03-02 07:00", 2, "2026-03-04 09:00", id="before opening: at the opening"),
        pytest.param(OFFICE, "2026-03-06 20:00", 1, "2026-03-09 17:00", id="after closing: at the closing"),
        pytest.param(OFFICE, "2026-03-02 17:00", 1, "2026-03-03 17:00", id="at closing: at the closing"),
        pytest.param(OFFICE, "2026-03-07 15:00", 0, "2026-03-07 15:00", id="no days take no time"),
        pytest.param(OFFICE, "2026-12-24 10:00", 1, "2026-12-28 10:00", id="Christmas does not count"),
        pytest.param(OFFICE, "2026-12-31 10:00", 1, "2027-01-04 10:00", id="over the end of the year"),
        pytest.param(OFFICE, "2028-02-28 10:00", 1, "2028-02-29 10:00", id="29 February counts"),
        pytest.param(OFFICE, "2026-03-27 10:00", 1, "2026-03-30 10:00", id="the wall time survives summer time"),
        pytest.param(OFFICE, "2026-03-02 10:00", 250, "2027-02-17 10:00", id="250 open days, two holidays between"),
        pytest.param(WITH_LUNCH, "2026-03-01 12:30", 1, "2026-03-02 13:00", id="in a gap: at the next opening"),
        pytest.param(WITH_LUNCH, "2026-03-01 12:00", 1, "2026-03-02 12:00", id="as the gap begins: at the closing"),
        pytest.param(NIGHTS, "2026-03-03 01:00", 1, "2026-03-04 22:00", id="a night is no part of the next date"),
        pytest.param(ALWAYS, "2026-03-28 02:30", 1, "2026-03-29 03:00", id="a skipped wall time: as it is skipped"),
        pytest.param(ALWAYS, "2026-10-24 02:30", 1, "2026-10-25 02:30", id="a repeated wall time: its first"),
    ],
)
def test_a_target_of_days_ends_at_the_same_wall_time_on_a_later_open_date(
    hours: Hours, start: str, days: int, due: str
) -> None:
    assert due_at(hours, at(start), Target(days, "days")) == at(due)


@pytest.mark.parametrize(
    ("unit", "due"),
    [("minutes", "2026-03-06 15:32"), ("hours", "2026-03-11 15:30"), ("days", "2026-04-20 15:30")],
)
def test_a_target_counts_in_its_unit(unit: Unit, due: str) -> None:
    amount = {"minutes": 2, "hours": 24, "days": 31}[unit]
    assert due_at(OFFICE, at("2026-03-06 15:30"), Target(amount, unit)) == at(due)


# Pauses


def test_paused_open_time_does_not_count() -> None:
    pause = (at("2026-03-02 10:00"), at("2026-03-02 12:00"))
    assert add_business_time(OFFICE, at("2026-03-02 09:00"), 2 * HOUR, [pause]) == at("2026-03-02 13:00")
    assert business_time_between(OFFICE, at("2026-03-02 09:00"), at("2026-03-02 13:00"), [pause]) == 2 * HOUR


def test_a_pause_in_closed_time_moves_nothing() -> None:
    weekend = (at("2026-03-06 18:00"), at("2026-03-09 08:00"))
    assert add_business_time(OFFICE, at("2026-03-06 16:00"), 2 * HOUR, [weekend]) == at("2026-03-09 10:00")


@pytest.mark.parametrize("target", [Target(8, "hours"), Target(60, "minutes"), Target(3, "days")])
def test_nothing_is_due_behind_a_pause_without_end(target: Target) -> None:
    with pytest.raises(Paused, match="2026-03-02 08:30"):
        due_at(OFFICE, at("2026-03-02 09:00"), target, [(at("2026-03-02 09:30"), None)])


@pytest.mark.parametrize("target", [Target(8, "hours"), Target(60, "minutes"), Target(3, "days")])
def test_a_pause_without_end_that_begins_when_all_is_due_moves_nothing(target: Target) -> None:
    start = at("2026-03-02 09:00")
    due = due_at(OFFICE, start, target)
    assert due_at(OFFICE, start, target, [(due, None)]) == due


def test_a_target_of_days_is_later_by_the_open_time_that_was_paused() -> None:
    pause = (at("2026-03-02 15:00"), at("2026-03-03 10:00"))
    assert due_at(OFFICE, at("2026-03-02 11:00"), Target(2, "days"), [pause]) == at("2026-03-04 14:00")


def test_a_target_of_days_is_not_due_inside_a_pause() -> None:
    start, friday_night = at("2026-03-06 07:00"), at("2026-03-06 20:00")
    assert due_at(OFFICE, start, Target(1, "days"), [(friday_night, at("2026-03-10 12:00"))]) == at("2026-03-10 12:00")
    with pytest.raises(Paused):
        due_at(OFFICE, start, Target(1, "days"), [(friday_night, None)])


# Refusals


@pytest.mark.parametrize("target", [Target(1, "minutes"), Target(1, "hours"), Target(1, "days")])
@pytest.mark.parametrize(
    "hours",
    [
        pytest.param(NEVER, id="no openings"),
        pytest.param(
            Hours(
                "Europe/Berlin",
                openings(WORKDAYS, "9:00-17:00"),
                frozenset(date(2026, 1, 1) + number * DAY for number in range(6 * 366)),
            ),
            id="closed for six years",
        ),
    ],
)
def test_a_calendar_without_open_hours_is_an_error_and_not_a_hang(hours: Hours, target: Target) -> None:
    with pytest.raises(NoOpenHours, match=r"Europe/Berlin has no open hours in the five years from 2026-03-02"):
        due_at(hours, at("2026-03-02 09:00"), target)


def test_a_calendar_without_open_hours_has_no_open_time() -> None:
    assert business_time_between(NEVER, at("2026-03-02 09:00"), at("2027-03-02 09:00")) == NOTHING
    assert add_business_time(NEVER, at("2026-03-02 09:00"), NOTHING) == at("2026-03-02 09:00")


def test_a_target_of_many_years_is_still_exact() -> None:
    start = at("2026-03-02 09:00")
    due = due_at(OFFICE, start, Target(20_000, "hours"))
    assert business_time_between(OFFICE, start, due) == 20_000 * HOUR
    assert due_at(OFFICE, start, Target(2_500, "days")) == due + 16 * HOUR


def test_the_answer_does_not_depend_on_what_was_asked_before() -> None:
    closed_for_six_years = frozenset(date(2030, 1, 1) + number * DAY for number in range(6 * 366))
    hours = Hours("Europe/Berlin", OFFICE.openings, closed_for_six_years)
    assert business_time_between(hours, at("2028-01-03"), at("2040-01-01")) > NOTHING
    for target in (Target(1, "hours"), Target(1, "days")):
        with pytest.raises(NoOpenHours):
            due_at(hours, at("2030-01-01"), target)


@pytest.mark.parametrize("target", [Target(1_000_000, "hours"), Target(50_000, "days")])
def test_a_target_of_centuries_is_refused(target: Target) -> None:
    with pytest.raises(NoOpenHours, match="set a shorter target"):
        due_at(OFFICE, at("2026-03-02 09:00"), target)


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        pytest.param(lambda: Hours("Mars/Base", ()), "zone='Mars/Base'", id="an unknown zone"),
        pytest.param(lambda: Hours("Europe", ()), "zone='Europe'", id="a folder of zones"),
        pytest.param(lambda: Hours("UTC", [Opening(0, 0, 60)]), "tuple of openings", id="a list of openings"),  # type: ignore[arg-type]
        pytest.param(
            lambda: Hours("UTC", (), frozenset({at("2026-01-01")})), "frozenset of dates", id="a closed instant"
        ),
        pytest.param(lambda: Opening(7, 0, 60), "0 \\(Monday\\) to 6", id="an eighth weekday"),
        pytest.param(lambda: Opening(0, 540, 540), "closes later", id="an opening without length"),
        pytest.param(lambda: Opening(0, 1440, 1500), "opens at 0 to 1439", id="opening on the next date"),
        pytest.param(lambda: Opening(0, 0, 2881), "at 2880 at the latest", id="closing on the date after the next"),
        pytest.param(lambda: Opening(0, 0.5, 60), "whole numbers", id="half a minute"),  # type: ignore[arg-type]
        pytest.param(lambda: Target(-1, "days"), "amount=-1", id="a target in the past"),
        pytest.param(lambda: Target(1, "weeks"), "unit='weeks'", id="an unknown unit"),  # type: ignore[arg-type]
        pytest.param(lambda: Hours.from_json({"zone": "UTC"}), "hours are a zone", id="json without openings"),
        pytest.param(lambda: Hours.from_json({"zone": "UTC", "openings": [7]}), "an opening is", id="json of a number"),
        pytest.param(lambda: add_business_time(OFFICE, datetime(2026, 3, 2), HOUR), "no time zone", id="a naive start"),
        pytest.param(lambda: add_business_time(OFFICE, at("2026-03-02"), -HOUR), "forward", id="a negative amount"),
        pytest.param(lambda: add_business_time(OFFICE, at("0026-03-02"), HOUR), "not for 26", id="a mistyped year"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_value(refused: Callable[[], object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        refused()


def test_many_threads_asking_at_once_get_the_same_answers() -> None:
    starts = [at(f"{year}-{month:02}-07 15:00") for year in range(1990, 2040, 7) for month in range(1, 13)]
    alone = [add_business_time(OFFICE, start, 30 * HOUR) for start in starts]
    fresh = Hours("Europe/Berlin", OFFICE.openings, OFFICE.closed | {date(1950, 1, 1)})
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda start: add_business_time(fresh, start, 30 * HOUR), starts)) == alone


# Properties, where daylight saving, year ends and leap days are near

Pause = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Situation:
    """A calendar, an instant near one of its zone's changes, and pauses around it."""

    hours: Hours
    start: datetime
    pauses: list[Pause]

    @property
    def calendar(self) -> oracle.Calendar:
        plain = [(each.weekday, each.opens, each.closes) for each in self.hours.openings]
        return oracle.Calendar(self.hours.zone, plain, self.hours.closed)

    @property
    def is_paused_for_good(self) -> bool:
        return any(end is None for _, end in self.pauses)


def spans_of_time(longest: timedelta) -> st.SearchStrategy[timedelta]:
    minutes = st.integers(0, longest // MINUTE).map(lambda number: number * MINUTE)
    return st.one_of(minutes, st.timedeltas(NOTHING, longest))


def window(opens: int, length: int) -> tuple[int, int]:
    """Return opening and closing time, where a length of 0 lasts until midnight."""
    return opens, min(opens + length, 2880) if length else 1440


def alike(days: range, each_day: list[tuple[int, int]]) -> tuple[Opening, ...]:
    return tuple(Opening(day, *window) for day in days for window in each_day)


def situation(
    zone_and_change: tuple[str, datetime],
    later: timedelta,
    week: tuple[Opening, ...],
    closed: set[int],
    pauses: list[tuple[timedelta, timedelta | None]],
) -> Situation:
    zone, change = zone_and_change
    start = change - 3 * DAY + later
    begins = [(start - DAY + begin, length) for begin, length in pauses]
    return Situation(
        Hours(zone, week, frozenset(start.date() + number * DAY for number in closed)),
        start,
        [(begin, None if length is None else begin + length) for begin, length in begins],
    )


# Drawn often: the hours after midnight in which clocks change, ends at midnight, nights, split shifts, closed weeks.
YEAR_ENDS_AND_LEAP_DAYS = (datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC))
CHANGES = st.one_of(
    [
        st.tuples(st.just(zone), st.sampled_from(YEAR_ENDS_AND_LEAP_DAYS + oracle.changes(zone, 2010, 2026)))
        for zone in ZONES
    ]
)
WINDOWS = st.builds(
    window,
    st.one_of(st.integers(0, 240), st.sampled_from([0, 60, 120, 150, 540, 1320]), st.integers(0, 1439)),
    st.one_of(st.integers(1, 90), st.just(0), st.just(480), st.integers(1, 2880)),
)
ALIKE = st.builds(alike, st.sampled_from([range(7), range(5), range(5, 7)]), st.lists(WINDOWS, min_size=1, max_size=3))
SINGLE = st.lists(st.builds(lambda day, window: Opening(day, *window), st.integers(0, 6), WINDOWS), max_size=4)
CLOSED_WEEK = st.integers(0, 3).map(lambda first: set(range(first, first + 7)))
LENGTHS = st.one_of(spans_of_time(DAY), spans_of_time(DAY), spans_of_time(DAY), st.none())
SITUATIONS = st.builds(
    situation,
    CHANGES,
    spans_of_time(6 * DAY),
    st.one_of(ALIKE, ALIKE, SINGLE.map(tuple)),
    st.one_of(st.sets(st.integers(-2, 6), max_size=3), CLOSED_WEEK),
    st.lists(st.tuples(spans_of_time(5 * DAY), LENGTHS), max_size=3),
)
AMOUNTS = spans_of_time(2 * DAY)


def answer(question: Callable[..., datetime], *values: Any) -> datetime | type[ValueError]:
    """Return the due instant, or how it is refused."""
    try:
        return question(*values)
    except (NoOpenHours, Paused) as refusal:
        return type(refusal)


@given(SITUATIONS, AMOUNTS)
def test_due_is_what_a_look_at_the_wall_clock_every_minute_finds(situation: Situation, amount: timedelta) -> None:
    hours, start, pauses = situation.hours, situation.start, situation.pauses
    give_up_at = start + 5 * DAY
    expected = oracle.due(situation.calendar, start, amount, give_up_at, pauses)
    due = answer(add_business_time, hours, start, amount, pauses)
    if expected is not None:
        assert due == expected
    elif isinstance(due, datetime):
        assert due > give_up_at
    else:
        assert situation.is_paused_for_good if due is Paused else not hours.openings


@given(SITUATIONS, spans_of_time(4 * DAY))
def test_elapsed_time_is_what_a_look_at_the_wall_clock_every_minute_finds(
    situation: Situation, length: timedelta
) -> None:
    end = situation.start + length
    expected = oracle.open_time(situation.calendar, situation.start, end, situation.pauses)
    assert business_time_between(situation.hours, situation.start, end, situation.pauses) == expected


@given(SITUATIONS)
def test_the_openings_of_a_date_are_the_minutes_at_which_the_wall_clock_is_inside_them(situation: Situation) -> None:
    day = situation.start.date()
    minutes = {
        opens + number * MINUTE
        for opens, closes in local_openings(situation.hours, day)
        for number in range((closes - opens) // MINUTE)
    }
    assert minutes == set(oracle.open_minutes_of(situation.calendar, day))


@given(SITUATIONS, st.integers(1, 3))
def test_a_target_of_days_ends_where_a_walk_through_the_dates_ends(situation: Situation, days: int) -> None:
    hours, start = situation.hours, situation.start
    expected = oracle.due_in_days(situation.calendar, start, days, give_up_after=12)
    due = answer(due_at, hours, start, Target(days, "days"))
    if expected is not None:
        assert due == expected
    else:
        assert due > start + 10 * DAY if isinstance(due, datetime) else not hours.openings


@given(SITUATIONS, AMOUNTS, AMOUNTS)
def test_a_later_start_or_a_longer_target_is_never_due_earlier(
    situation: Situation, amount: timedelta, more: timedelta
) -> None:
    hours, start, pauses = situation.hours, situation.start, situation.pauses
    due = answer(add_business_time, hours, start, amount, pauses)
    due_of_longer = answer(add_business_time, hours, start, amount + more, pauses)
    due_of_later = answer(add_business_time, hours, start + more, amount, pauses)
    if isinstance(due_of_longer, datetime):
        assert isinstance(due, datetime)
        assert due <= due_of_longer
    if isinstance(due, datetime) and isinstance(due_of_later, datetime):
        assert due <= due_of_later


@given(SITUATIONS, AMOUNTS, AMOUNTS)
def test_two_targets_one_after_the_other_are_due_with_their_sum(
    situation: Situation, first: timedelta, second: timedelta
) -> None:
    hours, start, pauses = situation.hours, situation.start, situation.pauses
    together = answer(add_business_time, hours, start, first + second, pauses)
    between = answer(add_business_time, hours, start, first, pauses)
    # Nothing takes no time, so a second target of nothing stays where the first one ended.
    in_turn = answer(add_business_time, hours, between, second, pauses) if isinstance(between, datetime) else between
    assert in_turn == together


@given(SITUATIONS, AMOUNTS)
def test_until_due_exactly_the_target_elapses_and_a_microsecond_before_less(
    situation: Situation, amount: timedelta
) -> None:
    hours, start, pauses = situation.hours, situation.start, situation.pauses
    due = answer(add_business_time, hours, start, amount, pauses)
    if isinstance(due, datetime):
        assert business_time_between(hours, start, due, pauses) == amount
        assert business_time_between(hours, start, due - MICROSECOND, pauses) == max(amount - MICROSECOND, NOTHING)


@given(SITUATIONS, AMOUNTS, st.randoms(use_true_random=False))
def test_pauses_count_once_however_they_are_told(situation: Situation, amount: timedelta, random: Any) -> None:
    hours, start, pauses = situation.hours, situation.start, situation.pauses
    retold = [*pauses, *pauses]
    for begin, end in pauses:
        middle = begin + ((end or begin + DAY) - begin) * random.random()
        retold += [(begin, middle), (middle, end), (middle, begin)]
    random.shuffle(retold)
    due = answer(add_business_time, hours, start, amount, pauses)
    assert answer(add_business_time, hours, start, amount, retold) == due


@given(SITUATIONS, AMOUNTS)
def test_a_pause_moves_due_by_the_open_time_inside_it(situation: Situation, amount: timedelta) -> None:
    hours, start = situation.hours, situation.start
    for begin, end in situation.pauses:
        if end is None or begin < start or not hours.openings or not amount:
            continue
        due = add_business_time(hours, start, amount)
        paused = business_time_between(hours, begin, end)
        moved = add_business_time(hours, start, amount + paused) if begin < due else due
        # Time that was over when the pause began is not moved, so only ends behind the pause can be compared.
        assert add_business_time(hours, start, amount, [(begin, end)]) == (moved if paused else due)


@given(SITUATIONS, st.integers(1, 3))
def test_pauses_give_a_target_of_days_the_open_time_it_would_have_had(situation: Situation, days: int) -> None:
    hours, start, pauses, target = situation.hours, situation.start, situation.pauses, Target(days, "days")
    unpaused, due = answer(due_at, hours, start, target), answer(due_at, hours, start, target, pauses)
    if isinstance(unpaused, datetime) and isinstance(due, datetime):
        assert due >= unpaused
        assert not any(begin < due and (end is None or due < end) for begin, end in pauses)
        assert business_time_between(hours, start, due, pauses) == business_time_between(hours, start, unpaused)


@given(SITUATIONS, AMOUNTS, st.sampled_from(ZONES))
def test_the_zone_in_which_an_instant_is_told_changes_nothing(
    situation: Situation, amount: timedelta, zone: str
) -> None:
    hours, start = situation.hours, situation.start
    told = start.astimezone(ZoneInfo(zone))
    assert answer(add_business_time, hours, told, amount) == answer(add_business_time, hours, start, amount)
    days = Target(2, "days")
    assert answer(due_at, hours, told, days) == answer(due_at, hours, start, days)


@given(SITUATIONS, AMOUNTS)
def test_hours_mean_the_same_after_json_and_with_their_openings_repeated(
    situation: Situation, amount: timedelta
) -> None:
    hours, start = situation.hours, situation.start
    read_back = Hours.from_json(json.loads(json.dumps(hours.to_json())))
    assert read_back == hours
    repeated = Hours(hours.zone, (*hours.openings[::-1], *hours.openings), hours.closed)
    assert answer(add_business_time, repeated, start, amount) == answer(add_business_time, hours, start, amount)
