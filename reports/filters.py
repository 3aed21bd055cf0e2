"""What a report is asked for: one filter set for pages, files and the API."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.people.models import Role, Team, User
from handoff.queue.models import Assignment, Clock, Handoff, Route
from handoff.sla.models import Policy
from reports.periods import DEFAULT_DAYS, EARLIEST, LATEST, Period

Handoffs = QuerySet[Handoff]
MOST_SOURCES = 200  # to choose from; others can be asked for in the address


@dataclass(frozen=True)
class Cohort:
    """The handoffs that were opened in a period, among those that the reader may see and asked for."""

    among: Handoffs
    period: Period

    @property
    def handoffs(self) -> Handoffs:
        """The handoffs of the cohort."""
        return self.among.filter(opened_at__gte=self.period.start, opened_at__lt=self.period.end)

    def with_the_one_before(self) -> Handoffs:
        """Return the handoffs of this and of the period before, to be told apart by `opened_at`."""
        return self.among.filter(opened_at__gte=self.period.before().start, opened_at__lt=self.period.end)

    def is_member(self, opened_at: datetime) -> bool:
        """Return whether a handoff of `with_the_one_before` belongs to this period."""
        return opened_at >= self.period.start


class ReportForm(forms.Form):
    """Checks what no single field can."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("from"), cleaned.get("to")
        if first and last and first > last:
            message = _("The period ends (%(last)s) before it begins (%(first)s).")
            self.add_error("from", message % {"first": first.isoformat(), "last": last.isoformat()})
        return cleaned


def _date_filter(label: str | Promise) -> django_filters.DateFilter:
    return django_filters.DateFilter(
        label=label,
        method="filter_period",
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
        error_messages={"invalid": gettext_lazy("Write a date as YYYY-MM-DD, such as 2026-03-31.")},
    )


def _choice_filter(label: str | Promise, unknown: str | Promise, **values: Any) -> django_filters.ChoiceFilter:
    errors = {"invalid_choice": unknown}
    return django_filters.ChoiceFilter(
        label=label, choices=[], empty_label=gettext_lazy("all"), error_messages=errors, **values
    )


