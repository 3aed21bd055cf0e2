"""The forms about people. They read input; the acts decide."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from handoff.people.models import Absence, Team
from scoring.condition_field import ConditionField


def _day(**kwargs: Any) -> forms.DateField:
    within = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2199, 12, 31))]
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(widget=widget, validators=within, **kwargs)


class AwayForm(forms.Form):
    """From which day until which day somebody is away."""

    first_day = _day(label=_("Away from"))
    last_day = _day(
        label=_("Up to and including"), required=False, help_text=_("Leave it empty if you don't know yet.")
    )


class AbsenceForm(forms.ModelForm):  # type: ignore[type-arg]
    """An absence as a manager enters it."""

    fields: dict[str, Any]

    class Meta:
        model = Absence
        fields = "__all__"  # noqa: DJ007 (the admin names them; the others are not editable)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in (self.fields["starts_at"], self.fields["ends_at"]):
            # The admin's two inputs of one instant have no label that belongs to them.
            for widget, part in zip(field.widget.widgets, (gettext("date"), gettext("time")), strict=True):
                widget.attrs["aria-label"] = f"{field.label}: {part}"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("An absence ends after it begins."))
        return cleaned


class WordsField(forms.CharField):
    """Words separated by commas, kept as a list, each once."""

    def __init__(self, *args: Any, upper: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, required=False, **kwargs)
        self.upper = upper

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        words = [word.strip() for word in str(value or "").split(",") if word.strip()]
        return list(dict.fromkeys(word.upper() if self.upper else word for word in words))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != (initial or []))


class CountriesField(WordsField):
    """Country codes separated by commas or blanks."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(upper=True, **kwargs)

    def to_python(self, value: Any) -> Any:
        codes: list[str] = super().to_python(str(value or "").replace(" ", ","))
        wrong = [code for code in codes if len(code) != 2 or not code.isalpha()]
        if wrong:
            raise forms.ValidationError(
                _("“%(code)s” is no country code; use two letters, such as NL."), params={"code": wrong[0]}
            )
        return codes


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    """A team with its territory."""

    countries = CountriesField(label=_("Countries"), help_text=_("Two-letter codes, such as NL, BE."))
    territory = ConditionField(
        label=_("Territory"),
        sources=["profile"],
        help_text=_("Which leads it gets. Where countries are named too, both have to hold."),
    )

    class Meta:
        model = Team
        fields = "__all__"  # noqa: DJ007 (the admin names them; the others are not editable)

    def clean_territory(self) -> Any:
        """Return the condition, None where there is none."""
        return self.cleaned_data["territory"] or None
