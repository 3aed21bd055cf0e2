"""Sending mail from its rows, with retries."""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from handoff.outbox.models import Mail
from handoff.outbox.notices import notify

log = logging.getLogger(__name__)
ATTEMPTS = 8
AT_ONCE = 100
LONGEST = 30.0  # seconds of a tick, well below the shortest postponement


def deliver_due(*, at: datetime) -> int:
    """Send the mail that is due and return how much was sent. Any number of workers may run this."""
    sent, began = 0, time.monotonic()
    for mail in Mail.objects.due(at).order_by("not_before", "id")[:AT_ONCE]:
        # Where the server is slow, the rest is left to the next tick, before what is ours falls due again.
        if time.monotonic() - began > LONGEST:
            break
        # Postponing the row first makes it ours: of two workers one matches, and a crash leaves it for later.
        postponed = at + timedelta(minutes=2 ** min(mail.attempts, 8))
        ours = Mail.objects.due(at).filter(id=mail.id, attempts=mail.attempts)
        if ours.update(attempts=F("attempts") + 1, not_before=postponed):
            sent += _send(mail, at)
    return sent


def _send(mail: Mail, at: datetime) -> int:
    message = EmailMessage(
        mail.subject.replace("\n", " "),
        mail.body,
        settings.DEFAULT_FROM_EMAIL,
        [mail.to],
        # A stable id lets the receiving side drop the copy that a crash after sending may cause.
        headers={"Message-ID": f"<{mail.id}.{mail.created_at:%Y%m%d%H%M%S}@handoff>"},
        connection=get_connection(),
    )
    try:
        message.send()
    except Exception as error:  # whatever is wrong with a mail or its server must not keep the rest from leaving
        log.warning("mail %d to %s failed", mail.id, mail.to, exc_info=True)
        _keep_failure(mail, str(error), at)
        return 0
    Mail.objects.filter(id=mail.id).update(sent_at=at, error="")
    return 1


@transaction.atomic
def _keep_failure(mail: Mail, error: str, at: datetime) -> None:
    given_up = mail.attempts + 1 >= ATTEMPTS
    Mail.objects.filter(id=mail.id).update(error=error[:300], given_up_at=at if given_up else None)
    if given_up:
        _tell_administrators(mail, at)


def _tell_administrators(mail: Mail, at: datetime) -> None:
    """Say so under the administrators' bell, once a day: when a mail server is gone, so is all of its mail."""

    def say() -> str:
        return _("Mail to %(to)s can't be delivered; see whether more is waiting.") % {"to": mail.to}

    people = get_user_model().objects.filter(Q(is_superuser=True) | Q(role="admin"), is_active=True)
    url = reverse("admin:outbox_mail_changelist") + "?given_up_at__isempty=0"
    notify(people, cause=f"given-up:{at:%Y-%m-%d}", say=say, url=url, at=at, by_mail=False)
