"""Whose figures a reader may read, and the cohort that a report is about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q, QuerySet

from handoff.leads.models import Lead
from handoff.people.models import Role, Team, User
from handoff.queue.models import Assignment, Handoff
from handoff.queue.models.handoffs import HandoffQuerySet
from reports.periods import Period

Handoffs = HandoffQuerySet


@dataclass(frozen=True)
class Cohort:
    """The handoffs that were opened in a period, among those that the reader may see and asked for.

    `against` is what it is compared with, `choices` what else was chosen: by what to group, which metric to look at.
    `whose` is the one person that it is about: what they held when it mattered is theirs, not all that they ever had.
    """

    among: Handoffs
    period: Period
    reader: User
    choices: Mapping[str, str] = field(default_factory=dict)
    against: "Cohort | None" = None
    leads: "QuerySet[Lead] | None" = None  # whom the reader may see; None where only handoffs can be asked for
    whose: User | None = None

    @property
    def handoffs(self) -> Handoffs:
        """The handoffs of the cohort."""
        return self.among.filter(opened_at__gte=self.period.start, opened_at__lt=self.period.end)

    @property
    def other(self) -> "Cohort":
        """What it is compared with."""
        assert self.against is not None  # only what is compared with is compared with nothing
        return self.against


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
    shown = reps.filter(memberships__team__in=teams_of(user)).exclude(memberships__team__in=silent)
    return shown.distinct().order_by("first_name", "id")


def teams_of(user: User) -> "QuerySet[Team]":
    """Return the teams that `user` may ask for."""
    if user.is_admin or user.is_marketer:
        return Team.objects.all()
    return Team.objects.filter(pk__in=user.team_ids())
