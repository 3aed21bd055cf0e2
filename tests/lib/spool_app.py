"""A tiny Celery application on the spool, for workers that the tests kill."""

import os
import time
from pathlib import Path

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES["spool"] = "handoff.lib.spool:Transport"

FOLDER = Path(os.environ.get("SPOOL_FOLDER", "/nowhere"))
MARKS = FOLDER / "marks"

app = Celery("spool_app", broker=f"spool://{FOLDER}/broker")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
)


@app.task
def mark(number: int) -> None:
    """Work a little, then note `number` and when it was done."""
    time.sleep(0.004)
    with MARKS.open("a") as marks:
        marks.write(f"{number} {time.time_ns()}\n")
