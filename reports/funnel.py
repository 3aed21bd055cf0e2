"""What becomes of handoffs: handed over, touched, connected, SQL, won, and where they leak.

The cohort is the handoffs opened in the period, imported history included as far as its outcomes are known. A handoff
that got further counts in the steps before, even where history has no date for them. Open ones are censored, not
failures: each rate counts only settled handoffs, that are closed or older than the lapse window of 42 days, and the
rates of winning leave out SQLs whose deal is undecided as well. Days are medians from the handover, over those whose
dates are known and do not contradict each other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.leads.models import Stage
from handoff.people.models import Team
from handoff.queue.models import DisqualificationReason, Route, Verdict
from reports.filters import Cohort, Handoffs
from reports.periods import LAPSE_WINDOW, Period
from reports.statistics import Rate, Spread, grouped


class Step(models.IntegerChoices):
    """How far a handoff came."""

    HANDED_OVER = 0, gettext_lazy("Handed over")
    TOUCHED = 1, gettext_lazy("Touched")
    CONNECTED = 2, gettext_lazy("Connected")
    QUALIFIED = 3, gettext_lazy("Qualified (SQL)")
    WON = 4, gettext_lazy("Won")

    @property
    def key(self) -> str:
        """The step in files and in the API."""
        return self.name.lower()


class Passage(NamedTuple):
    """One handoff with what decides how far it came."""

    team_id: int | None
    route: str
    opened_at: datetime
    touched_at: datetime | None
    connected_at: datetime | None
    closed_at: datetime | None
    verdict: str
    qualified_at: datetime | None
    is_won: bool | None
    decided_at: datetime | None
    stage: str
    stage_since: datetime
    reason_id: int | None

    @property
    def step(self) -> Step:
        """The furthest step."""
        if self.verdict == Verdict.QUALIFIED:
            return Step.WON if self.has_won else Step.QUALIFIED
        if self.connected_at:
            return Step.CONNECTED
        return Step.TOUCHED if self.touched_at else Step.HANDED_OVER

    @property
    def has_won(self) -> bool:
        """Whether the lead bought; without a deal on record its stage says so."""
        return self.is_won if self.is_won is not None else self.stage == Stage.CUSTOMER

    @property
    def is_undecided(self) -> bool:
        """Whether it is an SQL that may still be won."""
        return self.step == Step.QUALIFIED and self.is_won is None and self.stage in {Stage.SQL, Stage.OPPORTUNITY}

    def is_settled(self, at: datetime) -> bool:
        """Whether its verdict is known or should be by `at`."""
        return self.closed_at is not None or self.opened_at <= at - LAPSE_WINDOW

    def reached_at(self, step: Step) -> datetime | None:
        """Return when it came to `step`, as far as that is known."""
        won_at = self.decided_at or (self.stage_since if self.stage == Stage.CUSTOMER else None)
        instants = (self.opened_at, self.touched_at, self.connected_at, self.qualified_at or self.closed_at, won_at)
        return instants[step]


@dataclass(frozen=True)
class StepRow:
    """One step: how many came this far, and what share of the settled ones."""

    step: Step
    count: int
    of_previous: Rate
    of_handed_over: Rate
    after: Spread


@dataclass(frozen=True)
class Leak:
    """One way in which handoffs left without becoming an SQL, with its share of the settled ones."""

    verdict: Verdict
    reason: DisqualificationReason | None
    rate: Rate

    @property
    def label(self) -> str:
        """The way in words."""
        return self.reason.label if self.reason else str(self.verdict.label).capitalize()


@dataclass(frozen=True)
class GroupRow:
    """The funnel of one team or route."""

    key: str
    name: str
    counts: list[int]
    sql: Rate

    def columns(self) -> list[tuple[str, int]]:
        """Return each step in words with its count."""
        return [(str(step.label), count) for step, count in zip(Step, self.counts, strict=True)]


@dataclass(frozen=True)
class FunnelReport:
    """The whole report; `previous` has the steps of the period before."""

    period: Period
    handed_over: int
    settled: int
    open: int
    undecided: int
    steps: list[StepRow]
    previous: list[StepRow]
    leaks: list[Leak]
    routes: list[GroupRow]
    teams: list[GroupRow]


def funnel_report(cohort: Cohort, *, at: datetime) -> FunnelReport:
    """Return the funnel of `cohort` as it stands at `at`."""
    both = _passages(cohort.with_the_one_before())
    passages = [each for each in both if cohort.is_member(each.opened_at)]
    before = [each for each in both if not cohort.is_member(each.opened_at)]
    return FunnelReport(
        period=cohort.period,
        handed_over=len(passages),
        settled=sum(each.is_settled(at) for each in passages),
        open=sum(each.closed_at is None for each in passages),
        undecided=sum(each.is_undecided for each in passages),
        steps=steps(passages, at),
        previous=steps(before, at),
        leaks=_leaks(passages, at),
        routes=_by_route(passages, at),
        teams=_by_team(passages, at),
    )


def steps(passages: Sequence[Passage], at: datetime) -> list[StepRow]:
    """Return the steps with counts over all, and rates over the settled ones."""
    return [_step(step, passages, [each for each in passages if each.is_settled(at)]) for step in Step]


def _step(step: Step, passages: Sequence[Passage], settled: Sequence[Passage]) -> StepRow:
    known = [each for each in settled if not (step == Step.WON and each.is_undecided)]
    reached = sum(each.step >= step for each in known)
    came_close = sum(each.step >= step - 1 for each in known)
    return StepRow(
        step=step,
        count=sum(each.step >= step for each in passages),
        of_previous=Rate(reached, came_close),
        of_handed_over=Rate(reached, len(known)),
        after=Spread.over(_durations(step, passages)),
    )


def _durations(step: Step, passages: Iterable[Passage]) -> Iterable[timedelta]:
    for each in passages:
        reached_at = each.reached_at(step) if each.step >= step else None
        # Imported dates may contradict each other; such a duration says nothing.
        if reached_at and reached_at >= each.opened_at:
            yield reached_at - each.opened_at


def _passages(handoffs: Handoffs) -> list[Passage]:
    # One that was merged away was no further delivery: the same person's other one counts.
    rows = handoffs.exclude(verdict=Verdict.MERGED).values_list(
        *("team_id", "route", "opened_at", "touched_at", "connected_at", "closed_at", "verdict", "qualification__at"),
        *("deal__is_won", "deal__at", "lead__stage", "lead__stage_since", "disqualification__reason_id"),
    )
    return [Passage(*row) for row in rows]


def _leaks(passages: Iterable[Passage], at: datetime) -> list[Leak]:
    settled = [each for each in passages if each.is_settled(at)]
    lost = [each for each in settled if each.closed_at and each.verdict != Verdict.QUALIFIED]
    counts = Counter((each.verdict, each.reason_id) for each in lost)
    reasons = DisqualificationReason.objects.in_bulk({key for _verdict, key in counts if key})
    found = [
        Leak(Verdict(verdict), reasons[key] if key else None, Rate(count, len(settled)))
        for (verdict, key), count in counts.items()
    ]
    return sorted(found, key=lambda leak: (-leak.rate.count, leak.label))


def _by_route(passages: Iterable[Passage], at: datetime) -> list[GroupRow]:
    groups = grouped(passages, lambda each: each.route)
    return [_group(route.value, str(route.label), groups[route], at) for route in Route if route in groups]


def _by_team(passages: Iterable[Passage], at: datetime) -> list[GroupRow]:
    groups = grouped(passages, lambda each: each.team_id)
    teams = Team.objects.filter(pk__in=[key for key in groups if key]).order_by("name")
    rows = [_group(team.slug, team.name, groups[team.pk], at) for team in teams]
    return [*rows, _group("", _("No team"), groups[None], at)] if None in groups else rows


def _group(key: str, name: str, passages: Sequence[Passage], at: datetime) -> GroupRow:
    found = steps(passages, at)
    return GroupRow(key, name, [row.count for row in found], found[Step.QUALIFIED].of_handed_over)
