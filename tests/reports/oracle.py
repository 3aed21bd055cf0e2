"""The figures of the reports in plain Python, over the same rows, one after the other."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from handoff.feedback.models import FeedbackAnswer
from handoff.leads.models import Stage
from handoff.people.models import User
from handoff.queue.models import Clock, Deal, Disqualification, Handoff, Qualification, Route, Touch, Verdict
from handoff.sla.clock import Hours
from handoff.sla.models import PinnedHours
from reports.funnel import Step
from reports.measured import Outcome
from reports.periods import LAPSE_WINDOW
from reports.statistics import Rate, Spread
from tests.making import MONDAY_9AM, make_lead, make_policy, make_reason, make_rep, make_team

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CURRENCIES = ("EUR", "EUR", "USD")


def make_world(seed: int, count: int) -> None:
    """Make `count` handoffs with clocks, touches and deals whose times and endings are left to chance."""
    chance = random.Random(seed)
    policy, hours, reps = (
        make_policy(),
        PinnedHours.of(Hours.around_the_clock("UTC")),
        [make_rep("ann"), make_rep("bo")],
    )
    teams = [make_team(), make_team("Nordics"), None]
    for _number in range(count):
        opened = MONDAY_9AM + chance.randrange(0, 60 * 24) * HOUR + chance.randrange(3600) * timedelta(seconds=1)
        closed = opened + chance.randrange(1, 900) * HOUR if chance.random() < 0.7 else None
        verdict = chance.choice(Verdict.values) if closed else ""
        lead = make_lead(country=chance.choice(["NL", "DE", ""]), stage=chance.choice(Stage.values))
        handoff = Handoff.objects.create(
            lead=lead, team=chance.choice(teams), route=chance.choice(Route.values), opened_at=opened, total=0, fit=0,
            interest=0, timing=0, source=chance.choice(["", "Google", "Fair"]), closed_at=closed, verdict=verdict,
            touched_at=chance.choice([None, opened + chance.randrange(100) * HOUR]), policy=policy,
            connected_at=chance.choice([None, opened + chance.randrange(-50, 300) * HOUR]),
        )  # fmt: skip
        if verdict == Verdict.QUALIFIED:
            _decide(handoff, chance, reps[0])
        if verdict == Verdict.DISQUALIFIED:
            _say_no(handoff, chance, reps[0])
        for metric in ("first_touch", "verdict"):
            if chance.random() < 0.9:
                _clock(handoff, metric, chance, hours, reps)


def _decide(handoff: Handoff, chance: random.Random, by: User) -> None:
    at = handoff.closed_at
    assert at is not None
    money: list[dict[str, Any]] = [
        {"value": None, "currency": ""},
        {"value": chance.randrange(9000), "currency": chance.choice(CURRENCIES)},
    ]
    if chance.random() < 0.9:  # imported history says no more than that it was qualified
        Qualification.objects.create(
            handoff=handoff, by=by, at=at, takes_over=by, opportunity_at=chance.choice([None, at + 5 * HOUR]),
            strength=chance.randrange(17), **chance.choice(money),
        )  # fmt: skip
    if chance.random() < 0.6:
        decided, is_won = at + chance.randrange(1, 400) * HOUR, chance.random() < 0.5
        Deal.objects.create(handoff=handoff, by=by, at=decided, is_won=is_won, **chance.choice(money))


def _say_no(handoff: Handoff, chance: random.Random, by: User) -> None:
    at = handoff.closed_at
    assert at is not None
    said = Disqualification.objects.create(
        handoff=handoff, by=by, at=at, reason=make_reason(chance.choice(["no-budget", "bad-fit", "bad-data"])),
        acknowledged_at=chance.choice([None, at + DAY]),
    )  # fmt: skip
    for _number in range(chance.choice([0, 0, 1, 2])):
        FeedbackAnswer.objects.create(verdict=said, text="Right.", by=by, at=at + chance.randrange(500) * HOUR)


def _clock(handoff: Handoff, metric: str, chance: random.Random, hours: PinnedHours, reps: Sequence[User]) -> None:
    opened, due = handoff.opened_at, handoff.opened_at + chance.randrange(1, 60) * HOUR
    stopped = opened + chance.randrange(0, 120) * HOUR if chance.random() < 0.8 else None
    ending = chance.choice(Clock.Ending.values) if stopped else ""
    assert handoff.policy is not None
    Clock.objects.create(
        handoff=handoff, metric=metric, policy=handoff.policy, hours=hours, started_at=opened, due_at=due,
        stopped_at=stopped, ending=ending, elapsed=stopped - opened if stopped else None,
    )  # fmt: skip
    if stopped and ending == Clock.Ending.MET:
        logged = stopped + chance.randrange(0, 50) * HOUR
        Touch.objects.create(
            handoff=handoff, by=chance.choice(reps), channel="call", outcome="voicemail", at=stopped, logged_at=logged
        )


def outcome_of(clock: Clock | None, at: datetime) -> Outcome:
    """Return what became of a clock as of `at`; at due is in time."""
    if clock is None:
        return Outcome.UNMEASURED
    if clock.stopped_at is None:
        return Outcome.NEVER if clock.due_at < at else Outcome.RUNNING
    is_in_time = clock.stopped_at <= clock.due_at
    if clock.ending == Clock.Ending.MET:
        return Outcome.IN_TIME if is_in_time else Outcome.LATE
    if not is_in_time:
        return Outcome.NEVER
    return Outcome.AT_SIGHT if clock.ending == Clock.Ending.AT_SIGHT else Outcome.CANCELLED


def figures_of(handoffs: Iterable[Handoff], metric: str, at: datetime) -> dict[str, object]:
    """Return the figures of a metric over `handoffs`."""
    counts: dict[str, int] = dict.fromkeys(["handed_over", "logged_late", *Outcome], 0)
    took = []
    for handoff in handoffs:
        clock = handoff.clocks.filter(metric=metric, round=1).first()
        outcome = outcome_of(clock, at)
        if handoff.verdict == Verdict.MERGED and outcome in {Outcome.CANCELLED, Outcome.UNMEASURED}:
            continue
        counts["handed_over"] += 1
        counts[outcome] += 1
        if clock and outcome in {Outcome.IN_TIME, Outcome.LATE} and clock.elapsed is not None:
            took.append(clock.elapsed)
        if clock and clock.stopped_at and outcome == Outcome.IN_TIME and metric == "first_touch":
            touches = handoff.touches.filter(at=clock.stopped_at, logged_at__gt=clock.due_at)
            counts["logged_late"] += touches.exists()
    return {**counts, "took": Spread.over(took)}


def step_of(handoff: Handoff) -> Step:
    """Return the furthest step."""
    if handoff.verdict == Verdict.QUALIFIED:
        deal = Deal.objects.filter(handoff=handoff).first()
        if deal.is_won if deal else handoff.lead.stage == Stage.CUSTOMER:
            return Step.WON
        began = Qualification.objects.filter(handoff=handoff, opportunity_at__isnull=False)
        is_opportunity = began.exists() or handoff.lead.stage == Stage.OPPORTUNITY
        return Step.OPPORTUNITY if is_opportunity else Step.QUALIFIED
    if handoff.connected_at:
        return Step.CONNECTED
    return Step.TOUCHED if handoff.touched_at else Step.HANDED_OVER


def may_win(handoff: Handoff) -> bool:
    """Return whether it is an SQL that may still be won."""
    is_decided = Deal.objects.filter(handoff=handoff).exists()
    return handoff.verdict == Verdict.QUALIFIED and not is_decided and handoff.lead.stage in {"sql", "opportunity"}


def rates_of(handoffs: Iterable[Handoff], step: Step, at: datetime) -> tuple[int, Rate]:
    """Return how many came to `step`, and the share of those that say something about it."""
    rows = [(step_of(each), each) for each in handoffs if each.verdict != Verdict.MERGED]
    known = [
        how_far
        for how_far, each in rows
        if (each.closed_at or each.opened_at <= at - LAPSE_WINDOW) and not (step > Step.QUALIFIED and may_win(each))
    ]
    return sum(how_far >= step for how_far, _each in rows), Rate(sum(far >= step for far in known), len(known))


def kaplan_meier(took: Sequence[int], waiting: Sequence[int], share: Fraction) -> int | None:
    """Return the first time at which at most `share` are still on their way, by the definition."""
    left = Fraction(1)
    for time in sorted(set(took)):
        at_risk = sum(each >= time for each in took) + sum(each >= time for each in waiting)
        left *= 1 - Fraction(took.count(time), at_risk)
        if left <= share:
            return time
    return None
