"""SQLs: what sales knows about them (BANT), who takes them on, and in which order they are worked."""

from datetime import date, timedelta
from typing import Self

from django.db import models
from django.db.models import Case, F, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from handoff.leads.models import Stage
from handoff.people.models import User
from handoff.queue.models.handoffs import Handoff


class Answer(models.TextChoices):
    """What sales knows about one letter of BANT. "Unknown" is an answer."""

    YES = "yes", _("yes")
    PARTLY = "partly", _("partly")
    NO = "no", _("no")
    UNKNOWN = "unknown", _("unknown")


class BudgetState(models.TextChoices):
    """Where the money stands."""

    APPROVED = "approved", _("approved")
    PLANNED = "planned", _("planned")
    NONE = "none", _("no budget")


class BuyingRole(models.TextChoices):
    """The part that the person plays in the purchase."""

    DECIDES = "decides", _("decides")
    INFLUENCES = "influences", _("influences")
    NEITHER = "neither", _("neither")


BANT = {
    "budget": _("Budget"),
    "authority": _("Authority"),
    "need": _("Need"),
    "timeline": pgettext_lazy("BANT", "Timeline"),
}
# What each answer adds to an SQL's strength: the four letters, then the state of the budget and the person's part.
STRENGTH = {Answer.YES: 3, Answer.PARTLY: 2, Answer.UNKNOWN: 1, Answer.NO: 0}
STATE_STRENGTH = {BudgetState.APPROVED: 2, BudgetState.PLANNED: 1}
ROLE_STRENGTH = {BuyingRole.DECIDES: 2, BuyingRole.INFLUENCES: 1}
# And how soon they start: days from today at most, and what that adds.
STARTS_SOON = ((31, 6), (92, 4), (183, 2))


class QualificationQuerySet(models.QuerySet["Qualification"]):
    """Questions about SQLs."""

    def visible_to(self, user: User) -> Self:
        """Return the SQLs that `user` may see: who qualified one and who takes it on both do."""
        return self.filter(handoff__in=Handoff.objects.visible_to(user))

    def in_hand(self) -> Self:
        """Return those that are neither won nor lost."""
        return self.filter(handoff__lead__stage__in=[Stage.SQL, Stage.OPPORTUNITY], handoff__deal=None)

    def by_readiness(self, today: date) -> Self:
        """Order by strength and how soon they start, what is to be done next first among equals."""
        bands = [When(starts_on__lte=today + timedelta(days=days), then=Value(more)) for days, more in STARTS_SOON]
        ready = F("strength") + Case(*bands, default=Value(0))
        first = [F("starts_on").asc(nulls_last=True), F("handoff__next_step_at").asc(nulls_last=True)]
        return self.annotate(readiness=ready).order_by("-readiness", *first, "-at", "-id")


class Qualification(models.Model):
    """Sales says yes: the lead is an SQL, with what was learned and who takes it on."""

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="qualification")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    budget = models.CharField(_("budget"), max_length=8, choices=Answer.choices)
    budget_note = models.CharField(max_length=300, blank=True)
    authority = models.CharField(_("authority"), max_length=8, choices=Answer.choices)
    authority_note = models.CharField(max_length=300, blank=True)
    need = models.CharField(_("need"), max_length=8, choices=Answer.choices)
    need_note = models.CharField(max_length=300, blank=True)
    timeline = models.CharField(_("timeline"), max_length=8, choices=Answer.choices)
    timeline_note = models.CharField(max_length=300, blank=True)
    takes_over = models.ForeignKey(User, on_delete=models.PROTECT, related_name="taken_over")
    value = models.DecimalField(_("deal value"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    expected_close = models.DateField(_("expected close"), null=True, blank=True)
    budget_state = models.CharField(_("state of the budget"), max_length=10, choices=BudgetState.choices, blank=True)
    role = models.CharField(_("their part"), max_length=10, choices=BuyingRole.choices, blank=True)
    starts_on = models.DateField(_("start"), null=True, blank=True)
    others = models.TextField(_("other people involved"), blank=True)
    strength = models.PositiveSmallIntegerField(default=0)
    accepted_at = models.DateTimeField(null=True, help_text=_("When whoever takes it on said so."))
    opportunity_at = models.DateTimeField(null=True, help_text=_("When it became an opportunity."))

    objects = QualificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        indexes = [models.Index(fields=["-strength", "expected_close"], name="sql_by_strength")]

    def __str__(self) -> str:
        return f"{self.handoff} {self.at:%Y-%m-%d}"

    def bant(self) -> list[tuple[str, str, str, str]]:
        """Return name, answer, answer in words and note of each letter."""
        return [
            (
                str(label),
                getattr(self, name),
                str(Answer(getattr(self, name) or Answer.UNKNOWN).label),
                getattr(self, f"{name}_note"),
            )
            for name, label in BANT.items()
        ]

    def worked_out_strength(self) -> int:
        """Return what the answers add up to, without how soon they start: that changes by itself."""
        letters = sum(STRENGTH[Answer(getattr(self, name))] for name in BANT)
        return (
            letters
            + STATE_STRENGTH.get(self.budget_state, 0)  # type: ignore[call-overload]
            + ROLE_STRENGTH.get(self.role, 0)  # type: ignore[call-overload]
        )


class TakeoverReturn(models.Model):
    """Whoever was to take an SQL on gave it back to who qualified it, with a reason."""

    qualification = models.ForeignKey(Qualification, on_delete=models.CASCADE, related_name="returns")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    to = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("returned SQL")
        verbose_name_plural = _("returned SQLs")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.by} → {self.to}: {self.reason}"
