"""The page on which a manager gives many leads away at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue.bulk import AT_MOST, assign_many
from handoff.queue.claiming import colleagues_of
from handoff.queue.models import Handoff


class ToWhomForm(forms.Form):
    """To a rep, or to each team's reps by turn."""

    to = forms.ChoiceField(label=_("Give them to"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reps = {str(rep.pk): rep for rep in colleagues_of(user)}
        named = [(pk, str(rep)) for pk, rep in self.reps.items()]
        self.fields["to"].choices = [("", "—"), ("turn", _("whose turn it is")), *named]  # type: ignore[attr-defined]


def assign_page(request: HttpRequest) -> HttpResponse:
    """Ask to whom the chosen leads go, give them, and say which could not be given and why."""
    user, now = person(request), timezone.now()
    if not (user.is_manager or user.is_admin):
        raise PermissionDenied
    sent = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(sent.getlist("handoff"))
    form = ToWhomForm(request.POST if "to" in request.POST else None, user=user)
    refused: list[tuple[Handoff, str]] = []
    if chosen and form.is_valid():
        given = assign_many(chosen, to=form.reps.get(form.cleaned_data["to"]), by=user, at=now)
        refused, n = [(handoff, refusal.message) for handoff, refusal in given.refused], len(given.done)
        if n:
            messages.success(request, ngettext("%(n)d lead was given.", "%(n)d leads were given.", n) % {"n": n})
        if n and not refused:
            return redirect(f"{reverse('queue')}?view=team")
        chosen = {handoff.pk: None for handoff, _why in refused}
        form = ToWhomForm(user=user)
    handoffs = Handoff.objects.visible_to(user).open().filter(pk__in=chosen).order_by("id")
    named = handoffs.select_related("lead__company", "claimed_by", "assigned_to")
    context = {"form": form, "handoffs": named, "refused": refused}
    return render(request, "queue/assign_many.html", context, status=422 if form.errors else 200)


def _chosen(values: list[str]) -> dict[int, int | None]:
    """Read values such as "12", or "12:3" for the third version of handoff 12; what is neither is left out."""
    pairs = (value.partition(":") for value in values[:AT_MOST])
    return {int(pk): int(version) if version.isdecimal() else None for pk, _colon, version in pairs if _is_id(pk)}


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 19
