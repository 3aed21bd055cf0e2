"""Leads: the list, one lead with its score explained, and handing over or holding by hand."""

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from handoff.leads.catalogue import described_traits
from handoff.leads.consent import permissions_of
from handoff.leads.filters import LeadFilter
from handoff.leads.local_time import place_and_time
from handoff.leads.models import HANDED_OVER_FROM, Hold, Lead
from handoff.leads.recording import may_correct
from handoff.people.doors import person, tried
from handoff.queue.chart import score_line
from handoff.queue.duplicates import may_merge, suggested_for
from handoff.queue.explaining import reasons_of, what_is_ahead
from handoff.queue.holding import may_hold, released_by
from handoff.queue.models import Handoff
from handoff.queue.opening import hand_over_by_hand
from handoff.queue.pages.moments import asked_moment
from handoff.queue.pages.trail import trail_of
from handoff.queue.personas import personas_at
from handoff.queue.phases import phase_at
from handoff.queue.rescoring import Read, read_one


@require_GET
def lead_list(request: HttpRequest) -> HttpResponse:
    """List the leads this person may see, highest score first unless asked otherwise."""
    visible = Lead.objects.visible_to(person(request)).select_related("company", "score", "owner", "team")
    filters = LeadFilter(request.GET, queryset=visible.order_by("-score__total", "-id"), request=request)
    page = Paginator(filters.qs, 50).get_page(request.GET.get("page"))
    return render(request, "leads/list.html", {"filter": filters, "page_obj": page})


@require_GET
def lead_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one lead: profile, score with its entries now or at a chosen moment, timeline, handoffs."""
    user, now = person(request), timezone.now()
    lead = get_object_or_404(Lead.objects.visible_to(user).select_related("company", "owner", "team"), pk=pk)
    form = asked_moment(request.GET, now=now)
    read = read_one(lead, at=now)
    live = read.publication if read else None
    holds = list(lead.holds.filter(released_at=None).select_related("exclusion"))
    context = {
        "lead": lead,
        **_score_context(lead, read, form.moment, now),
        "form": form,
        "personas": personas_at(lead, now, publication=live) if live else [],
        "phase": phase_at(lead, now, publication=live) if live else None,
        "there": place_and_time(lead, now),
        "trail": trail_of(lead, request.GET, address=reverse("lead", args=[lead.pk])),
        "permissions": permissions_of(lead),
        "handoffs": Handoff.objects.filter(lead=lead)
        .select_related("claimed_by", "assigned_to")
        .order_by("-opened_at"),
        "holds": holds,
        "traits": described_traits(lead),
        "may_hand_over": lead.stage in HANDED_OVER_FROM and not holds,
        "may_correct": may_correct(lead, user),
        "may_hold": may_hold(lead, user),
        "may_merge": may_merge(lead, user),
        "suggestions": suggested_for(lead, to=user),
        "may_release": may_hold(lead, user) and any(hold.reason in released_by(user) for hold in holds),
        "is_held_by_hand": any(hold.reason == Hold.Reason.BY_HAND for hold in holds),
        "has_objected": any(hold.reason == Hold.Reason.OBJECTION for hold in holds),
    }
    return render(request, "leads/lead.html", context, status=400 if form.errors else 200)


def _score_context(lead: Lead, read_now: Read | None, past: datetime | None, now: datetime) -> dict[str, Any]:
    """Return what explains the score now, or at `past`, with the line on which both lie."""
    read = read_one(lead, at=past, past=True) if past else read_now
    marked = (past, read.reading.total if read else 0.0) if past else None
    return {
        "read": read,
        "reading": read.reading if read else None,
        "model": read.publication.model if read else None,
        "is_scored": read_now is not None,
        "past": past,
        "did_not_exist": past is not None and past < lead.created_at,
        "reasons": reasons_of(read) if read else [],
        "ahead": what_is_ahead(read_now, now) if read_now else "",
        "is_mql": read_now.holds if read_now else False,
        "threshold": read_now.publication.model.threshold if read_now else None,
        "line": score_line(lead, now, read=read_now, past=marked) if read_now else None,
    }


@require_POST
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a lead over by hand; a rep who does so pulls it into their own queue."""
    user = person(request)
    lead = get_object_or_404(Lead.objects.visible_to(user), pk=pk)
    note, said = request.POST.get("note", "")[:300], _("%(lead)s is handed over.") % {"lead": lead.name}
    handoff = tried(request, lambda: hand_over_by_hand(lead, note=note, by=user, at=timezone.now()), said)
    return redirect("handoff", handoff.pk) if handoff else redirect("lead", pk)
