"""The queue, the qualified and the nurture list."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from handoff.leads.models import Lead, Stage
from handoff.outbox.notices import UNDO_TIME
from handoff.people.doors import person
from handoff.queue.claiming import take_next
from handoff.queue.filters import VIEWS, HandoffFilter, default_view, view_counts
from handoff.queue.models import Handoff, Qualification, Recycling
from handoff.queue.pages.panel import panel_context
from handoff.queue.presenting import rows, with_what_rows_show

PAGE = 25


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Show one view of the queue, the first (or asked for) lead beside it."""
    user, now = person(request), timezone.now()
    view = request.GET.get("view", "")
    view = view if view in VIEWS else default_view(user)
    query = request.GET.copy()
    query["view"] = view
    # Searching looks at closed leads too, in every view.
    base = Handoff.objects.visible_to(user)
    if query.get("q"):
        query.pop("view")
    else:
        base = base.open()
    filters = HandoffFilter(query, queryset=with_what_rows_show(base.by_urgency()), request=request)
    counts = view_counts(user, now)
    paginator = Paginator(filters.qs, PAGE)
    if set(query) <= {"view", "page"}:
        paginator.count = counts[view]  # known already, as the number in the view's tab
    page = paginator.get_page(request.GET.get("page"))
    shown = rows(page.object_list, now)
    context = {
        "view": view,
        "tabs": [(name, label, counts[name]) for name, label in VIEWS.items()],
        "rows": shown,
        "page_obj": page,
        "q": query.get("q", ""),
        "late": sum(row.pill.tone == "late" for row in shown),
        "soon": sum(row.pill.tone == "soon" for row in shown),
        "undo": undo_offer(request, now),
        "can_take": user.is_rep or user.is_manager or user.is_admin,
    }
    if shown:
        context |= panel_context(shown[0].handoff, user, now)
    return render(request, "queue/queue.html", context)


def undo_offer(request: HttpRequest, at: datetime) -> dict[str, Any] | None:
    """Return the verdict that this person can still take back, with the seconds left."""
    last = request.session.get("undo")
    if not last:
        return None
    left = UNDO_TIME - (at - datetime.fromisoformat(last["at"]))
    if left.total_seconds() < 1:
        del request.session["undo"]
        return None
    return {**last, "left": int(left.total_seconds())}


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
def qualified(request: HttpRequest) -> HttpResponse:
    """List the SQLs, strongest first."""
    user = person(request)
    found = Qualification.objects.filter(
        handoff__lead__in=Lead.objects.visible_to(user), handoff__lead__stage=Stage.SQL
    )
    rows_ = found.select_related("handoff__lead__company", "takes_over").order_by("-strength", "expected_close", "-at")
    page = Paginator(rows_, 50).get_page(request.GET.get("page"))
    return render(request, "queue/qualified.html", {"page_obj": page})


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
