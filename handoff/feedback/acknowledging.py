"""Marketing has read a verdict."""

from collections.abc import Iterable
from datetime import datetime

from handoff.lib.refusals import require
from handoff.people.models import User
from handoff.queue.models import Disqualification


def acknowledge(verdicts: Iterable[int], *, by: User, at: datetime) -> int:
    """Mark these disqualifications as read by marketing and return how many were new."""
    require(by.is_marketer or by.is_admin)
    unread = Disqualification.objects.filter(id__in=list(verdicts), acknowledged_at=None)
    return unread.update(acknowledged_at=at, acknowledged_by=by)
