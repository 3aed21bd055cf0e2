"""Everything that is agreed now, read once for any number of handoffs."""

from collections.abc import Collection
from datetime import datetime
from functools import cached_property
from typing import Self

from django.conf import settings

from handoff.sla.clock import Hours, business_time_between
from handoff.sla.models import Calendar, Covered, PersonCalendar, PinnedHours, Policy, TeamCalendar
from handoff.sla.timeline import MICROSECOND


class Agreements:
    """The policies in force and whose calendar is whose, each read when first asked for, and never again."""

    def __init__(self) -> None:
        self._pinned: dict[Hours, PinnedHours] = {}

    @classmethod
    def load(cls, known: "Self | None" = None) -> Self:
        """Return `known`, else what is agreed now."""
        return known or cls()

    def policy_for(self, handoff: Covered) -> Policy | None:
        """Return the first policy in force that covers `handoff`."""
        return next((policy for policy in self._policies if policy.covers(handoff)), None)

    def hours_of(self, policy: Policy, *, team_id: int | None, rep_id: int | None = None) -> Hours:
        """Return the hours in which `policy` counts: the rep's where it says so, else the team's; without any, all."""
        if policy.counted_in == Policy.Hours.ALWAYS:
            return self.always
        own = self._of_people.get(rep_id) if policy.counted_in == Policy.Hours.REP and rep_id else None
        return self._hours.get(own or self._of_teams.get(team_id) or min(self._hours, default=0), self.always)

    def at_work(self, people: Collection[int], team_id: int, *, at: datetime) -> set[int]:
        """Return which of `people` (ids of users) of a team are inside their hours at `at`; without hours, all are.

        Hours are a person's own, else their team's, else those of the oldest calendar.
        """
        usual = self._of_teams.get(team_id) or min(self._hours, default=0)
        found = {person: self._hours.get(self._of_people.get(person, usual), self.always) for person in people}
        is_open = {hours: bool(business_time_between(hours, at, at + MICROSECOND)) for hours in set(found.values())}
        return {person for person, hours in found.items() if is_open[hours]}

    def pinned(self, hours: Hours) -> PinnedHours:
        """Return the row that keeps `hours` as they are."""
        if hours not in self._pinned:
            self._pinned[hours] = PinnedHours.of(hours)
        return self._pinned[hours]

    @cached_property
    def always(self) -> Hours:
        """Hours that are always open."""
        return Hours.around_the_clock(settings.TIME_ZONE)

    @cached_property
    def _policies(self) -> list[Policy]:
        return list(Policy.objects.in_force().prefetch_related("targets", "ladder"))

    @cached_property
    def _hours(self) -> dict[int, Hours]:
        return {
            calendar.pk: calendar.hours()
            for calendar in Calendar.objects.prefetch_related("openings", "closed_days").order_by("id")
        }

    @cached_property
    def _of_teams(self) -> dict[int | None, int]:
        return dict(TeamCalendar.objects.values_list("team_id", "calendar_id"))

    @cached_property
    def _of_people(self) -> dict[int, int]:
        return dict(PersonCalendar.objects.values_list("user_id", "calendar_id"))
