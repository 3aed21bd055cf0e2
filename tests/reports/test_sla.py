"""The SLA report over a small world in which every figure can be worked out by hand.

All handoffs are opened on Monday 2 March at nine in Amsterdam, unless said otherwise; four hours of business time make
the first touch due at one o'clock. The report is read on Thursday 5 March at noon.
"""

from datetime import date, datetime, timedelta

import pytest

from handoff.people.models import Membership, Team, User
from handoff.queue.claiming import claim, pass_on, release
from handoff.queue.cooling import cool
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.models import Assignment, Breach, Clock, Handoff, Route
from handoff.queue.qualification import qualify
from handoff.queue.touching import log_touch
from handoff.sla.models import Metric, Policy, Target
from reports.causes import Cause
from reports.grouping import Group
from reports.sla import SlaReport
from reports.sla_figures import Figures
from reports.statistics import Rate, Spread
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    YES,
    make_calendar,
    make_handoff,
    make_lead,
    make_manager,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    make_team,
    make_user,
)
from tests.reports.asking import sla_of

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
THURSDAY_NOON = MONDAY_9AM + 3 * DAY + 3 * HOUR
THAT_WEEK = "from=2026-03-02&to=2026-03-05"


def touch(handoff: Handoff, *, by: User, after: timedelta, logged_after: timedelta | None = None) -> None:
    at = MONDAY_9AM + (logged_after or after)
    log_touch(handoff, channel="call", outcome="voicemail", by=by, at=at, happened_at=MONDAY_9AM + after)


@pytest.fixture
def office() -> None:
    make_calendar()
    make_policy(first_touch_hours=4)


@pytest.fixture
def small_world(office: None) -> None:
    sam = make_rep()
    touch(make_handoff(), by=sam, after=30 * MINUTE)
    touch(make_handoff(), by=sam, after=HOUR)
    touch(make_handoff(), by=sam, after=3 * HOUR, logged_after=6 * HOUR)
    late = make_handoff()
    claim(late, by=sam, at=MONDAY_9AM + 10 * MINUTE)
    touch(late, by=sam, after=6 * HOUR)
    make_handoff()  # nobody ever takes this one
    disqualify(make_handoff(), reason=make_reason(), by=sam, at=MONDAY_9AM + HOUR)
    cool(make_handoff(), cooled_at=MONDAY_9AM + 2 * HOUR, at=MONDAY_9AM + 2 * HOUR)
    make_handoff(at=MONDAY_9AM + 3 * DAY + 2 * HOUR)  # due on Thursday at three
    imported = make_handoff()
    imported.clocks.all().delete()
    Handoff.objects.filter(pk=imported.pk).update(is_imported_history=True)
    touch(make_handoff(at=MONDAY_9AM - 4 * DAY), by=sam, after=-4 * DAY + 2 * HOUR, logged_after=-4 * DAY + 2 * HOUR)


def hand_made_figures() -> Figures:
    """Work out the figures of the small world on paper."""
    return Figures(
        handed_over=8,
        in_time=3,
        logged_late=1,
        late=1,
        never=1,
        at_sight=1,
        running=1,
        cancelled=1,
        unmeasured=0,
        # 30 minutes, 1, 3 and 6 hours: half of 1 + 3, and the fourth of four.
        took=Spread(4, 2 * HOUR, 6 * HOUR),
        delay=Spread(0, None, None),
        human=Spread(4, 2 * HOUR, 6 * HOUR),
    )


@pytest.mark.usefixtures("small_world")
def test_every_figure_of_the_small_world_is_the_one_worked_out_by_hand() -> None:
    report = sla_of(make_marketer(), THURSDAY_NOON, THAT_WEEK)
    assert report.total == hand_made_figures()
    assert report.total.share == Rate(3, 5)
    assert (report.previous.share, report.previous.took.median) == (Rate(1, 1), 2 * HOUR)
    [team] = report.groups
    assert (team.group, team.open_breaches, team.figures) == (Group("benelux", "Benelux", 1), 1, report.total)


@pytest.mark.usefixtures("small_world")
def test_breaches_say_who_had_the_lead_and_why_still_open_ones_first() -> None:
    report = sla_of(make_marketer(), THURSDAY_NOON, THAT_WEEK)
    found = [
        (row["cause"], row["holder"] is None, row["stopped"] is None) for row in report.breaches.iter_rows(named=True)
    ]
    assert found == [(Cause.NEVER_ASSIGNED, True, True), (Cause.NOT_TOUCHED, False, False)]
    assert report.open_breaches == 1
    assert [(row.cause, row.rate) for row in report.causes] == [
        (Cause.NEVER_ASSIGNED, Rate(1, 2)),
        (Cause.NOT_TOUCHED, Rate(1, 2)),
    ]


