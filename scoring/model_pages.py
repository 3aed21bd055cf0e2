"""The pages of one version beside its form: copy, compare, try on a lead, rehearse, publish."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from scoring.challenging import end_challenge, problems_of_challenger, start_challenge
from scoring.comparing import changes
from scoring.conditions import check
from scoring.drafting import add_negative, copy_to_draft
from scoring.forms import ChallengeForm, PublishForm
from scoring.histogram import histogram
from scoring.models import Challenge, Rehearsal, ScoringModel
from scoring.population import population
from scoring.presenting import Reader
from scoring.publishing import NotPublishable, current_publication, problems_of, problems_of_moment, publish
from scoring.rehearsing import ask, latest
from scoring.suggesting import FEWEST, MOST_ACCEPTED, suggestions
from scoring.trying import tried

if TYPE_CHECKING:
    from scoring.admin import ScoringModelAdmin

Page = Callable[["ScoringModelAdmin", HttpRequest, ScoringModel], HttpResponse]
CHANGE = "admin:scoring_scoringmodel_change"
PUBLISH = "admin:scoring_scoringmodel_publish"
CHALLENGE = "admin:scoring_scoringmodel_challenge"


def urls(admin: "ScoringModelAdmin", more: Mapping[str, Page]) -> list[URLPattern]:
    """Return the addresses of the pages, each for whoever may work on versions."""
    pages = {
        **{"copy": _copy, "compare": _compare, "try": _try, "rehearse": _rehearse, "publish": _publish},
        **{"suggestions": _suggestions, "challenge": _challenge, **more},
    }
    return [
        path(f"<int:pk>/{name}/", admin.admin_site.admin_view(_door(admin, page)), name=f"scoring_scoringmodel_{name}")
        for name, page in pages.items()
    ]


def _door(admin: "ScoringModelAdmin", page: Page) -> Callable[..., HttpResponse]:
    def door(request: HttpRequest, pk: int) -> HttpResponse:
        model = admin.get_object(request, str(pk))
        if not admin.may_work(request):
            raise PermissionDenied
        if model is None:
            raise Http404
        return page(admin, request, model)

    return door


def shown(admin: "ScoringModelAdmin", request: HttpRequest, name: str, model: ScoringModel, **context: Any) -> Any:
    live = current_publication(timezone.now())
    shared = {**admin.admin_site.each_context(request), "opts": admin.opts, "original": model, "live": live}
    return TemplateResponse(request, f"admin/scoring/scoringmodel/{name}.html", {**shared, **context})


def _copy(admin: "ScoringModelAdmin", request: HttpRequest, model: ScoringModel) -> HttpResponse:
    """Copy a version to a new draft, and go there."""
    if request.method != "POST":
        return redirect(CHANGE, model.pk)
    draft = copy_to_draft(model, by=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("%(draft)s is a copy of %(model)s to work on.") % {"draft": draft, "model": model})
    return redirect(CHANGE, draft.pk)


def _compare(admin: "ScoringModelAdmin", request: HttpRequest, model: ScoringModel) -> HttpResponse:
    """Show what the version says otherwise than what is live."""
    live = ScoringModel.objects.live().first()
    title = _("Compare version %(n)d with what is live") % {"n": model.version}
    return shown(admin, request, "compare", model, title=title, against=live, changes=changes(live, model))


def _try(admin: "ScoringModelAdmin", request: HttpRequest, model: ScoringModel) -> HttpResponse:
    """Let a lead be picked, and show how the version scores it, beside what is live."""
    words, lead = request.GET.get("q", "").strip()[:100], request.GET.get("lead", "")
    ids = [int(lead)] if lead.isdecimal() and len(lead) < 18 else []
    problems = problems_of(model)
    found = [] if problems else tried(model, ids, timezone.now())
    return shown(
        admin, request, "try", model, title=_("Try version %(n)d on a lead") % {"n": model.version},
        words=words, found=found, is_gone=bool(ids) and not found, problems=problems,
        leads=population().looked_up(words),
    )  # fmt: skip


def _suggestions(admin: "ScoringModelAdmin", request: HttpRequest, model: ScoringModel) -> HttpResponse:
    """Show in which patterns those whom sales refused resemble each other; make one a negative persona of a draft."""
    problems = problems_of(model)
    reader = Reader.now()
    if request.method == "POST":
        try:
            condition = json.loads(request.POST.get("condition", ""))
            check(condition, reader.profile)
        except (ValueError, TypeError, KeyError) as error:
            raise BadRequest from error  # the page sends what it was given
        said = reader.said_profile(condition)
        persona = add_negative(model, name=said, condition=condition, by=request.user, at=timezone.now())  # type: ignore[arg-type]
        messages.success(
            request,
            _("“%(persona)s” is a negative persona of %(draft)s now. Nothing is live until you publish it.")
            % {"persona": persona, "draft": persona.model},
        )
        return redirect("admin:scoring_persona_change", persona.pk)
    found = [] if problems else suggestions(model, timezone.now())
    patterns = [(one, reader.said_profile(one.condition), json.dumps(one.condition)) for one in found]
    return shown(
        admin, request, "suggestions", model, title=_("Suggested negative personas"), found=patterns, problems=problems,
        fewest=FEWEST, most_accepted=round(100 * MOST_ACCEPTED),
    )  # fmt: skip


def _challenge(admin: "ScoringModelAdmin", request: HttpRequest, model: ScoringModel) -> HttpResponse:
    """Let a version challenge what is live, or say how it does; a post starts it, or ends it where it runs."""
    now = timezone.now()
    challenge = Challenge.objects.filter(publication__model=model).select_related("against__model", "ended_by").first()
    is_running = challenge is not None and challenge.ended_at is None
    form = ChallengeForm(request.POST or None)
    if request.method == "POST" and challenge and "end" in request.POST:
        if end_challenge(challenge, by=request.user, at=now):  # type: ignore[arg-type]
            messages.success(request, _("The challenge has ended; its leads are scored by what is live."))
        return redirect(CHALLENGE, model.pk)
    problems = [] if is_running else problems_of_challenger(model, now)
    if request.method == "POST" and form.is_valid():
        try:
            start_challenge(model, **form.cleaned_data, by=request.user, at=now)  # type: ignore[arg-type]
        except NotPublishable as error:
            problems = error.problems
        else:
            messages.success(request, _("%(model)s challenges what is live from now on.") % {"model": model})
            return redirect(CHALLENGE, model.pk)
    title = _("Version %(n)d as challenger") % {"n": model.version}
    return shown(
        admin, request, "challenge", model, title=title, form=form, problems=problems, challenge=challenge,
        is_running=is_running, is_drawing=is_running and challenge is not None and now < challenge.ends_at,
    )  # fmt: skip


def _rehearse(admin: "ScoringModelAdmin", request: HttpRequest, model: ScoringModel) -> HttpResponse:
    """Ask for a rehearsal, and go to where it will be read."""
    if request.method == "POST":
        try:
            ask(model, by=request.user, at=timezone.now())  # type: ignore[arg-type]
        except NotPublishable as error:
            messages.error(request, str(error))
    return redirect(PUBLISH, model.pk)


def _publish(admin: "ScoringModelAdmin", request: HttpRequest, model: ScoringModel) -> HttpResponse:
    """Show the rehearsal, ask what should happen to leads that newly qualify, then make the version live."""
    if model.state == ScoringModel.State.LIVE:
        messages.info(request, _("%(model)s is live already.") % {"model": model})
        return redirect(CHANGE, model.pk)
    now = timezone.now()
    form, problems = PublishForm(request.POST or None), [*problems_of(model), *problems_of_moment(now)]
    rehearsal = latest(model)
    if request.method == "POST" and form.is_valid():
        named = Rehearsal.objects.filter(pk=form.cleaned_data.pop("rehearsal")).first()
        try:
            if named is None:
                raise NotPublishable([_("Rehearse the version first.")])
            publish(model, by=request.user, at=now, rehearsal=named, **form.cleaned_data)  # type: ignore[arg-type]
        except NotPublishable as error:
            problems = error.problems
        else:
            said = _("%(model)s is live. Leads are scored anew; see how far it is below.")
            messages.success(request, said % {"model": model})
            return redirect(CHANGE, model.pk)
    return shown(admin, request, "publish", model, form=form, problems=problems, **publishing_context(model, rehearsal))


def publishing_context(model: ScoringModel, rehearsal: Rehearsal | None) -> dict[str, Any]:
    """Return what the page says about `rehearsal`: its state, its picture, and some leads that change."""
    title = _("Publish version %(n)d") if model.is_draft else _("Roll back to version %(n)d")
    findings = rehearsal.findings if rehearsal else None
    context: dict[str, Any] = {"title": title % {"n": model.version}, "rehearsal": rehearsal, "findings": findings}
    if rehearsal and rehearsal.finished_at and findings:
        capacity = {team["team"]: team for team in findings["capacity"]}
        context["teams"] = [(*row, capacity.get(row[0], {})) for row in findings["by_team"]]
        context["histogram"] = histogram(findings)
        context["changed"] = [
            (change, tried(model, findings["changed"][change][:5], rehearsal.finished_at))
            for change in ("become", "fall_back")
        ]
    return context
