"""What the two teams do with verdicts: answers, changes of rules, the agreement, and what they decided together."""

from typing import Self

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from handoff.people.models import Team, User
from handoff.queue.models import Disqualification
from scoring.models import ScoringModel


class FeedbackAnswer(models.Model):
    """What marketing says to whoever gave a verdict."""

    verdict = models.ForeignKey(Disqualification, on_delete=models.CASCADE, related_name="answers")
    text = models.TextField(_("answer"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("answer to a verdict")
        verbose_name_plural = _("answers to verdicts")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text[:60]


class RuleReview(models.Model):
    """A verdict led marketing to a rule in a draft of the scoring model."""

    verdict = models.ForeignKey(Disqualification, on_delete=models.CASCADE, related_name="reviews")
    rule = models.CharField(max_length=60)  # its key, the same in every version
    model = models.ForeignKey(ScoringModel, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("review of a rule")
        verbose_name_plural = _("reviews of rules")
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["verdict", "rule", "model"], name="one_review_per_draft")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.model}"


class Promise(models.Model):
    """What both sides promise for a team and a time: marketing so many good leads and quick answers, sales its work."""

    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text=_("Empty: all teams.")
    )
    first = models.DateField(_("from"))
    last = models.DateField(_("to"))
    mqls = models.PositiveIntegerField(_("leads handed over"), null=True, blank=True)
    sql_percent = models.PositiveSmallIntegerField(_("of them SQLs, in percent"), null=True, blank=True)
    answer_days = models.PositiveSmallIntegerField(_("days to answer feedback"), null=True, blank=True)
    in_time_percent = models.PositiveSmallIntegerField(_("first touches in time, in percent"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts before “no response”"), null=True, blank=True)
    verdict_percent = models.PositiveSmallIntegerField(_("verdicts in time, in percent"), null=True, blank=True)

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        ordering = ["-first", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="promise_ends_after_it_begins"
            ),
            models.UniqueConstraint(fields=["team", "first"], name="one_promise_per_team_and_beginning"),
            models.UniqueConstraint(
                fields=["first"], condition=models.Q(team=None), name="one_promise_of_all_per_beginning"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team or _('all teams')} {self.first} – {self.last}"


class AgreementQuerySet(models.QuerySet["Agreement"]):
    """Questions about versions of the agreement."""

    def in_force(self) -> Self:
        """Return those that both sides have signed, the latest first."""
        return self.filter(signed_at__isnull=False).order_by("-version")


class Agreement(models.Model):
    """One version of what marketing and sales agreed: everything that was live when it was written down."""

    version = models.PositiveIntegerField(_("version"), unique=True)
    terms = models.JSONField()  # as terms.py words them
    note = models.CharField(_("what is new"), max_length=300, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    signed_at = models.DateTimeField(_("in force since"), null=True)  # by whoever signed last

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["-version"]

    def __str__(self) -> str:
        return gettext("Agreement v%(version)d") % {"version": self.version}


class Signature(models.Model):
    """Somebody signs a version of the agreement for their side."""

    class Side(models.TextChoices):
        MARKETING = "marketing", _("marketing")
        SALES = "sales", _("sales")

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="signatures")
    side = models.CharField(max_length=10, choices=Side.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "side"], name="one_signature_of_each_side"),
            models.UniqueConstraint(fields=["agreement", "by"], name="nobody_signs_for_both_sides"),
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()}: {self.by}"


class Decision(models.Model):
    """What the two teams decided together, who sees to it and until when; it is carried on until it is done."""

    text = models.CharField(_("decision"), max_length=300)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("who sees to it"))
    due_on = models.DateField(_("until"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(_("what came of it"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["due_on", "id"]

    def __str__(self) -> str:
        return self.text
