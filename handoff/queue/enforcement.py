"""The tick that finds clocks past their due instant."""

from datetime import datetime

from django.db import connection, transaction

from handoff.queue.clocks import record_breach
from handoff.queue.models import Clock

AT_ONCE = 100


def record_due_breaches(*, at: datetime) -> int:
    """Record a breach for each clock that ran out before `at`, oldest first; return how many."""
    found = 0
    last: tuple[datetime, int] | None = None
    while True:
        with transaction.atomic():
            clocks = list(_overdue(at))
            found += sum(record_breach(clock, at=at) for clock in clocks)
        position = (clocks[-1].due_at, clocks[-1].pk) if clocks else None
        if len(clocks) < AT_ONCE or position == last:
            return found
        last = position


def _overdue(at: datetime) -> "list[Clock]":
    # The lock makes a touch that stops the clock at this moment wait, and the filter re-reads what it left; rows
    # that another worker is at are skipped, as it will record them.
    skip = connection.features.has_select_for_update_skip_locked
    clocks = Clock.objects.overdue(at).select_for_update(skip_locked=skip, of=("self",) if skip else ())
    return list(clocks.order_by("due_at", "id")[:AT_ONCE])
