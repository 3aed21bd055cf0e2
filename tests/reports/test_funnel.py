"""The funnel over a small world in which every figure can be worked out by hand."""

from datetime import timedelta

import pytest

from handoff.leads.models import Lead, Stage
from handoff.people.models import User
from handoff.queue.deals import lose, win
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Handoff, Route, Verdict
from handoff.queue.qualification import qualify
from handoff.queue.touching import log_touch
from reports.funnel import Step
from reports.statistics import Rate, Spread
from tests.making import DAY, HOUR, MONDAY_9AM, YES, make_handoff, make_marketer, make_reason, make_rep
from tests.reports.asking import funnel_of

pytestmark = pytest.mark.django_db
SOON = MONDAY_9AM + 20 * DAY
THAT_DAY = "from=2026-03-02&to=2026-03-02"


def touched(handoff: Handoff, by: User, *, outcome: str, after: timedelta) -> Handoff:
    log_touch(handoff, channel="call", outcome=outcome, by=by, at=MONDAY_9AM + after)
    return handoff


def sql(by: User, *, after: timedelta) -> Handoff:
    handoff = touched(make_handoff(), by, outcome="connected", after=after - HOUR)
    qualify(handoff, bant=YES, by=by, at=MONDAY_9AM + after)
    return handoff


@pytest.fixture
def small_world() -> None:
    sam = make_rep()
    win(sql(sam, after=2 * DAY), value=None, by=sam, at=MONDAY_9AM + 10 * DAY)
    lose(sql(sam, after=4 * DAY), because="chose another", by=sam, at=MONDAY_9AM + 12 * DAY)
    sql(sam, after=6 * DAY)  # no deal yet
    rejected = touched(make_handoff(), sam, outcome="connected", after=DAY)
    disqualify(rejected, reason=make_reason("no-budget"), by=sam, at=MONDAY_9AM + 2 * DAY)
    disqualify(make_handoff(), reason=make_reason("no-budget"), by=sam, at=MONDAY_9AM + DAY)
    touched(make_handoff(route=Route.MANUAL), sam, outcome="voicemail", after=DAY)  # still open
    make_handoff(route=Route.MANUAL)  # still open, never touched


@pytest.mark.usefixtures("small_world")
def test_every_figure_of_the_small_world_is_the_one_worked_out_by_hand() -> None:
    report = funnel_of(make_marketer(), SOON, THAT_DAY)
    assert [row.count for row in report.steps] == [7, 5, 4, 3, 1, 1]
    assert (report.handed_over, report.settled, report.open, report.undecided) == (7, 5, 2, 1)
    # Of the five closed ones four were touched and connected and three qualified; of two decided SQLs one was won.
    of_all = [Rate(4, 5), Rate(4, 5), Rate(3, 5), Rate(1, 4), Rate(1, 4)]
    assert [row.of_all for row in report.steps[1:]] == of_all
    assert [row.of_previous for row in report.steps[1:]] == [Rate(4, 5), Rate(4, 4), Rate(3, 4), Rate(1, 2), Rate(1, 1)]
    # Qualified after 2, 4 and 6 days, and two still may after 20: four, three and two fifths are left on their way.
    assert report.steps[Step.QUALIFIED].after == Spread(3, 6 * DAY, None, 2)
    # Won after 10 days, and three still may: three quarters are left.
    assert report.steps[Step.WON].after == Spread(1, None, None, 3)
    assert [(leak.label, leak.rate) for leak in report.leaks] == [("No budget", Rate(2, 5))]
    routes = [(row.group.key, list(row.counts.values())) for row in report.routes]
    assert routes == [("score", [5, 4, 4, 3, 1, 1]), ("manual", [2, 1, 0, 0, 0, 0])]
    assert [(row.group.key, row.sql, row.won) for row in report.groups] == [("benelux", Rate(3, 5), Rate(1, 2))]


@pytest.mark.usefixtures("small_world")
@pytest.mark.parametrize(
    ("days", "settled"),
    [pytest.param(41, 5, id="younger than six weeks"), pytest.param(42, 7, id="six weeks old")],
)
def test_open_handoffs_count_against_the_rates_only_after_the_lapse_window(days: int, settled: int) -> None:
    report = funnel_of(make_marketer(), MONDAY_9AM + days * DAY, THAT_DAY)
    assert (report.settled, report.steps[Step.QUALIFIED].of_all) == (settled, Rate(3, settled))


def test_imported_history_counts_as_far_as_it_is_known_and_contradictions_stay_out_of_durations() -> None:
    handoff = make_handoff()
    Handoff.objects.update(
        is_imported_history=True, verdict=Verdict.QUALIFIED, closed_at=MONDAY_9AM - DAY, touched_at=None
    )
    Lead.objects.update(stage=Stage.CUSTOMER, stage_since=MONDAY_9AM + 3 * DAY)
    report = funnel_of(make_marketer(), SOON, THAT_DAY)
    assert [row.count for row in report.steps] == [1, 1, 1, 1, 1, 1]
    assert [row.after.n for row in report.steps] == [1, 0, 0, 0, 0, 1]
    assert report.steps[Step.WON].after.median == 3 * DAY
    assert handoff.opened_at == MONDAY_9AM


@pytest.mark.usefixtures("small_world")
def test_the_period_before_stands_beside() -> None:
    report = funnel_of(make_marketer(), SOON, "from=2026-03-03&to=2026-03-03")
    assert report.handed_over == 0
    # As above: seven were handed over the day before, of which five are settled.
    assert [row.before for row in report.steps][:4] == [Rate(5, 5), Rate(4, 5), Rate(4, 5), Rate(3, 5)]


def test_a_rep_reads_the_funnel_of_own_leads() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    sql(sam, after=DAY)
    make_handoff()
    assert funnel_of(sam, SOON, THAT_DAY).handed_over == 1
    assert funnel_of(sasha, SOON, THAT_DAY).handed_over == 0
