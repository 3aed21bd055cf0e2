"""Leads: the list, one lead with its score explained, and handing over or holding by hand."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from handoff.leads.catalogue import described_traits
from handoff.leads.consent import permissions_of
from handoff.leads.filters import LeadFilter
from handoff.leads.models import HANDED_OVER_FROM, Lead
from handoff.lib.refusals import Refusal
from handoff.people.doors import person
from handoff.queue.chart import score_line
from handoff.queue.models import Handoff
from handoff.queue.opening import hand_over_by_hand
from handoff.queue.rescoring import read_one
from handoff.queue.timeline import timeline


@require_GET
def lead_list(request: HttpRequest) -> HttpResponse:
    """List the leads this person may see, highest score first unless asked otherwise."""
    visible = Lead.objects.visible_to(person(request)).select_related("company", "score", "owner", "team")
    filters = LeadFilter(request.GET, queryset=visible.order_by("-score__total", "-id"), request=request)
    page = Paginator(filters.qs, 50).get_page(request.GET.get("page"))
    return render(request, "leads/list.html", {"filter": filters, "page_obj": page})


@require_GET
def lead_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one lead: profile, score with its entries, timeline, handoffs."""
    user, now = person(request), timezone.now()
    lead = get_object_or_404(Lead.objects.visible_to(user).select_related("company", "owner", "team"), pk=pk)
    read = read_one(lead, at=now)
    context = {
        "lead": lead,
        "read": read,
        "reading": read.reading if read else None,
        "model": read.publication.model if read else None,
        "line": score_line(lead, now),
        "events": timeline(lead),
        "permissions": permissions_of(lead),
        "handoffs": Handoff.objects.filter(lead=lead)
        .select_related("claimed_by", "assigned_to")
        .order_by("-opened_at"),
        "holds": lead.holds.filter(released_at=None),
        "traits": described_traits(lead),
        "may_hand_over": lead.stage in HANDED_OVER_FROM and not lead.holds.filter(released_at=None).exists(),
    }
    return render(request, "leads/lead.html", context)


@require_POST
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a lead over by hand; a rep who does so pulls it into their own queue."""
    user = person(request)
    lead = get_object_or_404(Lead.objects.visible_to(user), pk=pk)
    try:
        handoff = hand_over_by_hand(lead, note=request.POST.get("note", "")[:300], by=user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("lead", pk)
    messages.success(request, _("%(lead)s is handed over.") % {"lead": lead.name})
    return redirect("handoff", handoff.pk)
