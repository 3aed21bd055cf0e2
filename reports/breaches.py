"""The list of breaches as people read it: whose lead, what was due when, how late, and where it stands now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff.people.models import User
from handoff.queue.models import Clock
from reports.causes import Cause, Explained


@dataclass(frozen=True)
class BreachRow:
    """One breach. Operational lists are always named, so it has the owner: who held the lead at due, if anybody."""

    clock: Clock
    owner: User | None
    cause: Cause
    late_by: timedelta

    @property
    def state(self) -> str:
        """How the clock ended, "open" while it runs."""
        return self.clock.ending or "open"


def breach_rows(breaches: Sequence[Explained], *, at: datetime) -> list[BreachRow]:
    """Return the rows of these breaches (a page of them), in their order; two queries."""
    related = ("handoff__lead__company", "handoff__team", "policy")
    clocks = Clock.objects.select_related(*related).in_bulk([each.overrun.clock_id for each in breaches])
    owners = User.objects.in_bulk({each.holder_id for each in breaches if each.holder_id})
    return [
        BreachRow(
            clock=clocks[each.overrun.clock_id],
            owner=owners[each.holder_id] if each.holder_id else None,
            cause=each.cause,
            late_by=(each.overrun.stopped_at or at) - each.overrun.due_at,
        )
        for each in breaches
    ]
