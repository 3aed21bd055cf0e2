"""The stored score of each lead."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from handoff.leads.models.people import Lead
from scoring.models import Publication


class LeadScore(models.Model):
    """A lead's score as it was at `scored_at`, under one publication."""

    lead = models.OneToOneField(Lead, on_delete=models.CASCADE, primary_key=True, related_name="score")
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="+", db_index=False)
    total = models.FloatField(_("score"))
    fit = models.FloatField(_("fit"))
    interest = models.FloatField(_("interest"))
    timing = models.FloatField(_("timing"))
    grade = models.CharField(_("grade"), max_length=2)
    is_mql = models.BooleanField()
    is_moving = models.BooleanField()
    scored_at = models.DateTimeField()
    crosses_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        indexes = [
            # The tick that acts on crossings.
            models.Index(fields=["crosses_at"], condition=Q(crosses_at__isnull=False), name="score_crossing"),
            # The tick that rescores after a publication.
            models.Index(fields=["publication", "lead"], name="score_by_publication"),
            # The tick that refreshes what still moves.
            models.Index(fields=["scored_at"], condition=Q(is_moving=True), name="score_moving"),
            models.Index(fields=["-total"], name="score_highest"),
        ]

    def __str__(self) -> str:
        return f"{self.grade} {self.total:.0f}"
