"""Was the agreement kept: first touches in time, late and never, breaches and why they came about.

The cohort is the handoffs opened in the period; imported history is left out, as it never had a clock. The first touch
of a handoff is its clock of the first round; further rounds (a lead asked again) and other metrics only show up among
the breaches. Everything is read from what happened and `at`, never from when a worker noticed:

- in time: touched at or before due; "logged late" is the part that was written down after due;
- late: touched after due;
- never: not touched, and past due at `at`, or ended after due without a touch;
- at sight: a verdict without a touch, before due; running: not touched and not yet due; cancelled: cooled before due.
  One that was merged before due, as the same person had another handoff, was no delivery of its own and is left out.

The share in time is in time / (in time + late + never): the last three of the list are no failures and no successes.
Times to first touch are business time, over those that were touched. System delay runs from the activity that set the
handoff off until it was visible, over those that have such an activity.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from django.db.models import Count, F, FilteredRelation, Q

from handoff.people.models import Role, Team
from handoff.queue.models import Clock, Touch, Verdict
from handoff.sla.models import Metric
from reports.causes import Cause, Explained, explained, overruns
from reports.filters import Cohort, Handoffs
from reports.periods import Period
from reports.statistics import Rate, Spread, grouped


class Outcome(StrEnum):
    """What became of a first touch."""

    IN_TIME = "in_time"
    LATE = "late"
    NEVER = "never"
    AT_SIGHT = "at_sight"
    RUNNING = "running"
    CANCELLED = "cancelled"
    UNMEASURED = "unmeasured"  # no policy measured the first touch


class FirstTouch(NamedTuple):
    """One handoff with its first clock for the first touch, as far as there is one."""

    handoff_id: int
    team_id: int | None
    opened_at: datetime
    occurred_at: datetime | None
    due_at: datetime | None
    stopped_at: datetime | None
    ending: str | None
    elapsed: timedelta | None


@dataclass(frozen=True)
class Figures:
    """The figures of a group of handoffs."""

    handed_over: int
    in_time: int
    logged_late: int
    late: int
    never: int
    at_sight: int
    running: int
    cancelled: int
    unmeasured: int
    first_touch: Spread
    delay: Spread

    @property
    def share(self) -> Rate:
        """The share in time of those whose first touch is decided."""
        return Rate(self.in_time, self.in_time + self.late + self.never)

    @property
    def missed(self) -> int:
        """How many first touches were not in time."""
        return self.late + self.never


Told = Callable[[Sequence[FirstTouch]], Figures]  # the figures of a group, as of one instant


@dataclass(frozen=True)
class TeamRow:
    """One team's figures; `team` is None for handoffs of no team."""

    team: Team | None
    people: int
    figures: Figures
    open_breaches: int


@dataclass(frozen=True)
class Week:
    """One ISO week of opening in the reader's zone, as far as it lies in the period."""

    year: int
    number: int
    first: date
    last: date
    figures: Figures

    @property
    def iso(self) -> str:
        """Its ISO name, such as 2026-W10."""
        return f"{self.year}-W{self.number:02}"


@dataclass(frozen=True)
class CauseRow:
    """How many breaches have this cause."""

    cause: Cause
    rate: Rate


@dataclass(frozen=True)
class SlaReport:
    """The whole report; `breaches` has those of all metrics, still open ones first, then the newest."""

    period: Period
    total: Figures
    previous: Figures
    teams: list[TeamRow]
    weeks: list[Week]
    causes: list[CauseRow]
    breaches: list[Explained]

    @property
    def open_breaches(self) -> int:
        """How many of the breaches are still open."""
        return sum(each.overrun.stopped_at is None for each in self.breaches)


def sla_report(cohort: Cohort, *, at: datetime) -> SlaReport:
    """Return the SLA report of `cohort` as it stands at `at`."""
    native = Cohort(cohort.among.filter(is_imported_history=False), cohort.period)
    touches = _first_touches(native.with_the_one_before())
    told = partial(figures, logged_late=_logged_late(native.with_the_one_before()), at=at)
    now = [touch for touch in touches if native.is_member(touch.opened_at)]
    before = [touch for touch in touches if not native.is_member(touch.opened_at)]
    breaches = explained(native.handoffs, overruns(native.handoffs, at))
    return SlaReport(
        period=cohort.period,
        total=told(now),
        previous=told(before),
        teams=_by_team(now, breaches, told),
        weeks=_by_week(now, cohort.period, told),
        causes=_by_cause(breaches),
        breaches=breaches,
    )


