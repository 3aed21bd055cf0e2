"""One handoff: its panel beside the list, and its page."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from handoff.leads.consent import permissions_of
from handoff.leads.models import Lead
from handoff.people.doors import person
from handoff.people.models import User
from handoff.queue.claiming import taken_message
from handoff.queue.forms import TouchForm
from handoff.queue.models import Handoff, Outcome
from handoff.queue.personas import personas_at
from handoff.queue.phases import phase_at
from handoff.queue.presenting import cools, due_pill, live_publication, score_shares, why_now, with_what_rows_show
from handoff.queue.qualification import missing_for_qualifying
from handoff.queue.timeline import timeline
from handoff.queue.undoing import BY_PEOPLE
from handoff.queue.working import may_work

QUICK = (
    Outcome.CONNECTED,
    Outcome.REPLIED,
    Outcome.VOICEMAIL,
    Outcome.NO_ANSWER,
    Outcome.SENT,
    Outcome.WRONG_NUMBER,
)


def fetch(request: HttpRequest, pk: int) -> Handoff:
    """Return the handoff if this person may see it; what they may not see is not there."""
    return get_object_or_404(with_what_rows_show(Handoff.objects.visible_to(person(request))), pk=pk)


def panel_context(handoff: Handoff, user: User, at: datetime) -> dict[str, Any]:
    """Return what the panel of `handoff` shows to `user`."""
    lead, live = handoff.lead, live_publication(handoff)
    colleagues = (
        Lead.objects.filter(company=lead.company_id).exclude(pk=lead.pk) if lead.company_id else Lead.objects.none()
    )
    return {
        "handoff": handoff,
        "lead": lead,
        "pill": due_pill(handoff, at),
        "shares": score_shares(handoff),
        "why": why_now(handoff, most=3),
        "cools_at": cools(handoff),
        "personas": personas_at(lead, at, publication=live) if live else [],
        "phase": phase_at(lead, at, publication=live) if live else None,
        "events": timeline(lead, most=12),
        "permissions": permissions_of(lead),
        "colleagues": colleagues.visible_to(user).select_related("owner")[:5],
        "may_work": handoff.is_open and may_work(handoff, user),
        "may_claim": handoff.is_open and handoff.claimed_by_id is None and may_work(handoff, user) and user.is_rep,
        "may_assign": handoff.is_open and (user.is_manager or user.is_admin),
        "may_overturn": handoff.verdict in BY_PEOPLE and (user.is_manager or user.is_admin),
        "not_yet": missing_for_qualifying(handoff),
        "touch_form": TouchForm(handoff=handoff, user=user, initial={"version": handoff.version}),
        "quick": [(number, value, value.label) for number, value in enumerate(QUICK, start=1)],
        "threshold": handoff.publication.model.threshold if handoff.publication else None,
    }


@require_GET
def handoff_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one handoff: as a fragment for the list, else as a page."""
    now, user = timezone.now(), person(request)
    try:
        handoff = fetch(request, pk)
    except Http404:
        return _tell_who_has_it(request, pk)
    if handoff.holder_id == user.pk and handoff.seen_at is None:
        # Whether a lead was opened at all is one of the causes of a breach.
        Handoff.objects.filter(pk=pk, seen_at=None).update(seen_at=now)
    template = "queue/_panel.html" if request.headers.get("HX-Request") else "queue/handoff.html"
    response = render(request, template, panel_context(handoff, user, now))
    response.headers["Vary"] = "HX-Request"
    return response


def _tell_who_has_it(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which colleague took the lead since the list was shown; a stranger finds nothing there."""
    in_reach = Handoff.objects.open().once_visible_to(person(request)).select_related("claimed_by", "assigned_to")
    message = taken_message(get_object_or_404(in_reach, pk=pk))
    if request.headers.get("HX-Request"):
        return render(request, "queue/_taken.html", {"message": message})
    messages.error(request, message)
    return redirect("queue")
