"""What sales said about marketing's leads, and what marketing makes of it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from handoff.feedback.acknowledging import acknowledge as acknowledge_act
from handoff.feedback.answering import answer as answer_act
from handoff.feedback.grouping import BY, groups, rule_names, within
from handoff.feedback.reviewing import review_rule
from handoff.people.doors import person, tried
from handoff.people.models import User
from handoff.queue.models import Disqualification, Handoff

PAGE = 25


def _visible(user: User) -> "QuerySet[Disqualification]":
    return Disqualification.objects.filter(handoff__in=Handoff.objects.visible_to(user))


@require_GET
def feedback(request: HttpRequest) -> HttpResponse:
    """List the disqualifications with the signals that sales found wrong, newest first, by what they share."""
    user, asked = person(request), request.GET
    is_marketing = user.is_marketer or user.is_admin
    by = asked.get("by", "reason")
    by = by if by in BY else "reason"
    show = "all" if asked.get("show") == "all" or not is_marketing else "new"
    found = _visible(user)
    if show == "new":
        found = found.filter(acknowledged_at=None)
    one = asked.get("verdict", "")
    if one.isdecimal():
        found = _visible(user).filter(pk=one[:18])
    context = {
        "by": by,
        "bys": BY.items(),
        "show": show,
        "groups": groups(found, by),
        "chosen": asked.get("is"),
        "one": one,
        "may_answer": is_marketing,
    }
    if "is" in asked:
        found = within(found, by, asked["is"])
    shown = found.select_related("handoff__lead__company", "reason", "by", "right_lead", "owner", "acknowledged_by")
    shown = shown.prefetch_related("answers__by", "reviews__model").order_by("-at", "-id")
    page = Paginator(shown, PAGE).get_page(asked.get("page"))
    return render(request, "feedback/feedback.html", context | {"page_obj": page, "rows": _rows(page.object_list)})


def _rows(verdicts: Any) -> list[tuple[Disqualification, list[tuple[str, str]]]]:
    """Return each verdict with the keys and names of the rules that were wrong."""
    said = list(verdicts)
    newest = rule_names({key for verdict in said for key in verdict.misleading})
    rows = []
    for verdict in said:
        names = newest | {entry["rule"]: entry["name"] for entry in verdict.handoff.reasons}
        rows.append((verdict, [(key, names.get(key, key)) for key in verdict.misleading]))
    return rows


@require_POST
def acknowledge(request: HttpRequest) -> HttpResponse:
    """Mark the chosen verdicts as read."""
    chosen = [int(pk) for pk in request.POST.getlist("verdict") if pk.isdecimal()]
    done = acknowledge_act(chosen, by=person(request), at=timezone.now())
    messages.success(request, ngettext("%(n)d verdict read.", "%(n)d verdicts read.", done) % {"n": done})
    return redirect(_came_from(request))


def _came_from(request: HttpRequest) -> str:
    """Return the list as it was looked at."""
    query = request.POST.get("query", "")
    return f"{reverse('feedback')}?{query}" if query else reverse("feedback")


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a verdict; whoever gave it is told."""
    user = person(request)
    verdict = get_object_or_404(_visible(user).select_related("handoff__lead", "by"), pk=pk)
    text = request.POST.get("text", "")
    tried(request, lambda: answer_act(verdict, text=text, by=user, at=timezone.now()), _("Answered."))
    return redirect(_came_from(request))


@require_POST
def change_rule(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the rule in question in a draft."""
    user = person(request)
    verdict, key = get_object_or_404(_visible(user), pk=pk), request.POST.get("rule", "")
    opened = _("This is a draft: change the rule, rehearse, and publish when you are sure.")
    rule = tried(request, lambda: review_rule(verdict, rule=key, by=user, at=timezone.now()), opened)
    return redirect("admin:scoring_rule_change", rule.pk) if rule else redirect(_came_from(request))
