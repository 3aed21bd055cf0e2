"""One filter set for the queue, on the page and in the API, and its views."""

from datetime import datetime, timedelta

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from handoff.leads.filters import matching_person
from handoff.people.models import User
from handoff.queue.models import Handoff, Route

VIEWS = {
    "mine": _("Mine"),
    "today": _("Today"),
    "unclaimed": _("Unclaimed"),
    "team": _("Team"),
    "snoozed": _("Snoozed"),
}
DUE = {"late": _("late"), "today": _("until tonight"), "week": _("within seven days")}
NOBODY = "nobody"


def view_conditions(user: User, at: datetime) -> dict[str, Q]:
    """Return what each view of the queue shows to `user`, over the open handoffs they may see."""
    mine = Q(claimed_by=user) | Q(claimed_by=None, assigned_to=user)
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=at)
    today = Q(next_step_at__lt=midnight_after(at)) | due_condition("today", at)
    whose = Q() if user.is_manager or user.is_admin else mine
    return {
        "mine": mine & awake,
        "today": whose & awake & today,
        "unclaimed": Q(claimed_by=None, assigned_to=None) & awake,
        "team": awake,
        "snoozed": whose & Q(snoozed_until__gt=at),
    }


def due_condition(when: str, at: datetime) -> Q:
    """Return the condition that something is due by then; what is late is due today, and today is in the week."""
    ends = {"late": at, "today": midnight_after(at), "week": at + timedelta(days=7)}
    return Q(due_at__lt=ends[when])


def midnight_after(at: datetime) -> datetime:
    """Return when the reader's day ends."""
    return timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def default_view(user: User) -> str:
    """Return the view that `user` starts on."""
    return "mine" if user.is_rep else "team"


class HandoffFilter(django_filters.FilterSet):
    """What the queue can be narrowed by. The view's rows need the request, for whoever asks."""

    q = django_filters.CharFilter(label=_("Name, company, e-mail, phone"), method="filter_words")
    view = django_filters.ChoiceFilter(label=_("View"), choices=list(VIEWS.items()), method="filter_view")
    route = django_filters.MultipleChoiceFilter(label=_("Route"), choices=Route.choices)
    grade = django_filters.CharFilter(label=_("Grade"), lookup_expr="istartswith")
    team = django_filters.CharFilter(label=_("Team"), field_name="team__slug")
    source = django_filters.CharFilter(label=_("Source"), lookup_expr="iexact")
    country = django_filters.CharFilter(label=_("Country"), field_name="lead__country", lookup_expr="iexact")
    due = django_filters.ChoiceFilter(
        label=_("Due"), choices=list(DUE.items()), empty_label=_("any"), method="filter_due"
    )
    holder = django_filters.CharFilter(label=_("Holder"), method="filter_holder")
    lead = django_filters.NumberFilter(label=_("Lead"), min_value=0, max_value=2**63 - 1)

    class Meta:
        model = Handoff
        fields: list[str] = []

    def filter_words(self, rows: "QuerySet[Handoff]", _name: str, value: str) -> "QuerySet[Handoff]":
        """Return the handoffs whose lead has every word."""
        return rows.filter(matching_person(value, "lead__"))

    def filter_view(self, rows: "QuerySet[Handoff]", _name: str, value: str) -> "QuerySet[Handoff]":
        """Return the rows of one view."""
        return rows.filter(view_conditions(self.request.user, timezone.now())[value])

    def filter_due(self, rows: "QuerySet[Handoff]", _name: str, value: str) -> "QuerySet[Handoff]":
        """Return what is due by then."""
        return rows.filter(due_condition(value, timezone.now()))

    def filter_holder(self, rows: "QuerySet[Handoff]", _name: str, value: str) -> "QuerySet[Handoff]":
        """Return what somebody accepted or was given, by username; "nobody" finds what waits."""
        if value == NOBODY:
            return rows.filter(claimed_by=None, assigned_to=None)
        return rows.filter(Q(claimed_by__username=value) | Q(claimed_by=None, assigned_to__username=value))
