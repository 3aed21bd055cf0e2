"""The work on a handoff: touches, next steps, notes and snoozes."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from handoff.people.models import Team, User
from handoff.queue.models.handoffs import Handoff


class TouchChannel(models.TextChoices):
    """By which way a person tried."""

    CALL = "call", _("call")
    EMAIL = "email", _("e-mail")
    MESSAGE = "message", _("message")
    MEETING = "meeting", _("meeting")


class Outcome(models.TextChoices):
    """What came of it; the first two are two-way, so they connect."""

    CONNECTED = "connected", _("reached, we spoke")
    REPLIED = "replied", _("they answered")
    VOICEMAIL = "voicemail", _("voicemail")
    NO_ANSWER = "no_answer", _("no answer")
    SENT = "sent", _("sent")
    WRONG_NUMBER = "wrong_number", _("wrong number or address")


CONNECTS = frozenset({Outcome.CONNECTED, Outcome.REPLIED})


class Touch(models.Model):
    """One contact or attempt by a person. `at` is when it happened, `logged_at` when it was written down."""

    class Direction(models.TextChoices):
        OUT = "out", _("we to them")
        IN = "in", _("they to us")

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="touches")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="touches")
    channel = models.CharField(_("channel"), max_length=10, choices=TouchChannel.choices)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices, default=Direction.OUT)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    at = models.DateTimeField(_("when"))
    logged_at = models.DateTimeField()
    note = models.TextField(_("note"), blank=True)
    evidence = models.CharField(_("evidence"), max_length=300, blank=True, help_text=_("A link or a message id."))

    class Meta:
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["handoff", "at"], name="touch_by_handoff")]

    def __str__(self) -> str:
        # Imported history may not say what came of it.
        return ": ".join(filter(None, [self.get_channel_display(), self.get_outcome_display()]))

    @property
    def is_connect(self) -> bool:
        """Whether both sides spoke."""
        return self.outcome in CONNECTS

    @property
    def is_answer(self) -> bool:
        """Whether it shows that the lead is there: they reached us, or both sides spoke."""
        return self.is_connect or self.direction == Touch.Direction.IN

    @property
    def is_backdated(self) -> bool:
        """Whether it was written down noticeably later than it happened."""
        return (self.logged_at - self.at).total_seconds() > 300


class NextStep(models.Model):
    """What the rep will do next and when; a newer one or the verdict ends it."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="next_steps")
    what = models.CharField(_("what"), max_length=200)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("next step")
        verbose_name_plural = _("next steps")
        constraints = [
            models.UniqueConstraint(fields=["handoff"], condition=Q(ended_at=None), name="one_next_step_at_a_time")
        ]
        indexes = [
            # The tick that reminds.
            models.Index(fields=["at"], condition=Q(ended_at=None, reminded_at=None), name="next_step_reminder"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"


class Note(models.Model):
    """Something a colleague should know."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="notes")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField(_("note"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text[:60]


class Snooze(models.Model):
    """A handoff out of sight until a date, with the reason on the record. Only its verdict clock pauses."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="snoozes")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    until = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("snooze")
        verbose_name_plural = _("snoozes")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["handoff"], condition=Q(ended_at=None), name="one_snooze_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.until:%Y-%m-%d} {self.reason}"


class Draft(models.Model):
    """What the form of a verdict holds so far: it is there again on the next look, for whoever works the lead then."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="drafts")
    act = models.CharField(max_length=20)
    values = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["handoff", "act"], name="one_draft_per_act")]

    def __str__(self) -> str:
        return f"{self.handoff}: {self.act}"


class MailTemplate(models.Model):
    """A mail that reps of a team (or of all) can start from; names in braces are filled in from the lead."""

    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("team"), help_text=_("Empty: all teams.")
    )
    name = models.CharField(_("name"), max_length=60)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        verbose_name = _("mail template")
        verbose_name_plural = _("mail templates")
        ordering = ["position", "name", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
