"""What marketing does with verdicts: answers to them, and changes of rules that began from one."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from handoff.people.models import User
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
