"""The teams among whom the open handoffs are shared, and the agreement that these run under."""

from datetime import timedelta

from handoff.sla.models import Metric, PinnedHours
from tests.benchmarks.base import AT
from tests.making import make_calendar, make_manager, make_policy, make_rep, make_team

REPS = 25
NOW = AT + timedelta(hours=7, minutes=30)  # of a Monday from nine to five
LADDER = [
    (Metric.FIRST_TOUCH, 50, None, "tell_owner"),
    (Metric.FIRST_TOUCH, None, 60, "tell_manager"),
    (Metric.VERDICT, None, -120, "tell_owner"),
]


def make_desks(desks: int) -> None:
    """Make so many teams, each with a manager and reps; `open.sql` knows all of it by name."""
    policy = make_policy(slug="bench", verdict_days=2, position=900)
    for metric, share, offset, action in LADDER:
        policy.ladder.create(metric=metric, share=share, offset=offset, action=action)
    for desk in range(desks):
        team = make_team(f"Desk {desk}", slug=f"desk{desk}", is_default=False)
        # Zones of one wall clock, so that not all hours are the same.
        calendar = make_calendar(team, zone=("Europe/Amsterdam", "Europe/Berlin", "Europe/Paris")[desk % 3])
        PinnedHours.of(calendar.hours())
        make_manager(f"desk{desk}", team=team)
        for number in range(REPS):
            make_rep(f"desk{desk}rep{number}", team=team)
