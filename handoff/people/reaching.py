"""How somebody is reached: notices by mail, and the address of their calendar."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from handoff.people.doors import person
from handoff.people.models import ApiToken, User
from handoff.people.tokens import CALENDAR, make_token


@require_POST
def choose_notice_mail(request: HttpRequest) -> HttpResponse:
    """Keep when the person wants their notices as mail."""
    wish = request.POST.get("notice_mail", "")
    if wish in User.NoticeMail.values:
        User.objects.filter(pk=person(request).pk).update(notice_mail=wish)
        messages.success(request, _("Saved."))
    return redirect("me")


@never_cache
@require_POST
def make_calendar_address(request: HttpRequest) -> HttpResponse:
    """Make an address of the person's calendar and show it, this once."""
    user, now = person(request), timezone.now()
    newest = ApiToken.objects.valid(now).filter(user=user).order_by("-created_at").first()
    # A page that is loaded again sends its form again, which is about the tokens of then.
    if request.POST.get("newest", "") != (str(newest.pk) if newest else ""):
        messages.info(request, _("An address is shown once only; make another one if you need it."))
        return redirect("me")
    secret = make_token(user, at=now, scopes=[CALENDAR], name=_("Calendar"))
    address = settings.BASE_URL + reverse("calendar", args=[secret])
    return render(request, "people/calendar_address.html", {"address": address})