def outcome_of(touch: FirstTouch, at: datetime) -> Outcome:
    """Return what became of a first touch as of `at`; at due is in time."""
    if touch.due_at is None:
        return Outcome.UNMEASURED
    if touch.stopped_at is None:
        return Outcome.NEVER if touch.due_at < at else Outcome.RUNNING
    is_in_time = touch.stopped_at <= touch.due_at
    if touch.ending == Clock.Ending.MET:
        return Outcome.IN_TIME if is_in_time else Outcome.LATE
    if not is_in_time:
        return Outcome.NEVER
    return Outcome.AT_SIGHT if touch.ending == Clock.Ending.AT_SIGHT else Outcome.CANCELLED


def figures(touches: Sequence[FirstTouch], logged_late: set[int], at: datetime) -> Figures:
    """Return the figures of a group; `logged_late` has the handoffs touched in time but written down after due."""
    outcomes = [outcome_of(touch, at) for touch in touches]
    counts = Counter(outcomes)
    pairs = list(zip(touches, outcomes, strict=True))
    touched = [touch for touch, outcome in pairs if outcome in {Outcome.IN_TIME, Outcome.LATE}]
    in_time = {touch.handoff_id for touch, outcome in pairs if outcome == Outcome.IN_TIME}
    return Figures(
        handed_over=len(touches),
        logged_late=len(in_time & logged_late),
        first_touch=Spread.over(touch.elapsed for touch in touched if touch.elapsed is not None),
        # A sender's clock may run a little ahead of ours.
        delay=Spread.over(max(each.opened_at - each.occurred_at, timedelta(0)) for each in touches if each.occurred_at),
        **{outcome.value: counts[outcome] for outcome in Outcome},
    )


def _first_touches(handoffs: Handoffs) -> list[FirstTouch]:
    first = Q(clocks__metric=Metric.FIRST_TOUCH, clocks__round=1)
    measured = handoffs.annotate(first=FilteredRelation("clocks", condition=first))
    is_decided = Q(first__ending__in=[Clock.Ending.MET, Clock.Ending.AT_SIGHT]) | Q(
        first__stopped_at__gt=F("first__due_at")
    )
    rows = measured.filter(~Q(verdict=Verdict.MERGED) | is_decided).values_list(
        *("pk", "team_id", "opened_at", "trigger__occurred_at"),
        *("first__due_at", "first__stopped_at", "first__ending", "first__elapsed"),
    )
    return [FirstTouch(*row) for row in rows]


def _logged_late(handoffs: Handoffs) -> set[int]:
    """Return the handoffs whose first touch was made by due and written down after it."""
    touches = Touch.objects.filter(
        handoff__in=handoffs,
        handoff__clocks__metric=Metric.FIRST_TOUCH,
        handoff__clocks__round=1,
        handoff__clocks__ending=Clock.Ending.MET,
        handoff__clocks__stopped_at=F("at"),
        handoff__clocks__due_at__gte=F("at"),
        handoff__clocks__due_at__lt=F("logged_at"),
    )
    return set(touches.values_list("handoff_id", flat=True))


def _by_team(touches: Iterable[FirstTouch], breaches: Iterable[Explained], told: Told) -> list[TeamRow]:
    groups = grouped(touches, lambda touch: touch.team_id)
    still_open = Counter(each.overrun.team_id for each in breaches if each.overrun.stopped_at is None)
    reps = Q(people__is_active=True, people__role=Role.REP)
    teams = Team.objects.filter(pk__in=[key for key in groups if key]).annotate(reps=Count("people", filter=reps))
    ordered = teams.order_by("name")
    rows = [TeamRow(team, team.reps, told(groups[team.pk]), still_open[team.pk]) for team in ordered]
    if None in groups:
        rows.append(TeamRow(None, 0, told(groups[None]), still_open[None]))
    return rows


def _by_week(touches: Iterable[FirstTouch], period: Period, told: Told) -> list[Week]:
    """Return the weeks from the first handoff to the last one, empty ones between them included."""
    groups = grouped(touches, lambda touch: _monday(period.local_date(touch.opened_at)))
    if not groups:
        return []
    first, last = min(groups), max(groups)
    mondays = [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]
    return [_week(monday, told(groups[monday]), period) for monday in mondays]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _week(monday: date, found: Figures, period: Period) -> Week:
    year, number, _weekday = monday.isocalendar()
    first, last = max(monday, period.first), min(monday + timedelta(days=6), period.last)
    return Week(year, number, first, last, found)


def _by_cause(breaches: Sequence[Explained]) -> list[CauseRow]:
    counts = Counter(each.cause for each in breaches)
    found = sorted(filter(counts.get, Cause), key=lambda cause: -counts[cause])  # of equal ones the first in order
    return [CauseRow(cause, Rate(counts[cause], len(breaches))) for cause in found]
