"""The small numbers in the side bar."""

from typing import Any

from django.db.models import Count, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.filters import default_view, view_conditions
from handoff.queue.models import Breach, Disqualification, Handoff, Triage


def badges(user: User) -> dict[str, int]:
    """Return what waits for `user`, in one query: leads, what marketing has to read or answer, breaches, notices."""
    visible = Handoff.objects.open_to(user)
    open_breaches = Breach.objects.filter(clock__stopped_at=None, annulled_at=None)
    numbers = {
        "queue": _number(visible.filter(view_conditions(user, timezone.now())[default_view(user)])),
        "feedback": _number(Disqualification.objects.filter(acknowledged_at=None)) if user.is_marketer else Value(0),
        "triage": _number(Triage.objects.waiting()) if user.is_marketer or user.is_admin else Value(0),
        "breaches": _number(open_breaches.filter(clock__handoff__in=visible)),
        "notices": _number(Notice.objects.unread().filter(user=user)),
    }
    return dict(zip(numbers, User.objects.values_list(*numbers.values()).get(pk=user.pk), strict=True))


def _number(rows: "QuerySet[Any]") -> Coalesce:
    """Return how many rows there are, as a part of another query."""
    return Coalesce(rows.order_by().values(one=Value(1)).annotate(n=Count("pk")).values("n"), 0)
