"""The list of breaches as people read it: whose lead, what was due when, how late, and where it stands now."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db.models import Prefetch
from django.urls import reverse

from handoff.people.models import User
from handoff.queue.models import Clock, FiredStep, Snooze
from reports.causes import Cause
from reports.grouping import named_among


@dataclass(frozen=True)
class BreachRow:
    """One breach. `owner` is who held the lead at due, if the reader's reports may name them; `held` if anybody did."""

    clock: Clock
    owner: User | None
    held: bool
    cause: Cause
    late_by: timedelta
    steps: list[FiredStep] = field(default_factory=list)
    pauses: list[Snooze] = field(default_factory=list)

    @property
    def state(self) -> str:
        """How the clock ended, "open" while it runs."""
        return self.clock.ending or "open"

    @property
    def is_unclaimed(self) -> bool:
        """Whether nobody held the lead at due."""
        return not self.held

    @property
    def steps_count(self) -> int:
        """How many steps of the ladder were taken."""
        return len(self.steps)

    @property
    def pauses_count(self) -> int:
        """How many times the clock stood still."""
        return len(self.pauses)

    @property
    def company(self) -> str:
        """The lead's company."""
        company = self.clock.handoff.lead.company
        return company.name if company else ""

    @property
    def url(self) -> str:
        """Where the handoff is."""
        return reverse("handoff", args=[self.clock.handoff_id])


def breach_rows(breaches: pl.DataFrame, reader: User, *, at: datetime) -> list[BreachRow]:
    """Return the rows of these breaches (a page of them), in order, with the ladder and the pauses behind each."""
    related = ("handoff__lead__company", "handoff__team", "policy")
    behind: list[Any] = [
        Prefetch("fired_steps", FiredStep.objects.select_related("step").order_by("at", "id")),
        "handoff__snoozes",
    ]
    keys = breaches["clock"].to_list()
    clocks = Clock.objects.select_related(*related).prefetch_related(*behind).in_bulk(keys)
    owners = named_among(breaches["holder"].drop_nulls().to_list(), reader)
    rows = zip(keys, breaches["holder"], breaches["cause"], strict=True)
    return [_row(clocks[key], owners.get(holder), holder is not None, cause, at) for key, holder, cause in rows]


def _row(clock: Clock, owner: User | None, held: bool, cause: str, at: datetime) -> BreachRow:
    # Only the clock of the verdict stands still while a handoff sleeps.
    pauses = list(clock.handoff.snoozes.all()) if clock.metric == "verdict" else []
    late_by = (clock.stopped_at or at) - clock.due_at
    return BreachRow(clock, owner, held, Cause(cause), late_by, list(clock.fired_steps.all()), pauses)
