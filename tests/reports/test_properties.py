"""Each report against plain Python over the same rows, in worlds left to chance, and read in several time zones."""

import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.people.models import Team
from handoff.queue.models import Disqualification, Handoff, Verdict
from handoff.sla.clock import Hours, Opening, business_time_between
from handoff.sla.timeline import MICROSECOND, microseconds
from reports.feedback import FeedbackReport
from reports.forecast import ForecastReport
from reports.funnel import Step
from reports.measured import Outcome
from reports.open_time import OpenTime
from reports.statistics import Rate, Spread
from tests.making import DAY, MONDAY_9AM, make_marketer, make_user
from tests.reports.asking import funnel_of, report_of, sla_of
from tests.reports.money_oracle import foreseen
from tests.reports.oracle import figures_of, kaplan_meier, make_world, outcome_of, rates_of

AT = MONDAY_9AM + 70 * DAY
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ALL = "from=2026-03-01&to=2026-05-20"
SIZES = [pytest.param(0, id="nothing"), pytest.param(1, id="one row"), pytest.param(60, id="many")]


@pytest.mark.django_db
@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("metric", ["first_touch", "verdict"])
def test_the_sla_report_counts_what_plain_python_counts(count: int, metric: str) -> None:
    make_world(count, count)
    report = sla_of(make_marketer(), AT, f"{ALL}&metric={metric}")
    everything = list(Handoff.objects.all())
    wanted = figures_of(everything, metric, AT)
    assert {name: getattr(report.total, name) for name in wanted} == wanted
    by_team = {row.group.key: row.figures for row in report.groups}
    for slug in ("", *Team.objects.values_list("slug", flat=True)):
        own = figures_of([each for each in everything if (each.team.slug if each.team else "") == slug], metric, AT)
        if own["handed_over"]:
            assert {name: getattr(by_team[slug], name) for name in own} == own
    clocks = [clock for each in everything for clock in each.clocks.all()]
    missed = {Outcome.LATE, Outcome.NEVER}
    late = [c.pk for c in clocks if outcome_of(c, AT) in missed or (c.stopped_at and c.stopped_at > c.due_at)]
    assert sorted(report.breaches["clock"]) == sorted(late)
    assert sum(row.rate.count for row in report.causes) == len(late)


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/Los_Angeles", "Pacific/Auckland"])
def test_weeks_and_hours_are_those_of_the_readers_zone(zone: str) -> None:
    make_world(7, 40)
    reader = make_user("reader", "admin", time_zone=zone)
    local = [at.astimezone(ZoneInfo(zone)) for at in Handoff.objects.values_list("opened_at", flat=True)]
    hours = sla_of(reader, AT, f"{ALL}&by=hour").groups
    merged = Handoff.objects.filter(verdict=Verdict.MERGED)
    merged.update(verdict=Verdict.LAPSED)
    report = sla_of(reader, AT, f"{ALL}&by=hour")
    assert {row.group.key: row.figures.handed_over for row in report.groups} == Counter(f"{at:%H}" for at in local)
    weeks = {week.iso: week.figures.handed_over for week in report.weeks if week.figures.handed_over}
    assert weeks == Counter(f"{at:%G-W%V}" for at in local)
    assert len(hours) <= len(report.groups)


@pytest.mark.django_db
@pytest.mark.parametrize("count", SIZES)
def test_the_funnel_counts_what_plain_python_counts(count: int) -> None:
    make_world(count + 3, count)
    report = funnel_of(make_marketer(), AT, ALL)
    for row in report.steps:
        assert isinstance(row.step, Step)
        assert (row.count, row.of_all) == rates_of(Handoff.objects.all(), row.step, AT)


