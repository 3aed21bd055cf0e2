"""The reports as JSON: what the API answers and its schema says."""

from datetime import timedelta
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reports.breaches import BreachRow
from reports.funnel import Leak, StepRow
from reports.rules import RuleRow
from reports.sla import TeamRow, Week


@extend_schema_field(OpenApiTypes.FLOAT)
class Seconds(serializers.Field[timedelta, Any, float, Any]):
    """A duration in seconds."""

    def to_representation(self, value: timedelta) -> float:
        return value.total_seconds()


class RateShape(serializers.Serializer[Any]):
    """`count` of `of`: the share, its 95 % Wilson interval, and whether `of` is too small to compare."""

    count = serializers.IntegerField()
    of = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(source="interval.low", allow_null=True)
    high = serializers.FloatField(source="interval.high", allow_null=True)
    too_few = serializers.BooleanField(source="is_too_few")


class SpreadShape(serializers.Serializer[Any]):
    """Over how many, the median and the 90th percentile (nearest rank), in seconds."""

    n = serializers.IntegerField()
    median_seconds = Seconds(source="median", allow_null=True)
    p90_seconds = Seconds(source="p90", allow_null=True)


class PeriodShape(serializers.Serializer[Any]):
    """Local dates, both included, in the reader's time zone."""

    to = serializers.DateField(source="last")
    time_zone = serializers.CharField(source="zone.key")

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; `from` is no name that a class body can hold."""
        return {"from": serializers.DateField(source="first"), **super().get_fields()}


class FiguresShape(serializers.Serializer[Any]):
    """The first touches of a group of handoffs; `share` is in_time of in_time + late + never."""

    handed_over = serializers.IntegerField()
    in_time = serializers.IntegerField()
    logged_late = serializers.IntegerField()
    late = serializers.IntegerField()
    never = serializers.IntegerField()
    at_sight = serializers.IntegerField()
    running = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    unmeasured = serializers.IntegerField()
    share = RateShape()
    first_touch = SpreadShape()
    delay = SpreadShape()


class TeamShape(serializers.Serializer[TeamRow]):
    """One team's figures; without a slug, those of handoffs of no team."""

    team = serializers.CharField(source="team.slug", allow_null=True)
    name = serializers.CharField(source="team.name", allow_null=True)
    people = serializers.IntegerField()
    open_breaches = serializers.IntegerField()
    figures = FiguresShape()


class WeekShape(serializers.Serializer[Week]):
    """One ISO week of opening, as far as it lies in the period."""

    week = serializers.CharField(source="iso")
    first = serializers.DateField()
    last = serializers.DateField()
    figures = FiguresShape()


class CauseShape(serializers.Serializer[Any]):
    """How many breaches have this cause."""

    cause = serializers.CharField(source="cause.value")
    name = serializers.CharField(source="cause.label")
    rate = RateShape()


class BreachShape(serializers.Serializer[BreachRow]):
    """One breach; `handoff` is the id that its queue entry has, `owner` who held the lead at due."""

    handoff = serializers.IntegerField(source="clock.handoff_id")
    lead = serializers.IntegerField(source="clock.handoff.lead_id")
    name = serializers.CharField(source="clock.handoff.lead.name")
    team = serializers.CharField(source="clock.handoff.team.slug", allow_null=True)
    owner = serializers.CharField(source="owner.username", allow_null=True)
    metric = serializers.CharField(source="clock.metric")
    policy = serializers.CharField(source="clock.policy.slug")
    due_at = serializers.DateTimeField(source="clock.due_at")
    stopped_at = serializers.DateTimeField(source="clock.stopped_at", allow_null=True)
    late_by_seconds = Seconds(source="late_by")
    state = serializers.CharField()
    cause = serializers.CharField(source="cause.value")


class BreachesShape(serializers.Serializer[Any]):
    """The breaches of all metrics, still open ones first, then the newest; 50 a page."""

    count = serializers.IntegerField()
    open = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = BreachShape(many=True)


class SlaShape(serializers.Serializer[Any]):
    """The SLA report."""

    period = PeriodShape()
    before = PeriodShape(source="period.before")
    total = FiguresShape()
    previous = FiguresShape()
    teams = TeamShape(many=True)
    weeks = WeekShape(many=True)
    causes = CauseShape(many=True)
    breaches = BreachesShape()


class StepShape(serializers.Serializer[StepRow]):
    """One step: `count` over all, rates over settled handoffs, and how long after the handover."""

    step = serializers.CharField(source="step.key")
    name = serializers.CharField(source="step.label")
    count = serializers.IntegerField()
    of_previous = RateShape()
    of_handed_over = RateShape()
    after = SpreadShape()


class LeakShape(serializers.Serializer[Leak]):
    """One way in which settled handoffs left without becoming an SQL."""

    verdict = serializers.CharField(source="verdict.value")
    reason = serializers.CharField(source="reason.slug", allow_null=True)
    name = serializers.CharField(source="label")
    rate = RateShape()


class GroupShape(serializers.Serializer[Any]):
    """The funnel of one route or team: counts in the order of the steps, and its rate of SQLs."""

    key = serializers.CharField()
    name = serializers.CharField()
    counts = serializers.ListField(child=serializers.IntegerField())
    sql = RateShape()


class FunnelShape(serializers.Serializer[Any]):
    """The funnel; `settled` handoffs are closed or older than 42 days, `undecided` ones are SQLs that may be won."""

    period = PeriodShape()
    before = PeriodShape(source="period.before")
    handed_over = serializers.IntegerField()
    settled = serializers.IntegerField()
    open = serializers.IntegerField()
    undecided = serializers.IntegerField()
    steps = StepShape(many=True)
    previous = StepShape(many=True)
    leaks = LeakShape(many=True)
    routes = GroupShape(many=True)
    teams = GroupShape(many=True)


class LiftShape(serializers.Serializer[Any]):
    """A share as a multiple of another, with its 95 % interval (log risk ratio, Katz)."""

    ratio = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class RuleShape(serializers.Serializer[RuleRow]):
    """One rule by its key; without a `lift` there are too few to compare. `harm` is a number of handoffs.

    `ticked` is of those with it that were disqualified for a reason that counts against the rules, `needless` how many
    of those in which it was decisive were.
    """

    rule = serializers.CharField(source="known.key")
    name = serializers.CharField(source="known.name")
    dimension = serializers.CharField(source="known.dimension")
    is_alive = serializers.BooleanField()
    takes_points = serializers.BooleanField(source="takes")
    carried = serializers.IntegerField()
    took = serializers.IntegerField()
    decisive = RateShape()
    sql_with = RateShape()
    sql_without = RateShape()
    lift = LiftShape(allow_null=True)
    ticked = RateShape()
    needless = RateShape()
    harm = serializers.FloatField()
    too_few = serializers.BooleanField(source="is_too_few")


class RulesShape(serializers.Serializer[Any]):
    """The rules at work, the most harmful first; `younger` (than 42 days) and `unscored` handoffs are left out.

    `against` is the share of handoffs by score that were disqualified for a reason that counts against the rules.
    """

    period = PeriodShape()
    handed_over = serializers.IntegerField()
    younger = serializers.IntegerField()
    unscored = serializers.IntegerField()
    judged = serializers.IntegerField()
    against = RateShape()
    rules = RuleShape(many=True, source="rows")
