"""The forms of policies: what they cover, their targets, and their ladder by choosing."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.people.forms import CountriesField, WordsField
from handoff.people.models import Team
from handoff.sla.models import Calendar, LadderStep, Policy, Target
from handoff.sla.versioning import REVISED, StepValues, TargetValues

# The queue's words, which stands above this slice; a test keeps both equal.
ROUTES = [
    ("score", gettext_lazy("score")),
    ("fast_lane", gettext_lazy("fast lane")),
    ("product", gettext_lazy("product")),
    ("manual", gettext_lazy("by hand")),
]
CHANNELS = [
    ("call", gettext_lazy("call")),
    ("email", gettext_lazy("e-mail")),
    ("message", gettext_lazy("message")),
    ("meeting", gettext_lazy("meeting")),
]
OUTCOMES = [
    ("connected", gettext_lazy("reached, we spoke")),
    ("replied", gettext_lazy("they answered")),
    ("voicemail", gettext_lazy("voicemail")),
    ("no_answer", gettext_lazy("no answer")),
    ("sent", gettext_lazy("sent")),
    ("wrong_number", gettext_lazy("wrong number or address")),
]
# How a step of the ladder is counted: minutes in one, and whether they lie before due.
MOST_PERCENT = 1000
MOST_DAYS = 1000
COUNTED_IN = {
    "share": gettext_lazy("percent of the target"),
    "minutes_before": gettext_lazy("minutes before it is due"),
    "hours_before": gettext_lazy("hours before it is due"),
    "minutes_after": gettext_lazy("minutes after it was due"),
    "hours_after": gettext_lazy("hours after it was due"),
}
COUNTED = {"minutes_before": (-1, 1), "hours_before": (-1, 60), "minutes_after": (1, 1), "hours_after": (1, 60)}


def _boxes(label: Any, choices: Any, **kwargs: Any) -> forms.MultipleChoiceField:
    widget = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(label=label, choices=choices, required=False, widget=widget, **kwargs)


def team_choices() -> list[tuple[str, str]]:
    """Return the teams by their short names."""
    return list(Team.objects.values_list("slug", "name"))


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """One version of a policy."""

    routes = _boxes(gettext_lazy("Routes"), ROUTES, help_text=gettext_lazy("None chosen: all of them."))
    teams = _boxes(gettext_lazy("Teams"), team_choices, help_text=gettext_lazy("None chosen: all of them."))
    sources = WordsField(label=gettext_lazy("Sources"), help_text=gettext_lazy("Separated by commas."))
    countries = CountriesField(
        label=gettext_lazy("Countries"), help_text=gettext_lazy("Two-letter codes, such as NL, BE.")
    )
    grades = WordsField(label=gettext_lazy("Grades"), upper=True, help_text=gettext_lazy("Such as A or B1."))

    own_teams: list[str] | None = None  # the short names that a manager may choose from

    class Meta:
        model = Policy
        fields = ("slug", *REVISED)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if Policy.objects.filter(slug=slug).exists():
            raise forms.ValidationError(
                _("There is a policy “%(slug)s” already: change it, or choose another name.") % {"slug": slug}
            )
        return slug

    def clean_teams(self) -> list[str]:
        """Want a manager to say for which of their teams it is."""
        chosen: list[str] = self.cleaned_data["teams"]
        if self.own_teams is not None and not chosen:
            raise forms.ValidationError(_("Choose the teams it is for."))
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        low, high = cleaned.get("score_min"), cleaned.get("score_max")
        if low is not None and high is not None and low >= high:
            self.add_error(
                "score_max", _("No score is at least %(low)g and below %(high)g.") % {"low": low, "high": high}
            )
        return cleaned


class TargetForm(forms.ModelForm):  # type: ignore[type-arg]
    """How much time one metric has, and which touches count."""

    amount = forms.IntegerField(label=gettext_lazy("Amount"), min_value=1, max_value=10_000)
    channels = _boxes(gettext_lazy("Channels that count"), CHANNELS)
    outcomes = _boxes(gettext_lazy("Outcomes that count"), OUTCOMES)

    class Meta:
        model = Target
        fields = ("metric", "amount", "unit", "needs_proof", "channels", "outcomes")

    def clean_amount(self) -> int:
        """Refuse more days than anybody means, and than calendars are known for."""
        amount: int = self.cleaned_data["amount"]
        if self.data.get(self.add_prefix("unit")) == Target.Unit.DAYS and amount > MOST_DAYS:
            raise forms.ValidationError(_("At most %(n)d days.") % {"n": MOST_DAYS})
        return amount

    @staticmethod
    def values(row: dict[str, Any]) -> TargetValues:
        """Return what a filled-in row says."""
        counts = {name: tuple(row[name]) for name in ("channels", "outcomes")}
        return TargetValues(row["metric"], row["amount"], row["unit"], needs_proof=row["needs_proof"], **counts)


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    """One step of the ladder: how much of what, and what happens then."""

    when = forms.IntegerField(label=gettext_lazy("At"), min_value=0, max_value=10_000)
    counted = forms.ChoiceField(
        label=gettext_lazy("counted in"),
        choices=list(COUNTED_IN.items()),
    )

    class Meta:
        model = LadderStep
        fields = ("metric", "action")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        step: LadderStep | None = kwargs.get("instance")
        if step is not None and step.pk:
            kwargs["initial"] = {**counted(step), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def has_changed(self) -> bool:
        """Return whether anything is said; of a blank row a browser sends what its amount would be counted in."""
        is_blank = self.empty_permitted and self.changed_data == ["counted"]
        return not is_blank and super().has_changed()

    def clean(self) -> dict[str, Any]:
        """Read amount and unit as a share or an offset."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("when") is not None and cleaned.get("counted"):
            if cleaned["counted"] == "share" and cleaned["when"] > MOST_PERCENT:
                self.add_error("when", _("At most %(n)d percent.") % {"n": MOST_PERCENT})
                return cleaned
            step = self.values(cleaned)
            self.instance.share, self.instance.offset = step.share, step.offset
        return cleaned

    @staticmethod
    def values(row: dict[str, Any]) -> StepValues:
        """Return what a filled-in row says."""
        metric, action = row.get("metric", ""), row.get("action", "")
        if row["counted"] == "share":
            return StepValues(metric, action, share=row["when"])
        sign, minutes = COUNTED[row["counted"]]
        return StepValues(metric, action, offset=sign * minutes * row["when"])


def counted(step: LadderStep) -> dict[str, Any]:
    """Return how the form shows when `step` is."""
    if step.offset is None:
        return {"when": step.share, "counted": "share"}
    size, side = abs(step.offset), "after" if step.offset >= 0 else "before"
    unit = "hours" if size and size % 60 == 0 else "minutes"
    return {"when": size // 60 if unit == "hours" else size, "counted": f"{unit}_{side}"}


class WallTimeField(forms.DateTimeField):
    """A time on a clock on the wall, as if in UTC: whose wall it is, another field says."""

    def to_python(self, value: Any) -> datetime | None:
        """Read it without asking whether the viewer's zone has such a time, or has it twice."""
        with timezone.override(UTC):
            return super().to_python(value)


class PreviewForm(forms.Form):
    """When a handoff would open, and in which calendar."""

    start = WallTimeField(
        label=gettext_lazy("A handoff opens"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    calendar = forms.ModelChoiceField(Calendar.objects.all(), label=gettext_lazy("In the calendar"), required=False)
