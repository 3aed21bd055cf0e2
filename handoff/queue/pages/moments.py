"""Choosing a moment of the past: read from ?at= in the reader's own time zone."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.queue.forms import LocalDateTime

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


class MomentForm(forms.Form):
    """A date and time that has passed."""

    at = LocalDateTime(label=gettext_lazy("Score at"))

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        field = self.fields["at"]
        field.help_text = _("A date and time in your time zone, %(zone)s.") % {
            "zone": timezone.get_current_timezone_name()
        }
        field.widget.attrs |= {"max": timezone.localtime(now).strftime("%Y-%m-%dT%H:%M"), "class": "input"}
        typed = str(self.data.get("at", ""))[:40]
        field.error_messages["invalid"] = _(
            "“%(value)s” is no date and time; write it as 2026-03-31T09:00. The score below is the one now."
        ) % {"value": typed}

    def clean_at(self) -> datetime:
        """Refuse what has not passed, and what is before all time."""
        at: datetime = self.cleaned_data["at"]
        if at > self.now:
            message = _("This moment has not passed yet; choose an earlier one. The score below is the one now.")
            raise forms.ValidationError(message)
        if at < EARLIEST:
            message = _("Choose a moment after the year 1970. The score below is the one now.")
            raise forms.ValidationError(message)
        return at

    @property
    def moment(self) -> datetime | None:
        """The moment asked for, None for now."""
        return self.cleaned_data.get("at") if self.is_bound and self.is_valid() else None


def asked_moment(given: Any, *, now: datetime) -> MomentForm:
    """Return the form over what a page was asked: unbound where it was asked for no moment."""
    if given.get("at", "").strip():
        return MomentForm(given, now=now)
    return MomentForm(now=now)
