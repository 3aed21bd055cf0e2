"""Negative personas: an end, what they would have done, and a suggestion that becomes one in the draft."""

import json
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from handoff.leads.models import Hold, Lead, Stage
from handoff.people.models import User
from handoff.queue.disqualification import disqualify
from handoff.queue.holding import release_hold
from handoff.queue.lifting import lift_ended
from handoff.queue.models import Handoff
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities
from handoff.queue.touching import log_touch
from scoring.drafting import copy_to_draft
from scoring.exchange import read, written
from scoring.hindsight import LOOKED_BACK, hindsight
from scoring.models import Persona, ScoringModel
from scoring.publishing import publish
from scoring.suggesting import suggestions
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    YES,
    make_handoff,
    make_lead,
    make_marketer,
    make_model,
    make_reason,
    make_rep,
    make_user,
    page_view,
)
from tests.scoring.admin_forms import shown_inputs

pytestmark = pytest.mark.django_db
STUDENTS = {"all": [{"field": "title", "op": "contains", "value": "student"}]}


def make_persona(model: ScoringModel, **values: object) -> Persona:
    """Make a negative persona of students."""
    given = {"key": "students", "name": "Students", "standing": "negative", "condition": STUDENTS, **values}
    return Persona.objects.create(model=model, **given)


def live_with(**values: object) -> ScoringModel:
    """Publish a model in which a student who looks at prices would qualify but for the persona."""
    model = make_model({**PRICING, "points": 80})
    make_persona(model, **values)
    publish(model, by=None, at=MONDAY_9AM - 60 * DAY)
    return model


def student(at: datetime = MONDAY_9AM, **values: object) -> Lead:
    """Return a student who looked at prices."""
    lead = make_lead(title="Student", **values)  # type: ignore[arg-type]
    receive_activities([page_view(lead, at)], at=at)
    return lead


def is_held(lead: Lead) -> bool:
    return Hold.objects.filter(lead=lead, released_at=None).exists()


def decided(n: int, *, won: bool, title: str, by: User) -> list[Lead]:
    """Make leads on whom sales decided."""
    leads = []
    for _ in range(n):
        handoff = make_handoff(make_lead(title=title))
        if won:
            log_touch(handoff, channel="call", outcome="connected", note="spoke", by=by, at=MONDAY_9AM)
            qualify(handoff, bant=YES, by=by, at=MONDAY_9AM)
        else:
            disqualify(handoff, reason=make_reason("never-a-buyer"), permanent=True, by=by, at=MONDAY_9AM)
        leads.append(handoff.lead)
    return leads


# Nine in the morning in Amsterdam; the day there ends at eleven in the evening, UTC.
@pytest.mark.parametrize(
    ("until", "at", "expected"),
    [
        pytest.param(None, MONDAY_9AM, True, id="without an end"),
        pytest.param(date(2026, 3, 2), MONDAY_9AM, True, id="on its last day"),
        pytest.param(date(2026, 3, 2), MONDAY_9AM + 14 * HOUR + timedelta(minutes=59), True, id="in its last minute"),
        pytest.param(date(2026, 3, 2), MONDAY_9AM + 15 * HOUR, False, id="when the day is over where the model is"),
        pytest.param(date(2026, 3, 1), MONDAY_9AM, False, id="the day after"),
    ],
)
def test_a_persona_holds_to_the_end_of_its_last_day(until: date | None, at: datetime, expected: bool) -> None:
    live_with(until=until)
    lead = student(at)
    assert is_held(lead) is expected
    assert Handoff.objects.exists() is not expected


def test_the_tick_lifts_what_an_expired_persona_held_and_hands_over() -> None:
    live_with(until=date(2026, 3, 2))
    lead = student()
    assert lift_ended(at=MONDAY_9AM + HOUR) == 0
    assert lift_ended(at=MONDAY_9AM + DAY) == 1
    assert not is_held(lead)
    assert Handoff.objects.get().lead == lead
    assert lift_ended(at=MONDAY_9AM + DAY) == 0


def test_whom_another_persona_fits_stays_held_by_that() -> None:
    model = live_with(until=date(2026, 3, 2))
    lead = student()
    draft = copy_to_draft(model, by=None, at=MONDAY_9AM)
    draft.personas.update(key="others", name="All sorts", until=None)
    publish(draft, by=None, at=MONDAY_9AM + HOUR)
    assert lift_ended(at=MONDAY_9AM + 2 * HOUR) == 1
    assert Hold.objects.get(lead=lead, released_at=None).persona == "others"
    assert lift_ended(at=MONDAY_9AM + 2 * HOUR) == 0


def test_who_was_let_through_is_not_held_again_by_the_same_persona() -> None:
    live_with()
    lead = student()
    release_hold(lead, reason="buys for the lab", by=make_marketer(), at=MONDAY_9AM + HOUR)
    assert Handoff.objects.get().lead == lead
    assert not is_held(lead)


