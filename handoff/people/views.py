"""Where somebody lands, and their own settings."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from handoff.people.doors import person
from handoff.people.models import ApiToken, User
from handoff.people.tokens import make_token


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Send each role to where its work is."""
    user = person(request)
    if user.is_marketer:
        return redirect("feedback")
    return redirect("report-sla" if user.is_manager else "queue")


@login_not_required
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language, for good for who is signed in."""
    language = request.POST.get("language", "")
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = reverse("home")
    response = redirect(back)
    if translation.check_for_language(language) and language in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax", max_age=31_536_000)
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
    return response


def me(request: HttpRequest) -> HttpResponse:
    """Show and make the person's own API tokens; a new one is shown once."""
    user, now, fresh = person(request), timezone.now(), ""
    if request.method == "POST" and "revoke" in request.POST:
        mine = ApiToken.objects.filter(
            user=user, pk=request.POST["revoke"] if request.POST["revoke"].isdecimal() else 0
        )
        if mine.update(revoked_at=now):
            messages.success(request, _("The token no longer opens anything."))
    elif request.method == "POST":
        fresh = make_token(user, at=now, name=request.POST.get("name", "")[:80])
    tokens = ApiToken.objects.valid(now).filter(user=user).order_by("-created_at")
    return render(request, "people/me.html", {"tokens": tokens, "fresh": fresh})
