"""Whatever is killed while steps fall due, at whatever instant: each is taken once, and none before its time.

The same kills find the mistakes of naive ticks. HANDOFF_LONG=1: 20,000 steps, ten hands at work, 200 kills.
"""

import itertools
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F, Max
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from handoff.queue.enforcement import enforce_due
from handoff.queue.models import Breach, Clock, FiredStep
from handoff.queue.verifying import broken_rows
from tests.making import HOUR, MONDAY_9AM
from tests.processes.fleet import APP, Fleet
from tests.processes.ladders import LADDER, Action, Mistakes, make_ladders, mistakes
from tests.processes.living import House, free_port, wait_until
from tests.processes.naive_ticks import record_first, record_last
from tests.processes.test_broker import database_url

LONG = os.environ.get("HANDOFF_LONG") == "1"
CLOCKS, KILLS, WORKERS = (4_000, 200, 5) if LONG else (60, 8, 2)
STORM, CALM = (600.0, 60.0) if LONG else (10.0, 4.0)  # seconds in which steps fall due
WHOLE, HURRIED = timedelta(seconds=4), "tests.processes.hurried"
PROMISED = 30  # seconds

Begin = Callable[..., Fleet]
Tick = Callable[..., int]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Return what starts a fleet on this test's database, with a broker of its own."""
    house, started = House(tmp_path, free_port(), database_url()), []

    def start(**values: Any) -> Fleet:
        started.append(Fleet(house, app=HURRIED, **values))
        return started[-1]

    yield start
    for fleet in started:
        fleet.end()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_doubled_or_early_while_beats_workers_and_their_hands_are_killed(begin: Begin) -> None:
    fleet, rng, killed = begin(workers=WORKERS), random.Random(KILLS), Counter[str]()
    apart = timedelta(seconds=STORM + CALM) / CLOCKS
    make_ladders(CLOCKS, first_at=timezone.now() + timedelta(seconds=3), apart=apart, whole=WHOLE)
    wait_until(FiredStep.objects.exists, seconds=60, what="the first step is taken")
    began = time.monotonic()
    for kill in range(1, KILLS + 1):
        killed[fleet.strike(rng, patience=5)] += 1
        time.sleep(max(0.0, began + STORM * kill / KILLS - time.monotonic()))
    fleet.leave_one(app=APP if LONG else HURRIED)
    calm_at = timezone.now()
    wait_until(lambda: not Clock.objects.filter(acts_at__isnull=False).exists(), seconds=300, what="all is done")

    assert mistakes() == Mistakes()
    assert list(broken_rows()) == []
    assert FiredStep.objects.count() == CLOCKS * len(LADDER)
    sys.stdout.write(f"{killed}; lag: {lag():.1f} s, of what fell due after the kills: {lag(since=calm_at):.1f} s\n")
    assert killed["hand at work"] + killed["worker at work"] >= KILLS / 4, "the kills are to meet workers at work"
    assert lag(since=calm_at) <= PROMISED


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_the_same_kills_find_what_a_naive_worker_loses(begin: Begin) -> None:
    fleet, rng = begin(workers=1, naive=True), random.Random(KILLS)
    make_ladders(60, first_at=timezone.now() - HOUR, apart=timedelta(0), whole=WHOLE)
    killed = Counter(fleet.strike(rng, patience=20, kinds=["worker", "hand"]) for _ in range(3))
    wait_until(lambda: not Clock.objects.filter(acts_at__isnull=False).exists(), seconds=120, what="all is done")
    assert mistakes().lost, killed


def lag(since: datetime = MONDAY_9AM) -> float:
    """Return by how many seconds what fell due `since` then came late at most."""
    steps = FiredStep.objects.filter(at__gte=since).aggregate(most=Max(F("fired_at") - F("at")))["most"]
    breaches = Breach.objects.filter(due_at__gte=since).aggregate(most=Max(F("recorded_at") - F("due_at")))["most"]
    return float(max(steps or timedelta(0), breaches or timedelta(0)).total_seconds())


class Killed(BaseException):
    """What a tick dies of here: nothing catches it."""


def kills(tick: Tick, *, at: datetime) -> Iterator[Mistakes]:
    """Kill `tick` after each of its calls of the database in turn; yield what is wrong once the next one did the rest.

    The last one yielded is of a tick that was not killed.
    """
    dies_after, is_through = 0, False
    while not is_through:
        dies_after += 1
        with transaction.atomic():
            is_through = lives(tick, at=at, calls=dies_after)
            tick(at=at)
            yield mistakes()
            transaction.set_rollback(True)


def lives(tick: Tick, *, at: datetime, calls: int) -> bool:
    """Let `tick` die after so many calls of the database, commits among them, unless it is through before."""
    left = itertools.count(calls - 1, -1)

    def call(execute: Callable[..., Any], *arguments: Any) -> Any:
        result = execute(*arguments)
        if next(left) == 0:
            raise Killed
        return result

    try:
        with connection.execute_wrapper(call):
            tick(at=at)
    except Killed:
        return False
    return True


@pytest.fixture
def due_at() -> datetime:
    """Make two clocks of which one step that changes the handoff, two that tell somebody and the breach are due."""
    actions = (Action.TELL_OWNER, Action.NEXT_REP, Action.TELL_TEAM)
    make_ladders(2, first_at=MONDAY_9AM, apart=timedelta(seconds=1), whole=WHOLE, actions=actions)
    return MONDAY_9AM + HOUR


@pytest.mark.django_db
def test_killed_after_any_call_of_the_database_the_tick_is_made_good_by_the_next(due_at: datetime) -> None:
    found = list(kills(enforce_due, at=due_at))
    assert len(found) > 50
    assert found == [Mistakes()] * len(found)


@pytest.mark.parametrize(
    ("tick", "loses"),
    [pytest.param(record_first, True, id="on record first"), pytest.param(record_last, False, id="on record last")],
)
@pytest.mark.django_db
def test_the_same_kills_find_what_a_naive_tick_loses_or_doubles(due_at: datetime, tick: Tick, loses: bool) -> None:
    found = next(found for found in kills(tick, at=due_at) if found != Mistakes())
    assert (bool(found.lost), bool(found.doubled)) == (loses, not loses)
    tick(at=due_at)
    assert mistakes() == Mistakes()


@pytest.mark.django_db
def test_after_an_outage_the_work_grows_with_what_is_due_and_no_faster() -> None:
    clocks = 60
    make_ladders(clocks, first_at=MONDAY_9AM, apart=timedelta(seconds=1), whole=WHOLE)
    with CaptureQueriesContext(connection) as asked:
        done = enforce_due(at=MONDAY_9AM + HOUR)
    assert done == clocks * (len(LADDER) + 1)
    limits = [int(limit) for query in asked for limit in re.findall(r'FROM "queue_clock".* LIMIT (\d+)', query["sql"])]
    assert done / 4 < sum(min(limit, clocks) for limit in limits) < 8 * done, "so many clocks are read to do it"
