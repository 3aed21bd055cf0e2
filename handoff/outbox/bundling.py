"""The tick that makes mail of notices: all that waits for a person goes into one."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handoff.outbox.models import Mail, Notice
from handoff.outbox.notices import UNDO_TIME

AT_ONCE = 100  # people


def mail_notices(*, at: datetime) -> int:
    """Write a mail to each person for whom one is due and return how many. Any number of workers may run this."""
    written, last = 0, 0
    while people := _due(at, after=last):
        written += _write(people, at)
        last = people[-1]
    return written


def _due(at: datetime, *, after: int) -> list[int]:
    due = Notice.objects.filter(mail_after__lte=at, user_id__gt=after).order_by("user_id")
    return list(due.values_list("user_id", flat=True).distinct()[:AT_ONCE])


@transaction.atomic
def _write(people: list[int], at: datetime) -> int:
    # A person whom another worker is at is left to it, so that what waits for them stays in one mail. So is a notice
    # that is just being read or settled: an act that does so twice and this tick could wait for each other.
    users = get_user_model().objects.filter(pk__in=people).select_for_update(skip_locked=True, no_key=True).in_bulk()
    # What is not due yet comes along as soon as it can no longer be undone.
    waiting = Notice.objects.filter(user_id__in=users, mail_after__isnull=False, created_at__lte=at - UNDO_TIME)
    waiting = waiting.select_related("user").select_for_update(skip_locked=True, of=("self",))
    notices = list(waiting.order_by("user_id", "created_at", "id"))
    Notice.objects.filter(id__in=[notice.pk for notice in notices]).update(mail_after=None)
    wanted = filter(_is_wanted, notices)
    mails = [_mail(list(theirs), at) for _user, theirs in groupby(wanted, key=lambda notice: notice.user_id)]
    Mail.objects.bulk_create(mails, ignore_conflicts=True)
    return len(mails)


def _is_wanted(notice: Notice) -> bool:
    user = notice.user
    return notice.read_at is None and user.is_active and bool(user.email) and user.notice_mail != "never"


def _mail(notices: Sequence[Notice], at: datetime) -> Mail:
    """Return the mail to the person of `notices`. A notice goes into one mail only, so its first one's id names it."""
    first, count = notices[0], len(notices)
    with translation.override(first.user.language):
        many = ngettext("%(n)d thing in Handoff", "%(n)d things in Handoff", count) % {"n": count}
        choose = _("Choose here how notices reach you: %(url)s") % {"url": settings.BASE_URL + reverse("me")}
    parts = [f"{notice.text}\n{settings.BASE_URL}{notice.url}" for notice in notices]
    return Mail(
        to=first.user.email,
        subject=" ".join((first.text if count == 1 else many).split())[:200],  # in one line, as a header must be
        body="\n\n".join([*parts, choose]) + "\n",
        cause=f"notices:{first.pk}",
        created_at=at,
        not_before=at,
    )
