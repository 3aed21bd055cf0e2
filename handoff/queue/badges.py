"""The small numbers in the side bar."""

from django.utils import timezone

from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.filters import default_view, view_conditions
from handoff.queue.models import Breach, Disqualification, Handoff


def badges(user: User) -> dict[str, int]:
    """Return what waits for `user`: leads, verdicts not yet read by marketing, open breaches, notices."""
    visible = Handoff.objects.visible_to(user).open()
    conditions = view_conditions(user, timezone.now())
    return {
        "queue": visible.filter(conditions[default_view(user)]).count(),
        "feedback": Disqualification.objects.filter(acknowledged_at=None).count() if user.is_marketer else 0,
        "breaches": Breach.objects.filter(clock__handoff__in=visible, clock__stopped_at=None, annulled_at=None).count(),
        "notices": Notice.objects.unread().filter(user=user).count(),
    }