@pytest.mark.usefixtures("small_world")
def test_the_report_is_the_same_whether_or_when_a_worker_noticed() -> None:
    reader = make_marketer()
    without = sla_of(reader, THURSDAY_NOON, THAT_WEEK)
    enforce_due(at=THURSDAY_NOON)
    assert Breach.objects.filter(annulled_at=None).count() == without.breaches.height
    again = sla_of(reader, THURSDAY_NOON, THAT_WEEK)
    assert again == without
    assert again.breaches.equals(without.breaches)


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("after", "in_time", "late"),
    [
        pytest.param(4 * HOUR, 1, 0, id="at due is in time"),
        pytest.param(4 * HOUR + MINUTE, 0, 1, id="a minute after due is late"),
    ],
)
def test_the_due_instant_itself_is_in_time(after: timedelta, in_time: int, late: int) -> None:
    touch(make_handoff(), by=make_rep(), after=after)
    total = sla_of(make_marketer(), THURSDAY_NOON, THAT_WEEK).total
    assert (total.in_time, total.late) == (in_time, late)


@pytest.mark.usefixtures("office")
def test_a_clock_is_not_broken_before_its_due_instant_has_passed() -> None:
    make_handoff()
    reader = make_marketer()
    found = [sla_of(reader, MONDAY_9AM + 4 * HOUR + late, THAT_WEEK).total.never for late in (0 * MINUTE, MINUTE)]
    assert found == [0, 1]


@pytest.mark.usefixtures("office")
def test_a_rejection_at_sight_after_due_counts_as_never_touched() -> None:
    disqualify(make_handoff(), reason=make_reason(), by=make_rep(), at=MONDAY_9AM + 5 * HOUR)
    total = sla_of(make_marketer(), THURSDAY_NOON, THAT_WEEK).total
    assert (total.never, total.at_sight, total.share) == (1, 0, Rate(0, 1))


def test_a_handoff_without_a_policy_is_shown_but_measured_by_nothing() -> None:
    make_handoff()
    total = sla_of(make_marketer(), THURSDAY_NOON, THAT_WEEK).total
    assert (total.handed_over, total.unmeasured, total.share) == (1, 1, Rate(0, 0))


@pytest.mark.usefixtures("office")
def test_a_second_round_is_no_first_touch_but_its_breach_is_listed() -> None:
    handoff = make_handoff()
    touch(handoff, by=make_rep(), after=HOUR)
    clock = handoff.clocks.get(metric="first_touch")
    clock.pk, clock.round, clock.stopped_at, clock.ending, clock.elapsed = None, 2, None, "", None
    clock.save()
    report = sla_of(make_marketer(), THURSDAY_NOON, THAT_WEEK)
    assert report.total.share == Rate(1, 1)
    assert report.breaches["cause"].to_list() == [Cause.NOT_FINISHED]


@pytest.mark.usefixtures("office")
def test_a_breach_of_the_verdict_is_listed_and_no_missed_first_touch() -> None:
    touch(make_handoff(), by=make_rep(), after=HOUR)
    report = sla_of(make_marketer(), MONDAY_9AM + 15 * DAY, "from=2026-03-02&to=2026-03-05")
    assert report.total.missed == 0
    assert report.breaches.select("metric", "cause").rows() == [("verdict", Cause.NOT_FINISHED)]


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("against", "handed_over"),
    [
        pytest.param("", 1, id="the period before"),
        pytest.param("year", 2, id="the same dates a year before"),
        pytest.param("2026-02-23..2026-03-05", 4, id="any other dates"),
        pytest.param("route:manual", 2, id="a segment of the same period"),
    ],
)
def test_a_report_is_compared_with_another_period_or_segment(against: str, handed_over: int) -> None:
    make_handoff()
    for days in (7, 365, 365):
        make_handoff(at=MONDAY_9AM - days * DAY)
    for _number in range(2):
        make_handoff(route=Route.MANUAL)
    # Seven days from the second of March, and seven before; a year before, the second of March was a Sunday.
    report = sla_of(make_marketer(), THURSDAY_NOON, f"from=2026-03-02&to=2026-03-08&against={against}")
    assert (report.total.handed_over, report.previous.handed_over) == (3, handed_over)


