"""What must always be true of the data, and the rows where it is not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    Min,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Concat, Least, Substr

from handoff.leads.exclusions import known_to
from handoff.leads.facts import facts_of
from handoff.leads.models import Activity, Exclusion, Hold, Lead, LeadAlias, LeadScore, Stage
from handoff.people.models import Membership
from handoff.queue.models import (
    Assignment,
    Breach,
    Clock,
    Deal,
    Disqualification,
    FiredStep,
    Handoff,
    Merge,
    NextStep,
    Qualification,
    Recycling,
    Sample,
    Triage,
    Verdict,
)
from handoff.queue.models.qualifications import BANT, ROLE_STRENGTH, STATE_STRENGTH, STRENGTH
from handoff.sla.models import Metric
from scoring.engine import score
from scoring.fields import microseconds
from scoring.models import Publication
from scoring.publishing import published

AT_ONCE = 1000
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Broken:
    """One row that breaks an invariant."""

    invariant: str
    row: str


Check = Callable[[], "QuerySet[Model]"]


def _leads_without_handoff() -> "QuerySet[Lead]":
    open_one = Handoff.objects.open().filter(lead=OuterRef("pk"))
    return Lead.objects.filter(stage=Stage.MQL).exclude(Exists(open_one))


def _holder_without_assignment() -> "QuerySet[Handoff]":
    standing = Assignment.objects.filter(handoff=OuterRef("pk"), ended_at=None)
    theirs = standing.filter(Q(user=OuterRef("claimed_by")) | Q(user=OuterRef("assigned_to")))
    held = ~Q(claimed_by=None) | ~Q(assigned_to=None)
    return Handoff.objects.open().filter((held & ~Exists(theirs)) | (~held & Exists(standing)))


def _overlapping_assignments() -> "QuerySet[Assignment]":
    others = Assignment.objects.filter(handoff=OuterRef("handoff")).exclude(pk=OuterRef("pk"))
    during = others.filter(
        Q(started_at__lt=OuterRef("ended_at")), Q(ended_at=None) | Q(ended_at__gt=OuterRef("started_at"))
    )
    return Assignment.objects.filter(ended_at__isnull=False).filter(
        Exists(during.filter(Q(started_at__gte=OuterRef("started_at")), pk__gt=OuterRef("pk")))
    )


def _wrong_due() -> "QuerySet[Handoff]":
    running = Min("clocks__due_at", filter=Q(clocks__stopped_at=None))
    # Of a blank and an instant the databases disagree on which is less, so each stands in for the other.
    first = Least(Coalesce("first_clock", "next_step_at"), Coalesce("next_step_at", "first_clock"))
    rows = Handoff.objects.open().annotate(first_clock=running).annotate(first_due=first)
    is_right = Q(due_at=F("first_due")) | Q(due_at=None, first_due=None)
    return rows.exclude(is_right)


def _waiting_wrongly() -> "QuerySet[Clock]":
    running = Clock.objects.running()
    return running.filter(acts_at=None, breach=None) | running.filter(acts_at__gt=F("due_at"), breach=None)


def _seen_by_nobody() -> "QuerySet[Handoff]":
    reps = Membership.objects.filter(team=OuterRef("team"), user__is_active=True)
    held = Q(claimed_by__is_active=True) | Q(assigned_to__is_active=True)
    return Handoff.objects.open().filter(~held).exclude(Exists(reps)).exclude(team=None)


def _without_row(verdict: str, rows: "QuerySet[Model]") -> "QuerySet[Handoff]":
    found = rows.filter(handoff=OuterRef("pk"))
    return Handoff.objects.filter(verdict=verdict, is_imported_history=False).exclude(Exists(found))


def _waiting_though_known() -> "QuerySet[Activity]":
    # As text: PostgreSQL compares no JSON value with a column of text.
    named = {"waits_email": KT("waits_for__email"), "waits_id": KT("waits_for__external_id")}
    waiting = Activity.objects.filter(lead=None).annotate(**named)
    by_email = Lead.objects.filter(email=OuterRef("waits_email"))
    by_id = Lead.objects.filter(external_id=OuterRef("waits_id"))
    by_former = LeadAlias.objects.filter(key__in=[OuterRef("waits_key"), OuterRef("waits_too")])
    return waiting.filter(Exists(by_email) | Exists(by_id) | Exists(by_former))


def _leading_astray() -> "QuerySet[LeadAlias]":
    """Return former ids that lead nowhere, or that another lead has."""
    there = Lead.objects.filter(pk=OuterRef("lead_id"))
    others = Lead.objects.exclude(pk=OuterRef("lead_id"))
    by_id = others.filter(external_id=Substr(OuterRef("key"), len("id:") + 1))
    by_email = others.filter(email=Substr(OuterRef("key"), len("email:") + 1))
    return LeadAlias.objects.filter(
        ~Exists(there) | (Q(key__startswith="id:") & Exists(by_id)) | (Q(key__startswith="email:") & Exists(by_email))
    )


def _not_gone() -> "QuerySet[Merge]":
    """Return merges whose former lead is there still, or is not led to the kept one."""
    key = Concat(Value("pk:"), Cast(OuterRef("gone_id"), CharField()))
    led = LeadAlias.objects.filter(key=key, lead=OuterRef("kept"))
    return Merge.objects.filter(Exists(Lead.objects.filter(pk=OuterRef("gone_id"))) | ~Exists(led))


def _lost_in_a_merge() -> "QuerySet[Merge]":
    now = Activity.objects.filter(lead=OuterRef("kept")).order_by().values("lead").annotate(n=Count("pk")).values("n")
    return Merge.objects.annotate(now=Coalesce(Subquery(now), 0)).filter(now__lt=F("activities"))


def _wrong_strength() -> "QuerySet[Qualification]":
    def worth(name: str, table: Mapping[Any, int]) -> Case:
        return Case(*(When(**{name: answer}, then=Value(points)) for answer, points in table.items()), default=Value(0))

    letters = sum((worth(name, STRENGTH) for name in BANT), start=Value(0))
    whole = letters + worth("budget_state", STATE_STRENGTH) + worth("role", ROLE_STRENGTH)
    return Qualification.objects.annotate(whole=whole).exclude(strength=F("whole"))


def _wrong_deals() -> "QuerySet[Deal]":
    """Deals of leads that were not handed over again since, and are somewhere else."""
    later = Handoff.objects.filter(lead=OuterRef("handoff__lead"), pk__gt=OuterRef("handoff"))
    is_right = Q(is_won=True, handoff__lead__stage=Stage.CUSTOMER) | Q(is_won=False, handoff__lead__stage=Stage.LOST)
    return Deal.objects.filter(handoff__is_imported_history=False).exclude(Exists(later)).exclude(is_right)


def _beyond_the_week() -> "QuerySet[Sample]":
    earlier = Sample.objects.handed_over().filter(
        sampling=OuterRef("sampling"), week=OuterRef("week"), pk__lt=OuterRef("pk")
    )
    before = earlier.order_by().values("week").annotate(n=Count("pk")).values("n")
    rows = Sample.objects.handed_over().annotate(before=Coalesce(Subquery(before), 0))
    return rows.filter(before__gte=F("sampling__weekly_number"))


def _scored_by_another() -> "QuerySet[LeadScore]":
    drawn = Q(lead__challenge__isnull=False, lead__challenge__ended_at=None)
    challenged = Q(publication__challenge__isnull=False, publication__challenge__ended_at=None)
    is_right = Q(lead__challenge__publication=F("publication"))
    return LeadScore.objects.filter(drawn | challenged).exclude(is_right)


INVARIANTS: dict[str, Check] = {
    "a lead at stage MQL has an open handoff": _leads_without_handoff,
    "the lead of an open handoff is at stage MQL": lambda: Handoff.objects.open().exclude(lead__stage=Stage.MQL),
    "a closed handoff has no running clock but that of its takeover": lambda: Clock.objects.running().exclude(
        Q(handoff__closed_at=None) | Q(metric=Metric.TAKEOVER)
    ),
    "an open handoff that a policy covers has its clocks": lambda: (
        Handoff.objects.open()
        .exclude(policy=None)
        .filter(policy__targets__metric=Metric.VERDICT)
        .exclude(clocks__metric=Metric.VERDICT)
    ),
    "an open handoff can be seen by somebody": _seen_by_nobody,
    "a running clock waits for its next step or has none left": _waiting_wrongly,
    "a stopped clock waits for nothing": lambda: Clock.objects.filter(stopped_at__isnull=False, acts_at__isnull=False),
    "no step is taken before its time": lambda: FiredStep.objects.filter(fired_at__lt=F("at")),
    "a lapsed lead was silent for six weeks": lambda: Handoff.objects.filter(
        verdict=Verdict.LAPSED, is_imported_history=False, touches__at__gt=F("closed_at")
    ),
    "a closed handoff has no planned step unless it is an SQL in hand": lambda: (
        NextStep.objects.filter(ended_at=None)
        .exclude(handoff__closed_at=None)
        .exclude(handoff__qualification__in=Qualification.objects.in_hand())
    ),
    "an SQL in hand belongs to whom takes it on": lambda: Qualification.objects.in_hand().exclude(
        handoff__lead__owner=F("takes_over")
    ),
    "an SQL whose offer was answered has no running clock of it": lambda: Clock.objects.running().filter(
        metric=Metric.TAKEOVER, handoff__qualification__accepted_at__isnull=False
    ),
    "the strength of an SQL is that of its answers": _wrong_strength,
    "a lead whose deal was the last word is a customer or lost": _wrong_deals,
    "a lead rests under a contract that is not over": lambda: Recycling.objects.filter(
        woken_at=None, lead__woken_at__isnull=False
    ),
    "nothing that wakes by a date was woken before it": lambda: Recycling.objects.filter(
        woken_by="date", woken_at__lt=F("wake_at")
    ),
    "a clock that stopped late has a breach": lambda: Clock.objects.filter(stopped_at__gt=F("due_at"), breach=None),
    "a clock that stopped in time has no standing breach": lambda: Breach.objects.filter(
        clock__stopped_at__lte=F("clock__due_at"), annulled_at=None
    ),
    "a breach is dated when its clock was due": lambda: Breach.objects.exclude(due_at=F("clock__due_at")),
    "no breach is recorded before it is due": lambda: Breach.objects.filter(recorded_at__lt=F("due_at")),
    "who holds an open handoff has its standing assignment": _holder_without_assignment,
    "nobody holds a handoff while somebody else does": _overlapping_assignments,
    "a handoff shows what is due first": _wrong_due,
    "a qualified handoff has its qualification": lambda: _without_row(Verdict.QUALIFIED, Qualification.objects.all()),
    "a disqualified handoff has its reason": lambda: _without_row(Verdict.DISQUALIFIED, Disqualification.objects.all()),
    "no activity waits for a lead that is known": _waiting_though_known,
    "a request on the triage list is let through with a handoff, or to who has the lead": lambda: Triage.objects.filter(
        outcome=Triage.Outcome.LET_THROUGH, handoff=None
    ).exclude(lead__stage__in=(Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER, Stage.LOST)),
    "an answer on the triage list comes after its request": lambda: Triage.objects.filter(closed_at__lt=F("opened_at")),
    "a hold by the exclusion list names its entry": lambda: Hold.objects.filter(
        reason=Hold.Reason.EXCLUDED, exclusion=None
    ),
    "a former id leads to a lead, and no other lead has it": _leading_astray,
    "a merged lead is gone, and its id leads to the kept one": _not_gone,
    "no activity is lost in a merge": _lost_in_a_merge,
    "who is drawn for a challenger is scored by it, and nobody else": _scored_by_another,
    "nobody is drawn but while both teams agree": lambda: Sample.objects.exclude(
        Q(sampling__ended_at=None) | Q(at__lte=F("sampling__ended_at")), sampling__started_at__lte=F("at")
    ),
    "no week has more samples than were agreed": _beyond_the_week,
}
NOT_HELD = "whoever the exclusion list matches is held or was let through"
STORED_SCORE = "a stored score equals its recomputation"


def broken_rows(*, at: datetime | None = None) -> Iterator[Broken]:
    """Yield each row that breaks an invariant; without `at`, entries that end by themselves are not looked at."""
    for invariant, check in INVARIANTS.items():
        for row in check().iterator(chunk_size=AT_ONCE):
            yield Broken(invariant, f"{row._meta.verbose_name} {row.pk}: {row}")
    yield from _not_held(at)
    yield from _wrong_scores()


def _not_held(at: datetime | None) -> Iterator[Broken]:
    """Compare each entry of the exclusion list that was applied with whom it holds.

    Past its end, and before the tick has seen that, whoever changes is let go already.
    """
    standing = Exclusion.objects.standing(at) if at else Exclusion.objects.filter(ended_at=None, expires_at=None)
    for entry in standing.filter(applied_at__isnull=False).order_by("id"):
        for lead in known_to(entry).iterator(chunk_size=AT_ONCE):
            yield Broken(NOT_HELD, f"lead {lead.pk}: {lead}, by {entry}")


def _wrong_scores() -> Iterator[Broken]:
    """Compare each stored score with a fresh computation at the instant at which it was stored."""
    for publication in Publication.objects.filter(pk__in=LeadScore.objects.values("publication").distinct()):
        prepared = published(publication)
        stored = LeadScore.objects.filter(publication=publication).order_by("lead_id")
        last = 0
        while rows := list(stored.filter(lead_id__gt=last).select_related("lead__company")[:AT_ONCE]):
            last = rows[-1].lead_id
            scores = score(prepared, facts_of([row.lead for row in rows], prepared.needs))
            for number, row in enumerate(rows):
                total = scores.course(number).total(microseconds(row.scored_at))
                if abs(total - row.total) > TOLERANCE:
                    yield Broken(STORED_SCORE, f"lead {row.lead_id}: stored {row.total:.6f}, computed {total:.6f}")
