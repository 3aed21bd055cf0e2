"""One filter set for the queue, on the page and in the API, and its views."""

from datetime import datetime, timedelta

import django_filters
from django.db.models import Count, Q, QuerySet
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


def view_conditions(user: User, at: datetime) -> dict[str, Q]:
    """Return what each view of the queue shows to `user`, over the open handoffs they may see."""
    mine = Q(claimed_by=user) | Q(claimed_by=None, assigned_to=user)
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=at)
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    today = Q(next_step_at__lt=midnight) | Q(due_at__lt=midnight)
    whose = Q() if user.is_manager or user.is_admin else mine
    return {
        "mine": mine & awake,
        "today": whose & awake & today,
        "unclaimed": Q(claimed_by=None, assigned_to=None) & awake,
        "team": awake,
        "snoozed": whose & Q(snoozed_until__gt=at),
    }


def default_view(user: User) -> str:
    """Return the view that `user` starts on."""
    return "mine" if user.is_rep else "team"


def view_counts(user: User, at: datetime) -> dict[str, int]:
    """Return how many handoffs each view holds, in one query."""
    conditions = view_conditions(user, at)
    counts = {name: Count("id", filter=condition) for name, condition in conditions.items()}
    return Handoff.objects.open().visible_to(user).aggregate(**counts)


class HandoffFilter(django_filters.FilterSet):
    """View, words, route, team and holder. The view's rows need `user` and `at`, which the door gives."""

    q = django_filters.CharFilter(label=_("Name, company, e-mail, phone"), method="filter_words")
    view = django_filters.ChoiceFilter(label=_("View"), choices=list(VIEWS.items()), method="filter_view")
    route = django_filters.MultipleChoiceFilter(label=_("Route"), choices=Route.choices)
    grade = django_filters.CharFilter(label=_("Grade"), lookup_expr="istartswith")
    team = django_filters.CharFilter(label=_("Team"), field_name="team__slug")
    source = django_filters.CharFilter(label=_("Source"), lookup_expr="iexact")
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
