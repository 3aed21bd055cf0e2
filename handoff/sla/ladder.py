"""When the steps of a ladder fall due. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff.sla.clock import Hours, Pauses, add_business_time, business_time_between

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Rung:
    """One step: at `share` percent of the business time from start to due, or `offset` business minutes from due."""

    id: int
    metric: str
    action: str
    share: int | None = None
    offset: int | None = None


@dataclass(frozen=True)
class Planned:
    """What is to be done at an instant while a clock runs: a step of the ladder, or the breach (no rung)."""

    at: datetime
    rung: Rung | None


def planned(
    rungs: Iterable[Rung], hours: Hours, started_at: datetime, due_at: datetime, pauses: Pauses = ()
) -> list[Planned]:
    """Return the steps of `rungs`, which are all of one metric, and the breach, first things first.

    Steps of one instant come in their order and before the breach, as at due is in time. None lies before the start.
    """
    rungs = list(rungs)
    whole = business_time_between(hours, started_at, due_at, pauses) if rungs else timedelta(0)

    def instant_of(rung: Rung) -> datetime:
        wanted = whole * rung.share / 100 if rung.share is not None else whole + (rung.offset or 0) * MINUTE
        if wanted == whole:
            return due_at
        if wanted > whole:
            return add_business_time(hours, due_at, wanted - whole, pauses)
        return add_business_time(hours, started_at, max(wanted, timedelta(0)), pauses)

    steps = sorted((Planned(instant_of(rung), rung) for rung in rungs), key=lambda step: step.at)
    before = sum(step.at <= due_at for step in steps)
    return [*steps[:before], Planned(due_at, None), *steps[before:]]
