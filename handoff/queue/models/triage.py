"""Requests for contact of leads that are kept out of the queue: marketing answers each, and none is swallowed."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Activity, Lead
from handoff.people.models import User
from handoff.queue.models.handoffs import Handoff


class TriageQuerySet(models.QuerySet["Triage"]):
    """Questions about the triage list."""

    def waiting(self) -> Self:
        """Return those that nobody has answered."""
        return self.filter(closed_at=None)

    def visible_to(self, user: User) -> Self:
        """Return those about leads that `user` may see."""
        sees_all = user.is_admin or user.is_marketer
        return self if sees_all else self.filter(lead__in=Lead.objects.visible_to(user))

    def by_urgency(self) -> Self:
        """Order by what is due first: what is overdue stands on top."""
        return self.order_by(F("due_at").asc(nulls_last=True), "id")

    def overdue(self, at: datetime) -> Self:
        """Return the waiting ones whose time is over."""
        return self.waiting().filter(due_at__lt=at)


class Triage(models.Model):
    """A held or disqualified lead asked for contact: marketing lets it through, or keeps it held for a reason."""

    class Outcome(models.TextChoices):
        LET_THROUGH = "let_through", _("let through")
        KEPT = "kept", _("kept held")

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="triages")
    request = models.ForeignKey(Activity, on_delete=models.SET_NULL, null=True, related_name="+")  # the latest
    asked_at = models.DateTimeField(_("asked at"))  # when they did so first
    opened_at = models.DateTimeField()
    raised_at = models.DateTimeField(null=True, help_text=_("When the lead last asked again."))
    due_at = models.DateTimeField(_("due"), null=True)
    told_at = models.DateTimeField(null=True, help_text=_("When marketing was told that it is overdue."))
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    handoff = models.ForeignKey(Handoff, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = TriageQuerySet.as_manager()

    class Meta:
        verbose_name = _("request on the triage list")
        verbose_name_plural = _("triage list")
        constraints = [
            models.UniqueConstraint(fields=["lead"], condition=Q(closed_at=None), name="one_waiting_request_per_lead"),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="answered_with_an_outcome",
            ),
        ]
        indexes = [
            # The triage list, its badge, and the tick that tells what is overdue.
            models.Index(fields=["due_at"], condition=Q(closed_at=None), name="triage_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.lead} {self.asked_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return self.closed_at is None