@pytest.mark.usefixtures("office")
def test_the_age_of_open_clocks_and_whether_it_pays_to_be_in_time() -> None:
    sam = make_rep()
    in_time, late = make_handoff(), make_handoff()
    for handoff, after in ((in_time, HOUR), (late, 6 * HOUR)):
        log_touch(handoff, channel="call", outcome="connected", by=sam, at=MONDAY_9AM + after)
    yes = dict.fromkeys(("budget", "authority", "need", "timeline"), ("yes", ""))
    qualify(in_time, bant=yes, by=sam, at=MONDAY_9AM + DAY)
    make_handoff()  # its first touch was due on Monday at one, its verdict two weeks later
    # On Tuesday at noon it is 23 hours late, on Thursday 71 and two hours later 73; the other verdict runs as well.
    ages = [_ages(at) for at in (MONDAY_9AM + DAY + 3 * HOUR, THURSDAY_NOON, THURSDAY_NOON + 2 * HOUR)]
    assert ages == [{"first_touch": band, "verdict": 0} for band in (1, 2, 3)]
    old_enough = sla_of(make_marketer("mo"), MONDAY_9AM + 42 * DAY, THAT_WEEK).sqls
    assert [(row.touched, row.rate) for row in old_enough] == [
        ("in_time", Rate(1, 1)),
        ("late", Rate(0, 1)),
        ("never", Rate(0, 1)),
    ]
    assert sla_of(make_marketer("mary"), MONDAY_9AM + 41 * DAY, THAT_WEEK).sqls == []


def _ages(at: datetime) -> dict[str, int]:
    """Return in which band of age each metric's open clock is."""
    reader = User.objects.filter(role="marketer").first() or make_marketer()
    names = ("not_due", "past_due_1d", "past_due_3d", "past_due_7d", "past_due_longer")
    rows = sla_of(reader, at, THAT_WEEK).ageing
    return {row.metric.value: next(place for place, name in enumerate(names) if getattr(row, name)) for row in rows}


class TestCauses:
    """Each cause from its facts; the later the cause in the list, the fewer facts speak for an earlier one."""

    @pytest.fixture(autouse=True)
    def _office(self, office: None) -> None:
        self.sam, self.sasha = make_rep("sam"), make_rep("sasha")

    def cause(self) -> Cause:
        [cause] = sla_of(make_marketer(), THURSDAY_NOON, "from=2026-02-27&to=2026-03-05").breaches["cause"]
        return Cause(cause)

    def test_released_before_due_and_taken_by_nobody_is_never_assigned(self) -> None:
        handoff = make_handoff()
        claim(handoff, by=self.sam, at=MONDAY_9AM)
        release(handoff, reason="on holiday", by=self.sam, at=MONDAY_9AM + HOUR)
        assert self.cause() == Cause.NEVER_ASSIGNED

    @pytest.mark.parametrize(
        ("after", "cause"),
        [
            pytest.param(3 * HOUR + MINUTE, Cause.REASSIGNED_LATE, id="less than the last quarter"),
            pytest.param(3 * HOUR, Cause.NOT_OPENED, id="exactly the last quarter"),
        ],
    )
    def test_passed_on_in_the_last_quarter_is_reassigned_late(self, after: timedelta, cause: Cause) -> None:
        handoff = make_handoff()
        claim(handoff, by=self.sam, at=MONDAY_9AM)
        pass_on(handoff, to=self.sasha, note="speaks Dutch", by=self.sam, at=MONDAY_9AM + after)
        assert self.cause() == cause

    def test_the_quarter_is_one_of_business_time(self) -> None:
        handoff = make_handoff(at=MONDAY_9AM - 3 * DAY + 7 * HOUR)  # Friday four o'clock, due Monday noon
        claim(handoff, by=self.sam, at=MONDAY_9AM)  # 68 of 68 hours are over, but only one of four
        assert self.cause() == Cause.NOT_TOUCHED

    def test_holding_more_than_one_can_carry_is_over_capacity(self) -> None:
        Membership.objects.filter(user=self.sam).update(capacity=1)
        first, second = make_handoff(), make_handoff()
        claim(first, by=self.sam, at=MONDAY_9AM)
        claim(second, by=self.sam, at=MONDAY_9AM)
        touch(second, by=self.sam, after=HOUR)
        assert self.cause() == Cause.OVER_CAPACITY

    def test_what_was_closed_before_due_takes_no_capacity(self) -> None:
        Membership.objects.filter(user=self.sam).update(capacity=1)
        first, second = make_handoff(), make_handoff()
        claim(first, by=self.sam, at=MONDAY_9AM)
        disqualify(second, reason=make_reason(), by=self.sam, at=MONDAY_9AM + HOUR)
        assert self.cause() == Cause.NOT_TOUCHED

    def test_handed_over_on_saturday_is_out_of_hours(self) -> None:
        handoff = make_handoff(at=MONDAY_9AM - 2 * DAY)
        claim(handoff, by=self.sam, at=MONDAY_9AM)
        assert self.cause() == Cause.OUT_OF_HOURS

    def test_assigned_and_never_looked_at_is_not_opened(self) -> None:
        Team.objects.update(giving=Team.Giving.ROTATION)
        handoff = make_handoff(lead=make_lead(team=Team.objects.get()))
        assert handoff.assigned_to is not None
        assert self.cause() == Cause.NOT_OPENED

    def test_assigned_and_looked_at_is_opened_not_touched(self) -> None:
        Team.objects.update(giving=Team.Giving.ROTATION)
        handoff = make_handoff(lead=make_lead(team=Team.objects.get()))
        Handoff.objects.filter(pk=handoff.pk).update(seen_at=MONDAY_9AM + HOUR)
        assert self.cause() == Cause.NOT_TOUCHED


