"""What the API shows, and what it takes of leads and activities, as the contract names it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from handoff.leads.consent import permissions_of
from handoff.leads.models import Company, Lead
from handoff.lib.bodies import Instant
from handoff.queue.models import Handoff, Qualification
from handoff.queue.presenting import clock_json, cools
from handoff.queue.qualification import CORRECTED
from handoff.sla.models import Metric
from scoring import exchange
from scoring.models import ContentEntry, Persona, Rehearsal, Rule, RuleGroup, ScoringModel


class CompanyShown(serializers.ModelSerializer[Company]):
    """A company; its revenue is a text, so that no cent is lost."""

    class Meta:
        model = Company
        fields = ("name", "domain", "industry", "employees", "annual_revenue", "country")
        extra_kwargs = {"annual_revenue": {"coerce_to_string": True}}


class LeadShown(serializers.ModelSerializer[Lead]):
    """A lead with its stored score: `score` and `grade` are as of `scored_at`."""

    company = CompanyShown(allow_null=True)
    traits = serializers.DictField()
    consent = serializers.SerializerMethodField(help_text="The standing basis for each channel that is known.")
    team = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True, allow_null=True)
    owner = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    score = serializers.FloatField(source="score.total", default=None, allow_null=True)
    grade = serializers.CharField(source="score.grade", default=None, allow_null=True)
    scored_at = Instant(source="score.scored_at", default=None, allow_null=True)
    stage_since = Instant()
    created_at = Instant()
    updated_at = Instant()

    class Meta:
        model = Lead
        fields = (
            "id",
            *("external_id", "email", "first_name", "last_name", "title", "phone", "country", "language"),
            *("source", "original_source", "campaign", "consent", "company", "traits"),
            *("stage", "stage_since", "team", "owner", "score", "grade", "scored_at", "created_at", "updated_at"),
        )

    def get_consent(self, lead: Lead) -> dict[str, str]:
        """Return channel and basis."""
        return {channel: found.basis for channel, found in permissions_of(lead).items() if found.basis}


class CompanyGiven(serializers.Serializer[Any]):
    """A company, found by its domain, else by its name."""

    name = serializers.CharField(required=False, allow_null=True, max_length=200)
    domain = serializers.CharField(required=False, allow_null=True, max_length=200)
    industry = serializers.CharField(required=False, allow_null=True, max_length=200)
    employees = serializers.IntegerField(required=False, allow_null=True, min_value=0)
    annual_revenue = serializers.DecimalField(
        max_digits=16, decimal_places=2, min_value=Decimal(0), required=False, allow_null=True
    )
    country = serializers.CharField(required=False, allow_null=True, help_text="A two-letter code, or a name.")


class LeadGiven(serializers.Serializer[Any]):
    """A lead, found by `external_id`, else `email`. Absent keeps, null clears, traits merge; consent only grows."""

    external_id = serializers.CharField(required=False, allow_null=True, max_length=120)
    email = serializers.EmailField(required=False, allow_null=True)
    first_name = serializers.CharField(required=False, allow_null=True, max_length=120)
    last_name = serializers.CharField(required=False, allow_null=True, max_length=120)
    title = serializers.CharField(required=False, allow_null=True, max_length=200)
    phone = serializers.CharField(required=False, allow_null=True, max_length=40)
    source = serializers.CharField(required=False, allow_null=True, max_length=120)  # type: ignore[assignment]
    campaign = serializers.CharField(required=False, allow_null=True, max_length=120)
    country = serializers.CharField(required=False, allow_null=True, help_text="A two-letter code, or a name.")
    language = serializers.CharField(required=False, allow_null=True, max_length=10)
    consent = serializers.DictField(child=serializers.CharField(), required=False, help_text="Channel: basis.")
    company = CompanyGiven(required=False, allow_null=True)
    traits = serializers.DictField(required=False, allow_null=True)


class Rejected(serializers.Serializer[Any]):
    """An item of a list that was not taken, and why."""

    index = serializers.IntegerField(help_text="Its place in the list, from 0.")
    code = serializers.CharField()
    detail = serializers.CharField()


class LeadsReceived(serializers.Serializer[Any]):
    """What became of a list of leads."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    rejected = Rejected(many=True)


class Identity(serializers.Serializer[Any]):
    """Whose activity it is: one of the three is enough."""

    external_id = serializers.CharField(required=False)
    email = serializers.EmailField(required=False)
    id = serializers.IntegerField(required=False)


