"""When to try again: what the policy wants, spread evenly, at another time of day, within the team's hours."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from handoff.queue.models import Handoff
from handoff.sla.calendars import calendar_of
from handoff.sla.clock import Hours, local_openings

MORNING, AFTERNOON, NOON = time(10), time(15), 12
LOOKED_AHEAD = 14  # days in search of an open one
BEFORE_CLOSING = timedelta(minutes=30)


@dataclass(frozen=True)
class Try:
    """One more try, in place of silence: which of how many within how many days, and when."""

    number: int
    of: int
    days: int
    at: datetime


def next_try(handoff: Handoff, *, at: datetime) -> Try | None:
    """Return the try that should follow the one made at `at`; None where both spoke already, or were enough."""
    policy, number = handoff.policy, handoff.touches_count + 2
    if policy is None or handoff.connected_at or number > policy.attempts:
        return None
    end = (handoff.touched_at or at) + timedelta(days=policy.attempt_days)
    gap = max((end - at) / (policy.attempts - number + 1), timedelta(days=1))
    calendar = calendar_of(handoff.team)
    hours = calendar.hours() if calendar else Hours.around_the_clock(settings.TIME_ZONE)
    return Try(number, policy.attempts, policy.attempt_days, _near(at + gap, hours, at))


def _near(moment: datetime, hours: Hours, at: datetime) -> datetime:
    """Return a time on the day of `moment`, or the next open one, at which `at` was not: mornings after afternoons."""
    zone = ZoneInfo(hours.zone)
    wanted = MORNING if at.astimezone(zone).hour >= NOON else AFTERNOON
    first = moment.astimezone(zone).date()
    for days in range(LOOKED_AHEAD):
        day = first + timedelta(days=days)
        chosen = datetime.combine(day, wanted, tzinfo=zone)
        for opens, closes in local_openings(hours, day):
            if max(opens, at) < closes - BEFORE_CLOSING:
                return min(max(chosen, opens), closes - BEFORE_CLOSING).astimezone(zone)
    return datetime.combine(first, wanted, tzinfo=zone)
