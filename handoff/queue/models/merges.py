"""Leads that were the same person: merged into one, or found not to be."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Lead, called
from handoff.people.models import User


class Merge(models.Model):
    """One lead was merged into another, which has had everything of it since; `was` says what it had been."""

    # Where the kept lead was merged too later, the one it was merged into.
    kept = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="merges")
    gone_id = models.PositiveBigIntegerField(_("former id"), unique=True)
    was = models.JSONField()  # its ids, name, stage, and profile as rules read it
    activities = models.PositiveIntegerField(help_text=_("How many the kept lead had afterwards."))
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"#{self.gone_id} → {self.kept_id} {self.at:%Y-%m-%d}"

    @property
    def name(self) -> str:
        """What the gone lead was called."""
        was = self.was
        return called(was["first_name"], was["last_name"], was["email"], was["external_id"], pk=self.gone_id)


class NotTheSame(models.Model):
    """Somebody looked at two leads that seemed to be one person, and they are not: never suggested again."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")  # the one with the higher id
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("pair that is not the same person")
        verbose_name_plural = _("pairs that are not the same person")
        constraints = [
            models.UniqueConstraint(fields=["lead", "other"], name="each_pair_once"),
            models.CheckConstraint(condition=Q(lead__lt=F("other")), name="lower_id_first"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} ≠ {self.other_id}"
