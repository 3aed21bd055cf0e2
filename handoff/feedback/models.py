"""What marketing does with verdicts: answers to them, and changes of rules that began from one."""

from django.db import models
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
            models.UniqueConstraint(
                fields=["team", "first"], nulls_distinct=False, name="one_promise_per_team_and_beginning"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team or _('all teams')} {self.first} – {self.last}"
