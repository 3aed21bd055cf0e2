"""The calendar feed: its address is the key."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from handoff.people.tokens import CALENDAR, find_token
from handoff.queue.feed import calendar_of


@login_not_required
@require_safe
def feed(_request: HttpRequest, secret: str) -> HttpResponse:
    """Return the calendar of whose address this is; an address that opens nothing (any more) is not found."""
    token = find_token(secret, at=timezone.now())
    if token is None or CALENDAR not in token.scopes:
        raise Http404
    answer = HttpResponse(calendar_of(token.user), content_type="text/calendar; charset=utf-8")
    answer.headers["Cache-Control"] = "private, max-age=300"
    return answer
