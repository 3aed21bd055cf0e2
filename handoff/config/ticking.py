"""Running ticks, from the worker or by hand."""

import logging
from datetime import datetime

from django.utils.module_loading import import_string

from handoff.config.schedule import TICKS

log = logging.getLogger(__name__)
BY_NAME = {tick.name: tick for tick in TICKS}


def run(name: str, *, at: datetime) -> int:
    """Run one tick as of `at` and return how many rows it changed."""
    changed: int = import_string(BY_NAME[name].act)(at=at)
    if changed:
        log.info("tick %s: %d", name, changed)
    return changed


def run_all(*, at: datetime) -> dict[str, int | None]:
    """Run every tick once, in the order of the schedule; of one that failed there is None."""
    return {tick.name: _survive(tick.name, at) for tick in TICKS}


def _survive(name: str, at: datetime) -> int | None:
    """Run one tick; whatever is wrong with it must not keep the others from running, and is logged."""
    try:
        return run(name, at=at)
    except Exception:  # any mistake of any tick; the traceback is in the log
        log.exception("tick %s failed", name)
        return None
