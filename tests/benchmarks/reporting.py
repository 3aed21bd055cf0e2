"""In a child: the reports over closed handoffs, beside hand-written SQL for the same figures."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.http import QueryDict

from handoff.people.models import User
from handoff.queue.models import Clock, Handoff
from reports.catalogue import REPORTS
from tests.benchmarks.base import AT, HERE

TIMES = 3
DAYS = 200


def report() -> dict[str, float]:
    """Return seconds of the SLA report and of the funnel, and of the bare SQL for the same figures."""
    reader = User.objects.get(username="max")
    query = f"from={(AT - timedelta(days=DAYS)).date()}&to={AT.date()}"
    figures: dict[str, float] = {"clocks": Clock.objects.count(), "handoffs": Handoff.objects.count()}
    given = {"at": AT, "since": AT - timedelta(days=DAYS), "until": AT + timedelta(days=1)}
    for name in ("sla", "funnel"):
        statements = (HERE / f"{name}.sql").read_text().split(";")
        taken = {"report": partial(_report, name, reader, query), "bare": partial(_bare, statements, given)}
        figures |= {f"{name}_{what}": _best(ask) for what, ask in taken.items()}
    return figures


def _best(ask: Callable[[], Any]) -> float:
    """Return the seconds of the best of some times."""
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def _report(name: str, reader: User, query: str) -> None:
    asked = REPORTS[name].question(QueryDict(query), user=reader, at=AT)
    assert asked.is_valid(), asked.form.errors
    REPORTS[name].build(asked.cohort(), at=AT)


def _bare(statements: list[str], given: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '256MB'")
        cursor.execute("SET jit = off")
        for statement in statements:
            cursor.execute(statement, given)
            cursor.fetchall()
