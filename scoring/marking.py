"""Marking fields and kinds of activities as not scorable: rules are never suggested from them."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from scoring.models import NotScorable

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@transaction.atomic
def mark_not_scorable(names: Iterable[str], *, by: "AbstractBaseUser | None", at: datetime) -> None:
    """Make `names` the ones that are not scorable; who marked one before stays on record."""
    wanted = set(names)
    NotScorable.objects.exclude(name__in=wanted).delete()
    rows = [NotScorable(name=name, by=by, at=at) for name in sorted(wanted)]  # type: ignore[misc]
    NotScorable.objects.bulk_create(rows, ignore_conflicts=True)
