"""One handoff: its panel beside the list, and its page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from handoff.leads.challenging import publication_for
from handoff.leads.consent import permissions_of
from handoff.leads.local_time import place_and_time
from handoff.leads.models import Lead
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue.briefing import last_time, why
from handoff.queue.claiming import taken_message
from handoff.queue.drafting import learned
from handoff.queue.mailing import offers
from handoff.queue.models import Handoff, Outcome, Sampling
from handoff.queue.odd_stops import one_key_evidence
from handoff.queue.pages.trail import trail_of
from handoff.queue.personas import personas_at
from handoff.queue.phases import phase_at
from handoff.queue.presenting import cools, due_pill, why_now, with_what_rows_show
from handoff.queue.qualification import missing_for_qualifying
from handoff.queue.rescoring import Read, read_one
from handoff.queue.undoing import BY_PEOPLE
from handoff.queue.working import may_work

IN_PANEL = 12  # events


class Taken(Http404):
    """A colleague took the lead since it was shown."""

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(taken_message(handoff))
        self.handoff = handoff


def fetch(request: HttpRequest, pk: int) -> Handoff:
    """Return the handoff if this person may see it; what they may not see is not there, or Taken."""
    visible = Handoff.objects.visible_to(person(request)).select_related("team", "publication__model")
    found = with_what_rows_show(visible).filter(pk=pk).first()
    if found is None:
        in_reach = Handoff.objects.open().once_visible_to(person(request)).select_related("claimed_by", "assigned_to")
        raise Taken(get_object_or_404(in_reach, pk=pk))
    return found


def panel_context(handoff: Handoff, user: User, at: datetime, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what the panel of `handoff` shows to `user`; `asked` says which part of the timeline."""
    lead = handoff.lead
    live = publication_for(lead, at)
    read = read_one(lead, at=at) if handoff.is_open else None
    address = reverse("handoff", args=[handoff.pk])
    is_theirs = handoff.is_open and may_work(handoff, user)
    colleagues = (
        Lead.objects.filter(company=lead.company_id).exclude(pk=lead.pk) if lead.company_id else Lead.objects.none()
    )
    return {
        "handoff": handoff,
        "lead": lead,
        "at": at,
        "there": place_and_time(lead, at),
        "pill": due_pill(handoff, at),
        "why": why_now(handoff, most=3),
        "read": read,
        "reasons": why(read, at) if read else None,
        "last_time": last_time(handoff, read, at) if handoff.is_open else None,
        "learned": learned(handoff),
        "cools_at": cools(handoff),
        "personas": personas_at(lead, at, publication=live) if live else [],
        "phase": phase_at(lead, at, publication=live) if live else None,
        "trail": trail_of(lead, asked or {}, address=address, most=IN_PANEL),
        "permissions": permissions_of(lead),
        "colleagues": colleagues.visible_to(user).select_related("owner")[:5],
        "may_work": is_theirs,
        "may_claim": is_theirs and handoff.claimed_by_id is None and user.is_rep,
        "may_assign": handoff.is_open and (user.is_manager or user.is_admin),
        "may_overturn": handoff.verdict in BY_PEOPLE and (user.is_manager or user.is_admin),
        "not_yet": missing_for_qualifying(handoff),
        "mails": offers(lead, handoff.team_id, user) if is_theirs else [],
        "quick": [(number, value, value.label) for number, value in enumerate(Outcome, start=1)],
        "quick_evidence": one_key_evidence(),
        "threshold": _threshold(handoff, read, user),
    }


def _threshold(handoff: Handoff, read: Read | None, user: User) -> float | None:
    # Beside the line a rep would see which handoffs are samples from below it.
    if user.is_rep and Sampling.objects.in_force().filter(team=handoff.team_id).exists():
        return None
    publication = read.publication if read else handoff.publication
    return publication.model.threshold if publication else None


@require_GET
def handoff_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one handoff: as a fragment for the list, else as a page."""
    now, user = timezone.now(), person(request)
    try:
        handoff = fetch(request, pk)
    except Taken as taken:
        return tell_who_has_it(request, taken)
    if handoff.holder_id == user.pk and handoff.seen_at is None and "glance" not in request.GET:
        # Whether a lead was opened at all is one of the causes of a breach; the queue showing its first row is not yet.
        Handoff.objects.filter(pk=pk, seen_at=None).update(seen_at=now)
    template = "queue/_panel.html" if request.headers.get("HX-Request") else "queue/handoff.html"
    response = render(request, template, panel_context(handoff, user, now, request.GET))
    response.headers["Vary"] = "HX-Request"
    return response


def tell_who_has_it(request: HttpRequest, taken: Taken) -> HttpResponse:
    """Say which colleague took the lead since it was shown."""
    if request.headers.get("HX-Request"):
        return render(request, "queue/_taken.html", {"message": taken})
    messages.error(request, str(taken))
    return redirect("queue")