@pytest.mark.usefixtures("office")
def test_weeks_are_iso_weeks_of_opening_in_the_readers_zone() -> None:
    sunday_evening_in_new_york = MONDAY_9AM - 6 * HOUR
    make_handoff(at=sunday_evening_in_new_york)
    make_handoff(at=MONDAY_9AM + 15 * DAY)
    at, query = MONDAY_9AM + 16 * DAY, "from=2026-02-23&to=2026-03-18"
    here = sla_of(make_marketer(), at, query).weeks
    there = sla_of(make_user("nora", "marketer", time_zone="America/New_York"), at, query).weeks
    assert [(week.number, week.figures.handed_over) for week in here] == [(10, 1), (11, 0), (12, 1)]
    assert [week.number for week in there] == [9, 10, 11, 12]
    assert (here[-1].first, here[-1].last) == (date(2026, 3, 16), date(2026, 3, 18))


@pytest.mark.usefixtures("office")
def test_system_delay_runs_from_the_activity_to_the_handoff() -> None:
    for minutes in (1, 3, 8):
        lead = make_lead()
        trigger = lead.activities.create(
            source="web",
            source_id=str(minutes),
            kind="contact_request",
            occurred_at=MONDAY_9AM - minutes * MINUTE,
            received_at=MONDAY_9AM,
        )
        make_handoff(lead, route=Route.FAST_LANE, trigger=trigger)
    make_handoff()
    assert sla_of(make_marketer(), THURSDAY_NOON, THAT_WEEK).total.delay == Spread(3, 3 * MINUTE, 8 * MINUTE)


class TestWhoSeesWhat:
    """The figures of each role."""

    @pytest.fixture(autouse=True)
    def _two_teams(self, office: None) -> None:
        self.north = make_team("Nordics")
        self.sam, self.nina = make_rep("sam"), make_rep("nina", team=self.north)
        touch(make_handoff(), by=self.sam, after=HOUR)
        touch(make_handoff(make_lead(team=self.north)), by=self.nina, after=2 * HOUR)
        make_handoff()  # unclaimed in sam's team

    def handed_over(self, report: SlaReport) -> int:
        return report.total.handed_over

    @pytest.mark.parametrize(("role", "count"), [("marketer", 3), ("admin", 3), ("manager", 2)])
    def test_managers_read_their_teams_and_marketing_reads_all(self, role: str, count: int) -> None:
        assert self.handed_over(sla_of(make_user("reader", role), THURSDAY_NOON, THAT_WEEK)) == count

    def test_a_rep_reads_own_figures_without_what_nobody_has_taken(self) -> None:
        assert self.handed_over(sla_of(self.sam, THURSDAY_NOON, THAT_WEEK)) == 1

    def test_what_a_rep_gave_back_stays_in_their_figures(self) -> None:
        handoff = make_handoff()
        claim(handoff, by=self.sam, at=MONDAY_9AM)
        release(handoff, reason="on holiday", by=self.sam, at=MONDAY_9AM + 5 * HOUR)
        assert sla_of(self.sam, THURSDAY_NOON, THAT_WEEK).breaches.height == 1

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("team=nordics", 1),
            ("policy=standard", 3),
            ("route=score", 3),
            ("route=fast_lane", 0),
            ("route=fast_lane&route=score", 3),
            ("source=LinkedIn", 0),
        ],
    )
    def test_each_filter_narrows(self, query: str, count: int) -> None:
        assert self.handed_over(sla_of(make_marketer(), THURSDAY_NOON, f"{THAT_WEEK}&{query}")) == count

    def test_figures_of_a_rep_are_read_only_where_the_team_shows_names(self) -> None:
        Team.objects.filter(pk=self.north.pk).update(names_in_reports=Team.Names.NAMED)
        assert self.handed_over(sla_of(make_marketer(), THURSDAY_NOON, f"{THAT_WEEK}&rep=nina")) == 1
        with pytest.raises(AssertionError, match="There are no figures of “sam”"):
            sla_of(make_manager(), THURSDAY_NOON, "rep=sam")
        assert self.handed_over(sla_of(self.sam, THURSDAY_NOON, f"{THAT_WEEK}&rep=sam")) == 1


