"""The form that logs a touch."""

from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from handoff.queue.forms import ActForm, LocalDateTime, Radios
from handoff.queue.models import Outcome, Touch, TouchChannel
from handoff.queue.next_tries import next_try
from handoff.queue.touching import wants_proof


class NumberedRadios(Radios):
    """Choices with a key each: 1 for the first."""

    def optgroups(self, *args: Any, **kwargs: Any) -> Any:
        """Return the options with their keys."""
        groups = super().optgroups(*args, **kwargs)
        for number, (_name, options, _index) in enumerate(groups, start=1):
            for option in options:
                option["attrs"] = {**option["attrs"], "data-key": str(number)}
                option["label"] = format_html("<kbd>{}</kbd> {}", number, option["label"])
        return groups


class TouchForm(ActForm):
    """How, what came of it, when, and a note; then what comes next, in one's own words or as the policy wants it."""

    first = "outcome"
    channel = forms.ChoiceField(label=_("How"), choices=TouchChannel.choices, initial=TouchChannel.CALL)
    outcome = forms.ChoiceField(label=_("What came of it"), choices=Outcome.choices, widget=NumberedRadios)
    direction = forms.ChoiceField(label=_("Who reached whom"), choices=Touch.Direction.choices, required=False)
    happened_at = LocalDateTime(label=_("When"), required=False, help_text=_("Leave empty for now."))
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    evidence = forms.CharField(
        label=_("Evidence"), required=False, max_length=300, help_text=_("A link or a message id.")
    )
    next_what = forms.CharField(label=_("Next step"), required=False, max_length=200)
    next_at = LocalDateTime(label=_("When next"), required=False)
    plan_try = forms.BooleanField(required=False)
    try_at = LocalDateTime(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if wants_proof(self.handoff):
            self.fields["note"].help_text = _("Without a note or evidence it does not stop the first touch.")
        coming = next_try(self.handoff, at=self.at) if self.at else None
        if coming is None:
            del self.fields["plan_try"], self.fields["try_at"]
            return
        self.offered = gettext("Try %(n)d") % {"n": coming.number}
        words = {"n": coming.number, "of": coming.of, "days": coming.days}
        when = {"when": date_format(localtime(coming.at), "l j F H:i")}
        said = gettext("Try %(n)d of %(of)d in %(days)d days: next try %(when)s")
        self.fields["plan_try"].label = said % (words | when)
        self.fields["try_at"].initial = localtime(coming.at).strftime("%Y-%m-%dT%H:%M")

    def clean(self) -> dict[str, Any]:
        """Take the offered try where no other step was named."""
        data = super().clean() or self.cleaned_data
        if data.get("channel") == TouchChannel.CALL and data.get("outcome") == Outcome.SENT:
            data["channel"] = TouchChannel.EMAIL  # nobody sends a call: it is what one key says of a mail
        if data.get("plan_try") and not data.get("next_what") and data.get("try_at"):
            data |= {"next_what": self.offered, "next_at": data["try_at"]}
        return data
