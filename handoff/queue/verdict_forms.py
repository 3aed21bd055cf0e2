"""The forms of verdicts and of what follows from them. They read input; the acts decide."""

from datetime import date, datetime, time
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Lead
from handoff.people.models import Role, User
from handoff.queue.claiming import colleagues_of
from handoff.queue.forms import ActForm, LocalDateTime, Radios
from handoff.queue.models import Answer, BudgetState, BuyingRole, DisqualificationReason
from handoff.queue.models.qualifications import BANT
from handoff.queue.qualification import CORRECTED

WAKE_CHOICES = {
    "": (_("what the reason says"), None),
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
    ("objection", _("Do not contact")),
]
NONE_WRONG = "none"


def _day(label: Any = "", **attrs: str) -> forms.DateField:
    picker = forms.DateInput(attrs={"type": "date", **attrs}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=picker)


def _amount(label: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, required=False, min_value=0, max_digits=14, decimal_places=2)


def _currency() -> forms.CharField:
    return forms.CharField(label=_("Currency"), required=False, max_length=3, initial="EUR")


class _Money(ActForm):
    """An amount and its currency, which counts only beside one."""

    def clean_currency(self) -> str:
        """Return the currency in capitals, blank where there is no amount."""
        currency: str = self.cleaned_data["currency"].upper()
        return currency if self.cleaned_data.get("value") is not None else ""


class SqlForm(_Money):
    """What sales knows about a lead: BANT, the money, the person's part, when it starts, and what it may be worth."""

    first = "budget"
    budget_state = forms.ChoiceField(
        label=_("State of the budget"), choices=[("", _("not known")), *BudgetState.choices], required=False
    )
    role = forms.ChoiceField(label=_("Their part"), choices=[("", _("not known")), *BuyingRole.choices], required=False)
    starts_on = _day(_("Wants to start"))
    others = forms.CharField(
        label=_("Other people involved"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )
    value = _amount(_("Deal value"))
    currency = _currency()
    expected_close = _day(_("Expected close"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in BANT.items():
            self.fields[name] = forms.ChoiceField(label=label, choices=Answer.choices, widget=Radios)
            self.fields[f"{name}_note"] = forms.CharField(label=_("note"), required=False, max_length=300)

    def letters(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the answer and the note of each letter."""
        return [(self[name], self[f"{name}_note"]) for name in BANT]

    def given(self) -> dict[str, Any]:
        """Return what correcting an SQL takes."""
        return {name: self.cleaned_data[name] for name in CORRECTED}


class QualifyForm(SqlForm):
    """All of it, and who takes the lead on."""

    takes_over = forms.ModelChoiceField(
        label=_("Who takes it on"), queryset=User.objects.none(), required=False, empty_label=_("I do, or who holds it")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose_person("takes_over", colleagues_of(self.user))

    def given(self) -> dict[str, Any]:
        """Return what qualifying takes."""
        data = super(SqlForm, self).given()
        return data | {"bant": {name: (data.pop(name), data.pop(f"{name}_note")) for name in BANT}}


class ReturnForm(ActForm):
    """Why the SQL goes back."""

    reason = forms.CharField(label=_("Why you give it back"), max_length=300)


class WonForm(_Money):
    """For how much."""

    value = _amount(_("Revenue"))
    currency = _currency()


class ContractForm(ActForm):
    """Under which contract a lead comes back: not before a day, or at once on a signal, and with so many new points."""

    first = "reason"
    wake_on = _day(**{"class": "inline-input"})
    wake_signal = forms.ChoiceField(
        choices=[(key, words) for key, (words, _kinds) in WAKE_CHOICES.items()], required=False
    )
    wake_points = forms.IntegerField(required=False, min_value=0, max_value=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = DisqualificationReason.objects.filter(is_active=True)
        self.fields["reason"].queryset = offered  # type: ignore[attr-defined]

    def contract(self) -> dict[str, Any]:
        """Return the contract as the acts take it; what is left open follows from the reason."""
        data = self.cleaned_data
        day: date | None = data["wake_on"]
        return {
            "wake_at": timezone.make_aware(datetime.combine(day, time())) if day else None,
            "wake_kinds": WAKE_CHOICES[data["wake_signal"]][1],
            "wake_points": data["wake_points"],
        }


class LostForm(ContractForm):
    """Why it was lost, and whether the lead may come back."""

    reason = forms.ModelChoiceField(
        label=_("What stopped it?"),
        queryset=DisqualificationReason.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label=_("something else"),
    )
    because = forms.CharField(label=_("Why it was lost"), max_length=300, required=False)
    competitor = forms.CharField(label=_("Which competitor"), required=False, max_length=120)
    permanent = forms.BooleanField(label=_("For good: never handed over again"), required=False)

    def given(self) -> dict[str, Any]:
        """Return what losing takes."""
        return {name: self.cleaned_data[name] for name in ("reason", "because", "competitor", "permanent")} | (
            {} if self.cleaned_data["permanent"] else self.contract()
        )


class SqlStepForm(ActForm):
    """What happens next with an SQL, and when."""

    what = forms.CharField(label=_("Next step"), max_length=200, required=False)
    step_at = LocalDateTime(label=_("When"), required=False)


class DisqualifyForm(ContractForm):
    """What stopped it, what happens now, which signals were wrong."""

    reason = forms.ModelChoiceField(
        label=_("What stopped it?"),
        queryset=DisqualificationReason.objects.none(),
        widget=forms.RadioSelect,
        to_field_name="slug",
    )
    fate = forms.ChoiceField(label=_("What happens now?"), choices=FATES, widget=forms.RadioSelect, required=False)
    misleading = forms.MultipleChoiceField(required=False, choices=())
    competitor = forms.CharField(label=_("Which competitor"), required=False, max_length=120)
    right_person = forms.CharField(
        label=_("Who is the right person"),
        required=False,
        max_length=200,
        help_text=_("With an address, as in “Ann Smit <ann@company.example>”, they become a lead."),
    )
    owner = forms.ModelChoiceField(
        label=_("Who is in contact"), queryset=User.objects.none(), required=False, empty_label=_("choose")
    )
    other_lead = forms.CharField(label=_("E-mail of the other lead"), required=False)
    note = forms.CharField(
        label=_("In a sentence, for marketing"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    # Which field belongs to which need of a reason.
    needed: ClassVar[tuple[str, ...]] = ("right_person", "competitor", "owner", "other_lead")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signals = [(entry["rule"], entry["name"]) for entry in self.handoff.reasons]
        self.fields["misleading"].choices = [*signals, (NONE_WRONG, _("None: right lead, wrong moment"))]  # type: ignore[attr-defined]
        self.choose_person("owner", User.objects.filter(is_active=True, role__in=[Role.REP, Role.MANAGER]))

    def needs(self) -> list[tuple[str, forms.BoundField]]:
        """Return each field that some reason needs, by the name of the need."""
        return [(name, self[name]) for name in self.needed]

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

    def given(self) -> dict[str, Any]:
        """Return what disqualifying takes; without a fate the reason decides."""
        data = self.cleaned_data
        reason: DisqualificationReason = data["reason"]
        fate = data["fate"] or ("out" if reason.is_permanent else "nurture")
        taken = ("reason", "note", "competitor", "right_person", "owner", "other_lead")
        return {name: data[name] for name in taken} | {
            **(self.contract() if fate == "nurture" else {}),
            "permanent": fate != "nurture",
            "objects": fate == "objection",
            "misleading": [key for key in data["misleading"] if key != NONE_WRONG],
            "none_misleading": NONE_WRONG in data["misleading"],
        }
