"""The small numbers in the side bar."""

from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Value
from django.db.models.functions import Coalesce

from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.filters import default_view, view_conditions
from handoff.queue.models import Disqualification, Handoff, Triage


def badges(user: User, *, at: datetime, queue: int | None = None) -> dict[str, int]:
    """Return what waits for `user`, in one query: leads, what marketing has to read or answer, breaches, notices.

    `queue` is how many leads there are, where a page has counted them already.
    """
    visible = Handoff.objects.open_to(user)
    if queue is None:
        waiting = _number(visible.filter(view_conditions(user, at)[default_view(user)]))
    # Of the handoffs only those that are late have a clock that has run out, and most are not late.
    run_out = visible.filter(due_at__lt=at, clocks__stopped_at=None, clocks__due_at__lt=at)
    numbers = {
        "queue": waiting if queue is None else Value(queue),
        "feedback": _number(Disqualification.objects.filter(acknowledged_at=None)) if user.is_marketer else Value(0),
        "triage": _number(Triage.objects.waiting()) if user.is_marketer or user.is_admin else Value(0),
        "breaches": _number(run_out),
        "notices": _number(Notice.objects.unread().filter(user=user)),
    }
    return dict(zip(numbers, User.objects.values_list(*numbers.values()).get(pk=user.pk), strict=True))


def _number(rows: "QuerySet[Any]") -> Coalesce:
    """Return how many rows there are, as a part of another query."""
    return Coalesce(rows.order_by().values(one=Value(1)).annotate(n=Count("pk")).values("n"), 0)
