"""Who is at work: by their own hours, else by their team's."""

from collections.abc import Collection
from datetime import datetime

from handoff.people.models import Team
from handoff.sla.calendars import calendar_of
from handoff.sla.clock import business_time_between
from handoff.sla.models import Calendar, PersonCalendar
from handoff.sla.timeline import MICROSECOND


def at_work(people: Collection[int], team: Team, *, at: datetime) -> set[int]:
    """Return which of `people` (ids of users) of `team` are inside their hours at `at`; without hours, all are."""
    own = PersonCalendar.objects.filter(user__in=people).select_related("calendar")
    kept = {row.user_id: row.calendar for row in own}
    usual = calendar_of(team)
    by_person = {person: kept.get(person, usual) for person in people}
    is_open = {calendar: calendar is None or _is_open(calendar, at) for calendar in set(by_person.values())}
    return {person for person, calendar in by_person.items() if is_open[calendar]}


def _is_open(calendar: Calendar, at: datetime) -> bool:
    return bool(business_time_between(calendar.hours(), at, at + MICROSECOND))
