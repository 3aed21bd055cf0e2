"""The audit trail: each act on the record."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from handoff.outbox.models import AuditEntry

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


def record(act: str, subject: str, *, by: "AbstractUser | None", at: datetime, **details: Any) -> None:
    """Keep that `by` did `act` to `subject` (such as "handoff 12") at `at`."""
    AuditEntry.objects.create(at=at, by_id=by.pk if by else None, act=act, subject=subject, details=details)
