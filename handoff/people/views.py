"""Where somebody lands, and their own settings."""

from datetime import datetime, timedelta

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

from handoff.lib.refusals import Incomplete
from handoff.people.absences import be_away, be_sick_today, call_off, come_back, day_begins
from handoff.people.doors import person
from handoff.people.forms import AwayForm
from handoff.people.models import ApiToken, User
from handoff.people.tokens import make_token


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Send each role to where its work is."""
    user = person(request)
    if user.is_marketer:
        return redirect("feedback")
    return redirect("reports" if user.is_manager else "queue")


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
        mine = ApiToken.objects.filter(user=user, pk=_number(request.POST["revoke"]))
        if mine.update(revoked_at=now):
            messages.success(request, _("The token no longer opens anything."))
    elif request.method == "POST":
        fresh = make_token(user, at=now, name=request.POST.get("name", "")[:80])
    return _settings_page(request, AwayForm(), fresh=fresh)


@require_POST
def away(request: HttpRequest) -> HttpResponse:
    """Keep that the person is away, planned or from now on, or is back."""
    user, now = person(request), timezone.now()
    if "sick" in request.POST:
        be_sick_today(user, at=now)
        messages.success(request, _("Get well soon. You are away until midnight."))
    elif "back" in request.POST:
        come_back(user, by=user, at=now)
        messages.success(request, _("Welcome back."))
    elif "call_off" in request.POST:
        planned = user.absences.filter(pk=_number(request.POST["call_off"])).first()
        if planned and call_off(planned, by=user, at=now):
            messages.success(request, _("The absence is called off."))
    else:
        form = AwayForm(request.POST)
        if not form.is_valid() or not _keep(form, user, now):
            return _settings_page(request, form, status=422)
        messages.success(request, _("Your absence is noted."))
    return redirect("me")


def _keep(form: AwayForm, user: User, now: datetime) -> bool:
    """Keep the absence from the first to the last day, or say in the form why it can't be."""
    first, last = form.cleaned_data["first_day"], form.cleaned_data["last_day"]
    ends_at = day_begins(last + timedelta(days=1), user) if last else None
    try:
        be_away(user, by=user, at=now, starts_at=max(day_begins(first, user), now), ends_at=ends_at)
    except Incomplete as refusal:
        form.add_error("last_day", refusal.message)
        return False
    return True


def _settings_page(request: HttpRequest, form: AwayForm, *, fresh: str = "", status: int = 200) -> HttpResponse:
    user, now = person(request), timezone.now()
    absences = user.absences.exclude(ends_at__lte=now).order_by("starts_at", "id")
    context = {
        "tokens": ApiToken.objects.valid(now).filter(user=user).order_by("-created_at"),
        "fresh": fresh,
        "absences": [(absence, absence.starts_at <= now) for absence in absences],
        "is_away": any(absence.starts_at <= now for absence in absences),
        "form": form,
    }
    return render(request, "people/me.html", context, status=status)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0
