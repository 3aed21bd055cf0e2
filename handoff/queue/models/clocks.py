"""Clocks and breaches: what was due when, and where the agreement was broken."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from handoff.people.models import User
from handoff.queue.models.handoffs import Handoff
from handoff.sla.models import LadderStep, Metric, PinnedHours, Policy

NOTICED_LATE = timedelta(minutes=5)


class ClockQuerySet(models.QuerySet["Clock"]):
    """Questions about clocks."""

    def running(self) -> Self:
        """Return those that nothing has stopped."""
        return self.filter(stopped_at=None)

    def overdue(self, at: datetime) -> Self:
        """Return the running ones that passed their due instant without a breach on record."""
        return self.running().filter(due_at__lt=at, breach=None)


class Clock(models.Model):
    """One metric of one policy, running on one handoff. At due is in time."""

    class Ending(models.TextChoices):
        MET = "met", _("done")
        AT_SIGHT = "at_sight", _("rejected at sight")
        CANCELLED = "cancelled", _("no longer needed")

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="clocks")
    metric = models.CharField(max_length=20, choices=Metric.choices)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    hours = models.ForeignKey(PinnedHours, on_delete=models.PROTECT, related_name="+")
    offered_to = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text=_("Who is to take the SQL on: takeover.")
    )
    round = models.PositiveSmallIntegerField(default=1, help_text=_("Raised handoffs get another round."))
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # When something is next to be done while it runs: a step of the ladder, or the breach. Empty: nothing more.
    acts_at = models.DateTimeField(null=True)
    steps_done = models.PositiveSmallIntegerField(default=0)
    stopped_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=10, choices=Ending.choices, blank=True)
    # Business time from start to stop, so that reports need no calendar.
    elapsed = models.DurationField(null=True)

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["handoff", "metric", "round"], name="one_clock_per_metric_and_round"),
            models.CheckConstraint(
                condition=Q(stopped_at=None, ending="") | (Q(stopped_at__isnull=False) & ~Q(ending="")),
                name="stopped_with_an_ending",
            ),
        ]
        indexes = [
            # The tick that enforces.
            models.Index(
                fields=["acts_at"], condition=Q(stopped_at=None, acts_at__isnull=False), name="clock_to_act_on"
            ),
            models.Index(fields=["metric", "started_at"], name="clock_by_metric"),
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_display()} {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def is_running(self) -> bool:
        """Whether nothing has stopped it."""
        return self.stopped_at is None


class Breach(models.Model):
    """A clock that passed its due instant, dated then, with whoever held the lead then."""

    clock = models.OneToOneField(Clock, on_delete=models.CASCADE, related_name="breach")
    due_at = models.DateTimeField()
    holder = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="breaches")
    recorded_at = models.DateTimeField()
    annulled_at = models.DateTimeField(null=True, help_text=_("Done in time after all, but logged late."))

    class Meta:
        verbose_name = _("breach")
        verbose_name_plural = _("breaches")
        ordering = ["-due_at", "-id"]
        indexes = [models.Index(fields=["-due_at"], name="breach_newest")]

    def __str__(self) -> str:
        return f"{self.clock}"


class FiredStep(models.Model):
    """A step of the ladder that was taken: `at` is its own instant, `fired_at` when a worker got to it."""

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        NOBODY = "nobody", _("nobody was there for it")

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="fired_steps")
    step = models.ForeignKey(LadderStep, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    fired_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.DONE)

    class Meta:
        verbose_name = _("step taken")
        verbose_name_plural = _("steps taken")
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["clock", "step"], name="each_step_once")]

    def __str__(self) -> str:
        return f"{self.step} {self.at:%Y-%m-%d %H:%M}"

    @property
    def is_late(self) -> bool:
        """Whether it was noticed noticeably later than it was due."""
        return self.fired_at - self.at > NOTICED_LATE


class Replan(models.Model):
    """Somebody moved running clocks to the policies and calendars that are in force now."""

    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("re-plan")
        verbose_name_plural = _("re-plans")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.reason}"


class ReplannedClock(models.Model):
    """What one clock was before a re-plan."""

    replan = models.ForeignKey(Replan, on_delete=models.CASCADE, related_name="clocks")
    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="replans")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    hours = models.ForeignKey(PinnedHours, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    new_due_at = models.DateTimeField()

    class Meta:
        verbose_name = _("re-planned clock")
        verbose_name_plural = _("re-planned clocks")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.clock_id}: {self.due_at:%Y-%m-%d %H:%M} → {self.new_due_at:%Y-%m-%d %H:%M}"
