"""Where a lead is now that was merged: its old addresses lead permanently to the new ones."""

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.urls import reverse

from handoff.leads.identities import kept_after
from handoff.leads.models import Lead
from handoff.people.models import User


def moved(request: HttpRequest, pk: int, user: User) -> HttpResponsePermanentRedirect | None:
    """Return the answer to a request to read what lead `pk` was merged into, None where `user` sees no such lead."""
    if request.method not in {"GET", "HEAD"} or request.resolver_match is None:
        return None
    kept = Lead.objects.visible_to(user).filter(pk=kept_after(pk) or 0).values_list("pk", flat=True).first()
    if kept is None:
        return None
    query = request.META.get("QUERY_STRING", "")
    address = reverse(request.resolver_match.view_name, args=[kept])
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)
