"""The list of stops that look made for the clock, where a team agreed to it."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from handoff.people.doors import person
from handoff.queue.odd_stops import odd_stops, teams_that_list


@require_GET
def odd_stops_page(request: HttpRequest) -> HttpResponse:
    """List them for managers; off until a team agrees."""
    user = person(request)
    if not (user.is_manager or user.is_admin):
        raise PermissionDenied
    teams = teams_that_list(user)
    stops = odd_stops(teams, at=timezone.now()) if teams else []
    return render(request, "queue/odd_stops.html", {"teams": teams, "stops": stops})
