"""Leads that may be the same person: the list, two side by side, merging them, and saying that they are not."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_GET, require_POST

from handoff.leads.filters import matching_person
from handoff.leads.models import Lead
from handoff.lib.refusals import Refusal
from handoff.people.doors import person, tried
from handoff.queue.comparing import compare
from handoff.queue.duplicates import dismiss, may_merge, suggested, suggested_for, with_reasons
from handoff.queue.merging import merge, refuse_merged
from handoff.queue.moved import moved

Page = Callable[..., HttpResponseBase]
FOUND = 10


def follow_merges(page: Page) -> Page:
    """Let the address of a lead that was merged lead permanently to the kept one, for who may see that."""

    @wraps(page)
    def followed(request: HttpRequest, pk: int) -> HttpResponseBase:
        try:
            return page(request, pk)
        except Http404:
            answer = moved(request, pk, person(request))
            if answer is None:
                raise
            return answer

    return followed


@require_GET
def duplicate_list(request: HttpRequest) -> HttpResponse:
    """List, for marketers and managers, who may be the same person as a lead that was there before."""
    user = person(request)
    if user.is_rep and not user.is_admin:
        raise PermissionDenied
    page = Paginator(suggested(user), 50).get_page(request.GET.get("page"))
    return render(request, "leads/duplicates.html", {"page_obj": page, "pairs": with_reasons(list(page))})


class MergeLeads(View):
    """One lead is merged into another: first both side by side, then the act."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show both and what they would be as one; without ?other=, whom to choose."""
        kept = self.find(request, pk)
        if not request.GET.get("other"):
            return self.choose(request, kept)
        try:
            gone = self.other(request, request.GET["other"])
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect("lead", kept.pk)
        if gone.pk == kept.pk:
            return self.choose(request, kept)
        comparison = compare(kept, gone)
        return render(request, "leads/merge.html", {"lead": kept, "other": gone, "comparison": comparison})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Merge them and show the kept one."""
        kept = self.find(request, pk)
        try:
            gone = self.other(request, request.POST.get("other", ""))
            merge(kept, gone, by=person(request), at=timezone.now())
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, _("%(lead)s is one lead now.") % {"lead": kept.name})
        return redirect("lead", kept.pk)

    def find(self, request: HttpRequest, pk: int) -> Lead:
        """Return the lead if this person may see and merge it."""
        visible = Lead.objects.visible_to(person(request)).select_related("company", "team", "owner")
        lead = get_object_or_404(visible, pk=pk)
        if not may_merge(lead, person(request)):
            raise PermissionDenied
        return lead

    def other(self, request: HttpRequest, given: str) -> Lead:
        """Return the lead with the id that was given; of one that was merged before, say so."""
        if not given.isdecimal() or len(given) > 18:
            raise Http404
        try:
            return self.find(request, int(given))
        except Http404:
            refuse_merged(int(given), person(request))
            raise

    def choose(self, request: HttpRequest, lead: Lead) -> HttpResponse:
        """Offer those who may be the same person, and a search for others."""
        user, words = person(request), request.GET.get("q", "").strip()
        others = Lead.objects.visible_to(user).exclude(pk=lead.pk).filter(matching_person(words))
        found = others.select_related("company", "owner").order_by("-id")[:FOUND] if words else []
        context: dict[str, Any] = {"lead": lead, "suggestions": suggested_for(lead, to=user), "found": found}
        return render(request, "leads/merge_with.html", {**context, "words": words})


@require_POST
def not_the_same(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that two leads are not the same person; back to where that was said."""
    user = person(request)
    visible, given = Lead.objects.visible_to(user), request.POST.get("other", "")
    lead, other = get_object_or_404(visible, pk=pk), get_object_or_404(visible, pk=given if given.isdecimal() else 0)
    words = {"lead": lead.name, "other": other.name}
    said = _("%(lead)s and %(other)s are not suggested as one any more.") % words
    tried(request, lambda: dismiss(lead, other, by=user, at=timezone.now()), said)
    return redirect("duplicates") if request.POST.get("from") == "list" else redirect("lead", pk)
