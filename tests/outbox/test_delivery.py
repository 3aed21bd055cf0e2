"""Sending mail from its rows: later again where it fails, never twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPServerDisconnected
from typing import Any, ClassVar

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client

from handoff.outbox.delivery import ATTEMPTS, deliver_due
from handoff.outbox.models import Mail, Notice
from tests.making import DAY, MONDAY_9AM, make_user

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


class Broken(BaseEmailBackend):
    """A mail server that hangs up."""

    def send_messages(self, _messages: Sequence[EmailMessage]) -> int:
        raise SMTPServerDisconnected("it hung up")


class Killing(BaseEmailBackend):
    """A process that ends while it sends."""

    def send_messages(self, _messages: Sequence[EmailMessage]) -> int:
        raise KeyboardInterrupt


class Odd(BaseEmailBackend):
    """A mail server that fails in a way of its own for one address."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if messages[0].to == ["odd@handoff.example"]:
            raise RuntimeError("nobody thought of this")
        return len(messages)


class Meddling(BaseEmailBackend):
    """A mail server during whose answer a second worker looks for mail."""

    sent: ClassVar[list[str]] = []
    found: ClassVar[list[int]] = []

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        self.sent.extend(message.to[0] for message in messages)
        self.found.append(deliver_due(at=MONDAY_9AM))
        return len(messages)


def post(to: str = "sam@handoff.example", subject: str = "Hello", not_before: datetime = MONDAY_9AM) -> Mail:
    return Mail.objects.create(
        to=to, subject=subject, body="Text", cause="x", created_at=MONDAY_9AM, not_before=not_before
    )


def use(settings: Any, backend: type[BaseEmailBackend]) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.{backend.__name__}"


def test_mail_is_sent_once_when_its_time_has_come() -> None:
    post()
    assert deliver_due(at=MONDAY_9AM - MINUTE) == 0
    assert deliver_due(at=MONDAY_9AM) == 1
    assert deliver_due(at=MONDAY_9AM + DAY) == 0
    (sent,) = outbox.outbox
    assert (sent.to, sent.subject, sent.body) == (["sam@handoff.example"], "Hello", "Text")
    assert (Mail.objects.get().sent_at, Mail.objects.get().attempts) == (MONDAY_9AM, 1)


def test_each_attempt_has_the_same_message_id() -> None:
    mail = post()
    deliver_due(at=MONDAY_9AM)
    assert outbox.outbox[0].extra_headers["Message-ID"] == f"<{mail.pk}.20260302080000@handoff>"


def test_a_failure_is_kept_and_tried_again_ever_later(settings: Any) -> None:
    use(settings, Broken)
    post()
    waits, at = [], MONDAY_9AM
    for _ in range(4):
        assert deliver_due(at=at) == 0
        later = Mail.objects.get().not_before
        waits.append((later - at) // MINUTE)
        assert deliver_due(at=later - MINUTE / 2) == 0
        at = later
    assert waits == [1, 2, 4, 8]
    assert (Mail.objects.get().error, Mail.objects.get().attempts) == ("it hung up", 4)


def test_what_failed_first_is_sent_later_and_its_error_forgotten(settings: Any) -> None:
    use(settings, Broken)
    post()
    deliver_due(at=MONDAY_9AM)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliver_due(at=MONDAY_9AM + MINUTE) == 1
    assert Mail.objects.get().error == ""


def test_after_eight_attempts_it_is_given_up(settings: Any) -> None:
    use(settings, Broken)
    post()
    for day in range(ATTEMPTS + 2):
        deliver_due(at=MONDAY_9AM + day * DAY)
    mail = Mail.objects.get()
    assert (mail.attempts, mail.given_up_at, mail.sent_at) == (8, MONDAY_9AM + 7 * DAY, None)


def test_giving_up_is_told_to_the_administrators_once_a_day(settings: Any) -> None:
    use(settings, Broken)
    ada, _rep = make_user("ada", "admin"), make_user("sam")
    for number in range(3):
        post(f"rep{number}@handoff.example")
    for day in range(ATTEMPTS):
        deliver_due(at=MONDAY_9AM + day * DAY)
    notice = Notice.objects.get()
    assert (notice.user, notice.mail_after) == (ada, None)
    assert "rep0@handoff.example" in notice.text
    assert "given_up_at" in notice.url
    client = Client()
    client.force_login(ada)
    assert b"rep2@handoff.example" in client.get(notice.url).content


def test_a_worker_killed_while_sending_leaves_the_mail_for_later(settings: Any) -> None:
    use(settings, Killing)
    post()
    with pytest.raises(KeyboardInterrupt):
        deliver_due(at=MONDAY_9AM)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliver_due(at=MONDAY_9AM) == 0
    assert deliver_due(at=MONDAY_9AM + MINUTE) == 1


def test_whatever_goes_wrong_with_one_mail_the_rest_leaves(settings: Any) -> None:
    use(settings, Odd)
    post("odd@handoff.example")
    post("sam@handoff.example")
    assert deliver_due(at=MONDAY_9AM) == 1
    assert Mail.objects.get(to="odd@handoff.example").error == "nobody thought of this"


def test_a_mail_that_can_not_be_written_does_not_stop_the_rest() -> None:
    post("broken@handoff.example", subject="Two\rlines")
    post("sam@handoff.example")
    assert deliver_due(at=MONDAY_9AM) == 1
    assert "newlines" in Mail.objects.get(to="broken@handoff.example").error


def test_two_workers_send_a_mail_once(settings: Any) -> None:
    use(settings, Meddling)
    post()
    assert deliver_due(at=MONDAY_9AM) == 1
    assert (Meddling.sent, Meddling.found) == (["sam@handoff.example"], [0])


def test_where_the_server_is_slow_the_rest_waits_for_the_next_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        post(to=f"rep{number}@handoff.example")
    seconds = iter(range(0, 1000, 12))
    monkeypatch.setattr("handoff.outbox.delivery.time.monotonic", lambda: float(next(seconds)))
    assert deliver_due(at=MONDAY_9AM) == 2
    assert deliver_due(at=MONDAY_9AM + MINUTE) == 2
    assert deliver_due(at=MONDAY_9AM + 2 * MINUTE) == 1
