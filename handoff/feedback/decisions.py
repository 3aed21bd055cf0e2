"""The doors of decisions: writing one down, and saying what came of it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from handoff.feedback import deciding
from handoff.feedback.models import Decision
from handoff.lib.refusals import Refusal
from handoff.people.doors import person, tried
from handoff.people.models import User


class DecisionForm(forms.ModelForm):  # type: ignore[type-arg]
    """What was decided, who sees to it and until when."""

    class Meta:
        model = Decision
        fields = ("text", "owner", "due_on")
        widgets = {"due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True).order_by("first_name", "id")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest) -> HttpResponse:
    """Ask for a decision and write it down."""
    user, form = person(request), DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            deciding.decide(**form.cleaned_data, by=user, at=timezone.now())
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("Written down."))
            return redirect(_came_from(request))
    context = {"form": form, "query": request.POST.get("query", request.GET.urlencode())}
    return render(request, "feedback/decide.html", context, status=422 if form.errors else 200)


@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a decision is done."""
    found = get_object_or_404(Decision, pk=pk)
    outcome, user = request.POST.get("outcome", ""), person(request)
    tried(request, lambda: deciding.finish(found, outcome=outcome, by=user, at=timezone.now()), _("Done."))
    return redirect(_came_from(request))


def _came_from(request: HttpRequest) -> str:
    query = request.POST.get("query", "")
    return f"{reverse('report-meeting')}?{query}" if query else reverse("report-meeting")
