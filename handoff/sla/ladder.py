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
class PlannedStep:
    """A step and its instant."""

    at: datetime
    rung: Rung


def planned_steps(
    rungs: Iterable[Rung], hours: Hours, started_at: datetime, due_at: datetime, pauses: Pauses = ()
) -> list[PlannedStep]:
    """Return the instants of `rungs`, which are all of one metric, first things first; equal ones in their order.

    No step lies before the start. One at 100 percent, or at an offset of nothing, is due when its clock is.
    """
    rungs = list(rungs)
    if not rungs:
        return []
    whole = business_time_between(hours, started_at, due_at, pauses)

    def instant_of(rung: Rung) -> datetime:
        if rung.share == 100 or rung.offset == 0:
            return due_at
        if rung.offset is not None and rung.offset > 0:
            return add_business_time(hours, due_at, rung.offset * MINUTE, pauses)
        wanted = whole * rung.share / 100 if rung.share is not None else whole + (rung.offset or 0) * MINUTE
        if wanted > whole:
            return add_business_time(hours, due_at, wanted - whole, pauses)
        return add_business_time(hours, started_at, max(wanted, timedelta(0)), pauses)

    return sorted((PlannedStep(instant_of(rung), rung) for rung in rungs), key=lambda step: step.at)
