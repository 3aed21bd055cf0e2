"""When the steps of a policy would fall due for a handoff that opens at a given time."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from handoff.sla.clock import Hours, due_at
from handoff.sla.ladder import planned
from handoff.sla.models import LadderStep, Metric, Policy


@dataclass(frozen=True)
class Step:
    """One instant of one metric: `step` is an action or due, `local` the wall time of the calendar's zone."""

    metric: str
    step: str
    at: datetime
    local: datetime

    def to_json(self) -> dict[str, str]:
        """Return the step as plain JSON values."""
        return {"metric": self.metric, "step": self.step, "at": self.at.isoformat(), "local": self.local.isoformat()}

    @property
    def metric_label(self) -> str:
        """The metric in words."""
        return str(Metric(self.metric).label)

    @property
    def label(self) -> str:
        """What happens, in words; nothing for due itself."""
        return "" if self.step == "due" else str(LadderStep.Action(self.step).label)


def preview_of(policy: Policy, hours: Hours, start: datetime) -> list[Step]:
    """Return what falls due under `policy`, first things first, if a handoff opens at `start`.

    Raises NoOpenHours if `hours` never open.
    """
    ladder = [step.rung() for step in policy.ladder.all()]
    steps = []
    for target in policy.targets.all():
        rungs = [rung for rung in ladder if rung.metric == target.metric]
        for one in planned(rungs, hours, start, due_at(hours, start, target.for_clock())):
            name = one.rung.action if one.rung else "due"
            steps.append(Step(target.metric, name, one.at, one.at.astimezone(ZoneInfo(hours.zone))))
    return sorted(steps, key=lambda step: step.at)
