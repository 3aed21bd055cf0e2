"""Periods: defaults, the one before, local midnights, words."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.periods import Period, presets

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LATE_SUNDAY = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # Monday half past midnight in Amsterdam


def days(first: date, last: date) -> Period:
    return Period(first, last, AMSTERDAM)


def test_without_dates_it_is_the_last_28_days_of_the_readers_calendar() -> None:
    period = Period.chosen(None, None, at=LATE_SUNDAY, zone=AMSTERDAM)
    assert (period.first, period.last, period.days) == (date(2026, 2, 3), date(2026, 3, 2), 28)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        pytest.param(date(2026, 1, 1), None, (date(2026, 1, 1), date(2026, 3, 2)), id="from alone runs until today"),
        pytest.param(None, date(2026, 1, 28), (date(2026, 1, 1), date(2026, 1, 28)), id="to alone takes 28 days"),
        pytest.param(date(2027, 1, 1), None, (date(2027, 1, 1), date(2027, 1, 1)), id="from ahead is that day"),
    ],
)
def test_one_date_is_enough(first: date | None, last: date | None, expected: tuple[date, date]) -> None:
    period = Period.chosen(first, last, at=LATE_SUNDAY, zone=AMSTERDAM)
    assert (period.first, period.last) == expected


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    before = days(date(2026, 3, 1), date(2026, 3, 18)).before()
    assert (before.first, before.last) == (date(2026, 2, 11), date(2026, 2, 28))


def test_a_day_of_summer_time_has_23_hours() -> None:
    period = days(date(2026, 3, 29), date(2026, 3, 29))
    assert period.end - period.start == timedelta(hours=23)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        pytest.param(date(2026, 11, 1), date(2026, 11, 18), "1–18 Nov 2026", id="within a month"),
        pytest.param(date(2026, 10, 26), date(2026, 11, 2), "26 Oct – 2 Nov 2026", id="within a year"),
        pytest.param(date(2025, 12, 1), date(2026, 1, 2), "1 Dec 2025 – 2 Jan 2026", id="across a new year"),
        pytest.param(date(2026, 11, 1), date(2026, 11, 1), "1 Nov 2026", id="one day"),
    ],
)
def test_a_period_is_said_as_short_as_it_stays_clear(first: date, last: date, words: str) -> None:
    assert days(first, last).words() == words


def test_presets_reach_across_the_new_year() -> None:
    found = {preset.name: (preset.first, preset.last) for preset in presets(date(2026, 1, 15)).values()}
    assert found["Last month"] == (date(2025, 12, 1), date(2025, 12, 31))
    assert found["Last quarter"] == (date(2025, 10, 1), date(2025, 12, 31))
    assert found["This quarter"] == (date(2026, 1, 1), date(2026, 1, 15))


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="can't end on 2026-03-01"):
        days(date(2026, 3, 2), date(2026, 3, 1))