class ActivityGiven(serializers.Serializer[Any]):
    """Something a lead did. The same `source` and `id` again is a duplicate and counts once."""

    source = serializers.CharField(max_length=60)  # type: ignore[assignment]
    id = serializers.CharField(max_length=120)
    lead = Identity()
    kind = serializers.CharField(max_length=40)
    occurred_at = Instant(help_text="With its offset; at most five minutes ahead.")
    properties = serializers.DictField(required=False)


class ActivitiesReceived(serializers.Serializer[Any]):
    """What became of a list of activities."""

    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = Rejected(many=True)


class Entry(serializers.Serializer[Any]):
    """One reason for a score. `rule` is the same in every version of the model."""

    rule = serializers.CharField()
    name = serializers.CharField()
    dimension = serializers.ChoiceField(choices=RuleGroup.Dimension.choices)
    points = serializers.FloatField()
    fresh_points = serializers.FloatField()
    count = serializers.IntegerField()
    activities = serializers.ListField(child=serializers.IntegerField())


class ScoreShown(serializers.Serializer[Any]):
    """A score at an instant; its entries sum to `total`. `model` is the id of the model that was live, or null."""

    total = serializers.FloatField()
    fit = serializers.FloatField()
    interest = serializers.FloatField()
    timing = serializers.FloatField()
    grade = serializers.CharField()
    model = serializers.IntegerField(allow_null=True)
    at = Instant()
    crosses_at = Instant(allow_null=True)
    cools_at = Instant(allow_null=True)
    is_mql = serializers.BooleanField()
    entries = Entry(many=True)


class EventShown(serializers.Serializer[Any]):
    """Something that happened to a lead, in words."""

    id = serializers.CharField()
    at = Instant()
    kind = serializers.CharField()
    text = serializers.CharField()
    by = serializers.CharField()
    note = serializers.CharField()


