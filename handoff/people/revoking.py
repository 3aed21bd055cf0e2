"""Revoking: a token stops opening doors."""

from datetime import datetime

from django.db.models import QuerySet

from handoff.people.models import ApiToken


def revoke(tokens: QuerySet[ApiToken], *, at: datetime) -> int:
    """Revoke those of `tokens` that are not revoked yet, and return how many those were."""
    return tokens.filter(revoked_at=None).update(revoked_at=at)
