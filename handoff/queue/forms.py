"""The forms of the queue's acts. They read input; the acts decide."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from handoff.lib.refusals import Refusal
from handoff.people.models import User
from handoff.queue.claiming import colleagues_of
from handoff.queue.models import Handoff

# Which of its values an act means by fields that have a name of their own here.
MEANT = {"happened_at": "at", "step_at": "at", "wake_on": "wake_at"}


class LocalDateTime(forms.DateTimeField):
    """A time picked in the reader's own zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

    def to_python(self, value: Any) -> datetime | None:
        """Return the time; of one that summer time skips or repeats nobody knows when it is."""
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            if error.code != "ambiguous_timezone":
                raise
            raise forms.ValidationError(
                _("The clocks change at this time; choose another."), code=error.code
            ) from error


class Radios(forms.RadioSelect):
    """Choices of which only the first takes the focus when the page opens."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return one choice."""
        option = super().create_option(*args, **kwargs)
        if option["index"] != "0":
            option["attrs"].pop("autofocus", None)
        return option


class ActForm(forms.Form):
    """A form about one handoff, for one person."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    first: ClassVar[str] = ""  # the field that the page begins with, where it is not the first declared

    def __init__(self, *args: Any, handoff: Handoff, user: User, at: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.handoff, self.user, self.at = handoff, user, at

    def given(self) -> dict[str, Any]:
        """Return what the act takes, apart from the version that was looked at."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def typed(self) -> list[tuple[str, str]]:
        """Return the label and text of each field that somebody wrote something in."""
        texts = [field for field in self.visible_fields() if type(field.field) is forms.CharField]
        return [(str(field.label), field.value()) for field in texts if field.value()]

    def refuse(self, refusal: Refusal) -> None:
        """Say what the act said beside the fields it is about."""
        wrong: dict[str, str] = refusal.extra.get("fields") or {"": refusal.message}
        for said, text in wrong.items():
            self.add_error(next((name for name in self.fields if MEANT.get(name, name) == said), None), text)

    def focus(self) -> None:
        """Let the page begin at the first field that is wrong, else at its first one."""
        shown = [field.name for field in self.visible_fields()]
        names = [self.first, *shown] if self.first else shown
        wrong = [name for name in names if name in self.errors]
        for name in (wrong or names)[:1]:
            self.fields[name].widget.attrs["autofocus"] = True

    def choose_person(self, name: str, people: Iterable[User]) -> None:
        """Offer `people` in the field of that name."""
        found = User.objects.filter(pk__in=[person.pk for person in people])
        self.fields[name].queryset = found.order_by("first_name", "id")  # type: ignore[attr-defined]


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
        self.choose_person("to", colleagues_of(self.user))


class PassForm(_ColleagueForm):
    """To whom, with a line."""

    note = forms.CharField(label=_("A line for your colleague"), max_length=300)


class AssignForm(_ColleagueForm):
    """To whom."""
