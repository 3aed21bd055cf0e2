"""The bell: what a person was told."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from handoff.outbox.models import Notice
from handoff.outbox.notices import mark_read


@require_http_methods(["GET", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """List the newest notices; posting marks them all as read."""
    mine = Notice.objects.filter(user=request.user.pk).order_by("-created_at", "-id")
    if request.method == "POST":
        unread = mine.unread().values_list("id", flat=True)
        mark_read(list(unread), user=request.user, at=timezone.now())  # type: ignore[arg-type]
        return redirect("notices")
    return render(request, "people/notices.html", {"notices": mine[:100]})
