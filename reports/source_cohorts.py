"""What the report on sources is asked for: the usual question, by one of three sources, with leads and costs."""

from dataclasses import dataclass

import django_filters
from django import forms
from django.utils.translation import gettext_lazy

from handoff.leads.models import Lead
from handoff.people.models import Team, User
from reports.cohorts import Cohort
from reports.filters import ReportFilter, grouping
from reports.source_figures import By


class SourcesFilter(ReportFilter):
    """The usual question, and by which source it goes; `source` is the one that is left, under whatever name."""

    by = grouping(By.choices)
    source = django_filters.CharFilter(
        label=gettext_lazy("Source"), max_length=120, widget=forms.Select, method="filter_nothing"
    )

    def cohort(self) -> "SourceCohort":
        """Return the cohort of a valid question."""
        found, given = super().cohort(), self.form.cleaned_data
        is_narrowed = any(given.get(name) for name in ("team", "rep", "policy", "route"))
        leads = found.leads
        if leads is not None:  # of whatever source: which names mean the one asked for is known later
            leads = Lead.objects.visible_to(self.user)
            leads = leads.filter(team__slug=given["team"]) if given.get("team") else leads
        return SourceCohort(
            *(found.among, found.period, found.reader, found.choices, found.against, leads),
            only=given.get("source") or "",
            shows_costs=not is_narrowed and _reads_everything(self.user),
        )


def _reads_everything(user: User) -> bool:
    if user.is_admin or user.is_marketer:
        return True
    return user.is_manager and not Team.objects.exclude(pk__in=user.team_ids()).exists()


@dataclass(frozen=True)
class SourceCohort(Cohort):
    """A cohort with the one source asked for, if any.

    Costs are of the whole house, so only a question about all of it shows them.
    """

    only: str = ""
    shows_costs: bool = False

    @property
    def by(self) -> By:
        """Which source of a lead it goes by."""
        return By(self.choices["by"])
