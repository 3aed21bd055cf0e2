"""Sending mail from its rows, with retries."""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import F

from handoff.outbox.models import Mail

log = logging.getLogger(__name__)
ATTEMPTS = 8
AT_ONCE = 100


def deliver_due(*, at: datetime) -> int:
    """Send the mail that is due and return how much was sent. Any number of workers may run this."""
    sent = 0
    for mail in Mail.objects.due(at).order_by("not_before", "id")[:AT_ONCE]:
        # Postponing the row first makes it ours: of two workers one matches, and a crash leaves it for later.
        postponed = at + timedelta(minutes=2 ** min(mail.attempts, 8))
        ours = Mail.objects.due(at).filter(id=mail.id, attempts=mail.attempts)
        if ours.update(attempts=F("attempts") + 1, not_before=postponed):
            sent += _send(mail, at)
    return sent


def _send(mail: Mail, at: datetime) -> int:
    row = Mail.objects.filter(id=mail.id)
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
    except (SMTPException, OSError, ValueError) as error:  # the last: a header that can't be written
        given_up = at if mail.attempts + 1 >= ATTEMPTS else None
        row.update(error=str(error)[:300], given_up_at=given_up)
        log.warning("mail %d to %s: %s", mail.id, mail.to, error)
        return 0
    row.update(sent_at=at, error="")
    return 1
