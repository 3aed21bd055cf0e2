"""The page of sampling below the line: what both teams agreed to, proposing it, signing it, ending it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from handoff.lib.refusals import Refusal
from handoff.people.doors import person, tried
from handoff.people.models import Team, User
from handoff.queue.models import Sampling
from handoff.queue.sampling import end_sampling, propose_sampling, side_of, sign_sampling, week_of
from scoring.publishing import current_publication

ENDED_SHOWN = 20


class SamplingForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is proposed."""

    class Meta:
        model = Sampling
        fields = ("team", "band", "share", "weekly_number")
        help_texts = {
            "band": gettext_lazy("Such as 10: leads from 40 points on where 50 make an MQL."),
            "share": gettext_lazy("Of the new leads in that band; whom, the lot decides."),
            "weekly_number": gettext_lazy("So much of their time sales gives to it."),
        }

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data, initial={"band": 10, "share": 10, "weekly_number": 3})
        team: forms.ModelChoiceField = self.fields["team"]  # type: ignore[type-arg,assignment]
        team.queryset = Team.objects.all() if user.is_marketer else Team.objects.filter(pk__in=user.team_ids())


def _reader(request: HttpRequest) -> User:
    user = person(request)
    # Whoever works the handoffs must not know that there are samples among them.
    if user.is_rep:
        raise PermissionDenied
    return user


@require_http_methods(["GET", "POST"])
def sampling(request: HttpRequest) -> HttpResponse:
    """Show what stands and what has ended, with the form of a proposal; or propose."""
    user, now = _reader(request), timezone.now()
    if request.method == "GET":
        return _shown(request, user, SamplingForm(user=user))
    if user.is_admin:
        raise PermissionDenied
    form = SamplingForm(request.POST, user=user)
    if not form.is_valid():
        return _shown(request, user, form, status=422)
    try:
        propose_sampling(**form.cleaned_data, by=user, at=now)
    except Refusal as refusal:
        form.add_error("team", refusal.message)
        return _shown(request, user, form, status=refusal.status)
    messages.success(request, _("Proposed. It begins when the other team has signed."))
    return redirect("sampling")


def _shown(request: HttpRequest, user: User, form: SamplingForm, status: int = 200) -> HttpResponse:
    now, handed = timezone.now(), Q(samples__handoff__isnull=False)
    this_week = handed & Q(samples__week=week_of(now, current_publication(now)))
    numbers = {"handed": Count("samples", filter=handed), "this_week": Count("samples", filter=this_week)}
    found = Sampling.objects.visible_to(user).annotate(drawn=Count("samples"), **numbers)
    found = found.select_related("team", "marketing_by", "sales_by", "ended_by")
    standing = [(one, _may_sign(one, user)) for one in found.standing()]
    context = {
        **{"standing": standing, "ended": found.exclude(ended_at=None)[:ENDED_SHOWN]},
        **{"form": form, "may_propose": not user.is_admin},
    }
    return render(request, "feedback/sampling.html", context, status=status)


def _may_sign(one: Sampling, user: User) -> bool:
    side = side_of(user, one.team)
    return bool(side) and getattr(one, f"{side}_at") is None


@require_POST
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign for the own side."""
    return _done(request, pk, sign_sampling, _("Signed: from now on samples are drawn."))


@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End the agreement, or take the proposal back."""
    return _done(request, pk, end_sampling, _("Ended: nobody is drawn any more."))


def _done(request: HttpRequest, pk: int, act: Callable[..., None], said: str) -> HttpResponse:
    user = _reader(request)
    one = get_object_or_404(Sampling.objects.visible_to(user), pk=pk)
    tried(request, lambda: act(one, by=user, at=timezone.now()), said)
    return redirect("sampling")
