"""Two teams with their people, an agreement and three versions of a model: where the machine's leads live."""

from dataclasses import dataclass

from handoff.leads.models import Lead, Stage
from handoff.people.models import Membership, Role, Team, User
from handoff.queue.models import DisqualificationReason
from handoff.queue.reasons import ensure_reasons
from handoff.queue.receiving import receive_activities
from handoff.sla.models import Metric, Policy
from handoff.sla.versioning import StepValues, TargetValues, write_terms
from scoring.models import Persona, Publication, ScoringModel
from scoring.publishing import publish, published
from tests.life.points import HYSTERESIS, VERSIONS, Deed, Version
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_lead,
    make_model,
    make_policy,
    make_user,
    page_view,
)  # fmt: skip

START = MONDAY_9AM
TARGETS = (
    TargetValues(Metric.FIRST_TOUCH, 4, "hours", needs_proof=False),
    TargetValues(Metric.CONNECT, 5, "days", needs_proof=False),
    TargetValues(Metric.VERDICT, 10, "days"),
    TargetValues(Metric.TAKEOVER, 2, "days"),
)
LADDERS = (
    (StepValues(Metric.FIRST_TOUCH, "tell_owner", share=50), StepValues(Metric.VERDICT, "tell_team", share=90)),
    (
        StepValues(Metric.FIRST_TOUCH, "raise", share=50),
        StepValues(Metric.FIRST_TOUCH, "next_rep", offset=60),
        StepValues(Metric.FIRST_TOUCH, "back_to_team", offset=240),
    ),
    (StepValues(Metric.VERDICT, "nurture", offset=480), StepValues(Metric.TAKEOVER, "tell_manager", offset=0)),
)


@dataclass
class World:
    """What was there before the leads' lives begin."""

    teams: list[Team]
    people: dict[str, User]
    reasons: dict[str, DisqualificationReason]
    models: list[ScoringModel]  # in the order of VERSIONS
    leads: list[Lead]
    deeds: dict[int, dict[str, Deed]]  # by lead: what made some of them MQLs
    live: Publication

    def __post_init__(self) -> None:
        self.by_pk = {user.pk: user for user in self.people.values()}
        self.version_of = dict(zip((model.pk for model in self.models), VERSIONS, strict=True))

    def reps_of(self, team: int | None) -> list[User]:
        """Return the reps of a team, by its id."""
        return [user for user in self.people.values() if user.is_rep and team in user.team_ids()]

    def managers_of(self, team: int | None) -> list[User]:
        """Return the managers of a team, by its id."""
        return [user for user in self.people.values() if user.is_manager and team in user.team_ids()]


def make_world() -> World:
    """Make everything but what the machine's rules make; all of it is as old as the last sixty days."""
    benelux = Team.objects.create(name="Benelux", slug="benelux", is_default=True, on_absence=Team.OnAbsence.TEAM)
    dach = Team.objects.create(
        name="Dach", slug="dach", countries=["DE"], giving=Team.Giving.ROTATION, on_absence=Team.OnAbsence.NEXT
    )
    people = {}
    for team, names in ((benelux, ("sam", "sasha", "mia")), (dach, ("kim", "kai", "mo"))):
        make_calendar(team)
        for name in names:
            people[name] = make_user(name, Role.MANAGER if name.startswith("m") else Role.REP, team=team)
    people |= {"max": make_user("max", Role.MARKETER), "ada": make_user("ada", Role.ADMIN)}
    Membership.objects.update(capacity=4)
    policy = make_policy(attempts=2, returns_at_most=1, counted_in=Policy.Hours.TEAM)
    policy.targets.all().delete()
    write_terms(policy, TARGETS, LADDERS[0])
    ensure_reasons()
    models = [_make(version) for version in VERSIONS]
    first = publish(models[0], by=None, at=START - 60 * DAY)
    published(first)  # read once for all runs: what is live is never edited
    born = START - 30 * DAY
    leads = [
        make_lead("ann@alder.example", at=born, stage=Stage.LEAD, team=benelux, title="Head of plant"),
        make_lead("ben@birch.example", at=born, stage=Stage.SUBSCRIBER, team=benelux),
        make_lead("dirk@dorn.example", at=born, stage=Stage.LEAD, team=dach, country="DE", title="Head of energy"),
        make_lead("cora@cedar.example", at=born, stage=Stage.LEAD, team=dach, country="DE"),
    ]
    deeds = {lead.pk: _visit(lead) for lead in leads if lead.title}
    reasons = {reason.slug: reason for reason in DisqualificationReason.objects.all()}
    return World([benelux, dach], people, reasons, models, leads, deeds, first)


def _visit(lead: Lead) -> dict[str, Deed]:
    """Let the lead do what makes an MQL of it, an hour before the start."""
    at = START - HOUR
    receive_activities([page_view(lead, at, id=f"visit{lead.pk}")], at=at)
    return {f"visit{lead.pk}": Deed("page_view", at, at, "/pricing/")}


def _make(version: Version) -> ScoringModel:
    model = make_model(
        *(rule.row() for rule in version.rules),
        threshold=version.threshold,
        hysteresis=HYSTERESIS,
        fast_lane_kinds=["contact_request"],
        product_kinds=["trial_started"],
    )
    if version.never:
        condition = {"field": "title", "op": "contains", "value": version.never}
        Persona.objects.create(model=model, key="never", name="Never", standing="negative", condition=condition)
    return model
