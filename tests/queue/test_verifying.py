"""Verifying: a healthy world breaks no invariant, and each broken row is named."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from handoff.leads.models import Activity, Hold, Lead, LeadAlias, LeadScore, Stage
from handoff.people.models import User
from handoff.queue.claiming import claim, pass_on
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.excluding import exclude
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
    Sampling,
    Triage,
)
from handoff.queue.next_steps import plan_next_step
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.touching import log_touch
from handoff.queue.verifying import INVARIANTS, NOT_HELD, STORED_SCORE, broken_rows
from scoring.models import Challenge, Publication
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    YES,
    make_calendar,
    make_lead,
    make_live,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    make_team,
    page_view,
)

pytestmark = pytest.mark.django_db
LATE = MONDAY_9AM + 8 * DAY


@pytest.fixture(scope="module")
def world(shared_rows: None) -> None:
    """An open handoff that was touched late, a qualified and a disqualified one, and one that nobody has."""
    make_calendar()
    make_policy()
    make_live({**PRICING, "points": 60, "half_life": 30})
    sam, sasha = make_rep("sam"), make_rep("sasha")
    for name in ("open", "yes", "no", "new"):
        lead = make_lead(f"{name}@acme.example")
        receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    enforce_due(at=MONDAY_9AM + DAY)
    for name in ("open", "yes", "no"):
        claim(handoff(name), by=sam, at=MONDAY_9AM + DAY)
        log_touch(handoff(name), channel="call", outcome="connected", by=sam, at=MONDAY_9AM + 2 * DAY)
    pass_on(handoff("open"), to=sasha, note="yours", by=sam, at=MONDAY_9AM + 3 * DAY)
    plan_next_step(handoff("open"), what="Call", step_at=LATE, by=sasha, at=MONDAY_9AM + 3 * DAY)
    qualify(handoff("yes"), bant=YES, by=sam, at=MONDAY_9AM + 3 * DAY)
    disqualify(handoff("no"), reason=make_reason(), by=sam, at=MONDAY_9AM + 3 * DAY)


def handoff(name: str) -> Handoff:
    return Handoff.objects.get(lead__email=f"{name}@acme.example")


def lead(name: str) -> Lead:
    return Lead.objects.get(email=f"{name}@acme.example")


def of(name: str) -> int:
    return handoff(name).pk


@pytest.mark.usefixtures("world")
def test_a_healthy_world_breaks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(broken_rows()) == []
    call_command("verify")
    assert capsys.readouterr().out


def mail_waits() -> None:
    lead = {"email": "open@acme.example"}
    Activity.objects.create(
        source="x", source_id="1", kind="call", occurred_at=LATE, received_at=LATE, waits_for=lead, waits_key="email:x"
    )


def overlap() -> None:
    first = Assignment.objects.filter(handoff=of("open")).order_by("id")[:1].get()
    Assignment.objects.filter(pk=first.pk).update(ended_at=MONDAY_9AM + 4 * DAY)


def nobody_is_left() -> None:
    User.objects.update(is_active=False)


def step_too_early() -> None:
    clock = Clock.objects.all()[0]
    step = clock.policy.ladder.create(metric=clock.metric, action="tell_owner", share=50)
    FiredStep.objects.create(clock=clock, step=step, at=LATE, fired_at=MONDAY_9AM)


def offer_still_runs() -> None:
    clock = Clock.objects.filter(handoff=of("yes"), metric="verdict").get()
    clock.pk, clock.metric, clock.stopped_at, clock.ending = None, "takeover", None, ""
    clock.save()


def not_held() -> None:
    exclude(kind="domain", value="acme.example", why="own", by=make_marketer(), at=LATE)
    Hold.objects.filter(lead=handoff("no").lead).update(released_at=LATE)


def answered(**values: object) -> None:
    given = {"asked_at": LATE, "opened_at": LATE, "closed_at": LATE, **values}
    Triage.objects.create(lead=handoff("no").lead, **given)


def scored_by_another() -> None:
    theirs, live = LeadScore.objects.latest("lead_id"), Publication.objects.get()
    other = Publication.objects.create(model=live.model, at=MONDAY_9AM)
    given = {"share": 50, "started_at": MONDAY_9AM, "ends_at": LATE}
    challenge = Challenge.objects.create(publication=other, against=live, **given)
    Lead.objects.filter(pk=theirs.lead_id).update(challenge=challenge)


def sampled(of_handoff: Handoff | None = None, **agreed: Any) -> None:
    signed = {"marketing_at": MONDAY_9AM, "sales_at": MONDAY_9AM, "started_at": MONDAY_9AM}
    given = {"band": 9, "share": 9, "weekly_number": 1, "proposed_at": MONDAY_9AM, **signed, **agreed}
    sampling = Sampling.objects.create(team=make_team(), **given)
    for drawn, one in enumerate([handoff("yes"), of_handoff] if of_handoff else [handoff("yes")]):
        week = {"at": MONDAY_9AM, "week": MONDAY_9AM.date()}
        Sample.objects.create(sampling=sampling, lead=one.lead, drawn=drawn, total=1, handoff=one, **week)


BREAKING: list[tuple[str, Callable[[], object]]] = [
    (
        "a lead at stage MQL has an open handoff",
        lambda: Lead.objects.filter(email="no@acme.example").update(stage="mql"),
    ),
    ("the lead of an open handoff is at stage MQL", lambda: Lead.objects.filter(stage="mql").update(stage=Stage.LEAD)),
    (
        "a closed handoff has no running clock but that of its takeover",
        lambda: Clock.objects.filter(handoff=of("no")).update(stopped_at=None, ending=""),
    ),
    (
        "a closed handoff has no planned step unless it is an SQL in hand",
        lambda: NextStep.objects.create(handoff_id=of("no"), what="Call", at=LATE, by=make_rep("x"), created_at=LATE),
    ),
    ("a clock that stopped late has a breach", lambda: Breach.objects.all().delete()),
    (
        "a clock that stopped in time has no standing breach",
        lambda: Clock.objects.filter(metric="first_touch", handoff=of("open")).update(stopped_at=MONDAY_9AM + HOUR),
    ),
    ("a breach is dated when its clock was due", lambda: Breach.objects.update(due_at=MONDAY_9AM + HOUR)),
    ("no breach is recorded before it is due", lambda: Breach.objects.update(recorded_at=MONDAY_9AM)),
    (
        "who holds an open handoff has its standing assignment",
        lambda: Assignment.objects.filter(ended_at=None).update(ended_at=LATE),
    ),
    ("nobody holds a handoff while somebody else does", overlap),
    ("a handoff shows what is due first", lambda: Handoff.objects.filter(pk=of("new")).update(due_at=None)),
    ("a qualified handoff has its qualification", lambda: Qualification.objects.all().delete()),
    ("a disqualified handoff has its reason", lambda: Disqualification.objects.all().delete()),
    ("no activity waits for a lead that is known", mail_waits),
    ("an open handoff that a policy covers has its clocks", lambda: Clock.objects.filter(metric="verdict").delete()),
    ("an open handoff can be seen by somebody", nobody_is_left),
    (
        "a running clock waits for its next step or has none left",
        lambda: Clock.objects.running().filter(breach=None).update(acts_at=None),
    ),
    ("a stopped clock waits for nothing", lambda: Clock.objects.exclude(stopped_at=None).update(acts_at=LATE)),
    ("no step is taken before its time", step_too_early),
    (
        "a lapsed lead was silent for six weeks",
        lambda: Handoff.objects.filter(pk=of("open")).update(verdict="lapsed", closed_at=MONDAY_9AM),
    ),
    (
        "an SQL in hand belongs to whom takes it on",
        lambda: Lead.objects.filter(email="yes@acme.example").update(owner=None),
    ),
    ("an SQL whose offer was answered has no running clock of it", offer_still_runs),
    ("the strength of an SQL is that of its answers", lambda: Qualification.objects.update(budget="no")),
    (
        "a lead whose deal was the last word is a customer or lost",
        lambda: Deal.objects.create(handoff=handoff("yes"), is_won=True, by=User.objects.get(username="sam"), at=LATE),
    ),
    ("a lead rests under a contract that is not over", lambda: Lead.objects.update(woken_at=LATE)),
    (
        "nothing that wakes by a date was woken before it",
        lambda: Recycling.objects.update(woken_by="date", woken_at=MONDAY_9AM, wake_at=LATE),
    ),
    (
        "a hold by the exclusion list names its entry",
        lambda: Hold.objects.create(lead=handoff("no").lead, reason="excluded", at=LATE),
    ),
    (
        "a request on the triage list is let through with a handoff, or to who has the lead",
        lambda: answered(outcome="let_through"),
    ),
    (
        "an answer on the triage list comes after its request",
        lambda: answered(outcome="kept", opened_at=LATE + DAY),
    ),
    ("who is drawn for a challenger is scored by it, and nobody else", scored_by_another),
    ("nobody is drawn but while both teams agree", lambda: sampled(started_at=LATE)),
    ("no week has more samples than were agreed", lambda: sampled(handoff("no"))),
    (NOT_HELD, not_held),
    (
        "a former id leads to a lead, and no other lead has it",
        lambda: LeadAlias.objects.create(key="email:no@acme.example", lead=lead("yes"), at=LATE),
    ),
    (
        "a merged lead is gone, and its id leads to the kept one",
        lambda: Merge.objects.create(
            kept=lead("yes"), gone_id=lead("no").pk, was={}, activities=0, by=make_marketer(), at=LATE
        ),
    ),
    (
        "no activity is lost in a merge",
        lambda: Merge.objects.create(kept=lead("yes"), gone_id=0, was={}, activities=99, by=make_marketer(), at=LATE),
    ),
    (STORED_SCORE, lambda: LeadScore.objects.filter(lead__email="open@acme.example").update(total=61)),
]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("invariant", "break_it"), BREAKING, ids=[name for name, _act in BREAKING])
def test_a_row_that_breaks_an_invariant_is_named(invariant: str, break_it: Callable[[], object]) -> None:
    break_it()
    assert invariant in {broken.invariant for broken in broken_rows()}


def test_every_invariant_is_broken_above() -> None:
    assert {name for name, _act in BREAKING} == {*INVARIANTS, NOT_HELD, STORED_SCORE}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "due_at",
    [
        pytest.param(None, id="nothing"),
        pytest.param(LATE, id="the later of the two"),
        pytest.param(MONDAY_9AM + 99 * DAY, id="something else"),
    ],
)
def test_what_is_due_first_of_a_clock_and_a_step_is_checked(due_at: object) -> None:
    step_at = MONDAY_9AM + 4 * DAY if due_at == LATE else LATE
    Handoff.objects.filter(pk=of("open")).update(due_at=due_at, next_step_at=step_at)
    Clock.objects.running().filter(handoff=of("open")).update(due_at=LATE)
    assert "a handoff shows what is due first" in {broken.invariant for broken in broken_rows()}


@pytest.mark.usefixtures("world")
def test_a_planned_step_alone_is_what_is_due_first() -> None:
    Clock.objects.running().filter(handoff=of("open")).update(
        stopped_at=MONDAY_9AM + 3 * DAY, ending="cancelled", acts_at=None
    )
    Handoff.objects.filter(pk=of("open")).update(due_at=LATE)
    assert list(broken_rows()) == []
    Handoff.objects.filter(pk=of("open")).update(due_at=LATE + DAY)
    assert [broken.invariant for broken in broken_rows()] == ["a handoff shows what is due first"]


@pytest.mark.usefixtures("world")
def test_the_command_names_the_row_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    Qualification.objects.all().delete()
    with pytest.raises((CommandError, SystemExit)):
        call_command("verify")
    out = capsys.readouterr()
    assert "a qualified handoff has its qualification" in out.out + out.err
    assert f"{of('yes')}" in out.out + out.err


@pytest.mark.usefixtures("world")
def test_whoever_changes_after_an_entry_has_expired_is_rightly_let_go() -> None:
    max_, ends_at = make_marketer(), LATE + DAY
    exclude(kind="domain", value="acme.example", why="other", expires_at=ends_at, by=max_, at=LATE)
    receive_leads([{"email": "late@acme.example", "title": "Planner"}], by=None, at=ends_at)
    assert not lead("late").holds.filter(released_at=None).exists()
    assert list(broken_rows(at=ends_at)) == []
    assert list(broken_rows()) == []
    lead("no").holds.filter(reason="excluded").delete()
    assert {broken.invariant for broken in broken_rows(at=LATE)} == {NOT_HELD}
