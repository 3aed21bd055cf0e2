"""The forms in which marketers write rules and versions; they never see JSON."""

from copy import copy
from functools import cache
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.challenging import WEEKS
from scoring.condition_field import ConditionField
from scoring.editing import lock_draft, state_of
from scoring.models import Persona, Publication, Rule, RuleGroup, ScoringModel
from scoring.population import population

SAVED_MEANWHILE = gettext_lazy(
    "Somebody else saved this after you had opened it, so nothing was changed. What you typed stands here: look in "
    "another window at what is stored now, and save again only if yours is to take its place."
)


@cache
def zone_choices() -> list[tuple[str, str]]:
    """Return all time zones to choose from; they are read from the disk once."""
    return [(zone, zone) for zone in sorted(available_timezones())]


class KindsField(forms.MultipleChoiceField):
    """Kinds of activities as checkboxes: those that are known, and chosen ones that nobody does any more."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.CheckboxSelectMultiple, **kwargs)

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """Return the field as the form has it, with today's kinds to choose from."""
        known = dict(population().activity_kinds())
        chosen = form.get_initial_for_field(self, field_name) or []
        self.choices = [*known.items(), *((kind, kind.replace("_", " ")) for kind in chosen if kind not in known)]
        return super().get_bound_field(form, field_name)


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form over a row of a draft, which overwrites nothing that somebody else saved since the page was shown."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            # Of the row as it was read for the page: read anew, it could be newer than what the page shows.
            self.initial["seen"] = state_of([self.instance, *self.rows_beside()])

    def rows_beside(self) -> list[models.Model]:
        """Return the rows that stand on the same page."""
        return []

    def clean(self) -> dict[str, Any]:
        """Refuse to overwrite what was saved meanwhile; whoever saves again then has been told."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.pk:
            lock_draft(getattr(self.instance, "model_id", self.instance.pk))
            stored = type(self.instance).objects.filter(pk=self.instance.pk)
            state = state_of([*stored, *self.rows_beside()])
            if cleaned.get("seen") != state:
                sent: Any = copy(self.data)
                sent["seen"] = state
                self.data = sent
                self.add_error(None, ValidationError(SAVED_MEANWHILE))
        return cleaned


class ScoringModelForm(DraftForm):
    """A version's name, thresholds and fast lane."""

    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"), help_text=gettext_lazy("Days and weeks begin by it."), choices=zone_choices
    )
    fast_lane_kinds = KindsField(
        label=gettext_lazy("Fast lane"), help_text=gettext_lazy("Whoever does one of these is handed over at once.")
    )
    fast_lane_condition = ConditionField(label=gettext_lazy("Only if"), sources=["activity"])
    product_kinds = KindsField(
        label=gettext_lazy("Product signals"), help_text=gettext_lazy("These hand over by the product route.")
    )
    product_condition = ConditionField(label=gettext_lazy("Only if"), sources=["activity"])

    class Meta:
        model = ScoringModel
        fields = "__all__"  # noqa: DJ007 (the admin names them; the others are not editable)

    def rows_beside(self) -> list[models.Model]:
        """Return the version's groups and content, which its page shows as well."""
        return [*self.instance.groups.all(), *self.instance.content.all()]


class PartForm(DraftForm):
    """A rule or a persona of a draft."""

    scoring_model: ScoringModel  # set by the admin on the class it makes for a request

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.instance.model = self.scoring_model


class RuleForm(PartForm):
    """One rule of a draft."""

    activity_kinds = KindsField(label=gettext_lazy("Activities"), help_text=gettext_lazy("None chosen: all of them."))
    condition = ConditionField(label=gettext_lazy("Condition"), sources=["profile", "activity"])
    values_of = forms.ChoiceField(
        label=gettext_lazy("Values of"), required=False, help_text=gettext_lazy("For “different values”.")
    )

    class Meta:
        model = Rule
        fields = "__all__"  # noqa: DJ007 (the admin names them)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = RuleGroup.objects.filter(model=self.scoring_model)
        self.fields["group"].label_from_instance = group_label
        named = {field.name: field.label for field in population().activity_fields().values()}
        if self.instance.values_of:
            named.setdefault(self.instance.values_of, self.instance.values_of)
        self.fields["values_of"].choices = [("", "—"), *named.items()]
        self.fields["condition"].look_at(source_for(self.instance.kind))

    def clean_kind(self) -> Any:
        """Return the kind, which says whose fields the condition is about."""
        kind = self.cleaned_data["kind"]
        self.fields["condition"].look_at(source_for(kind))
        return kind


class PersonaForm(PartForm):
    """One persona of a draft."""

    condition = ConditionField(label=gettext_lazy("Condition"), sources=["profile"])

    class Meta:
        model = Persona
        fields = "__all__"  # noqa: DJ007 (the admin names them)
        widgets: ClassVar = {
            **{name: forms.Textarea(attrs={"rows": 3}) for name in ("pains", "goals")},
            "until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def clean_condition(self) -> Any:
        """Refuse a persona of everybody."""
        if not self.cleaned_data["condition"]:
            raise ValidationError(_("Say who they are; a persona without a condition would be everybody."))
        return self.cleaned_data["condition"]

    def clean(self) -> dict[str, Any]:
        """Refuse an end for a persona that holds nobody."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("until") and cleaned.get("standing") != Persona.Standing.NEGATIVE:
            self.add_error("until", _("Only a persona that keeps leads out of the queue ends; leave this empty."))
        return cleaned


def source_for(kind: str) -> str:
    """Return whose fields a rule of `kind` looks at."""
    return "profile" if kind == Rule.Kind.PROFILE else "activity"


def group_label(group: Any) -> str:
    """Return the group's name, with its dimension where the name does not say it."""
    dimension = group.get_dimension_display()
    return group.name if group.name.lower() == dimension.lower() else f"{group.name} ({dimension})"


class PublishForm(forms.Form):
    """What is said when a version goes live."""

    rehearsal = forms.IntegerField(widget=forms.HiddenInput)
    qualifying = forms.ChoiceField(
        label=gettext_lazy("Leads that newly qualify"),
        choices=Publication.Qualifying.choices,
        initial=Publication.Qualifying.NOW,
        widget=forms.RadioSelect,
    )
    pace = forms.IntegerField(
        label=gettext_lazy("How many per rep a day"),
        required=False,
        min_value=1,
        max_value=100,
        help_text=gettext_lazy("Only for the pace."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("What changes and why, for whoever looks back."),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a pace without a number; a number without the pace is left aside."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("qualifying") != Publication.Qualifying.PACED:
            cleaned["pace"] = None
        elif not cleaned.get("pace") and "pace" not in self.errors:
            self.add_error("pace", _("Say how many per rep a day, such as 3."))
        return cleaned


class BacktestForm(forms.Form):
    """The period whose handoffs a version is tested by."""

    since = forms.DateField(
        label=gettext_lazy("Handed over from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(label=gettext_lazy("to"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if len(cleaned) == 2 and cleaned["since"] > cleaned["until"]:
            self.add_error("until", _("The period ends before it begins."))
        return cleaned


class ChallengeForm(forms.Form):
    """How a version challenges what is live."""

    share = forms.IntegerField(
        label=gettext_lazy("Share of the new leads, in percent"),
        min_value=1,
        max_value=50,
        initial=50,
        help_text=gettext_lazy("Half of them tells the soonest which version is better."),
    )
    weeks = forms.IntegerField(
        label=gettext_lazy("For how many weeks it draws"), min_value=WEEKS[0], max_value=WEEKS[1], initial=WEEKS[1]
    )
