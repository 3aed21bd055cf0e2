"""Sampling below the line: what both teams agreed to, and whom it drew."""

from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Lead
from handoff.people.models import Team, User


class SamplingQuerySet(models.QuerySet["Sampling"]):
    """Questions about agreements to sample."""

    def visible_to(self, user: User) -> Self:
        """Return those that `user` may see: marketing all, managers those of their teams, who is sampled for none."""
        if user.is_admin or user.is_marketer:
            return self
        return self.filter(team__in=user.team_ids()) if user.is_manager else self.none()

    def standing(self) -> Self:
        """Return those that nobody has ended, signed by both or not."""
        return self.filter(ended_at=None)

    def in_force(self) -> Self:
        """Return those that both teams signed and nobody ended."""
        return self.standing().exclude(started_at=None)


class Sampling(models.Model):
    """Marketing and a sales team agree that some new leads just below the line are handed over unmarked."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="samplings", verbose_name=_("team"))
    band = models.PositiveSmallIntegerField(
        _("points below the threshold"), validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    share = models.PositiveSmallIntegerField(
        _("share of them, in percent"), validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    weekly_number = models.PositiveSmallIntegerField(
        _("at most so many a week"), validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    proposed_at = models.DateTimeField()
    marketing_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    marketing_at = models.DateTimeField(null=True)
    sales_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    sales_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True, help_text=_("When the second of them signed."))
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = SamplingQuerySet.as_manager()

    class Meta:
        verbose_name = _("sampling below the line")
        verbose_name_plural = _("samplings below the line")
        ordering = ["-proposed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["team"], condition=Q(ended_at=None), name="one_standing_sampling_per_team"),
            models.CheckConstraint(
                condition=Q(started_at=None) | Q(marketing_at__isnull=False, sales_at__isnull=False),
                name="sampling_starts_when_both_have_signed",
            ),
            models.CheckConstraint(
                condition=Q(band__gte=1, weekly_number__gte=1, share__gte=1, share__lte=100),
                name="sampling_has_a_size",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.proposed_at:%Y-%m-%d}"


class SampleQuerySet(models.QuerySet["Sample"]):
    """Questions about those who were drawn."""

    def handed_over(self) -> Self:
        """Return those who were handed over: the week had room for them."""
        return self.exclude(handoff=None)

    def weights(self) -> dict[int, float]:
        """Return by sampled handoff for how many leads of its band it stands; any other handoff stands for itself.

        Of those who stood in the band the agreed share was drawn, and of the drawn those were handed over for whom the
        week had room: the inverse of both shares together.
        """
        of_all = self.model.objects.values("sampling").annotate(drawn=Count("id"), handed=Count("handoff"))
        stands_for = {
            row["sampling"]: row["drawn"] / row["handed"] for row in of_all.order_by("sampling") if row["handed"]
        }
        rows = self.handed_over().values_list("handoff", "sampling", "sampling__share")
        return {handoff: stands_for[sampling] * 100 / share for handoff, sampling, share in rows}


class Sample(models.Model):
    """A lead that the lot fell on while it stood just below the line. Nothing that sales sees tells."""

    sampling = models.ForeignKey(Sampling, on_delete=models.PROTECT, related_name="samples")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="samples")
    # Its id as it was drawn, whomever it was merged into since: nobody is drawn twice.
    drawn = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    week = models.DateField(help_text=_("The Monday of the week it counts in, in the model's time zone."))
    total = models.FloatField(_("score"))
    handoff = models.OneToOneField(
        "queue.Handoff", on_delete=models.PROTECT, null=True, help_text=_("None where the week had no room left.")
    )

    objects = SampleQuerySet.as_manager()

    class Meta:
        verbose_name = _("sample below the line")
        verbose_name_plural = _("samples below the line")
        ordering = ["at", "id"]
        # The tick that counts what the week has room for.
        indexes = [models.Index(fields=["sampling", "week"], name="sample_by_week")]

    def __str__(self) -> str:
        return f"{self.lead} {self.at:%Y-%m-%d}"
