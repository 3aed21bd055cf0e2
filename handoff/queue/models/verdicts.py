"""Verdicts: disqualification with its reason, the contract of coming back, and what became of an SQL."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Lead
from handoff.people.models import User
from handoff.queue.models.handoffs import Handoff

# What wakes a lead whatever its contract says.
REQUESTS = ("contact_request", "demo_request")


def wakes_by_request() -> list[str]:
    """Return the activities on which a lead comes back unless somebody says otherwise."""
    return list(REQUESTS)


class DisqualificationReason(models.Model):
    """One entry of the list of reasons that managers own."""

    class Needs(models.TextChoices):
        NOTHING = "", _("nothing more")
        WAKE_UP = "wake_at", _("a date to come back")
        COMPETITOR = "competitor", _("the competitor")
        PERSON = "right_person", _("the right person")
        OWNER = "owner", _("the colleague who is in contact")
        OTHER_LEAD = "other_lead", _("the other lead")

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=80)
    hint = models.CharField(_("hint"), max_length=120, blank=True)
    needs = models.CharField(_("needs"), max_length=20, choices=Needs.choices, blank=True)
    counts_against_rules = models.BooleanField(_("counts against the rules"), default=True)
    is_permanent = models.BooleanField(_("usually for good"), default=False)
    # The contract that follows unless the rep says otherwise.
    wake_after_days = models.PositiveSmallIntegerField(_("usually back after, in days"), null=True, blank=True)
    wake_kinds = models.JSONField(_("or at once on"), default=wakes_by_request, blank=True)
    wake_points = models.FloatField(_("with at least so many new points"), default=0)
    position = models.PositiveSmallIntegerField(default=100)
    is_active = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("reason for disqualification")
        verbose_name_plural = _("reasons for disqualification")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language, where it is still the shipped one."""
        return str(gettext(self.name))

    @property
    def hint_label(self) -> str:
        """The hint in the reader's language, where it is still the shipped one."""
        return str(gettext(self.hint)) if self.hint else ""


class Disqualification(models.Model):
    """Sales says no: why, for how long, and which signals were wrong."""

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="disqualification")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.ForeignKey(DisqualificationReason, on_delete=models.PROTECT, related_name="disqualifications")
    is_permanent = models.BooleanField(default=False)
    misleading = models.JSONField(default=list)  # keys of the rules that were wrong about this lead
    none_misleading = models.BooleanField(default=False, help_text=_("None was wrong: right lead, wrong moment."))
    note = models.TextField(blank=True)
    competitor = models.CharField(max_length=120, blank=True)
    right_person = models.CharField(max_length=200, blank=True)
    right_lead = models.ForeignKey(Lead, on_delete=models.PROTECT, null=True, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    other_lead = models.ForeignKey(Lead, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("disqualification")
        verbose_name_plural = _("disqualifications")
        indexes = [
            models.Index(fields=["-at"], name="disqualification_newest"),
            # The badge of what marketing has not read yet.
            models.Index(fields=["at"], condition=models.Q(acknowledged_at=None), name="disqualification_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.handoff}: {self.reason}"

    @property
    def why(self) -> str:
        """The reason in words."""
        return self.reason.label


class Recycling(models.Model):
    """The contract under which a lead comes back: a date, and/or signals, and a minimum of new points.

    The last one that the policy allows (`is_last`) ends with a request for contact alone.
    """

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="recyclings")
    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="recycling")
    at = models.DateTimeField()
    wake_at = models.DateTimeField(null=True)
    wake_kinds = models.JSONField(default=list)
    wake_points = models.FloatField(default=0)
    points_then = models.FloatField(default=0)
    is_last = models.BooleanField(default=False)
    considered_at = models.DateTimeField(null=True, help_text=_("Since when only points are missing."))
    woken_at = models.DateTimeField(null=True)
    woken_by = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("recycling")
        verbose_name_plural = _("recyclings")
        constraints = [
            models.UniqueConstraint(fields=["lead"], condition=models.Q(woken_at=None), name="one_standing_contract")
        ]
        indexes = [
            # The tick that wakes.
            models.Index(
                fields=["wake_at"],
                condition=models.Q(woken_at=None, considered_at=None, is_last=False, wake_at__isnull=False),
                name="recycling_to_wake",
            ),
            models.Index(fields=["lead", "-at"], name="recycling_by_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.lead} {self.wake_at or ''}"


class Deal(models.Model):
    """What became of an SQL: won with its revenue, or lost with a reason."""

    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="deal")
    is_won = models.BooleanField()
    value = models.DecimalField(_("revenue"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    reason = models.ForeignKey(DisqualificationReason, on_delete=models.PROTECT, null=True, related_name="lost_deals")
    lost_because = models.CharField(_("why it was lost"), max_length=300, blank=True)
    competitor = models.CharField(max_length=120, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")

    def __str__(self) -> str:
        return f"{self.handoff} {self.at:%Y-%m-%d}"

    @property
    def why(self) -> str:
        """Why it was lost, in words."""
        return ": ".join(filter(None, [self.reason.label if self.reason else "", self.lost_because]))
