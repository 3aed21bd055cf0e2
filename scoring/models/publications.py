"""When each version was live, and what a rehearsal said beforehand."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scoring.models.versions import ScoringModel


class Rehearsal(models.Model):
    """What would happen if a version went live: asked for, worked out by the worker, read before publishing."""

    model = models.ForeignKey(ScoringModel, on_delete=models.CASCADE, related_name="rehearsals")
    content_digest = models.CharField(max_length=64, help_text=_("Of what the version said when it was rehearsed."))
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    alive_at = models.DateTimeField(null=True)
    leads_count = models.PositiveIntegerField(default=0)
    leads_done = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict)  # rehearsing.Findings as JSON

    class Meta:
        verbose_name = _("rehearsal")
        verbose_name_plural = _("rehearsals")
        ordering = ["-id"]
        indexes = [
            # The tick that works them out.
            models.Index(fields=["asked_at"], condition=Q(finished_at=None), name="rehearsal_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.asked_at:%Y-%m-%d %H:%M}"

    @property
    def findings(self) -> dict[str, Any] | None:
        """What it found, None until it is finished."""
        return self.result if self.finished_at and not self.error else None


class Publication(models.Model):
    """What was live from when: publishing writes one of these and nothing else about leads."""

    class Qualifying(models.TextChoices):
        NOW = "now", _("hand them over now")
        PACED = "paced", _("hand over so many per rep a day, the best first")
        NEXT_ACTIVITY = "next_activity", _("hand them over on their next activity")

    model = models.ForeignKey(ScoringModel, on_delete=models.PROTECT, related_name="publications")
    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.PROTECT, null=True, related_name="publications")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(_("note"), max_length=300, blank=True)
    qualifying = models.CharField(
        _("leads that newly qualify"), max_length=20, choices=Qualifying.choices, default=Qualifying.NOW
    )
    pace = models.PositiveSmallIntegerField(
        _("per rep a day"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    rescored_at = models.DateTimeField(null=True, help_text=_("When the last lead had its score under it."))

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(qualifying="paced", pace__gte=1) | (~Q(qualifying="paced") & Q(pace=None)),
                name="paced_publication_names_its_pace",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.at:%Y-%m-%d %H:%M}"


class ChallengeQuerySet(models.QuerySet["Challenge"]):
    """Questions about challenges."""

    def running(self, at: datetime) -> Self:
        """Return the one that runs at `at`, if there is one: its challenger scores whoever was drawn."""
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=at), started_at__lte=at)


class Challenge(models.Model):
    """A second version scores a share of the new leads, beside what is live, until a person ends it."""

    publication = models.OneToOneField(Publication, on_delete=models.PROTECT, related_name="challenge")
    against = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="challenged")
    share = models.PositiveSmallIntegerField(
        _("share of the new leads, in percent"), validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text=_("From then on nobody new is drawn."))
    ended_at = models.DateTimeField(null=True, help_text=_("When a person gave its leads back to what is live."))
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ChallengeQuerySet.as_manager()

    class Meta:
        verbose_name = _("challenge")
        verbose_name_plural = _("challenges")
        ordering = ["-started_at", "-id"]
        constraints = [
            # Nothing is published while one runs, so that what is live is the same for all that run.
            models.UniqueConstraint(fields=["against"], condition=Q(ended_at=None), name="one_running_challenge"),
            models.CheckConstraint(
                condition=Q(share__gte=1, share__lte=50, ends_at__gt=models.F("started_at")),
                name="challenge_has_a_size",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.publication.model} {self.started_at:%Y-%m-%d}"