class TimelinePage(serializers.Serializer[Any]):
    """A page of a timeline, newest first; the way leads back in time only."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EventShown(many=True)


class NextStepShown(serializers.Serializer[Any]):
    """What the rep will do next, and when."""

    what = serializers.CharField()
    at = Instant()


class ClockShown(serializers.Serializer[Any]):
    """One metric of the agreement, running on a handoff."""

    metric = serializers.ChoiceField(choices=Metric.choices)
    policy = serializers.CharField()
    due_at = Instant()
    stopped_at = Instant(allow_null=True)
    breached_at = Instant(allow_null=True)


class QueueRow(serializers.ModelSerializer[Handoff]):
    """A handoff: score and reasons as they were when it was handed over."""

    lead = serializers.IntegerField(source="lead_id")
    name = serializers.CharField(source="lead.name")
    company = serializers.CharField(source="lead.company.name", default="")
    opened_at = Instant()
    team = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True, allow_null=True)
    assigned_to = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    claimed_by = serializers.SlugRelatedField[Any](slug_field="username", read_only=True, allow_null=True)
    score = serializers.FloatField(source="total")
    cools_at = serializers.SerializerMethodField()
    reasons = Entry(many=True)
    next_step = serializers.SerializerMethodField()
    clocks = serializers.SerializerMethodField()
    snoozed_until = Instant(allow_null=True)
    closed_at = Instant(allow_null=True)

    class Meta:
        model = Handoff
        fields = (
            *("id", "lead", "name", "company", "route", "opened_at", "agreement", "team", "assigned_to", "claimed_by"),
            *("score", "grade", "cools_at", "reasons", "next_step", "clocks", "snoozed_until"),
            *("closed_at", "verdict", "version"),
        )

    @extend_schema_field(Instant(allow_null=True))
    def get_cools_at(self, handoff: Handoff) -> datetime | None:
        """Return when it would cool."""
        return cools(handoff)

    @extend_schema_field(NextStepShown(allow_null=True))
    def get_next_step(self, handoff: Handoff) -> Any:
        """Return the plan, if there is one."""
        planned = handoff.planned  # type: ignore[attr-defined]
        return NextStepShown(planned[0]).data if planned else None

    @extend_schema_field(ClockShown(many=True))
    def get_clocks(self, handoff: Handoff) -> Any:
        """Return all its clocks, running and stopped."""
        return ClockShown([clock_json(clock) for clock in handoff.clocks.all()], many=True).data


class RuleShown(serializers.ModelSerializer[Rule]):
    """A rule; `key` is the same in every version."""

    group = serializers.SlugRelatedField[Any](slug_field="key", read_only=True)
    condition = serializers.DictField()
    activity_kinds = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Rule
        fields = (
            *("key", "name", "group", "kind", "points", "activity_kinds", "condition", "half_life", "window"),
            *("limit", "limit_per", "at_least", "at_least_of", "values_of", "silence_days", "is_active"),
        )


class GroupShown(serializers.ModelSerializer[RuleGroup]):
    """A group of rules, held between its floor and its cap."""

    class Meta:
        model = RuleGroup
        fields = exchange.GROUP


class ContentShown(serializers.ModelSerializer[ContentEntry]):
    """A line of the content catalogue."""

    class Meta:
        model = ContentEntry
        fields = exchange.CONTENT


class PersonaShown(serializers.ModelSerializer[Persona]):
    """A persona with what a rep should know."""

    condition = serializers.JSONField()

    class Meta:
        model = Persona
        fields = exchange.PERSONA


class ModelShown(serializers.ModelSerializer[ScoringModel]):
    """A version of the scoring model, without its rules."""

    created_at = Instant()

    class Meta:
        model = ScoringModel
        fields = (
            *("id", "name", "version", "state", "threshold", "hysteresis"),
            *("fit_minimum", "interest_minimum", "timing_minimum", "time_zone", "note", "created_at"),
        )


class WholeModel(ModelShown):
    """A version of the scoring model with everything it says."""

    groups = GroupShown(many=True)
    rules = RuleShown(many=True)
    content = ContentShown(many=True)
    personas = PersonaShown(many=True)
    fast_lane_kinds = serializers.ListField(child=serializers.CharField())
    product_kinds = serializers.ListField(child=serializers.CharField())

    class Meta(ModelShown.Meta):
        fields = (  # type: ignore[assignment]
            *ModelShown.Meta.fields,
            *("cut_a", "cut_b", "cut_c", "cut_1", "cut_2", "cut_3"),
            *("fast_lane_kinds", "product_kinds", "groups", "rules", "content", "personas"),
        )


class RehearsalShown(serializers.ModelSerializer[Rehearsal]):
    """A rehearsal: how far it is, and what it found once it is finished."""

    asked_at = Instant()
    finished_at = Instant(allow_null=True)
    state = serializers.SerializerMethodField()
    result = serializers.JSONField(source="findings")

    class Meta:
        model = Rehearsal
        fields = ("id", "model", "state", "leads_done", "leads_count", "asked_at", "finished_at", "result")

    def get_state(self, rehearsal: Rehearsal) -> str:
        """Return "waiting", "running", "done", "failed", or "changed" where the version was edited meanwhile."""
        if rehearsal.finished_at:
            return rehearsal.error or "done"
        return "running" if rehearsal.alive_at else "waiting"


class SqlRow(serializers.ModelSerializer[Qualification]):
    """An SQL: what sales knows, who qualified it, and with whom it is."""

    id = serializers.IntegerField(source="handoff_id")
    lead = serializers.IntegerField(source="handoff.lead_id")
    name = serializers.CharField(source="handoff.lead.name")
    stage = serializers.CharField(source="handoff.lead.stage")
    qualified_by = serializers.CharField(source="by.username")
    qualified_at = Instant(source="at")
    takes_over = serializers.CharField(source="takes_over.username")
    accepted_at = Instant(allow_null=True)
    opportunity_at = Instant(allow_null=True)
    readiness = serializers.IntegerField()
    next_step = serializers.SerializerMethodField()
    version = serializers.IntegerField(source="handoff.version")

    class Meta:
        model = Qualification
        fields = (
            *("id", "lead", "name", "stage", "qualified_by", "qualified_at", "takes_over", "accepted_at"),
            *("opportunity_at", "readiness", "strength", "next_step", "version", *CORRECTED),
        )

    @extend_schema_field(NextStepShown(allow_null=True))
    def get_next_step(self, sql: Qualification) -> Any:
        """Return what is planned."""
        step, at = sql.step, sql.handoff.next_step_at  # type: ignore[attr-defined]
        return NextStepShown({"what": step, "at": at}).data if step and at else None
