"""Running clocks as their tick sees them: plain rows, as after an outage there may be very many."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from handoff.leads.models import called
from handoff.queue.clocks import Pauses, pauses_in
from handoff.queue.models import Clock, Handoff, Snooze
from handoff.sla.ladder import Planned, Rung, planned
from handoff.sla.models import LadderStep, Metric, PinnedHours

OF_CLOCK = ("pk", "metric", "policy_id", "hours_id", "started_at", "due_at", "acts_at", "steps_done", "handoff_id",
            "offered_to_id")  # fmt: skip
OF_HANDOFF = ("pk", "team_id", "claimed_by_id", "assigned_to_id", "lead_id")
OF_NAME = ("lead__first_name", "lead__last_name", "lead__email", "lead__external_id")


class Whose(NamedTuple):
    """The handoff that a clock runs on."""

    pk: int
    team_id: int | None
    holder_id: int | None
    lead_id: int
    lead_name: str


@dataclass(slots=True)
class Running:
    """One running clock, with what is planned while it runs."""

    pk: int
    metric: str
    policy_id: int
    hours_id: int
    started_at: datetime
    due_at: datetime
    acts_at: datetime | None  # None once its plan is done
    steps_done: int
    handoff_id: int
    offered_to_id: int | None  # whose a takeover is
    handoff: Whose = field(init=False)
    plan: list[Planned] = field(init=False)

    def move_past(self, place: int) -> None:
        """Note that its plan is done up to and with `place`."""
        self.steps_done = place + 1
        self.acts_at = self.plan[place + 1].at if place + 1 < len(self.plan) else None


def lock_running(clocks: "QuerySet[Clock]") -> list[Running]:
    """Lock `clocks` and return them in their order, but those that another worker is at, as it will do them.

    The lock makes a touch that stops a clock at this moment wait, and the filter re-reads what it left.
    """
    locked = clocks.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    found = [Running(*row) for row in locked.values_list(*OF_CLOCK)]
    rows = Handoff.objects.filter(pk__in={clock.handoff_id for clock in found}).values_list(*OF_HANDOFF, *OF_NAME)
    whose = {row[0]: _whose(*row) for row in rows}
    plans = _Plans(found)
    for clock in found:
        clock.handoff, clock.plan = whose[clock.handoff_id], plans.of(clock)
    return found


def _whose(  # in the order of OF_HANDOFF and OF_NAME
    pk: int, team: int | None, claimed_by: int | None, assigned_to: int | None, lead: int, *name: Any
) -> Whose:
    return Whose(pk, team, claimed_by or assigned_to, lead, called(*name, pk=lead))


class _Plans:
    """Works out what is planned for some clocks, from what they share."""

    def __init__(self, clocks: Iterable[Running]) -> None:
        self._rungs: dict[tuple[int, str], list[Rung]] = defaultdict(list)
        for step in LadderStep.objects.filter(policy__in={clock.policy_id for clock in clocks}):
            self._rungs[step.policy_id, step.metric].append(step.rung())
        pinned = PinnedHours.objects.in_bulk({clock.hours_id for clock in clocks})
        self._hours = {pk: hours.hours() for pk, hours in pinned.items()}
        pausing = {clock.handoff_id for clock in clocks if clock.metric == Metric.VERDICT}
        snoozes: dict[int, list[Snooze]] = defaultdict(list)
        for snooze in Snooze.objects.filter(handoff__in=pausing):
            snoozes[snooze.handoff_id].append(snooze)
        self._pauses: dict[int, Pauses] = {pk: pauses_in(found) for pk, found in snoozes.items()}

    def of(self, clock: Running) -> list[Planned]:
        """Return the steps and the breach of `clock`, first things first."""
        pauses = self._pauses.get(clock.handoff_id, ()) if clock.metric == Metric.VERDICT else ()
        rungs, hours = self._rungs[clock.policy_id, clock.metric], self._hours[clock.hours_id]
        return planned(rungs, hours, clock.started_at, clock.due_at, pauses)
