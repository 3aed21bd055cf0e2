"""What surrounds the leads: teams, people, office hours, a policy, and an older model under which all are scored."""

from handoff.leads.recording import register_traits
from handoff.queue.reasons import ensure_reasons
from scoring.models import ScoringModel
from scoring.publishing import publish
from tests.benchmarks.base import AT
from tests.benchmarks.desks import make_desks
from tests.benchmarks.model import make_model
from tests.making import DAY, make_calendar, make_marketer, make_policy, make_rep, make_team

TRAITS = {"team_size": ("team size", "number"), "plan": ("plan", "choice"), "interests": ("interests", "choices")}


def make_world(desks: int) -> None:
    """Make it in an empty database; the team gets the id 1, and so many more come after it."""
    ensure_reasons()
    team = make_team("Benelux")
    make_calendar(team)
    make_policy()
    make_marketer()
    for number in range(5):
        make_rep(f"rep{number}", team=team)
    make_desks(desks)
    register_traits(TRAITS)
    publish(make_model(AT - 90 * DAY, rules=3), by=None, at=AT - 90 * DAY)
    assert ScoringModel.objects.live().count() == 1
