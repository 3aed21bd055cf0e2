"""In a child: the tick that enforces, beside the bare UPDATE of its clocks and INSERT of the rows that it writes."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction

from handoff.outbox.models import Notice
from handoff.queue.enforcement import AT_ONCE, enforce_due
from handoff.queue.models import Breach, Clock, FiredStep
from tests.benchmarks.desks import NOW

TIMES = 3
FIRST = "CREATE TEMPORARY TABLE first_clock AS SELECT id, acts_at, steps_done FROM queue_clock"
# What a run wrote, with the columns that have values.
MADE = {
    "queue_clock": ("id", "acts_at", "steps_done"),
    "queue_breach": ("clock_id", "due_at", "holder_id", "recorded_at"),
    "queue_firedstep": ("clock_id", "step_id", "at", "fired_at", "outcome"),
    "outbox_notice": ("user_id", "cause", "text", "url", "about", "created_at", "mail_after"),
}
MOVE = "UPDATE queue_clock SET acts_at = moved.acts_at, steps_done = moved.steps_done"
TYPES = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass"
BACK = f"""
{MOVE} FROM first_clock moved WHERE moved.id = queue_clock.id;
DELETE FROM queue_breach WHERE recorded_at = %s;
TRUNCATE queue_firedstep, outbox_notice
"""


def enforce() -> dict[str, float]:
    """Take every due step several times, each way in turn; return the seconds of the best times of each."""
    due = Clock.objects.filter(acts_at__lte=NOW).count()
    _do(FIRST)
    taken = [_taken(due)]
    sent: list[float] = []
    inside: list[float] = []
    told = Notice.objects.count()
    batches = _keep()
    for _ in range(TIMES):
        for bare, seconds in ((lambda: _send(batches), sent), (_write_inside, inside)):
            _put_back()
            seconds.append(_seconds_of(bare)[0])
            assert (_recorded(), Notice.objects.count()) == (due, told)
        _put_back()
        taken.append(_taken(due))
    wall, process = min(taken)
    return {"due": due, "told": told, "wall": wall, "process": process, "sent": min(sent), "inside": min(inside)}


def _taken(due: int) -> tuple[float, float]:
    seconds = _seconds_of(lambda: enforce_due(at=NOW))
    assert _recorded() == due, f"{_recorded()} of {due} steps were taken"
    return seconds


def _recorded() -> int:
    return FiredStep.objects.count() + Breach.objects.filter(recorded_at=NOW).count()


def _keep() -> "list[list[tuple[str, list[list[Any]]]]]":
    """Keep what a run wrote, in tables and as batches of statements with their columns."""
    made = {}
    for table, columns in MADE.items():
        only = "WHERE recorded_at = %s" if table == "queue_breach" else ""
        names = ", ".join(columns)
        _do(f"CREATE TEMPORARY TABLE made_{table} AS SELECT {names} FROM {table} {only} ORDER BY id", NOW)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {names} FROM made_{table}")
            made[_sent(table)] = cursor.fetchall()
    batches = range(0, max(map(len, made.values())), AT_ONCE)
    return [list(_batch(made, first)) for first in batches]


def _batch(made: dict[str, list[tuple[Any, ...]]], first: int) -> "Iterator[tuple[str, list[list[Any]]]]":
    for statement, rows in made.items():
        if batch := rows[first : first + AT_ONCE]:
            yield statement, [list(column) for column in zip(*batch, strict=True)]


def _sent(table: str) -> str:
    """Return the statement that writes rows of `table` which come as one array a column."""
    with connection.cursor() as cursor:
        cursor.execute(TYPES, [table])
        types = dict(cursor.fetchall())
    arrays = ", ".join(f"%s::{types[column]}[]" for column in MADE[table])
    if table == "queue_clock":
        return f"{MOVE} FROM unnest({arrays}) AS moved ({', '.join(MADE[table])}) WHERE moved.id = queue_clock.id"
    return _insert(table, f"unnest({arrays})")


def _insert(table: str, source: str) -> str:
    return f"INSERT INTO {table} ({', '.join(MADE[table])}) SELECT * FROM {source}"


def _send(batches: "list[list[tuple[str, list[list[Any]]]]]") -> None:
    """Write the rows as a program has to that knows them already: a batch in a transaction."""
    for batch in batches:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement, columns in batch:
                cursor.execute(statement, columns)


@transaction.atomic
def _write_inside() -> None:
    """Write the rows from tables of the same database: one statement a table, and nothing is sent."""
    _do(f"{MOVE} FROM made_queue_clock moved WHERE moved.id = queue_clock.id")
    for table in list(MADE)[1:]:
        _do(_insert(table, f"made_{table}"))


def _put_back() -> None:
    _do(BACK, NOW)
    _do("VACUUM ANALYZE queue_clock, queue_breach, queue_firedstep, outbox_notice; CHECKPOINT")


def _do(statements: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        for statement in statements.split(";"):
            cursor.execute(statement, values if "%s" in statement else None)


def _seconds_of(work: Callable[[], object]) -> tuple[float, float]:
    """Return how long `work` takes, by the wall clock and by this process's own."""
    wall, process = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - process
