"""Each report against plain Python over the same rows, in worlds left to chance, and read in several time zones."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.people.models import Team
from handoff.queue.models import Handoff, Verdict
from handoff.sla.clock import Hours, Opening, business_time_between
from handoff.sla.timeline import MICROSECOND, microseconds
from reports.funnel import Step
from reports.measured import Outcome
from reports.open_time import OpenTime
from reports.statistics import Spread
from tests.making import DAY, MONDAY_9AM, make_marketer, make_user
from tests.reports.asking import funnel_of, sla_of
from tests.reports.oracle import figures_of, kaplan_meier, make_world, outcome_of, rates_of

AT = MONDAY_9AM + 70 * DAY
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
