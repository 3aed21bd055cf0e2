"""A worker as a real process, on whatever broker and database the environment names."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from handoff.config.celery import run_tick
from handoff.queue.models import Breach
from tests.making import DAY, make_calendar, make_handoff, make_policy
from tests.processes.living import descendants_of, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[2]
Listen = Callable[[str], tuple[str, int]]


def database_url() -> str:
    """Return the address of the database that this test runs on."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    host = f"{values['HOST'] or 'localhost'}:{values['PORT'] or 5432}"
    return f"postgresql://{values['USER']}:{values['PASSWORD']}@{host}/{values['NAME']}"


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Return what starts a worker with such a pool on a queue of its own, and returns its name and the worker's id."""
    started: list[subprocess.Popen[bytes]] = []

    def start(pool: str) -> tuple[str, int]:
        name = f"test-{uuid4().hex[:8]}"
        command = (sys.executable, "-m", "celery", "--quiet", "-A", "handoff.config.celery", "worker", "-Q", name)
        environment = {**os.environ, "DATABASE_URL": database_url()}
        started.append(subprocess.Popen((*command, f"--pool={pool}", "--concurrency=2"), cwd=ROOT, env=environment))
        return name, started[-1].pid

    yield start
    for worker in started:
        worker.terminate()
        worker.wait(timeout=20)


def ring_until_a_breach_is_recorded(queue: str) -> None:
    """Let one more clock run out and ring the bell."""
    handoff = make_handoff(at=timezone.now() - 10 * DAY)
    run_tick.apply_async(("enforcement",), queue=queue)
    recorded = Breach.objects.filter(clock__handoff=handoff, due_at__lt=timezone.now() - 5 * DAY)
    wait_until(recorded.exists, seconds=40, what="the worker recorded the breach")


@pytest.fixture(autouse=True)
def _agreement() -> None:
    make_calendar()
    make_policy(first_touch_hours=1)


def test_a_ring_of_the_bell_makes_the_worker_record_the_breach(listen: Listen) -> None:
    queue, _worker = listen("solo")
    ring_until_a_breach_is_recorded(queue)


def test_a_worker_hears_the_bell_after_each_of_its_hands_was_killed_while_it_waited(listen: Listen) -> None:
    queue, worker = listen("prefork")
    for _round in range(4):
        ring_until_a_breach_is_recorded(queue)
        for hand in sorted(descendants_of(worker)):
            os.kill(hand, signal.SIGKILL)
            ring_until_a_breach_is_recorded(queue)
