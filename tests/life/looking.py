"""Looking at the whole database: every cheap invariant in one statement, what ticks left undone, what undoing left."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Subquery

from handoff.leads.models import Consent, Hold, Lead, LeadScore
from handoff.people.models import Absence
from handoff.queue.models import (
    Assignment,
    Breach,
    Clock,
    Deal,
    Disqualification,
    FiredStep,
    Handoff,
    NextStep,
    Qualification,
    Recycling,
    Snooze,
    Touch,
    Verdict,
)
from handoff.queue.verifying import INVARIANTS
from handoff.sla.models import LadderStep, Metric
from tests.life.known import ASLEEP

Check = Callable[[], "QuerySet[Model]"]
BEFORE = Assignment.objects.filter(handoff=OuterRef("handoff"), pk__lt=OuterRef("pk")).order_by("-pk")
# What holds of every world that nobody imported anything into.
STRICTER: dict[str, Check] = {
    "only a qualified handoff has a qualification": lambda: Qualification.objects.exclude(
        handoff__verdict=Verdict.QUALIFIED
    ),
    "only a disqualified handoff has a reason": lambda: Disqualification.objects.exclude(
        handoff__verdict=Verdict.DISQUALIFIED
    ),
    "only an SQL has a deal": lambda: Deal.objects.exclude(handoff__verdict=Verdict.QUALIFIED),
    "nobody rests while they are open": lambda: Recycling.objects.filter(handoff__closed_at=None),
    "who has a standing contract is asleep": lambda: Recycling.objects.filter(woken_at=None).exclude(
        lead__stage__in=ASLEEP, lead__woken_at=None
    ),
    "who is asleep in nurture has a contract": lambda: Lead.objects.filter(stage="nurture", woken_at=None).exclude(
        recyclings__woken_at=None, recyclings__isnull=False
    ),
    # Or it is void, as of two leads that are one person the other is further.
    "the last contract wakes on a request or by hand": lambda: Recycling.objects.filter(
        is_last=True, woken_at__isnull=False
    ).exclude(woken_by__in=["fast_lane", "manual", "merged"]),
    "what was in time at its due instant is no breach": lambda: Breach.objects.filter(
        recorded_at=F("due_at"), annulled_at=None
    ).exclude(clock__metric=Metric.VERDICT),
    "a lead lies on top only while the clock runs that raised it": lambda: Handoff.objects.filter(
        priority__gt=0
    ).exclude(clocks__stopped_at=None, clocks__fired_steps__step__action=LadderStep.Action.RAISE),
    "an open handoff with a plan shows it": lambda: NextStep.objects.filter(ended_at=None).exclude(
        handoff__next_step_at=F("at")
    ),
    "a snoozed handoff has its snooze": lambda: Handoff.objects.open().filter(snoozed_until__isnull=False).exclude(
        snoozes__ended_at=None, snoozes__until=F("snoozed_until")
    ),
    "a snooze lasts no longer than its handoff is out of sight": lambda: Snooze.objects.filter(
        ended_at=None, handoff__snoozed_until=None
    ),
    "of one metric one clock runs, but one for each request": lambda: Clock.objects.exclude(
        metric=Metric.FIRST_TOUCH
    ).running().filter(
        Exists(
            Clock.objects.running().filter(
                handoff=OuterRef("handoff"), metric=OuterRef("metric"), pk__lt=OuterRef("pk")
            )
        )
    ),
    "a touch stops the clock that asks for one": lambda: Clock.objects.running().filter(
        Exists(Touch.objects.filter(handoff=OuterRef("handoff"), at__gte=OuterRef("started_at"))),
        metric=Metric.FIRST_TOUCH,
    ),
    # Unless it took the lead back for the team in between.
    "the ladder gives a lead to somebody else": lambda: Assignment.objects.filter(
        ~Exists(FiredStep.objects.filter(
            clock__handoff=OuterRef("handoff"), step__action="back_to_team", fired_at__lte=OuterRef("started_at")
        )),
        how=Assignment.How.LADDER, user=Subquery(BEFORE.values("user")[:1]),
    ).alias(because=Subquery(BEFORE.values("ended_because")[:1])).filter(because=Assignment.How.LADDER),
}  # fmt: skip


def _exist(found: "dict[str, QuerySet[Any]]") -> tuple[str, list[Any]]:
    """Return one statement that answers, for each of these questions, whether there is a row."""
    parts, given = [], list[Any]()
    for rows in found.values():
        sql, values = rows.order_by().values("pk").query.sql_with_params()
        parts.append(f"EXISTS ({sql})")
        given += values
    return f"SELECT {', '.join(parts)}", given


def _answers(sql: str, values: list[Any]) -> tuple[bool, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return tuple(cursor.fetchone())


@lru_cache(maxsize=1)  # what Django takes longer to put into words than the database to answer
def _invariants() -> tuple[str, list[Any], list[str]]:
    checks = INVARIANTS | STRICTER
    return *_exist({name: check() for name, check in checks.items()}), list(checks)


def look() -> None:
    """Fail with the rows where an invariant is broken."""
    sql, values, names = _invariants()
    for name, is_broken in zip(names, _answers(sql, values), strict=True):
        assert not is_broken, f"{name}: {[row.__dict__ for row in (INVARIANTS | STRICTER)[name]()[:3]]}"


SOME_TIME, SOME_PUBLICATION = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC), -77


@lru_cache(maxsize=1)
def _chores() -> tuple[str, list[Any]]:
    return _exist(left_undone(SOME_TIME, SOME_PUBLICATION))


def assert_nothing_left(at: datetime, publication: int) -> None:
    """Fail with what the ticks, all of which ran at `at`, have left undone."""
    sql, values = _chores()
    adapt = connection.ops.adapt_datetimefield_value
    said = {adapt(SOME_TIME): adapt(at), SOME_PUBLICATION: publication}
    answers = _answers(sql, [said.get(value, value) for value in values])
    if any(answers):
        left = {what: [row.__dict__ for row in rows[:3]] for what, rows in left_undone(at, publication).items()}
        raise AssertionError(f"left undone at {at}: { {what: rows for what, rows in left.items() if rows} }")


def left_undone(at: datetime, publication: int) -> dict[str, "QuerySet[Any]"]:
    """Return what is due at `at` and no tick has done, by what it is."""
    running, wakes = Clock.objects.running(), Recycling.objects.filter(woken_at=None, is_last=False)
    return {
        "crossings": LeadScore.objects.filter(crosses_at__lte=at),
        "leads scored under another version": LeadScore.objects.exclude(publication=publication),
        "leads without a score": Lead.objects.filter(score=None, activities__isnull=False),
        "breaches": running.filter(due_at__lt=at, breach=None),
        "steps": running.filter(acts_at__lt=at),
        "silences": Handoff.objects.open().filter(lapses_at__lte=at),
        "contracts": wakes.filter(lead__stage__in=ASLEEP, lead__woken_at=None, wake_at__lte=at, considered_at=None),
        "snoozes": Handoff.objects.open().filter(snoozed_until__lte=at),
        "reminders": NextStep.objects.filter(ended_at=None, reminded_at=None, at__lte=at),
        "absences": Absence.objects.at(at).filter(handed_on_at=None),
    }


def trace_of(lead: int) -> dict[str, Any]:
    """Return every row that a verdict on the lead writes or changes, but for what only counts or warns."""
    of_lead, of_handoff = Q(lead=lead), Q(handoff__lead=lead)
    told = {"version", "seen_at", "lapse_warned_at"}
    columns = [field.attname for field in Handoff._meta.concrete_fields if field.attname not in told]
    tables: dict[str, QuerySet[Any]] = {
        "lead": Lead.objects.filter(pk=lead).values("stage", "stage_since", "woken_at", "team_id"),
        "handoffs": Handoff.objects.filter(of_lead).values(*columns),
        "clocks": Clock.objects.filter(of_handoff).values(),
        "steps": FiredStep.objects.filter(clock__handoff__lead=lead).values(),
        "assignments": Assignment.objects.filter(of_handoff).values(),
        "plans": NextStep.objects.filter(of_handoff).values(),
        "snoozes": Snooze.objects.filter(of_handoff).values(),
        "holds": Hold.objects.filter(of_lead).values(),
        "consents": Consent.objects.filter(of_lead).values(),
        "contracts": Recycling.objects.filter(of_lead).values(),
        "disqualifications": Disqualification.objects.filter(of_handoff).values(),
        "qualifications": Qualification.objects.filter(of_handoff).values(),
    }
    return {name: list(rows.order_by("pk")) for name, rows in tables.items()}
