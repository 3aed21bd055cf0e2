"""What marketers write: versions of the scoring model, and their rules."""

from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from itertools import pairwise
from typing import Any, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from scoring.spec import DIMENSIONS, ContentSpec, GroupSpec, ModelSpec, PersonaSpec, RuleSpec

Spec = TypeVar("Spec")


def points_field(label: Any, **kwargs: Any) -> "models.DecimalField[Any, Any]":
    """Return a field for a number of points."""
    return models.DecimalField(label, max_digits=7, decimal_places=2, **kwargs)


def days_field(label: Any, said: Any) -> "models.DecimalField[Any, Any]":
    """Return a field for a number of days, which may be left out."""
    return points_field(label, null=True, blank=True, validators=[MinValueValidator(Decimal("0.01"))], help_text=said)


class ScoringModelQuerySet(models.QuerySet["ScoringModel"]):
    """Questions about scoring models."""

    def live(self) -> Self:
        """Return the one that scores now, if there is one."""
        return self.filter(state=ScoringModel.State.LIVE)


class ScoringModel(models.Model):
    """One version of the whole rule set with its thresholds. A published one is never edited."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        LIVE = "live", _("live")
        CHALLENGER = "challenger", _("challenger")
        RETIRED = "retired", _("retired")

    name = models.CharField(_("name"), max_length=80)
    version = models.PositiveIntegerField(_("version"), unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT, editable=False)
    threshold = points_field(_("threshold"), default=Decimal(100), help_text=_("An MQL has at least this many points."))
    hysteresis = points_field(
        _("hysteresis"), default=Decimal(5), help_text=_("An MQL stays one until it is this far below the threshold.")
    )
    fit_minimum = points_field(_("least fit"), null=True, blank=True)
    interest_minimum = points_field(_("least interest"), null=True, blank=True)
    timing_minimum = points_field(_("least timing"), null=True, blank=True)
    cut_a = points_field(_("grade A from"), default=Decimal(30), help_text=_("Points of fit."))
    cut_b = points_field(_("grade B from"), default=Decimal(20))
    cut_c = points_field(_("grade C from"), default=Decimal(10))
    cut_1 = points_field(_("grade 1 from"), default=Decimal(60), help_text=_("Points of interest and timing."))
    cut_2 = points_field(_("grade 2 from"), default=Decimal(40))
    cut_3 = points_field(_("grade 3 from"), default=Decimal(20))
    fast_lane_kinds = models.JSONField(
        _("fast lane"), default=list, blank=True, help_text=_("These hand over at once.")
    )
    fast_lane_condition = models.JSONField(default=dict, blank=True)
    product_kinds = models.JSONField(_("product signals"), default=list, blank=True)
    product_condition = models.JSONField(default=dict, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Europe/Amsterdam")
    note = models.TextField(_("note"), blank=True)
    created_at = models.DateTimeField(_("created at"), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = ScoringModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("scoring model")
        verbose_name_plural = _("scoring models")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="live"), name="at_most_one_live_model")
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def is_draft(self) -> bool:
        """Whether it may still be edited."""
        return self.state == self.State.DRAFT

    def clean(self) -> None:
        """Refuse a threshold that everybody reaches or an MQL never falls below, and grades whose cuts do not fall."""
        wrong: dict[str, Any] = {}
        if self.threshold <= 0:
            wrong["threshold"] = _("The threshold is above zero; else a lead without any points would be an MQL.")
        elif not 0 <= self.hysteresis < self.threshold:
            wrong["hysteresis"] = _("The hysteresis is at least zero and below the threshold, so that an MQL can cool.")
        for cuts in (("cut_a", "cut_b", "cut_c"), ("cut_1", "cut_2", "cut_3")):
            for higher, lower in pairwise(cuts):
                if getattr(self, higher) <= getattr(self, lower):
                    wrong[lower] = _("A lower grade begins at fewer points than the one above it.")
        if wrong:
            raise ValidationError(wrong)

    def spec(self) -> ModelSpec:
        """Return the model as values for the engine."""
        return self.spec_of(self.groups.all(), self.rules.all(), self.content.all(), self.personas.all())

    def spec_of(
        self,
        groups: "Iterable[RuleGroup]",
        rules: "Iterable[Rule]",
        content: "Iterable[models.Model]" = (),
        personas: "Iterable[models.Model]" = (),
    ) -> ModelSpec:
        """Return the model with these parts as values for the engine."""
        by_key = {group.pk: as_spec(GroupSpec, group) for group in groups}
        return as_spec(
            ModelSpec,
            self,
            groups=tuple(by_key.values()),
            rules=tuple(
                as_spec(RuleSpec, rule, group=by_key[rule.group_id].key, kinds=tuple(rule.activity_kinds))
                for rule in rules
                if rule.is_active
            ),
            minimums={dimension: number(getattr(self, f"{dimension}_minimum")) for dimension in DIMENSIONS},
            fit_cuts=(float(self.cut_a), float(self.cut_b), float(self.cut_c)),
            engagement_cuts=(float(self.cut_1), float(self.cut_2), float(self.cut_3)),
            content=tuple(as_spec(ContentSpec, entry) for entry in content),
            personas=tuple(as_spec(PersonaSpec, persona) for persona in personas),
        )


def as_spec(kind: type[Spec], row: models.Model, **otherwise: Any) -> Spec:
    """Return `row` as values for the engine: what the fields of `kind` name, unless said `otherwise`."""
    names = [field.name for field in fields(kind) if field.name not in otherwise]  # type: ignore[arg-type]
    return kind(**{name: number(getattr(row, name)) for name in names}, **otherwise)


def number(value: Any) -> Any:
    """Return a decimal as a float, and any other value as it is."""
    return float(value) if isinstance(value, Decimal) else value


class RuleGroup(models.Model):
    """Rules that share a dimension, a floor and a cap."""

    class Dimension(models.TextChoices):
        FIT = "fit", _("fit")
        INTEREST = "interest", _("interest")
        TIMING = "timing", _("timing")

    model = models.ForeignKey(ScoringModel, on_delete=models.CASCADE, related_name="groups")
    key = models.SlugField(max_length=40)
    name = models.CharField(_("name"), max_length=80)
    dimension = models.CharField(_("dimension"), max_length=10, choices=Dimension.choices)
    floor = points_field(_("floor"), null=True, blank=True)
    cap = points_field(_("cap"), null=True, blank=True)

    class Meta:
        verbose_name = _("group of rules")
        verbose_name_plural = _("groups of rules")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["model", "key"], name="group_key_once_in_a_model")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a floor above the cap."""
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            raise ValidationError({"floor": _("The floor is at most the cap.")})


