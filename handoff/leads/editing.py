"""A lead as a form: read here, recorded by the same act that takes leads from outside."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.leads.consent import permissions_of
from handoff.leads.identities import is_taken
from handoff.leads.models import Basis, Channel, Lead
from handoff.leads.normalising import BadValue, clean_country, clean_email

COMPANY = ("name", "domain", "country", "industry", "employees")
PLAIN = ("first_name", "last_name", "email", "phone", "title", "country", "language", "source", "campaign")
BASES = [("", gettext_lazy("no word about it")), *((b.value, b.label) for b in Basis)]
# Which field a refusal of the act belongs to.
FIELD_OF = {
    "identity_conflict": "email",
    "no_identity": "email",
    "not_allowed": "email",
    "invalid_email": "email",
    "invalid_number": "company_employees",
    "invalid_domain": "company_domain",
}


class LeadForm(forms.Form):
    """What is known of a lead; empty takes away."""

    first_name = forms.CharField(label=gettext_lazy("First name"), required=False, max_length=120)
    last_name = forms.CharField(label=gettext_lazy("Last name"), required=False, max_length=120)
    email = forms.CharField(
        label=gettext_lazy("E-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    phone = forms.CharField(label=gettext_lazy("Phone"), required=False, max_length=40)
    title = forms.CharField(label=gettext_lazy("Job title"), required=False, max_length=200)
    country = forms.CharField(label=gettext_lazy("Country"), required=False, help_text=gettext_lazy("Such as NL."))
    language = forms.CharField(
        label=gettext_lazy("Language"), required=False, max_length=10, help_text=gettext_lazy("Such as nl.")
    )
    company_name = forms.CharField(label=gettext_lazy("Company"), required=False, max_length=200)
    company_domain = forms.CharField(label=gettext_lazy("Its domain"), required=False, max_length=200)
    company_country = forms.CharField(label=gettext_lazy("Its country"), required=False)
    company_industry = forms.CharField(label=gettext_lazy("Industry"), required=False, max_length=120)
    company_employees = forms.IntegerField(
        label=gettext_lazy("Employees"), required=False, min_value=0, max_value=2**31 - 1
    )
    source = forms.CharField(label=gettext_lazy("Source"), required=False, max_length=120)
    campaign = forms.CharField(label=gettext_lazy("Campaign"), required=False, max_length=120)
    consent_email = forms.ChoiceField(label=gettext_lazy("May be mailed"), choices=BASES, required=False)
    consent_phone = forms.ChoiceField(label=gettext_lazy("May be called"), choices=BASES, required=False)

    def __init__(self, given: Any = None, *, lead: Lead | None = None) -> None:
        super().__init__(given, initial=_initial(lead) if lead else None)
        self.lead = lead
        for channel, permission in (permissions_of(lead) if lead else {}).items():
            if permission.basis == Basis.OBJECTION:
                field = self.fields[f"consent_{channel}"]
                field.disabled, field.help_text = True, _("An objection stays.")

    def clean_email(self) -> str | None:
        """Return the address in one spelling; refuse one that a new lead would share with a known one."""
        email = _checked(clean_email, self.cleaned_data["email"])
        if email and self.lead is None and is_taken(email):
            raise forms.ValidationError(_("A lead with this address is known already."))
        return email

    def clean_country(self) -> str | None:
        """Return a country's code."""
        return _checked(clean_country, self.cleaned_data["country"])

    def clean_company_country(self) -> str | None:
        """Return a country's code."""
        return _checked(clean_country, self.cleaned_data["company_country"])

    def row(self) -> dict[str, Any]:
        """Return the lead object of the API that says the same."""
        data = self.cleaned_data
        row: dict[str, Any] = {name: data[name] or None for name in PLAIN}
        if self.lead and self.lead.external_id:
            row["external_id"] = self.lead.external_id
        company = {name: data[f"company_{name}"] for name in COMPANY}
        is_named = company["name"] or company["domain"]
        row["company"] = {name: value or None for name, value in company.items()} if is_named else None
        row["consent"] = {c: data[f"consent_{c}"] for c in Channel.values if data[f"consent_{c}"]}
        return row


def _checked(clean: Callable[[object], str | None], value: str) -> str | None:
    try:
        return clean(value)
    except BadValue as error:
        raise forms.ValidationError(str(error)) from error


def _initial(lead: Lead) -> dict[str, Any]:
    known = {name: getattr(lead, name) for name in PLAIN}
    known |= {f"company_{name}": getattr(lead.company, name) for name in COMPANY} if lead.company else {}
    return known | {f"consent_{channel}": permission.basis for channel, permission in permissions_of(lead).items()}
