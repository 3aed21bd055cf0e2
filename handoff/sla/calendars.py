"""Which hours count: of a policy, for a team."""

from django.conf import settings

from handoff.people.models import Team
from handoff.sla.clock import Hours
from handoff.sla.models import Calendar, Policy


def calendar_of(team: Team | None) -> Calendar | None:
    """Return the calendar of `team`, else the oldest one, else none."""
    own = Calendar.objects.filter(teams__team=team).first() if team else None
    return own or Calendar.objects.order_by("id").first()


def hours_of(policy: Policy, calendar: Calendar | None) -> Hours:
    """Return the hours in which `policy` counts where `calendar` applies; without one, around the clock."""
    if policy.counted_in == Policy.Hours.ALWAYS or calendar is None:
        return Hours.around_the_clock(settings.TIME_ZONE)
    return calendar.hours()
