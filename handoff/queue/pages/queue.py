"""The queue: one view of it, kept fresh, with its filters and the working lists made of them."""

import json
from datetime import datetime
from functools import partial
from typing import Any
from unicodedata import normalize

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import FilteredRelation, Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from handoff.outbox.notices import UNDO_TIME
from handoff.people.doors import person, tried
from handoff.people.models import Role, SavedView, Team, User
from handoff.people.working_lists import drop_list, keep_list
from handoff.queue.filters import NOBODY, VIEWS, HandoffFilter, default_view
from handoff.queue.models import Handoff, Route
from handoff.queue.presenting import rows, sql_rows, with_what_rows_show
from handoff.queue.standing import Standing, found, half_touched_within, headline, sqls_for_today, standing

PAGE = 25
MOST_SQLS = 50


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Show one view of the queue; to a page that is open already, what changed on it, or that nothing did."""
    user, now = person(request), timezone.now()
    view = request.GET.get("view", "")
    view = view if view in VIEWS else default_view(user)
    stands = standing(user, view, now)
    request.queue_counted = stands.counts[default_view(user)]  # type: ignore[attr-defined]  # for the side bar
    is_open_already = request.headers.get("HX-Request") == "true"
    unchanged = get_conditional_response(request, etag=stands.etag) if is_open_already else None
    if unchanged is not None:
        return unchanged
    context = {**_shown(request, user, view, stands, now), "is_fresh": is_open_already}
    if not is_open_already:
        context |= {"narrowing": narrowing(context["filters"], user), "undo": undo_offer(request, now)}
    response = render(request, "queue/_fresh.html" if is_open_already else "queue/queue.html", context)
    response.headers["ETag"] = stands.etag
    response.headers["Vary"] = "HX-Request"
    response.headers["Cache-Control"] = "no-store"
    return response


def _shown(request: HttpRequest, user: User, view: str, stands: Standing, now: datetime) -> dict[str, Any]:
    """Return what the list itself shows: rows, tabs, and the line above them."""
    query = chosen(request.GET)
    is_narrowed = any(name != "view" for name in query)
    filters = _filters(request, user, view, query)
    paginator = Paginator(filters.qs, PAGE)
    if not is_narrowed:
        paginator.count = stands.counts[view]  # known already, as the number in the view's tab
    page = paginator.get_page(request.GET.get("page"))
    # First which ones, then all about them: else everything is joined to every open handoff before it is sorted.
    ids = [handoff.pk for handoff in page.object_list]
    few = with_what_rows_show(Handoff.objects.filter(pk__in=ids).by_urgency())
    for_today = sqls_for_today(user, now)
    sqls = list(for_today[:MOST_SQLS]) if view == "today" and not is_narrowed and page.number == 1 else []
    stands.counts["today"] += len(sqls) if 0 < len(sqls) < MOST_SQLS else for_today.count()
    lists = list(SavedView.objects.filter(user=user, page="queue"))
    return {
        "view": view,
        "tabs": [(name, label, stands.counts[name]) for name, label in VIEWS.items()],
        "head": found(paginator.count) if is_narrowed else headline(stands, view, half_touched_within(user, now), now),
        "rows": rows(few, now),
        "sqls": sql_rows(sqls, user, now),
        "page_obj": page,
        "q": query.get("q", ""),
        "is_narrowed": is_narrowed,
        "query": query.urlencode(),
        "address": request.GET.urlencode(),
        "unless": json.dumps({"If-None-Match": stands.etag}),
        "lists": lists,
        "kept": next((kept for kept in lists if kept.query == query.urlencode()), None),
        "filters": filters,
        "can_take": not user.is_marketer,
        "can_assign": view == "team" and "q" not in query and (user.is_manager or user.is_admin),
    }


def _filters(request: HttpRequest, user: User, view: str, query: QueryDict) -> HandoffFilter:
    """Return what was asked for; searching looks at closed leads too, in every view."""
    wanted = query.copy()
    if "q" in query:
        wanted.pop("view", None)
        base = Handoff.objects.visible_to(user)
    else:
        wanted["view"] = view
        base = Handoff.objects.open_to(user)
    return HandoffFilter(wanted, queryset=base.by_urgency().only("pk"), request=request)


def chosen(given: QueryDict) -> QueryDict:
    """Return what `given` says about the queue, without blanks and without the page: what a working list keeps."""
    query = QueryDict(mutable=True)
    for name in HandoffFilter.base_filters:
        values = [value for value in given.getlist(name) if value.strip()]
        if values:
            query.setlist(name, values)
    return query


def narrowing(filters: HandoffFilter, user: User) -> list[forms.BoundField]:
    """Return the fields of the filter, with what there is to choose from for `user`."""
    form = filters.form
    form.auto_id = "by-%s"
    fields = form.fields
    grades = [(letter, letter) for letter in "ABCD"]
    fields["route"].widget = forms.CheckboxSelectMultiple(choices=Route.choices)
    fields["grade"].widget = forms.Select(choices=[("", _("any")), *grades])
    names = ["route", "grade", "due", "source", "country"]
    if not user.is_rep:
        teams, people = _teams_and_reps(user)
        fields["holder"].widget = forms.Select(choices=[("", _("any")), (NOBODY, _("nobody")), *people])
        fields["team"].widget = forms.Select(choices=[("", _("any")), *teams])
        names += ["holder", "team"]
    return [form[name] for name in names]


def _teams_and_reps(user: User) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the teams that `user` sees and the reps in them, each with its name, in one query."""
    everywhere = user.is_admin or user.is_marketer
    teams = Team.objects.all() if everywhere else Team.objects.filter(pk__in=user.team_ids())
    reps = FilteredRelation("people", condition=Q(people__is_active=True, people__role=Role.REP))
    named = [f"reps__{name}" for name in ("first_name", "username", "last_name")]
    rows = list(teams.annotate(reps=reps).order_by("name").values_list("slug", "name", *named))
    names = sorted({row[2:] for row in rows if row[2] is not None}, key=_as_read)
    people = [(name, str(User(username=name, first_name=first, last_name=last))) for first, name, last in names]
    return list(dict.fromkeys(row[:2] for row in rows)), people


def _as_read(name: tuple[str, ...]) -> list[str]:
    """Return what sorts names as people look for them: É beside E, and no capitals first."""
    return [normalize("NFKD", part.casefold()) for part in name]


def undo_offer(request: HttpRequest, at: datetime) -> dict[str, Any] | None:
    """Return the verdict that this person can still take back, with the seconds left."""
    last = request.session.get("undo")
    if not last:
        return None
    left = UNDO_TIME - (at - datetime.fromisoformat(last["at"]))
    if left.total_seconds() < 1:
        del request.session["undo"]
        return None
    return {**last, "left": int(left.total_seconds())}


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the filters of the page as a working list."""
    query = chosen(QueryDict(request.POST.get("query", ""))).urlencode()
    name, user, said = request.POST.get("name", ""), person(request), _("Kept as “%(name)s”.")
    keep_it = partial(keep_list, page="queue", name=name, query=query, by=user, at=timezone.now())
    tried(request, keep_it, lambda kept: said % {"name": kept.name})
    return redirect(f"{reverse('queue')}?{query}")


@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one of the person's own working lists."""
    kept = get_object_or_404(SavedView, user=person(request), page="queue", pk=pk)
    drop_list(kept)
    messages.success(request, _("The list “%(name)s” is gone; its leads are not.") % {"name": kept.name})
    return redirect("queue")
