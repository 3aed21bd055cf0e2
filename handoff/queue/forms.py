"""The forms of the queue's acts. They read input; the acts decide."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from handoff.leads.models import Lead
from handoff.people.models import User
from handoff.queue.claiming import colleagues_of
from handoff.queue.models import Answer, DisqualificationReason, Handoff
from handoff.queue.models.verdicts import BANT


class LocalDateTime(forms.DateTimeField):
    """A time picked in the reader's own zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class ActForm(forms.Form):
    """A form about one handoff, for one person."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, handoff: Handoff, user: User, at: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.handoff, self.user, self.at = handoff, user, at


class NextStepForm(ActForm):
    """What happens next, and when."""

    what = forms.CharField(label=_("What"), max_length=200, required=False)
    step_at = LocalDateTime(label=_("When"), required=False, help_text=_("Leave both empty to take the plan away."))


class SnoozeForm(ActForm):
    """Until when, and why it can wait."""

    until = LocalDateTime(label=_("Until"))
    reason = forms.CharField(label=_("Why it can wait"), max_length=200)


class ReleaseForm(ActForm):
    """Why it goes back to the team."""

    reason = forms.CharField(label=_("Why you give it back"), max_length=300)


class OverturnForm(ActForm):
    """Why the verdict was wrong."""

    reason = forms.CharField(label=_("Why the verdict was wrong"), max_length=300)


class NoteForm(ActForm):
    """Something a colleague should know."""

    text = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 3}))


class _ColleagueForm(ActForm):
    to = forms.ModelChoiceField(label=_("Colleague"), queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reps = User.objects.filter(pk__in=[rep.pk for rep in colleagues_of(self.user)])
        self.fields["to"].queryset = reps.order_by("first_name", "id")  # type: ignore[attr-defined]


class PassForm(_ColleagueForm):
    """To whom, with a line."""

    note = forms.CharField(label=_("A line for your colleague"), max_length=300)


class AssignForm(_ColleagueForm):
    """To whom."""


class QualifyForm(ActForm):
    """BANT, who takes the lead on, and what it may be worth."""

    value = forms.DecimalField(label=_("Deal value"), required=False, min_value=0, max_digits=14, decimal_places=2)
    currency = forms.CharField(label=_("Currency"), required=False, max_length=3, initial="EUR")
    expected_close = forms.DateField(
        label=_("Expected close"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    takes_over = forms.ModelChoiceField(
        label=_("Who takes it on"), queryset=User.objects.none(), required=False, empty_label=_("I do, or who holds it")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reps = User.objects.filter(pk__in=[rep.pk for rep in colleagues_of(self.user)])
        self.fields["takes_over"].queryset = reps.order_by("first_name", "id")  # type: ignore[attr-defined]
        for name in BANT:
            label = BANT_LABELS[name]
            self.fields[name] = forms.ChoiceField(label=label, choices=Answer.choices, widget=forms.RadioSelect)
            self.fields[f"{name}_note"] = forms.CharField(label=_("note"), required=False, max_length=300)

    def letters(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the answer and the note of each letter."""
        return [(self[name], self[f"{name}_note"]) for name in BANT]

    def bant(self) -> dict[str, tuple[str, str]]:
        """Return the answers with their notes."""
        return {name: (self.cleaned_data[name], self.cleaned_data[f"{name}_note"]) for name in BANT}


class WonForm(ActForm):
    """For how much."""

    value = forms.DecimalField(label=_("Revenue"), required=False, min_value=0, max_digits=14, decimal_places=2)
    currency = forms.CharField(label=_("Currency"), required=False, max_length=3, initial="EUR")


class LostForm(ActForm):
    """Why."""

    because = forms.CharField(label=_("Why it was lost"), max_length=300)


BANT_LABELS = {
    "budget": _("Budget"),
    "authority": _("Authority"),
    "need": _("Need"),
    "timeline": pgettext_lazy("BANT", "Timeline"),
}
WAKE_CHOICES = {
    "request": (_("contact or demo request"), ["contact_request", "demo_request"]),
    "pricing": (
        _("a request, download or webinar"),
        ["contact_request", "demo_request", "content_download", "webinar_attended"],
    ),
    "none": (_("no signal"), []),
}
FATES = [
    ("nurture", _("Back to marketing, to nurture")),
    ("out", _("Out for good")),
]


class DisqualifyForm(ActForm):
    """What stopped it, what happens now, which signals were wrong."""

    reason = forms.ModelChoiceField(
        label=_("What stopped it?"),
        queryset=DisqualificationReason.objects.none(),
        widget=forms.RadioSelect,
        to_field_name="slug",
    )
    fate = forms.ChoiceField(label=_("What happens now?"), choices=FATES, widget=forms.RadioSelect, required=False)
    wake_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    wake_signal = forms.ChoiceField(
        choices=[(key, words) for key, (words, _kinds) in WAKE_CHOICES.items()], required=False, initial="request"
    )
    wake_points = forms.IntegerField(required=False, min_value=0, max_value=1000)
    misleading = forms.MultipleChoiceField(required=False, choices=())
    competitor = forms.CharField(label=_("Which competitor"), required=False, max_length=120)
    right_person = forms.CharField(label=_("Who is the right person"), required=False, max_length=200)
    other_lead = forms.CharField(label=_("E-mail of the other lead"), required=False)
    note = forms.CharField(
        label=_("In a sentence, for marketing"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = DisqualificationReason.objects.filter(is_active=True)
        self.fields["reason"].queryset = offered  # type: ignore[attr-defined]
        self.fields["misleading"].choices = [(e["rule"], e["name"]) for e in self.handoff.reasons]  # type: ignore[attr-defined]

    def clean_other_lead(self) -> Lead | None:
        """Return the lead that is meant, or say that there is none."""
        email = self.cleaned_data["other_lead"].strip().lower()
        if not email:
            return None
        found = Lead.objects.visible_to(self.user).filter(email=email).exclude(pk=self.handoff.lead_id).first()
        if found is None:
            raise forms.ValidationError(
                _("You see no other lead with the address “%(email)s”."), params={"email": email}
            )
        return found

    def given(self, *, midnight: Any) -> dict[str, Any]:
        """Return what the act takes; `midnight` turns a date into the instant at which it begins."""
        data = self.cleaned_data
        reason: DisqualificationReason = data["reason"]
        fate = data["fate"] or ("out" if reason.is_permanent else "nurture")
        wake_at: datetime | None = midnight(data["wake_on"]) if data["wake_on"] and fate == "nurture" else None
        return {
            "reason": reason,
            "permanent": fate == "out",
            "wake_at": wake_at,
            "wake_kinds": WAKE_CHOICES[data["wake_signal"] or "request"][1],
            "wake_points": data["wake_points"] or 0,
            "misleading": data["misleading"],
            "note": data["note"],
            "competitor": data["competitor"],
            "right_person": data["right_person"],
            "other_lead": data["other_lead"],
        }