def test_a_holder_at_due_is_the_one_who_had_it_then_not_the_one_who_has_it_now(office: None) -> None:
    sam, sasha, handoff = make_rep("sam"), make_rep("sasha"), make_handoff()
    claim(handoff, by=sam, at=MONDAY_9AM)
    pass_on(handoff, to=sasha, note="speaks Dutch", by=sam, at=MONDAY_9AM + 5 * HOUR)
    assert sla_of(make_marketer(), THURSDAY_NOON, THAT_WEEK).breaches["holder"].to_list() == [sam.pk]
    assert Assignment.objects.count() == 2


def test_an_offered_sql_is_held_by_whom_it_is_offered_to(office: None) -> None:
    Target.objects.create(policy=Policy.objects.get(), metric=Metric.TAKEOVER, amount=4, unit="hours")
    Team.objects.update(names_in_reports=Team.Names.NAMED)
    sam, noor, handoff = make_rep("sam"), make_rep("noor"), make_handoff()
    log_touch(handoff, channel="call", outcome="connected", by=sam, at=MONDAY_9AM)
    qualify(handoff, bant=YES, takes_over=noor, by=sam, at=MONDAY_9AM + HOUR)
    report = sla_of(make_marketer(), THURSDAY_NOON, f"{THAT_WEEK}&by=person&metric=takeover")
    assert [(row["holder"], row["cause"]) for row in report.breaches.iter_rows(named=True)] == [
        (noor.pk, Cause.NOT_ANSWERED)
    ]
    assert [(row.group.key, row.figures.never) for row in report.groups] == [("noor", 1)]
    assert Clock.objects.get(metric=Metric.TAKEOVER).offered_to == noor


class TestOfOnePerson:
    """What a rep answers for, read alone, is what the row of the rep says among the others."""

    @pytest.fixture(autouse=True)
    def _two_reps(self, office: None) -> None:
        Team.objects.update(names_in_reports=Team.Names.NAMED)
        self.sam, self.sasha = make_rep("sam"), make_rep("sasha")
        touch(make_handoff(), by=self.sam, after=HOUR)
        rescued = make_handoff()  # waits until after it was due
        touch(rescued, by=self.sam, after=6 * HOUR)
        passed_late = make_handoff()
        claim(passed_late, by=self.sasha, at=MONDAY_9AM)
        pass_on(passed_late, to=self.sam, note="yours", by=self.sasha, at=MONDAY_9AM + 5 * HOUR)

    @pytest.mark.parametrize("who", ["sam", "sasha"])
    def test_the_filter_says_what_the_row_says(self, who: str) -> None:
        whole = sla_of(make_marketer(), THURSDAY_NOON, f"{THAT_WEEK}&by=person")
        [row] = [row for row in whole.groups if row.group.key == who]
        alone = sla_of(make_user("mo", "marketer"), THURSDAY_NOON, f"{THAT_WEEK}&rep={who}")
        assert alone.total == row.figures
        mine = whole.breaches["holder"] == User.objects.get(username=who).pk
        assert alone.breaches["clock"].to_list() == whole.breaches.filter(mine)["clock"].to_list()

    def test_whoever_rescues_a_late_lead_is_not_blamed_for_it(self) -> None:
        report = sla_of(self.sam, THURSDAY_NOON, THAT_WEEK)
        assert (report.total.handed_over, report.total.in_time, report.breaches.height) == (1, 1, 0)
        assert sla_of(make_marketer(), THURSDAY_NOON, THAT_WEEK).breaches.height == 2
