"""Telling people: one line under the bell, and a mail, each at most once per person and cause."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from handoff.outbox.models import Mail, Notice

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

# Mail never leaves before the act that caused it can no longer be undone.
UNDO_TIME = timedelta(seconds=10)


def notify(
    people: "Iterable[AbstractUser]",
    *,
    cause: str,
    say: Callable[[], str],
    url: str,
    at: datetime,
    by_mail: bool = True,
) -> None:
    """Tell each of `people` once for `cause`, in their language; `say` is called under it and returns the text."""
    notices, mails = [], []
    for person in people:
        with translation.override(getattr(person, "language", settings.LANGUAGE_CODE)):
            text = say()
            notices.append(Notice(user_id=person.pk, cause=cause, text=text[:300], url=url, created_at=at))
            if by_mail and person.email:
                mails.append(
                    Mail(
                        to=person.email,
                        subject=text[:200],
                        body=_("%(text)s\n\nOpen it here: %(url)s\n") % {"text": text, "url": settings.BASE_URL + url},
                        cause=cause,
                        created_at=at,
                        not_before=at + UNDO_TIME,
                    )
                )
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    Mail.objects.bulk_create(mails, ignore_conflicts=True)


def mark_read(notices: "Iterable[int]", *, user: "AbstractUser", at: datetime) -> int:
    """Mark these notices of `user` as read and return how many were unread."""
    return Notice.objects.unread().filter(user_id=user.pk, id__in=list(notices)).update(read_at=at)


def withdraw(cause: str) -> None:
    """Take back what has not reached anybody: mail not yet sent and notices not yet read."""
    Mail.objects.filter(cause=cause, sent_at=None).delete()
    Notice.objects.unread().filter(cause=cause).delete()
