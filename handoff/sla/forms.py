"""The forms of calendars: hours as HH:MM."""

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.lib.admin import zone_choices
from handoff.lib.refusals import Refusal
from handoff.sla.holidays import public_holidays
from handoff.sla.models import Calendar, CalendarOpening

DAY = 1440


class ClockTimeField(forms.CharField):
    """A time of day as HH:MM, kept as minutes after midnight; 24:00 is the day's end, later is the next day."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value // 60:02}:{value % 60:02}" if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", text)
        minutes = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else None
        if minutes is None or minutes > 2 * DAY:
            raise forms.ValidationError(_("“%(value)s” is no time; use one such as 09:00 or 24:00.") % {"value": text})
        return minutes


class OpeningForm(forms.ModelForm):  # type: ignore[type-arg]
    """One open interval of a weekday."""

    opens = ClockTimeField(label=gettext_lazy("Opens"), widget=forms.TextInput(attrs={"size": 6}))
    closes = ClockTimeField(label=gettext_lazy("Closes"), widget=forms.TextInput(attrs={"size": 6}))

    class Meta:
        model = CalendarOpening
        fields = ("weekday", "opens", "closes")

    def clean(self) -> dict[str, Any]:
        """Read a closing before the opening as one on the next day."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        opens, closes = cleaned.get("opens"), cleaned.get("closes")
        if opens is not None and closes == opens:
            self.add_error("closes", _("It closes when it opens; for a whole day write 00:00 to 24:00."))
        elif opens is not None and closes is not None and closes < opens:
            cleaned["closes"] = closes + DAY
        return cleaned


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]
    """A calendar's zone, and whose holidays it keeps."""

    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=zone_choices)

    class Meta:
        model = Calendar
        fields = ("name", "time_zone", "country", "region")

    def clean(self) -> dict[str, Any]:
        """Refuse a country or region whose holidays nobody knows."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["country"] = cleaned.get("country", "").upper()
        cleaned["region"] = cleaned.get("region", "").upper()
        if cleaned["country"]:
            try:
                public_holidays(cleaned["country"], cleaned["region"], since=date(2026, 1, 1), until=date(2026, 1, 2))
            except Refusal as refusal:
                self.add_error("country", refusal.message)
        elif cleaned["region"]:
            self.add_error("country", _("A region belongs to a country."))
        return cleaned
