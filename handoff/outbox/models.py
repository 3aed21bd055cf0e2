"""What leaves the house or is kept on the record: notices, mail and the audit trail."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Questions about notices."""

    def unread(self) -> Self:
        """Return those not yet read."""
        return self.filter(read_at=None)


class Notice(models.Model):
    """One line under somebody's bell. At most one per person and cause."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    cause = models.CharField(max_length=120, help_text=_("What caused it; never twice for one person."))
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=200, blank=True)
    about = models.CharField(max_length=60, blank=True, help_text=_("The row, such as “handoff 12”."))
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mail_after = models.DateTimeField(null=True, blank=True)  # empty once mailed, or where no mail is wanted

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["user", "cause"], name="one_notice_per_person_and_cause")]
        indexes = [
            # The bell's count on every page.
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notice_unread"),
            models.Index(fields=["user", "-created_at"], name="notice_by_person"),
            # The tick that bundles notices into mails, and the acts that settle what they were about.
            models.Index(fields=["mail_after"], condition=models.Q(mail_after__isnull=False), name="notice_to_mail"),
            models.Index(fields=["about"], condition=models.Q(read_at=None), name="notice_unread_about"),
        ]

    def __str__(self) -> str:
        return self.text


class MailQuerySet(models.QuerySet["Mail"]):
    """Questions about mail."""

    def due(self, at: datetime) -> Self:
        """Return the mail that may leave at `at`."""
        return self.filter(sent_at=None, given_up_at=None, not_before__lte=at)


class Mail(models.Model):
    """One mail to one address, written with the act that caused it and sent afterwards."""

    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    cause = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mail")
        constraints = [models.UniqueConstraint(fields=["to", "cause"], name="one_mail_per_address_and_cause")]
        indexes = [
            # The tick that sends.
            models.Index(fields=["not_before"], condition=models.Q(sent_at=None, given_up_at=None), name="mail_due"),
        ]

    def __str__(self) -> str:
        return f"{self.to}: {self.subject}"


class AuditEntry(models.Model):
    """One act on the record: who did what to which row, when."""

    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    act = models.CharField(max_length=60)
    subject = models.CharField(max_length=60, help_text=_("The row, such as “handoff 12”."))
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [models.Index(fields=["subject", "at"], name="audit_by_subject")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.act} {self.subject}"
