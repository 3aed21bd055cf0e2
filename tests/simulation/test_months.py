"""Months of a 30-person team in three countries, and what must be true of them whatever the workers do.

Short in the suite; HANDOFF_LONG=1 lives six months with 50,000 handoffs, or as many as HANDOFFS says.
"""

import os
import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from handoff.people.models import Team, User
from handoff.queue.clocks import pauses_of
from handoff.queue.models import Breach, Clock, FiredStep, Handoff
from handoff.queue.verifying import INVARIANTS
from handoff.sla.models import Metric
from reports.cohorts import Cohort
from reports.periods import Period
from reports.sla import sla_report
from tests.simulation.world import CHANGING, START, Workers, World
from tests.sla.business_time_oracle import Calendar, open_time

pytestmark = [pytest.mark.django_db, pytest.mark.long]
LONG = os.environ.get("HANDOFF_LONG") == "1"
WEEKS, HANDOFFS, LOOKED_AT = (26, int(os.environ.get("HANDOFFS", "50000")), 400) if LONG else (4, 90, 12)


def lived(seed: int, *, faults: bool, **values: Any) -> tuple[World, Workers]:
    """Live a world to its end, looking at it at each day's end."""
    world, workers = World(seed, WEEKS, HANDOFFS, **values), Workers(seed, faults)
    world.live(workers, look)
    assert world.opened == HANDOFFS
    return world, workers


def look(at: datetime) -> None:
    """Every invariant that costs no recomputation of scores holds now."""
    for invariant, check in INVARIANTS.items():
        assert not list(check()[:3]), f"{at}: {invariant}"


def story() -> list[tuple[object, ...]]:
    """Return all that the SLA is judged by, in terms that do not depend on when workers noticed."""
    clocks = Clock.objects.select_related("breach__holder", "handoff__lead").order_by(
        "handoff__lead__email", "metric", "round"
    )
    told: list[tuple[object, ...]] = []
    for clock in clocks:
        breach = getattr(clock, "breach", None)
        broken = (breach.due_at, str(breach.holder), breach.annulled_at is None) if breach else None
        told.append((clock.handoff.lead.email, clock.metric, clock.started_at, clock.due_at, clock.stopped_at,
                     clock.ending, clock.elapsed, broken, clock.handoff.verdict, clock.handoff.closed_at))  # fmt: skip
    return told


def figures(world: World) -> str:
    """Return the SLA report over everything, but for the ids of rows: another life has others."""
    period = Period(START.date(), world.end.date(), ZoneInfo("Europe/Amsterdam"))
    everything, choices = Handoff.objects.all(), {"by": "team", "metric": Metric.FIRST_TOUCH}
    before = Cohort(everything, period.before(), User(), choices)
    report = sla_report(Cohort(everything, period, User(), choices, before), at=world.end)
    broken = sorted(report.breaches.select("metric", "started", "due", "stopped", "cause").rows(), key=str)
    return f"{report} {broken}"


def forget() -> None:
    """Undo the world that was lived, inside the test's own transaction."""
    transaction.set_rollback(True)


def test_outages_kills_and_doubled_ticks_change_nothing_that_anybody_is_judged_by() -> None:
    with transaction.atomic():
        calm, _workers = lived(1, faults=False)
        expected, numbers = story(), figures(calm)
        forget()
    stormy, workers = lived(1, faults=True)
    assert story() == expected
    assert figures(stormy) == numbers
    assert workers.outages >= 3
    assert workers.kills >= 3


def test_with_ladders_that_give_leads_on_every_step_is_taken_once_and_every_breach_is_true() -> None:
    world, _workers = lived(2, faults=True, ladder=CHANGING, on_absence=Team.OnAbsence.NEXT)
    ran_out = Q(stopped_at__gt=F("due_at")) | Q(stopped_at=None, due_at__lt=world.end)
    breached = Exists(Breach.objects.filter(clock=OuterRef("pk"), annulled_at=None))
    assert not Clock.objects.filter(ran_out).exclude(breached).exists()
    assert not Clock.objects.exclude(ran_out).filter(breached).exists()
    assert Breach.objects.filter(annulled_at__isnull=False).exists()
    assert FiredStep.objects.values("step").distinct().count() == len(CHANGING)
    for clock in random.Random(2).sample(list(Clock.objects.select_related("hours", "handoff")), LOOKED_AT):
        assert_due_by_the_oracle(clock)


def assert_due_by_the_oracle(clock: Clock) -> None:
    """Just as much business time lies before due as was agreed, and less a second earlier; days count by dates."""
    value = clock.hours.value
    calendar = Calendar(
        value["zone"], [tuple(each) for each in value["openings"]], [_date(day) for day in value["closed"]]
    )
    target = clock.policy.targets.get(metric=clock.metric)
    pauses = pauses_of(clock.handoff) if clock.metric == Metric.VERDICT else []
    if target.unit == "hours":
        assert open_time(calendar, clock.started_at, clock.due_at, pauses) == timedelta(hours=target.amount)
        second = timedelta(seconds=1)
        assert open_time(calendar, clock.started_at, clock.due_at - second, pauses) < timedelta(hours=target.amount)
    elif not pauses and clock.due_at < clock.started_at + timedelta(days=41):
        first, last = (at.astimezone(calendar.zone).date() for at in (clock.started_at, clock.due_at))
        days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
        assert sum(day.weekday() < 5 and day not in calendar.closed for day in days) == target.amount


def _date(text: str) -> Any:
    return datetime.fromisoformat(text).date()


def test_a_worker_that_writes_first_and_looks_afterwards_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same storm finds the fault of a naive tick, which moves clocks on in a step of its own."""

    def naive(*, at: datetime) -> int:
        due = list(Clock.objects.running().filter(acts_at__lte=at, breach=None, due_at__lt=at))
        Clock.objects.filter(pk__in=[clock.pk for clock in due]).update(acts_at=None)
        for clock in due:
            Breach.objects.create(clock=clock, due_at=at, recorded_at=at)
        return len(due)

    monkeypatch.setattr("tests.simulation.world.TICKS", (naive,))
    world, workers = World(1, 3, 40), Workers(1, faults=True)
    with pytest.raises(AssertionError, match="a breach is dated when its clock was due"):
        world.live(workers, look)
    assert Handoff.objects.exists()
