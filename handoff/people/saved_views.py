"""The door of saved views of reports: kept, dropped, and chosen for the weekly mail."""

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from handoff.people.doors import person, tried
from handoff.people.models import SavedView
from handoff.people.working_lists import choose_weekly, drop_list, keep_list


@require_POST
def keep_view(request: HttpRequest) -> HttpResponse:
    """Keep what a report shows as a view."""
    page, query = request.POST.get("page", ""), request.POST.get("query", "")
    back = f"{_address(page)}?{query}"
    name, is_weekly, user = request.POST.get("name", ""), "weekly" in request.POST, person(request)
    said = _("Kept as “%(name)s”.")
    keep = partial(keep_list, page=page, name=name, query=query, is_weekly=is_weekly, by=user, at=timezone.now())
    tried(request, keep, lambda kept: said % {"name": kept.name})
    return redirect(back)


@require_POST
def change_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one of the person's own views, or choose whether it comes by mail every week."""
    kept = get_object_or_404(SavedView, user=person(request), page__startswith="report-", pk=pk)
    if "drop" in request.POST:
        drop_list(kept)
        messages.success(request, _("The view “%(name)s” is gone.") % {"name": kept.name})
    else:
        choose_weekly(kept, is_weekly="weekly" in request.POST, at=timezone.now())
        messages.success(request, _("Noted: from next Monday on.") if "weekly" in request.POST else _("Noted."))
    return redirect("reports")


def _address(page: str) -> str:
    """Return where a report is; a page that is none can't be kept."""
    try:
        if page.startswith("report-"):
            return reverse(page)
    except NoReverseMatch:
        pass
    raise Http404
