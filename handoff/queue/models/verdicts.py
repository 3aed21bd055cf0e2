"""Verdicts: qualification with BANT, disqualification with its reason, and the way back."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Lead
from handoff.people.models import User
from handoff.queue.models.handoffs import Handoff


class Answer(models.TextChoices):
    """What sales knows about one letter of BANT. "Unknown" is an answer."""

    YES = "yes", _("yes")
    PARTLY = "partly", _("partly")
    NO = "no", _("no")
    UNKNOWN = "unknown", _("unknown")


BANT = ("budget", "authority", "need", "timeline")
STRENGTH = {Answer.YES: 3, Answer.PARTLY: 2, Answer.UNKNOWN: 1, Answer.NO: 0}


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
    strength = models.PositiveSmallIntegerField(default=0)
    accepted_at = models.DateTimeField(null=True, help_text=_("When whoever takes it on said so."))

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
                str(self._meta.get_field(name).verbose_name),  # type: ignore[union-attr]
                getattr(self, name),
                str(Answer(getattr(self, name)).label),
                getattr(self, f"{name}_note"),
            )
            for name in BANT
        ]


class DisqualificationReason(models.Model):
    """One entry of the list of reasons that managers own."""

    class Needs(models.TextChoices):
        NOTHING = "", _("nothing more")
        WAKE_UP = "wake_at", _("a date to come back")
        COMPETITOR = "competitor", _("the competitor")
        PERSON = "right_person", _("the right person")
        OTHER_LEAD = "other_lead", _("the other lead")

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=80)
    hint = models.CharField(_("hint"), max_length=120, blank=True)
    needs = models.CharField(_("needs"), max_length=20, choices=Needs.choices, blank=True)
    counts_against_rules = models.BooleanField(_("counts against the rules"), default=True)
    is_permanent = models.BooleanField(_("usually for good"), default=False)
    wake_after_days = models.PositiveSmallIntegerField(_("usually back after, in days"), null=True, blank=True)
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
    note = models.TextField(blank=True)
    competitor = models.CharField(max_length=120, blank=True)
    right_person = models.CharField(max_length=200, blank=True)
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


class Recycling(models.Model):
    """The contract under which a lead comes back: a date, and/or signals, and a minimum of new points."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="recyclings")
    handoff = models.OneToOneField(Handoff, on_delete=models.CASCADE, related_name="recycling")
    at = models.DateTimeField()
    wake_at = models.DateTimeField(null=True)
    wake_kinds = models.JSONField(default=list)
    wake_points = models.FloatField(default=0)
    points_then = models.FloatField(default=0)
    woken_at = models.DateTimeField(null=True)
    woken_by = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("recycling")
        verbose_name_plural = _("recyclings")
        indexes = [
            # The tick that wakes.
            models.Index(
                fields=["wake_at"], condition=models.Q(woken_at=None, wake_at__isnull=False), name="recycling_due"
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
    lost_because = models.CharField(_("why it was lost"), max_length=300, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")

    def __str__(self) -> str:
        return f"{self.handoff} {self.at:%Y-%m-%d}"
