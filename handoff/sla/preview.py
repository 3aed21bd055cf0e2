"""When the steps of a policy would fall due for a handoff that opens at a given time. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from handoff.sla.clock import Hours, Target, due_at


@dataclass(frozen=True)
class Step:
    """One instant of one metric: `at` in UTC, `local` on the wall of the calendar's zone."""

    metric: str
    step: str
    at: datetime
    local: datetime

    def to_json(self) -> dict[str, str]:
        """Return the step as plain JSON values."""
        return {"metric": self.metric, "step": self.step, "at": self.at.isoformat(), "local": self.local.isoformat()}


def preview(targets: Iterable[tuple[str, Target]], hours: Hours, start: datetime) -> list[Step]:
    """Return what falls due, first things first, if a handoff opens at `start`; NoOpenHours if hours never open."""
    steps = []
    for metric, target in targets:
        at = due_at(hours, start, target)
        steps.append(Step(metric, "due", at, at.astimezone(ZoneInfo(hours.zone))))
    return sorted(steps, key=lambda step: step.at)
