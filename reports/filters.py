"""What a report is asked for: one filter set for pages, files and the API."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handoff.leads.models import Lead
from handoff.people.models import User
from handoff.queue.models import Clock, Handoff, Route
from handoff.sla.models import Policy
from reports.cohorts import Cohort, Handoffs, held_at_any_time, own_figures, reads_own_only, reps_with_figures, teams_of
from reports.periods import DEFAULT_DAYS, EARLIEST, LATEST, Period, Preset, presets, presets_of_the_settled

MOST_SOURCES = 200  # to choose from; others can be asked for in the address
SEGMENTS = ("team", "policy", "source", "route")  # what a report can be compared with, beside other periods
Choices = list[tuple[str, Any]]
HOW_TO_COMPARE = gettext_lazy(
    "Compare with “before”, “year”, two dates such as 2026-01-01..2026-01-31, or a segment such as team:benelux."
)


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
        method="filter_nothing",
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
        error_messages={"invalid": gettext_lazy("Write a date as YYYY-MM-DD, such as 2026-03-31.")},
    )


def choice(label: str | Promise, unknown: str | Promise, **values: Any) -> django_filters.ChoiceFilter:
    """Return a choice among what the filter set finds, or of `choices`."""
    given = {"choices": [], "empty_label": gettext_lazy("all"), **values}
    return django_filters.ChoiceFilter(label=label, error_messages={"invalid_choice": unknown}, **given)


def grouping(choices: Choices) -> django_filters.ChoiceFilter:
    """Return the choice of what a report is grouped by, the first unless one is asked for."""
    unknown = gettext_lazy("“%(value)s” is nothing to group by.")
    return choice(gettext_lazy("Grouped by"), unknown, choices=choices, empty_label=None, method="filter_nothing")


class ReportFilter(django_filters.FilterSet):
    """Period, comparison, team, rep, policy, source and route.

    `period` is one of the usual ones as seen from today, so that a saved view moves along; dates go before it.
    """

    usual_days, ended_ago = DEFAULT_DAYS, timedelta(0)  # the period, unless one is asked for

    period = choice(gettext_lazy("Period"), gettext_lazy("There is no period “%(value)s”."), method="filter_nothing")
    against = django_filters.CharFilter(
        label=gettext_lazy("Compared with"), method="filter_nothing", max_length=160, widget=forms.Select
    )
    team = choice(
        gettext_lazy("Team"), gettext_lazy("There is no team “%(value)s” that you may see."), field_name="team__slug"
    )
    rep = choice(
        gettext_lazy("Rep"),
        gettext_lazy("There are no figures of “%(value)s”: no such rep of yours, or their team keeps them off."),
        method="filter_rep",
    )
    policy = choice(gettext_lazy("Policy"), gettext_lazy("There is no policy “%(value)s”."), method="filter_policy")
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
        self.user, self.at, self.zone = user, at, ZoneInfo(user.time_zone)
        names = dict(Policy.objects.order_by("version").values_list("slug", "name"))
        self.filters["team"].extra["choices"] = [(team.slug, team.name) for team in teams_of(user)]
        self.filters["rep"].extra["choices"] = [(rep.username, str(rep)) for rep in reps_with_figures(user)]
        self.filters["policy"].extra["choices"] = list(names.items())
        self.filters["period"].extra["choices"] = [(key, preset.name) for key, preset in self.presets.items()]

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        """Return the filters; `from` is no name that a class body can hold."""
        period = {"from": _date_filter(gettext_lazy("From")), "to": _date_filter(gettext_lazy("To"))}
        return {**period, **super().get_filters()}

    def filter_nothing(self, rows: Handoffs, _name: str, _value: object) -> Handoffs:
        """Leave the rows: the cohort or the report makes use of the choice."""
        return rows

    def filter_rep(self, rows: Handoffs, _name: str, value: str) -> Handoffs:
        """Return what the rep has or had."""
        return rows.filter(held_at_any_time(Q(user__username=value)))

    def filter_policy(self, rows: Handoffs, _name: str, value: str) -> Handoffs:
        """Return what any version of the policy covers."""
        return rows.filter(Exists(Clock.objects.filter(handoff=OuterRef("pk"), policy__slug=value)))

    def is_valid(self) -> bool:
        """Return whether the question can be answered, the comparison included."""
        if super().is_valid() and not self._comparison:
            self.form.add_error("against", str(HOW_TO_COMPARE))
        return bool(self.form.is_valid())

    @property
    def asked_period(self) -> Period:
        """The period asked for, or the default one."""
        given = self.form.cleaned_data if self.form.is_valid() else {}
        usual = self.presets.get(given.get("period", ""))
        if usual and not (given.get("from") or given.get("to")):
            return Period(usual.first, usual.last, self.zone)
        ends = self.at - self.ended_ago
        return Period.chosen(given.get("from"), given.get("to"), at=ends, zone=self.zone, days=self.usual_days)

    @cached_property
    def presets(self) -> dict[str, Preset]:
        """The usual periods by their names."""
        today = self.at.astimezone(self.zone).date()
        return presets_of_the_settled(today) if self.ended_ago else presets(today)

    @property
    def choices(self) -> dict[str, str]:
        """What was chosen that narrows nothing, or else the first choice of each."""
        given = self.form.cleaned_data
        own = {name: self.filters[name].extra for name in ("by", "metric", "cause") if name in self.filters}
        usual = {name: "" if extra["empty_label"] else extra["choices"][0][0] for name, extra in own.items()}
        return {name: given.get(name) or usual[name] for name in own}

    def cohort(self) -> Cohort:
        """Return the cohort of a valid question, with what it is compared with."""
        among, period, whose = self._comparison or (self.qs, self.asked_period.before(), self.whose)
        against = Cohort(among, period, self.user, self.choices, whose=whose)
        return Cohort(self.qs, self.asked_period, self.user, self.choices, against, self._leads(), self.whose)

    @cached_property
    def whose(self) -> User | None:
        """The one person that the question is about: the rep asked for, or who reads own figures only."""
        if name := self.form.cleaned_data.get("rep"):
            return User.objects.get(username=name)
        return self.user if reads_own_only(self.user) else None

    def _leads(self) -> "QuerySet[Lead] | None":
        """Return the leads that the question is about, as far as it is about no handoff."""
        given = self.form.cleaned_data
        if reads_own_only(self.user) or any(given.get(name) for name in ("rep", "policy", "route")):
            return None
        narrowed = {"team__slug": given.get("team"), "original_source__iexact": given.get("source")}
        return Lead.objects.visible_to(self.user).filter(**{name: value for name, value in narrowed.items() if value})

    @cached_property
    def _comparison(self) -> tuple[Handoffs, Period, User | None] | None:
        """What it is compared with, None where that cannot be understood: another period, or another segment."""
        text = self.form.cleaned_data.get("against") or ""
        name, colon, value = text.partition(":")
        if not colon:
            other = self.asked_period.against(text)
            return (self.qs, other, self.whose) if other else None
        if name not in SEGMENTS or not value:
            return None
        query = QueryDict(mutable=True)
        for key in self.filters:
            query.setlist(key, [value] if key == name else _values(self.data, key))
        query["against"] = ""
        segment = type(self)(query, user=self.user, at=self.at)
        return (segment.qs, self.asked_period, segment.whose) if segment.is_valid() else None

    def against_words(self) -> str:
        """Return what it is compared with, in words."""
        text = self.form.cleaned_data.get("against") or ""
        name, colon, value = text.partition(":")
        if colon:
            choices = dict(self.filters[name].extra.get("choices", ()))
            return f"{self.filters[name].label} {choices.get(value, value)}"
        other = self.asked_period.against(text)
        return other.words() if other else ""

    def offer(self) -> None:
        """Put the sources that are known, and what it can be compared with, to the choice; pages do, nobody else."""
        known = own_figures(self.user).exclude(source="").order_by("source").values_list("source", flat=True).distinct()
        sources = [(source, source) for source in known[:MOST_SOURCES]]
        fields = self.form.fields
        fields["source"].widget.choices = [("", _("all")), *sources]
        periods = [("", _("the period before")), ("year", _("the same dates a year before"))]
        segments = [
            (str(self.filters[name].label), [(f"{name}:{key}", label) for key, label in choices])
            for name in SEGMENTS
            if len(choices := sources if name == "source" else self.filters[name].extra["choices"]) > 1
        ]
        chosen = self.form.data.get("against", "")
        offered = {key for key, _label in [*periods, *(pair for _name, pairs in segments for pair in pairs)]}
        given = [] if chosen in offered else [(chosen, chosen)]
        fields["against"].widget.choices = [*periods, *given, *segments]

    def droppers(self) -> list[tuple[str, list[str], list[forms.BoundField]]]:
        """Return the label of each button beside the period, with the names and the fields that it opens."""
        choices = {name: self.filters[name].extra["choices"] for name in ("team", "rep")}
        whose = ["team"] if len(choices["team"]) > 1 else []
        whose += ["rep"] if choices["rep"] and not reads_own_only(self.user) else []
        shown = [name for name in ("by", "metric") if name in self.filters]
        groups = [
            (_("Team"), whose),
            (_("Policy"), ["policy"]),
            (_("Source"), ["source", "route"]),
            (_("Show"), shown),
        ]
        return [(label, names, [self.form[name] for name in names]) for label, names in groups if names]

    def chosen(self) -> list[str]:
        """Return what the report is narrowed to, in words."""
        said = []
        for name in ("team", "rep", "policy", "source", "route"):
            words = dict(getattr(self.form.fields[name], "choices", ()))
            value = self.form.cleaned_data.get(name)
            said += [str(words.get(one, one)) for one in (value if isinstance(value, list) else [value]) if one]
        return said


def _values(query: Mapping[str, Any], name: str) -> list[str]:
    return query.getlist(name) if isinstance(query, QueryDict) else [query[name]] if name in query else []