@pytest.mark.django_db
@pytest.mark.parametrize("count", SIZES)
def test_the_feedback_report_counts_what_plain_python_counts(count: int) -> None:
    make_world(count + 5, count)
    report: FeedbackReport = report_of("feedback", make_marketer(), AT, f"{ALL}&by=team")
    said = list(Disqualification.objects.select_related("handoff__team", "reason"))
    assert report.disqualified == Rate(len(said), Handoff.objects.exclude(verdict=Verdict.MERGED).count())
    assert report.against_rules == Rate(sum(each.reason.counts_against_rules for each in said), len(said))
    reasons = Counter(each.reason.slug for each in said)
    assert {row.reason.slug: row.rate for row in report.reasons} == shares(reasons, lambda _slug: len(said))
    for rows, key in ((report.groups, team_of), (report.weeks, week_of)):
        sums = Counter(key(each) for each in said)
        pairs = Counter((key(each), each.reason.slug) for each in said)
        expected = shares(pairs, lambda pair, sums=sums: sums[pair[0]])  # type: ignore[misc]
        assert {(row.group.key, row.reason.slug): row.rate for row in rows} == expected
    answered = {each.pk: min(answers) for each in said if (answers := [one.at for one in each.answers.all()])}
    took = [(answered[each.pk] - each.at) // MICROSECOND for each in said if each.pk in answered]
    waiting = [(AT - each.at) // MICROSECOND for each in said if each.pk not in answered]
    read = sum(each.acknowledged_at is not None or each.pk in answered for each in said)
    assert (report.answers.answered, report.answers.read) == (Rate(len(took), len(said)), Rate(read, len(said)))
    assert (report.answers.after.n, report.answers.after.censored) == (len(took), len(waiting))
    wanted = kaplan_meier(took, waiting, Fraction(1, 2)) if took and waiting else None
    if took and waiting:
        assert report.answers.after.median == (None if wanted is None else wanted * MICROSECOND)


def team_of(said: Disqualification) -> str:
    return said.handoff.team.slug if said.handoff.team else ""


def week_of(said: Disqualification) -> str:
    return f"{said.handoff.opened_at.astimezone(AMSTERDAM):%G-W%V}"


def shares(counts: Counter[Any], of: Callable[[Any], int]) -> dict[Any, Rate]:
    return {key: Rate(count, of(key)) for key, count in counts.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("count", [*SIZES, pytest.param(400, id="a good many")])
def test_the_forecast_expects_what_plain_python_expects_now_and_at_the_start_of_each_month(count: int) -> None:
    make_world(count + 11, count)
    report: ForecastReport = report_of("forecast", make_marketer(), AT)
    starts = {row.at for row in report.past} | {datetime(2026, month, 1, tzinfo=AMSTERDAM) for month in (3, 4, 5)}
    for at, rows in [(AT, report.totals), *((at, [row for row in report.past if row.at == at]) for at in starts)]:
        wanted = foreseen(at)
        assert {row.currency for row in rows} == set(wanted)
        for row in rows:
            own = wanted[row.currency]
            assert (row.open, row.still_open) == (own.open, own.still_open)
            assert row.expected == pytest.approx(float(own.expected))
            assert row.came == pytest.approx(float(own.came))
            reach = 1.959963984540054 * math.sqrt(own.reach_squared)
            assert row.low == pytest.approx(max(float(own.expected) - reach, 0))
            assert row.high == pytest.approx(min(float(own.expected) + reach, float(own.all_won)))
    assert sum(band.open for band in report.bands) == sum(own.open for own in foreseen(AT).values())
    assert sum(band.expected for band in report.bands) == pytest.approx(sum(row.expected for row in report.totals))


times = st.lists(st.integers(0, 50), max_size=30)


@given(took=times, waiting=times)
def test_medians_with_some_on_their_way_are_those_of_the_definition(took: list[int], waiting: list[int]) -> None:
    found = Spread.reaching(np.array(took, dtype=np.int64), np.array(waiting, dtype=np.int64))
    assert (found.n, found.censored) == (len(took), len(waiting))
    if not waiting:
        assert found == Spread.over(each * MICROSECOND for each in took)
        return
    for value, share in ((found.median, Fraction(1, 2)), (found.p90, Fraction(1, 10))):
        wanted = kaplan_meier(took, waiting, share)
        assert value == (None if wanted is None else wanted * MICROSECOND)


OFFICE = tuple(Opening(day, 540, 1020) for day in range(5))
instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(openings=st.sampled_from([OFFICE, (), (Opening(6, 1320, 1560),)]), pairs=st.lists(st.tuples(instants, instants)))
def test_business_time_of_many_is_that_of_each(
    openings: tuple[Opening, ...], pairs: list[tuple[datetime, datetime]]
) -> None:
    hours = Hours("Europe/Amsterdam", openings)
    found = [microseconds(at) for pair in pairs for at in pair]
    if not found:
        return
    many, instants_of = OpenTime(hours, min(found), max(found)), np.array(found, dtype=np.int64)
    until, is_open = many.until(instants_of), many.is_open(instants_of)
    for place, (start, end) in enumerate(pairs):
        if start <= end:
            took = timedelta(microseconds=int(until[2 * place + 1] - until[2 * place]))
            assert took == business_time_between(hours, start, end)
        assert bool(is_open[2 * place]) == (business_time_between(hours, start, start + MICROSECOND) > timedelta(0))