class Rule(models.Model):
    """A condition that gives or takes points. `key` is the same in every version of the model."""

    class Kind(models.TextChoices):
        PROFILE = "profile", _("who they are")
        ACTIVITY = "activity", _("what they do")
        SILENCE = "silence", _("silence")

    class LimitPer(models.TextChoices):
        DAY = "day", _("a day")
        WEEK = "week", _("a week")
        MONTH = "month", _("a month")
        EVER = "ever", _("ever")

    class Unit(models.TextChoices):
        MATCHES = "matches", _("matches")
        VISITS = "visits", _("visits")
        DAYS = "days", _("days")
        VALUES = "values", _("different values")

    model = models.ForeignKey(ScoringModel, on_delete=models.CASCADE, related_name="rules")
    group = models.ForeignKey(RuleGroup, on_delete=models.RESTRICT, related_name="rules", verbose_name=_("group"))
    key = models.SlugField(max_length=40, editable=False)
    name = models.CharField(_("name"), max_length=120, help_text=_("As reps will read it, such as “Visited pricing”."))
    kind = models.CharField(_("about"), max_length=10, choices=Kind.choices, default=Kind.PROFILE)
    points = points_field(_("points"))
    activity_kinds = models.JSONField(_("activities"), default=list, blank=True)
    condition = models.JSONField(_("condition"), default=dict, blank=True)
    half_life = days_field(_("half-life"), _("Days after which points are worth half."))
    window = days_field(_("window"), _("Days after which points stop counting."))
    limit = models.PositiveIntegerField(_("counts at most"), null=True, blank=True, validators=[MinValueValidator(1)])
    limit_per = models.CharField(_("times"), max_length=10, choices=LimitPer.choices, blank=True)
    at_least = models.PositiveIntegerField(_("once from"), null=True, blank=True, validators=[MinValueValidator(1)])
    at_least_of = models.CharField(_("of"), max_length=10, choices=Unit.choices, default=Unit.MATCHES)
    values_of = models.CharField(_("values of"), max_length=80, blank=True)
    silence_days = models.PositiveIntegerField(_("days of silence"), null=True, blank=True)
    position = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField(_("counts"), default=True)

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["group_id", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["model", "key"], name="rule_key_once_in_a_model")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what means nothing for this kind of rule, and halves of pairs."""
        no_bound = _("A rule about “%(about)s” has no such bound; leave this empty.") % {
            "about": self.get_kind_display()
        }
        wrong: dict[str, Any] = {
            name: no_bound
            for name, kinds in MEANT_FOR.items()
            if self.kind not in kinds and getattr(self, name) not in (None, "", [], self.Unit.MATCHES)
        }
        if self.kind == self.Kind.SILENCE and not self.silence_days:
            wrong["silence_days"] = _("Say after how many days of silence.")
        if bool(self.limit) != bool(self.limit_per):
            wrong.setdefault(
                "limit_per" if self.limit else "limit", _("A limit is a number and a period, such as 3 a week.")
            )
        if bool(self.values_of) != (self.at_least_of == self.Unit.VALUES):
            wrong.setdefault(
                "at_least_of" if self.values_of else "values_of", _("“Different values” and “values of” go together.")
            )
        if self.at_least_of != self.Unit.MATCHES and not self.at_least:
            wrong.setdefault("at_least", _("Say from how many on, such as once from 3 visits."))
        if wrong:
            raise ValidationError(wrong)


# Which fields of a rule mean something for which kinds of rules; the rest stays as it is in a new rule.
MEANT_FOR: dict[str, set[str]] = {
    "activity_kinds": {Rule.Kind.ACTIVITY, Rule.Kind.SILENCE},
    "half_life": {Rule.Kind.ACTIVITY},
    "window": {Rule.Kind.ACTIVITY},
    "limit": {Rule.Kind.ACTIVITY},
    "limit_per": {Rule.Kind.ACTIVITY},
    "at_least": {Rule.Kind.ACTIVITY},
    "at_least_of": {Rule.Kind.ACTIVITY},
    "values_of": {Rule.Kind.ACTIVITY},
    "silence_days": {Rule.Kind.SILENCE},
}
