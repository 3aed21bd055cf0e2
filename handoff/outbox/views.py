"""The bell: what a person was told."""

from datetime import date
from itertools import groupby

from django.contrib.auth.models import AbstractUser
from django.core.paginator import Paginator
from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from handoff.outbox.models import Notice
from handoff.outbox.notices import mark_all_read, mark_read

PAGE = 50


@require_http_methods(["GET", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """List one's notices by day, the unread ones first; posting marks one or all as read."""
    user = request.user
    assert isinstance(user, AbstractUser)  # the middleware lets nobody else this far
    if request.method == "POST":
        one, last = request.POST.get("notice"), request.POST.get("up_to", "")
        if one is not None:
            mark_read([int(one)] if one.isdecimal() else [], user=user, at=timezone.now())
        else:
            # What arrived since the page was made has not been seen.
            mark_all_read(user=user, at=timezone.now(), up_to=int(last) if last.isdecimal() else None)
        return redirect("notices")
    mine = Notice.objects.filter(user=user.pk)
    ordered = mine.annotate(is_read=Q(read_at__isnull=False)).order_by("is_read", "-created_at", "-id")
    page = Paginator(ordered, PAGE).get_page(request.GET.get("page"))
    days = [(day, list(found)) for day, found in groupby(page.object_list, key=_day)]
    last_id = mine.aggregate(last=Max("id"))["last"]
    return render(request, "people/notices.html", {"page_obj": page, "days": days, "last_id": last_id})


def _day(notice: Notice) -> tuple[bool, date]:
    return notice.read_at is None, timezone.localdate(notice.created_at)


@require_GET
def open_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one's notice as read and go to what it is about."""
    notice = get_object_or_404(Notice.objects.select_related("user"), pk=pk, user=request.user.pk)
    mark_read([notice.pk], user=notice.user, at=timezone.now())
    return redirect(notice.url or "notices")
