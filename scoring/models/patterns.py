"""What belongs to a version beside its rules: personas, and what the content on the site is about."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scoring.models.versions import ScoringModel


class Phase(models.TextChoices):
    """How near a purchase somebody is, by what they read."""

    AWARENESS = "awareness", _("awareness")
    CONSIDERATION = "consideration", _("consideration")
    DECISION = "decision", _("decision")


class ContentEntry(models.Model):
    """A line of the content catalogue: addresses or content ids, with their phase, offer and campaign."""

    class LooksAt(models.TextChoices):
        URL = "url", _("page address")
        CONTENT = "content", _("content id")
        FORM = "form", _("form")

    model = models.ForeignKey(ScoringModel, on_delete=models.CASCADE, related_name="content")
    looks_at = models.CharField(_("looks at"), max_length=10, choices=LooksAt.choices, default=LooksAt.URL)
    pattern = models.CharField(
        _("pattern"), max_length=200, help_text=_("Such as /pricing/* or whitepaper-42; * stands for anything.")
    )
    phase = models.CharField(_("phase"), max_length=15, choices=Phase.choices, blank=True)
    offer = models.CharField(_("offer"), max_length=80, blank=True)
    campaign = models.CharField(_("campaign"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("piece of content")
        verbose_name_plural = _("content catalogue")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["model", "looks_at", "pattern"], name="content_pattern_once_in_a_model")
        ]

    def __str__(self) -> str:
        return self.pattern


class NotScorable(models.Model):
    """A field of profiles or activities, or a kind of activity, that rules are never suggested from."""

    name = models.CharField(max_length=120, unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("field that is not scorable")
        verbose_name_plural = _("fields that are not scorable")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Persona(models.Model):
    """A named pattern over profile fields, with the pains and goals a rep should know."""

    class Standing(models.TextChoices):
        IDEAL = "ideal", _("ideal customer")
        USUAL = "usual", _("customer")
        NEGATIVE = "negative", _("never a customer: kept out of the queue")

    model = models.ForeignKey(ScoringModel, on_delete=models.CASCADE, related_name="personas")
    key = models.SlugField(max_length=40, editable=False)
    name = models.CharField(_("name"), max_length=80, help_text=_("As reps will read it, such as “Energy manager”."))
    standing = models.CharField(_("standing"), max_length=10, choices=Standing.choices, default=Standing.USUAL)
    until = models.DateField(
        _("until"), null=True, blank=True, help_text=_("The last day on which it holds anybody; empty: for good.")
    )
    condition = models.JSONField(_("condition"), default=dict, blank=True)
    pains = models.TextField(_("pains"), blank=True, help_text=_("What troubles them, as a rep could say it."))
    goals = models.TextField(_("goals"), blank=True, help_text=_("What they want to reach."))

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personas")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["model", "key"], name="persona_key_once_in_a_model")]

    def __str__(self) -> str:
        return self.name
