"""What may be done with leads: consents, the exclusion list, holds."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from handoff.leads.models.people import Lead
from handoff.people.models import User


class Channel(models.TextChoices):
    """How somebody may be reached."""

    EMAIL = "email", _("e-mail")
    PHONE = "phone", _("phone")


class Basis(models.TextChoices):
    """Why we may, or may not, use a channel."""

    OPT_IN = "opt_in", _("opt-in")
    REQUEST = "request", _("asked for it")
    CUSTOMER = "customer", _("existing customer")
    INTEREST = "legitimate_interest", _("legitimate interest")
    OBJECTION = "objection", _("objection")


class Consent(models.Model):
    """One word about a channel, kept for good; an objection outweighs whatever came before it."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="consents")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    basis = models.CharField(max_length=20, choices=Basis.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["lead", "channel", "at"], name="consent_by_lead")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.basis}"


class ExclusionQuerySet(models.QuerySet["Exclusion"]):
    """Questions about the exclusion list."""

    def standing(self, at: datetime) -> Self:
        """Return the entries that hold whoever they match at `at`."""
        return self.filter(ended_at=None).exclude(expires_at__lte=at)


class Exclusion(models.Model):
    """An entry of the exclusion list: whoever it matches is held from the moment they are known."""

    class Kind(models.TextChoices):
        DOMAIN = "domain", _("domain, with those below it")
        EMAIL = "email", _("e-mail address")
        COMPANY = "company", _("company name")
        TITLE = "title", _("text within the job title")

    class Why(models.TextChoices):
        COMPETITOR = "competitor", _("competitor")
        OWN = "own", _("one of us")
        STUDENT = "student", _("student")
        APPLICANT = "applicant", _("job applicant")
        OTHER = "other", _("another reason")

    kind = models.CharField(_("looks at"), max_length=10, choices=Kind.choices)
    value = models.CharField(_("pattern"), max_length=254)  # in the one spelling that exclusions.py gives it
    why = models.CharField(_("why"), max_length=12, choices=Why.choices)
    note = models.CharField(_("note"), max_length=300, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("since"))
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    # When the last of those who were known already was held by it.
    applied_at = models.DateTimeField(null=True, editable=False)

    objects = ExclusionQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the exclusion list")
        verbose_name_plural = _("exclusion list")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value"], condition=Q(ended_at=None), name="one_standing_exclusion_per_pattern"
            )
        ]

    def __str__(self) -> str:
        return f"{self.value} ({self.get_why_display()})"

    @property
    def last_moment(self) -> datetime | None:
        """The last moment at which it holds anybody: on its last day, where it ends with one."""
        return self.expires_at - timedelta(microseconds=1) if self.expires_at else None


class Hold(models.Model):
    """A lead kept out of the queue for a stated reason, until released."""

    class Reason(models.TextChoices):
        EXCLUDED = "excluded", _("on the exclusion list")
        PERSONA = "persona", _("negative persona")
        OBJECTION = "objection", _("objected to contact")
        BY_HAND = "by_hand", _("held by hand")

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="holds")
    reason = models.CharField(max_length=12, choices=Reason.choices)
    note = models.CharField(max_length=300, blank=True)
    # Which entry of the exclusion list, or which persona (its key, the same in every version), is the cause.
    exclusion = models.ForeignKey(Exclusion, on_delete=models.PROTECT, null=True, related_name="holds")
    persona = models.CharField(max_length=40, blank=True, editable=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    # Whom a person let through, the same entry or persona does not hold again.
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    release_note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "reason"], condition=Q(released_at=None), name="one_standing_hold_per_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.lead}: {self.get_reason_display()}"

    @property
    def said(self) -> str:
        """Why the lead is held, in words: the reason, and what caused it."""
        cause = str(self.exclusion) if self.exclusion_id else self.note
        return f"{self.get_reason_display()}: {cause}" if cause else str(self.get_reason_display())
