"""The page of the exclusion list: what stands on it, whom a new entry would hold, adding one and taking one off."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, Count, Q, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from handoff.leads.exclusions import clean_pattern, whom
from handoff.leads.models import Exclusion, Lead, Stage
from handoff.leads.normalising import BadValue
from handoff.lib.refusals import Refusal
from handoff.people.doors import person, tried
from handoff.people.models import User
from handoff.queue.excluding import end_exclusion, exclude, may_exclude

SHOWN = 20
WON = (Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER)


class ExclusionForm(forms.Form):
    """One entry."""

    kind = forms.ChoiceField(label=gettext_lazy("Looks at"), choices=Exclusion.Kind.choices)
    value = forms.CharField(
        label=gettext_lazy("Pattern"),
        max_length=254,
        help_text=gettext_lazy("Such as acme.com. Within a job title, “intern” is in “International” too."),
    )
    why = forms.ChoiceField(label=gettext_lazy("Why"), choices=Exclusion.Why.choices)
    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("The last day. Empty: until somebody takes it off."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse a pattern that is none, and a day that has passed."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") and cleaned.get("value"):
            try:
                cleaned["value"] = clean_pattern(cleaned["kind"], cleaned["value"])
            except BadValue as error:
                self.add_error("value", str(error))
        if cleaned.get("until") and cleaned["until"] < timezone.localdate():
            self.add_error("until", _("Choose a date in the future."))
        return cleaned

    def expires_at(self) -> datetime | None:
        """Return the midnight after the last day, in the reader's time zone."""
        day = self.cleaned_data["until"]
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), datetime.min.time())) if day else None


@dataclass(frozen=True)
class Preview:
    """Whom an entry would hold: how many, how many of them sales has won already, and some of them, these first."""

    n: int
    won: int
    leads: list[Lead]


def preview(kind: str, value: str) -> Preview:
    """Return whom such an entry would hold, in two queries."""
    matched, is_won = Lead.objects.filter(whom(kind, value)), Q(stage__in=WON)
    counts = matched.aggregate(n=Count("id"), won=Count("id", filter=is_won))
    first = matched.order_by(Case(When(is_won, then=Value(0)), default=Value(1)), "-id")
    return Preview(counts["n"], counts["won"], list(first.select_related("company")[:SHOWN]))


def _marketer(request: HttpRequest) -> User:
    user = person(request)
    if not may_exclude(user):
        raise PermissionDenied
    return user


@require_http_methods(["GET", "POST"])
def exclusions(request: HttpRequest) -> HttpResponse:
    """Show the list and the form of an entry; show whom it would hold, where `preview` was pressed, or add it."""
    user, now = _marketer(request), timezone.now()
    if request.method == "GET":
        return _shown(request, ExclusionForm())
    form = ExclusionForm(request.POST)
    if not form.is_valid():
        return _shown(request, form, status=422)
    given = form.cleaned_data
    if "preview" in request.POST:
        return _shown(request, form, preview(given["kind"], given["value"]))
    named = {name: given[name] for name in ("kind", "value", "why", "note")}
    try:
        entry = exclude(**named, expires_at=form.expires_at(), by=user, at=now)
    except Refusal as refusal:
        form.add_error("value", refusal.message)
        return _shown(request, form, status=refusal.status)
    messages.success(request, _("%(entry)s is on the list.") % {"entry": entry})
    return redirect("exclusions")


def _shown(request: HttpRequest, form: ExclusionForm, found: Preview | None = None, status: int = 200) -> HttpResponse:
    is_over = "ended" in request.GET
    holding = Count("holds", filter=Q(holds__released_at=None))
    entries = (
        Exclusion.objects.filter(ended_at__isnull=not is_over).annotate(n=holding).select_related("by", "ended_by")
    )
    page = Paginator(entries.order_by("-at", "-id"), 50).get_page(request.GET.get("page"))
    context = {"page_obj": page, "form": form, "preview": found, "is_over": is_over}
    return render(request, "feedback/exclusions.html", context, status=status)


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an entry off the list."""
    user = _marketer(request)
    entry = get_object_or_404(Exclusion, pk=pk)
    said = _("%(entry)s is off the list.") % {"entry": entry}
    tried(request, lambda: end_exclusion(entry, by=user, at=timezone.now()), said)
    return redirect("exclusions")
