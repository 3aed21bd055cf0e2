"""Taking the next lead, and the list of those in nurture."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from handoff.leads.models import Lead, Stage
from handoff.people.doors import person
from handoff.queue.claiming import take_next
from handoff.queue.models import Recycling


@require_POST
def next_lead(request: HttpRequest) -> HttpResponse:
    """Take the most urgent unclaimed lead and open it."""
    handoff = take_next(by=person(request), at=timezone.now())
    if handoff is None:
        messages.info(request, _("Nothing waits to be taken right now."))
        return redirect("queue")
    messages.success(request, _("%(lead)s is yours.") % {"lead": handoff.lead.name})
    return redirect("handoff", handoff.pk)


@require_GET
def nurture(request: HttpRequest) -> HttpResponse:
    """List who rests in nurture: since when, why, and when they wake."""
    contracts = (
        Recycling.objects.filter(woken_at=None).select_related("handoff__disqualification__reason").order_by("-at")
    )
    resting = Lead.objects.visible_to(person(request)).filter(stage=Stage.NURTURE).select_related("company", "owner")
    leads = resting.prefetch_related(Prefetch("recyclings", queryset=contracts, to_attr="contracts"))
    page = Paginator(leads.order_by("-stage_since", "-id"), 50).get_page(request.GET.get("page"))
    return render(request, "queue/nurture.html", {"page_obj": page})
