"""A worker as a real process, on whatever broker and database the environment names."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from handoff.config.celery import run_tick
from handoff.queue.models import Breach
from tests.making import DAY, make_calendar, make_handoff, make_policy

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[2]


def database_url() -> str:
    """Return the address of the database that this test runs on."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    host = f"{values['HOST'] or 'localhost'}:{values['PORT'] or 5432}"
    return f"postgresql://{values['USER']}:{values['PASSWORD']}@{host}/{values['NAME']}"


@pytest.fixture
def queue() -> Iterator[str]:
    """Start a worker that listens to a queue of its own, and return the queue's name."""
    name = f"test-{uuid4().hex[:8]}"
    command = [
        sys.executable,
        "-m",
        "celery",
        "--quiet",
        "-A",
        "handoff.config.celery",
        "worker",
        "--pool=solo",
        "-Q",
        name,
    ]
    worker = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "DATABASE_URL": database_url()})
    yield name
    worker.terminate()
    worker.wait(timeout=20)


def test_a_ring_of_the_bell_makes_the_worker_record_the_breach(queue: str) -> None:
    make_calendar()
    make_policy(first_touch_hours=1)
    make_handoff(at=timezone.now() - 10 * DAY)
    run_tick.apply_async(("breaches",), queue=queue)
    patience = time.monotonic() + 40
    while not Breach.objects.exists():
        assert time.monotonic() < patience, "the worker recorded no breach"
        time.sleep(0.2)
    assert Breach.objects.get().due_at < timezone.now() - 5 * DAY