def test_an_end_is_kept_by_copies_and_by_files() -> None:
    model = make_model(PRICING)
    make_persona(model, until=date(2026, 3, 2))
    copies = [copy_to_draft(model, by=None, at=MONDAY_9AM), read(written(model), by=None, at=MONDAY_9AM)]
    assert [copy.personas.get().until for copy in copies] == [date(2026, 3, 2)] * 2


def test_looking_back_tells_whom_it_would_have_blocked_and_spared() -> None:
    sam = make_rep()
    won = decided(2, won=True, title="Student", by=sam)
    decided(3, won=False, title="Student", by=sam)
    decided(1, won=True, title="Buyer", by=sam)
    make_lead(title="Student", stage=Stage.CUSTOMER, stage_since=MONDAY_9AM)
    found = hindsight(STUDENTS, MONDAY_9AM + DAY)
    assert (found.blocked, found.spared) == (3, 3)
    assert {known.id for known in found.some} > {lead.pk for lead in won}
    later = hindsight(STUDENTS, MONDAY_9AM + LOOKED_BACK + DAY)
    assert (later.blocked, later.spared) == (0, 0)


def test_what_does_not_count_against_the_rules_or_not_for_good_is_not_spared() -> None:
    sam = make_rep()
    for reason, permanent in (("duplicate", True), ("no-budget", False)):
        handoff, other = make_handoff(make_lead(title="Student")), make_lead()
        disqualify(handoff, reason=make_reason(reason), permanent=permanent, other_lead=other, by=sam, at=MONDAY_9AM)
    assert hindsight(STUDENTS, MONDAY_9AM + DAY).spared == 0


def test_whom_a_persona_catches_already_is_not_suggested_again() -> None:
    sam = make_rep()
    decided(12, won=False, title="Student", by=sam)
    decided(12, won=True, title="Buyer", by=sam)
    model = make_model(PRICING)
    best = suggestions(model, MONDAY_9AM + DAY)[0]
    assert (best.condition, best.refused, best.accepted) == (STUDENTS, 12, 0)
    make_persona(model)
    assert suggestions(model, MONDAY_9AM + DAY) == []


@pytest.fixture
def client() -> Client:
    found = Client()
    found.force_login(make_marketer("max"))
    return found


def page_of(model: ScoringModel) -> str:
    return f"/admin/scoring/scoringmodel/{model.pk}/suggestions/"


def test_a_suggestion_becomes_a_negative_persona_in_a_draft_and_nothing_goes_live(client: Client) -> None:
    sam, model = make_rep(), live_with(condition={"all": [{"field": "country", "op": "is", "value": "FR"}]})
    now = timezone.now()
    decided(12, won=False, title="Student", by=sam)
    decided(12, won=True, title="Buyer", by=sam)
    assert now - MONDAY_9AM < LOOKED_BACK
    said = client.get(page_of(model)).content.decode()
    assert "job title contains student" in said
    page = client.post(page_of(model), {"condition": json.dumps(STUDENTS)}, follow=True)
    persona = Persona.objects.get(name="job title contains student")
    assert (persona.standing, persona.model.state) == ("negative", "draft")
    assert page.redirect_chain[-1][0] == f"/admin/scoring/persona/{persona.pk}/change/"
    assert "It would have spared sales 12 leads" in page.content.decode()
    assert "blocked nobody" in page.content.decode()
    client.post(page_of(model), {"condition": json.dumps(STUDENTS)})
    assert ScoringModel.objects.filter(state="draft").count() == 1
    assert model.personas.count() == 1


@pytest.mark.parametrize("sent", ["", "[]", "{", '{"all": [{"field": "nothing", "op": "is", "value": "x"}]}'])
def test_what_is_no_condition_makes_no_persona(client: Client, sent: str) -> None:
    model = make_model(PRICING)
    assert client.post(page_of(model), {"condition": sent}).status_code == 400
    assert not Persona.objects.exists()


@pytest.mark.parametrize(("role", "status"), [("rep", 302), ("manager", 403), ("admin", 200)])
def test_only_who_works_on_versions_sees_suggestions(role: str, status: int) -> None:
    client, model = Client(), make_model(PRICING)
    client.force_login(make_user("one", role))
    assert client.get(page_of(model)).status_code == status


def test_only_a_negative_persona_may_end(client: Client) -> None:
    persona = make_persona(make_model(PRICING))
    address = f"/admin/scoring/persona/{persona.pk}/change/"
    shown = shown_inputs(client.get(address).content.decode())
    assert "until" in shown
    rows = {"condition-joiner": "all", "condition-0-joiner": "all", "condition-0-0-field": "profile:title"}
    rows |= {"condition-0-0-op": "contains", "condition-0-0-value": "student"}
    given = {
        "seen": shown["seen"],
        "name": "Students",
        "standing": "usual",
        "until": "2026-03-02",
        "pains": "",
        "goals": "",
        **rows,
    }
    assert "Only a persona that keeps leads out" in client.post(address, given).content.decode()
    assert client.post(address, {**given, "standing": "negative"}).status_code == 302
    assert Persona.objects.get().until == date(2026, 3, 2)