class ReportFilter(django_filters.FilterSet):
    """Period, team, rep, policy, source and route. `from` and `to` are checked here and applied by the cohort."""

    usual_days, ended_ago = DEFAULT_DAYS, timedelta(0)  # the period, unless one is asked for

    team = _choice_filter(
        gettext_lazy("Team"), gettext_lazy("There is no team “%(value)s” that you may see."), field_name="team__slug"
    )
    rep = _choice_filter(
        gettext_lazy("Rep"),
        gettext_lazy("There are no figures of “%(value)s”: no such rep of yours, or their team keeps them off."),
        method="filter_rep",
    )
    policy = _choice_filter(
        gettext_lazy("Policy"), gettext_lazy("There is no policy “%(value)s”."), method="filter_policy"
    )
    source = django_filters.CharFilter(
        label=gettext_lazy("Source"), lookup_expr="iexact", max_length=120, widget=forms.Select
    )
    route = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Route"),
        choices=Route.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": gettext_lazy("There is no route “%(value)s”.")},
    )

    class Meta:
        model = Handoff
        fields: list[str] = []
        form = ReportForm

    def __init__(self, query: Mapping[str, Any], *, user: User, at: datetime) -> None:
        super().__init__(query, queryset=own_figures(user))
        self.user, self.at = user, at
        self.filters["team"].extra["choices"] = [(team.slug, team.name) for team in _teams_of(user)]
        self.filters["rep"].extra["choices"] = [(rep.username, str(rep)) for rep in reps_with_figures(user)]
        names = dict(Policy.objects.order_by("version").values_list("slug", "name"))
        self.filters["policy"].extra["choices"] = list(names.items())

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        """Return the filters; `from` is no name that a class body can hold."""
        period = {"from": _date_filter(gettext_lazy("From")), "to": _date_filter(gettext_lazy("To"))}
        return {**period, **super().get_filters()}

    def filter_period(self, rows: Handoffs, _name: str, _value: object) -> Handoffs:
        """Leave the rows: the period is compared with the one before, so the cohort applies it."""
        return rows

    def filter_rep(self, rows: Handoffs, _name: str, value: str) -> Handoffs:
        """Return what the rep has or had."""
        return rows.filter(held_at_any_time(Q(user__username=value)))

    def filter_policy(self, rows: Handoffs, _name: str, value: str) -> Handoffs:
        """Return what any version of the policy covers."""
        return rows.filter(Exists(Clock.objects.filter(handoff=OuterRef("pk"), policy__slug=value)))

    @property
    def period(self) -> Period:
        """The period asked for, or the default one."""
        given = self.form.cleaned_data if self.form.is_valid() else {}
        zone, ends = ZoneInfo(self.user.time_zone), self.at - self.ended_ago
        return Period.chosen(given.get("from"), given.get("to"), at=ends, zone=zone, days=self.usual_days)

    def cohort(self) -> Cohort:
        """Return the cohort of a valid question."""
        return Cohort(self.qs, self.period)

    def droppers(self) -> list[tuple[str, list[str], list[forms.BoundField]]]:
        """Return the label of each button beside the period, with the names and the fields that it opens."""
        known = own_figures(self.user).exclude(source="").order_by("source").values_list("source", flat=True).distinct()
        sources = [(source, source) for source in known[:MOST_SOURCES]]
        self.form.fields["source"].widget.choices = [("", _("all")), *sources]
        choices = {name: self.filters[name].extra["choices"] for name in ("team", "rep")}
        whose = ["team"] if len(choices["team"]) > 1 else []
        whose += ["rep"] if choices["rep"] and not reads_own_only(self.user) else []
        groups = [(_("Team"), whose), (_("Policy"), ["policy"]), (_("Source"), ["source", "route"])]
        return [(label, names, [self.form[name] for name in names]) for label, names in groups if names]

    def chosen(self) -> list[str]:
        """Return what the report is narrowed to, in words."""
        said = []
        for name in ("team", "rep", "policy", "source", "route"):
            words = dict(getattr(self.form.fields[name], "choices", ()))
            value = self.form.cleaned_data.get(name)
            said += [str(words.get(one, one)) for one in (value if isinstance(value, list) else [value]) if one]
        return said


def reads_own_only(user: User) -> bool:
    """Return whether `user` reads figures of their own leads only."""
    return user.is_rep and not user.is_admin


def own_figures(user: User) -> Handoffs:
    """Return the handoffs whose figures `user` may read: all they see, and of a rep what they have or had."""
    visible = Handoff.objects.visible_to(user)
    if reads_own_only(user):
        return visible.filter(Q(claimed_by=user) | Q(assigned_to=user) | held_at_any_time(Q(user=user)))
    return visible


def held_at_any_time(whose: Q) -> Exists:
    """Return the condition that somebody held a handoff for a while."""
    return Exists(Assignment.objects.filter(whose, handoff=OuterRef("pk")))


def reps_with_figures(user: User) -> Iterable[User]:
    """Return the reps of whom `user` may read figures: themselves, and those whose teams all show names."""
    reps = User.objects.filter(role=Role.REP)
    if reads_own_only(user):
        return reps.filter(pk=user.pk)
    silent = Team.objects.exclude(names_in_reports=Team.Names.NAMED)
    shown = reps.filter(memberships__team__in=_teams_of(user)).exclude(memberships__team__in=silent)
    return shown.distinct().order_by("first_name", "id")


def _teams_of(user: User) -> "QuerySet[Team]":
    if user.is_admin or user.is_marketer:
        return Team.objects.all()
    return Team.objects.filter(pk__in=user.team_ids())
