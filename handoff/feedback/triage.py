"""The triage list: requests for contact of leads that are kept out of the queue, and marketing's answer to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from handoff.leads.models import Hold, Lead, Stage
from handoff.people.doors import person
from handoff.queue.models import Handoff, Triage, Verdict
from handoff.queue.pages.lead_acts import LeadAct
from handoff.queue.presenting import Pill, answer_pill
from handoff.queue.triage import keep_held, let_through, may_triage

LONGEST = 500  # characters of one property


@dataclass(frozen=True)
class Why:
    """One reason for which a lead is kept out, in words, and since when."""

    reason: str
    text: str
    since: datetime


@dataclass(frozen=True)
class Row:
    """One request as the list shows it."""

    triage: Triage
    pill: Pill
    wrote: list[tuple[str, str]]
    held: list[Why]


def with_what_rows_show(triages: "QuerySet[Triage]") -> "QuerySet[Triage]":
    """Return `triages` with all that a row shows, in a fixed number of queries."""
    holds = Hold.objects.filter(released_at=None).select_related("exclusion").order_by("at", "id")
    refused = Handoff.objects.filter(verdict=Verdict.DISQUALIFIED).select_related("disqualification__reason")
    return triages.select_related("request", "lead__company", "by").prefetch_related(
        Prefetch("lead__holds", holds, to_attr="standing_holds"),
        Prefetch("lead__handoffs", refused.order_by("-closed_at"), to_attr="refused"),
    )


def rows(triages: Sequence[Triage], at: datetime) -> list[Row]:
    """Return the rows of the list."""
    return [Row(one, answer_pill(one.due_at, at), wrote(one), why_held(one)) for one in triages]


def wrote(triage: Triage) -> list[tuple[str, str]]:
    """Return what came with the request, name by name, the message first."""
    said = triage.request.properties if triage.request else {}
    names = sorted(said, key=lambda name: (name != "message", name))
    return [(name.replace("_", " "), str(said[name])[:LONGEST]) for name in names if said[name] not in (None, "", [])]


def why_held(triage: Triage) -> list[Why]:
    """Return why the lead is kept out, and since when."""
    lead: Any = triage.lead
    found = [Why(hold.reason, hold.said, hold.at) for hold in lead.standing_holds]
    if lead.stage == Stage.DISQUALIFIED:
        verdict = getattr(lead.refused[0], "disqualification", None) if lead.refused else None
        said = _("Disqualified: %(reason)s") % {"reason": verdict.reason.label} if verdict else _("Disqualified")
        found.append(Why("disqualified", said, verdict.at if verdict else lead.stage_since))
    return found


@require_GET
def triage_page(request: HttpRequest) -> HttpResponse:
    """List the requests that wait, what is overdue first; everybody reads what concerns the leads they see."""
    user, now = person(request), timezone.now()
    waiting = with_what_rows_show(Triage.objects.visible_to(user).waiting().by_urgency())
    page = Paginator(waiting, 50).get_page(request.GET.get("page"))
    shown = {"page_obj": page, "rows": rows(list(page.object_list), now), "may_triage": may_triage(user)}
    return render(request, "feedback/triage.html", shown)


class NoteForm(forms.Form):
    """Why they are let through; may stay empty, since they asked."""

    note = forms.CharField(label=gettext_lazy("A line for sales"), max_length=300, required=False)


class KeepForm(forms.Form):
    """Why they stay out."""

    reason = forms.CharField(label=gettext_lazy("Why they stay held"), max_length=300)


class LetThrough(LeadAct):
    """The request goes to sales."""

    form_class: ClassVar[type[forms.Form]] = NoteForm
    title = gettext_lazy("Let %(lead)s through")
    text = gettext_lazy(
        "What holds them is released, and sales gets the request at once by the fast lane. If they objected to contact "
        "before, their own request lifts that."
    )
    button = gettext_lazy("Let through")
    done = gettext_lazy("%(lead)s is let through.")
    triage: Triage

    def find(self, request: HttpRequest, pk: int) -> Lead:
        """Return the lead of the request, for who answers the list."""
        visible = Triage.objects.visible_to(person(request)).select_related("lead__company")
        self.triage = get_object_or_404(visible, pk=pk)
        if not may_triage(person(request)):
            raise PermissionDenied
        return self.triage.lead

    def act(self, request: HttpRequest, lead: Lead, form: Any, now: datetime) -> HttpResponse | None:
        """Let it through."""
        let_through(self.triage, note=form.cleaned_data["note"], by=person(request), at=now)
        return redirect("triage")

    def back(self, lead: Lead) -> str:
        """Return to the list."""
        return reverse("triage")


class Keep(LetThrough):
    """The lead stays out of the queue."""

    form_class = KeepForm
    title = gettext_lazy("Keep %(lead)s held")
    text = gettext_lazy("Sales does not see the request. If they ask again, it is listed anew.")
    button = gettext_lazy("Keep held")
    done = gettext_lazy("%(lead)s stays held.")

    def act(self, request: HttpRequest, lead: Lead, form: Any, now: datetime) -> HttpResponse | None:
        """Keep it."""
        keep_held(self.triage, reason=form.cleaned_data["reason"], by=person(request), at=now)
        return redirect("triage")
