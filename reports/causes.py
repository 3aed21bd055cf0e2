"""Why a clock ran out, derived from facts about the instant it was due.

The first of these that is true is the cause:

1. never assigned: nobody held the handoff at due;
2. reassigned late: who held it at due had it for less than the last quarter of the clock's business time;
3. over capacity: who held it at due held more open handoffs then than they can carry (all their teams together);
4. out of hours: the handoff came while its pinned hours were closed (first touch only: later metrics have days);
5. not opened: who held it had not opened it by then;
6. opened, not touched: no touch by then;
7. touched, not finished: a touch by then, but not what the clock was waiting for.

Nothing here reads the breach rows: a breach counts from when it happened, not from when a worker noticed.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from handoff.people.models import Membership
from handoff.queue.models import Assignment, Clock
from handoff.sla.clock import Hours, business_time_between
from handoff.sla.models import Metric, PinnedHours
from handoff.sla.timeline import MICROSECOND
from reports.filters import Handoffs


class Cause(models.TextChoices):
    """Why a clock ran out, in order of precedence."""

    NEVER_ASSIGNED = "never_assigned", _("Never assigned")
    REASSIGNED_LATE = "reassigned_late", _("Reassigned late")
    OVER_CAPACITY = "over_capacity", _("Over capacity")
    OUT_OF_HOURS = "out_of_hours", _("Handed over out of hours")
    NOT_OPENED = "not_opened", _("Not opened")
    NOT_TOUCHED = "not_touched", _("Opened, not touched")
    NOT_FINISHED = "not_finished", _("Touched, not finished")


class Overrun(NamedTuple):
    """A clock that passed its due instant, with what its cause may hang on."""

    clock_id: int
    handoff_id: int
    team_id: int | None
    metric: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    hours_id: int
    seen_at: datetime | None
    touched_at: datetime | None


@dataclass(frozen=True)
class Explained:
    """An overrun with who held the handoff at due (None: nobody) and its cause."""

    overrun: Overrun
    holder_id: int | None
    cause: Cause


class Holding(NamedTuple):
    """Who held a handoff from when to when."""

    user_id: int
    started_at: datetime
    ended_at: datetime | None
    how: str


def overruns(handoffs: Handoffs, at: datetime) -> list[Overrun]:
    """Return the clocks of `handoffs` that ran out before `at`: those still open first, then the newest."""
    ran_out = Q(stopped_at=None, due_at__lt=at) | Q(stopped_at__gt=F("due_at"))
    rows = Clock.objects.filter(ran_out, handoff__in=handoffs)
    fields = ("pk", "handoff_id", "handoff__team_id", "metric", "started_at", "due_at", "stopped_at", "hours_id")
    found = [Overrun(*row) for row in rows.values_list(*fields, "handoff__seen_at", "handoff__touched_at")]
    return sorted(found, key=lambda each: (each.stopped_at is not None, -each.due_at.timestamp(), -each.clock_id))


def explained(handoffs: Handoffs, found: Sequence[Overrun]) -> list[Explained]:
    """Return each overrun with its holder at due and its cause; five queries at most, however many there are."""
    if not found:
        return []
    holdings = _holdings(handoffs, found)
    held = {each.clock_id: _holding_at(holdings.get(each.handoff_id, ()), each.due_at) for each in found}
    loads = Loads.of({holding.user_id for holding in held.values() if holding}, found)
    pinned = PinnedHours.objects.in_bulk({each.hours_id for each in found})
    hours = {key: row.hours() for key, row in pinned.items()}
    return [
        Explained(each, holding.user_id if holding else None, cause_of(each, holding, loads, hours[each.hours_id]))
        for each in found
        for holding in [held[each.clock_id]]
    ]


def cause_of(overrun: Overrun, holding: Holding | None, loads: "Loads", hours: Hours) -> Cause:
    """Return the first cause that is true."""
    due = overrun.due_at
    if holding is None:
        return Cause.NEVER_ASSIGNED
    if _came_late(holding, overrun, hours):
        return Cause.REASSIGNED_LATE
    if loads.is_over(holding.user_id, due):
        return Cause.OVER_CAPACITY
    if overrun.metric == Metric.FIRST_TOUCH and not _is_open(hours, overrun.started_at):
        return Cause.OUT_OF_HOURS
    if overrun.touched_at and overrun.touched_at <= due:
        return Cause.NOT_FINISHED
    is_opened = holding.how == Assignment.How.CLAIM or (overrun.seen_at is not None and overrun.seen_at <= due)
    return Cause.NOT_TOUCHED if is_opened else Cause.NOT_OPENED


def _came_late(holding: Holding, overrun: Overrun, hours: Hours) -> bool:
    whole = business_time_between(hours, overrun.started_at, overrun.due_at)
    theirs = business_time_between(hours, max(holding.started_at, overrun.started_at), overrun.due_at)
    return theirs * 4 < whole


def _is_open(hours: Hours, at: datetime) -> bool:
    return business_time_between(hours, at, at + MICROSECOND) > timedelta(0)


def _holdings(handoffs: Handoffs, found: Sequence[Overrun]) -> Mapping[int, list[Holding]]:
    """Return who held each handoff that has an overrun, in order."""
    wanted = {each.handoff_id for each in found}
    rows = Assignment.objects.filter(handoff__in=handoffs, started_at__lte=max(each.due_at for each in found))
    held: dict[int, list[Holding]] = defaultdict(list)
    fields = ("handoff_id", "user_id", "started_at", "ended_at", "how")
    for handoff_id, *rest in rows.order_by("started_at", "id").values_list(*fields):
        if handoff_id in wanted:
            held[handoff_id].append(Holding(*rest))
    return held


def _holding_at(holdings: Iterable[Holding], at: datetime) -> Holding | None:
    running = [each for each in holdings if each.started_at <= at and (each.ended_at is None or each.ended_at > at)]
    return running[-1] if running else None


@dataclass(frozen=True)
class Loads:
    """How many open handoffs people held at any instant, and how many they can carry."""

    starts: Mapping[int, list[datetime]]
    ends: Mapping[int, list[datetime]]
    capacity: Mapping[int, int]

    @classmethod
    def of(cls, people: set[int], found: Sequence[Overrun]) -> "Loads":
        """Read what `people` held around the due instants of `found`."""
        capacity: dict[int, int] = defaultdict(int)
        for user_id, room in Membership.objects.filter(user__in=people).values_list("user_id", "capacity"):
            capacity[user_id] += room
        dues = [each.due_at for each in found]
        held = Assignment.objects.filter(user__in=people, started_at__lte=max(dues)).exclude(ended_at__lte=min(dues))
        starts: dict[int, list[datetime]] = defaultdict(list)
        ends: dict[int, list[datetime]] = defaultdict(list)
        for user_id, started_at, ended_at in held.values_list("user_id", "started_at", "ended_at"):
            starts[user_id].append(started_at)
            if ended_at:
                ends[user_id].append(ended_at)
        return cls(_sorted(starts), _sorted(ends), capacity)

    def is_over(self, user_id: int, at: datetime) -> bool:
        """Return whether they held more at `at` than they can carry; without a team nothing says how many."""
        held = bisect_right(self.starts.get(user_id, []), at) - bisect_right(self.ends.get(user_id, []), at)
        return user_id in self.capacity and held > self.capacity[user_id]


def _sorted(instants: Mapping[int, list[datetime]]) -> dict[int, list[datetime]]:
    return {key: sorted(values) for key, values in instants.items()}
