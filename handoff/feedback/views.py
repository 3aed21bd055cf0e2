"""What sales said about marketing's leads."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from handoff.feedback.acknowledging import acknowledge as acknowledge_act
from handoff.people.doors import person
from handoff.queue.models import Disqualification, DisqualificationReason, Handoff


@require_GET
def feedback(request: HttpRequest) -> HttpResponse:
    """List the disqualifications with the signals that sales found wrong, newest first."""
    user = person(request)
    visible = Disqualification.objects.filter(handoff__in=Handoff.objects.visible_to(user))
    reason = request.GET.get("reason", "")
    found = visible.filter(reason__slug=reason) if reason else visible
    found = found.select_related("handoff__lead__company", "reason", "by").order_by("-at", "-id")
    page = Paginator(found, 25).get_page(request.GET.get("page"))
    names = {}
    for verdict in page.object_list:
        names[verdict.pk] = {entry["rule"]: entry["name"] for entry in verdict.handoff.reasons}
    rows = [(v, [names[v.pk].get(key, key) for key in v.misleading]) for v in page.object_list]
    counts = DisqualificationReason.objects.annotate(
        n=Count("disqualifications", filter=Q(disqualifications__in=visible))
    )
    context = {"page_obj": page, "rows": rows, "reasons": counts.filter(n__gt=0).order_by("-n"), "reason": reason}
    return render(request, "feedback/feedback.html", context | {"may_acknowledge": user.is_marketer or user.is_admin})


@require_POST
def acknowledge(request: HttpRequest) -> HttpResponse:
    """Mark the chosen verdicts as read."""
    chosen = [int(pk) for pk in request.POST.getlist("verdict") if pk.isdecimal()]
    done = acknowledge_act(chosen, by=person(request), at=timezone.now())
    messages.success(request, ngettext("%(n)d verdict read.", "%(n)d verdicts read.", done) % {"n": done})
    return redirect("feedback")
