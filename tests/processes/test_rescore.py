"""The worker dies again and again while it scores the whole base anew: the next one goes on, and nothing is doubled."""

import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from handoff.config.celery import run_tick
from handoff.config.serving import site
from handoff.leads.models import Activity, Lead, LeadScore, Stage
from handoff.queue.models import Handoff, Verdict
from handoff.queue.rebasing import rescore_stale
from handoff.queue.verifying import broken_rows
from scoring.models import Publication
from tests.making import DAY, HOUR, PRICING, make_live, make_rep, make_team
from tests.processes.living import end, wait_until
from tests.processes.test_broker import ROOT, database_url

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
LEADS = 100_000 if os.environ.get("HANDOFF_LONG") else 5_000
KILLS = 5
EACH = 100  # one lead of so many rises, and one falls
FALLS, RISES, REST = "NL", "BE", "DE"

Begin = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Return what starts the site's worker, on a queue of its own with the bell rung as often as it has hands."""
    queue, started = f"test-{uuid4().hex[:8]}", []
    [worker] = [child for child in site(port=0) if child.name == "worker"]
    command = (*worker.command, "-Q", queue, "--include", "tests.processes.small_ranges")

    def start() -> "subprocess.Popen[bytes]":
        for _hand in range(2):
            run_tick.apply_async(("publications",), queue=queue)
        with (tmp_path / "worker.log").open("ab") as lines:
            started.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env={**os.environ, "DATABASE_URL": database_url()},
                    stdout=lines,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        return started[-1]

    yield start
    for process in started:
        end(process)


def test_a_rescore_killed_five_times_ends_with_every_score_right_and_nobody_handed_over_twice(begin: Begin) -> None:
    now = timezone.now()
    make_base(now)
    make_rep()  # who can see what is handed over
    make_live(*rules(falls=60, rises=40, visit=9), at=now - DAY)
    assert rescore_stale(at=now - DAY) == LEADS
    assert handed_over() == {(FALLS, ""): LEADS // EACH}
    publication = make_live(*rules(falls=40, rises=60, visit=12), at=now)

    rng = random.Random(KILLS)
    for _ in range(KILLS):
        kill_midway(begin, publication, more=rng.randint(1, LEADS // 8))
    begin()
    wait_until(lambda: is_done(publication), seconds=600, what="everybody is scored under what is live")

    assert done(publication) == LEADS
    assert not LeadScore.objects.exclude(scored_at=publication.at).exists()
    assert list(broken_rows()) == []
    assert handed_over() == {(FALLS, Verdict.COOLED): LEADS // EACH, (RISES, ""): LEADS // EACH}
    assert Handoff.objects.values("lead").distinct().count() == Handoff.objects.count()


def kill_midway(begin: Begin, publication: Publication, *, more: int) -> None:
    """Start a worker, and kill it once it has scored so many leads more, before it is through."""
    before = done(publication)
    worker = begin()
    wait_until(lambda: done(publication) >= before + more, seconds=120, what="the worker is in the middle of it")
    end(worker)
    assert before < done(publication) < LEADS, "the worker was through before it was killed"


def done(publication: Publication) -> int:
    """Return how many leads are scored under `publication`."""
    return LeadScore.objects.filter(publication=publication).count()


def is_done(publication: Publication) -> bool:
    """Return whether a worker found nobody left to score."""
    return Publication.objects.filter(pk=publication.pk, rescored_at__isnull=False).exists()


def handed_over() -> Counter[Any]:
    """Return how many handoffs there are, by the lead's country and the verdict."""
    return Counter(Handoff.objects.values_list("lead__country", "verdict"))


def rules(*, falls: int, rises: int, visit: int) -> tuple[dict[str, Any], ...]:
    """Return rules of which the first two alone decide who is MQL; visits give a few points that fade."""
    dutch, belgian = ({"field": "country", "op": "is", "value": value} for value in (FALLS, RISES))
    return (
        {"points": falls, "condition": dutch},
        {"points": rises, "condition": belgian},
        {**PRICING, "points": visit, "half_life": 30},
    )


def make_base(now: datetime) -> None:
    """Make the leads and their visits in few statements."""
    team, came_at = make_team(), now - 60 * DAY
    countries = {0: FALLS, 1: RISES}
    dates = {"stage_since": came_at, "created_at": came_at, "updated_at": came_at}
    leads = Lead.objects.bulk_create(
        (
            Lead(email=f"{n}@base.example", country=countries.get(n % EACH, REST), team=team, stage=Stage.LEAD, **dates)
            for n in range(LEADS)
        ),
        batch_size=2_000,
    )
    Activity.objects.bulk_create(
        (
            visit(lead, now - DAY * (2 + n % 40) - HOUR * time)
            for n, lead in enumerate(leads)
            if n % 3 == 0 and lead.country == REST
            for time in range(2)
        ),
        batch_size=2_000,
    )


def visit(lead: Lead, at: datetime) -> Activity:
    """Return a visit to the prices."""
    return Activity(
        lead=lead,
        source="web",
        source_id=f"{lead.pk}-{at:%H%M}",
        kind="page_view",
        occurred_at=at,
        received_at=at,
        properties={"url": "/pricing/"},
    )
