"""Handing over at a pace, and negative personas that keep leads out of the queue."""

from datetime import datetime
from typing import Any

import pytest

from handoff.leads.models import Hold, Lead, Stage
from handoff.people.models import User
from handoff.queue.models import Handoff
from handoff.queue.pacing import hand_over_paced
from handoff.queue.personas import personas_at
from handoff.queue.rebasing import rescore_stale
from handoff.queue.receiving import receive_activities
from handoff.queue.rescoring import rescore
from scoring.models import Persona, Publication, ScoringModel
from scoring.publishing import publish
from tests.making import DAY, HOUR, MONDAY_9AM, PRICING, make_calendar, make_lead, make_model, make_rep, page_view

pytestmark = pytest.mark.django_db
EMPLOYEES = {"condition": {"field": "company.employees", "op": "at_least", "value": 10}, "points": 50}
BIG = {"condition": {"field": "company.employees", "op": "at_least", "value": 100}, "points": 10}
DUTCH = {"field": "country", "op": "is", "value": "NL"}


def paced(*rules: dict[str, Any], pace: int, at: datetime = MONDAY_9AM) -> Publication:
    return publish(make_model(*rules), by=None, at=at, qualifying="paced", pace=pace)


def opened() -> list[int]:
    return list(Handoff.objects.order_by("id").values_list("lead_id", flat=True))


def test_so_many_per_rep_a_day_come_best_first_and_the_rest_on_the_days_after() -> None:
    make_calendar()
    make_rep("sam"), make_rep("sasha")
    leads = [make_lead(company={"employees": number}) for number in (20, 30, 200, 40, 50)]
    paced(EMPLOYEES, BIG, pace=1)
    assert hand_over_paced(at=MONDAY_9AM) == 0  # the base is not scored yet
    rescore_stale(at=MONDAY_9AM)
    assert opened() == []
    assert hand_over_paced(at=MONDAY_9AM) == 2
    assert opened() == [leads[2].pk, leads[0].pk]
    assert hand_over_paced(at=MONDAY_9AM + 7 * HOUR) == 0
    assert hand_over_paced(at=MONDAY_9AM + 20 * HOUR) == 0  # at night
    assert hand_over_paced(at=MONDAY_9AM + DAY) == 2
    assert hand_over_paced(at=MONDAY_9AM + 2 * DAY) == 1
    assert len(opened()) == 5
    assert set(Handoff.objects.values_list("is_paced", flat=True)) == {True}


def test_the_pace_counts_only_what_came_by_it() -> None:
    make_rep()
    for _ in range(2):
        make_lead(company={"employees": 20})
    paced(EMPLOYEES, {**PRICING, "points": 50}, pace=1)
    rescore_stale(at=MONDAY_9AM)
    receive_activities([page_view(make_lead(), MONDAY_9AM)], at=MONDAY_9AM)
    assert hand_over_paced(at=MONDAY_9AM + HOUR) == 1
    assert Handoff.objects.count() == 2


def test_other_publications_have_no_pace() -> None:
    make_rep()
    make_lead(company={"employees": 20})
    assert hand_over_paced(at=MONDAY_9AM) == 0
    publish(make_model(EMPLOYEES), by=None, at=MONDAY_9AM, qualifying="next_activity")
    rescore_stale(at=MONDAY_9AM)
    assert hand_over_paced(at=MONDAY_9AM) == 0


def test_a_sleeper_and_a_held_lead_are_not_handed_over_by_pace() -> None:
    make_rep()
    held = make_lead(company={"employees": 20})
    Hold.objects.create(lead=held, reason=Hold.Reason.BY_HAND, at=MONDAY_9AM)
    make_lead(company={"employees": 20}, stage=Stage.NURTURE)
    paced(EMPLOYEES, pace=5)
    rescore_stale(at=MONDAY_9AM)
    assert hand_over_paced(at=MONDAY_9AM) == 0


def with_persona(model: ScoringModel, **values: Any) -> ScoringModel:
    Persona.objects.create(model=model, key=values["name"], **{"condition": DUTCH, **values})
    return model


def test_a_negative_persona_keeps_a_lead_out_and_lets_it_in_when_it_no_longer_fits() -> None:
    model = with_persona(make_model({**PRICING, "points": 60}), name="Student", standing="negative")
    publish(model, by=None, at=MONDAY_9AM - DAY)
    lead = make_lead(country="NL")
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    hold = Hold.objects.get()
    assert (hold.reason, hold.note, hold.released_at) == ("persona", "Student", None)
    assert opened() == []
    Lead.objects.update(country="DE")
    rescore([lead.pk], at=MONDAY_9AM + HOUR)
    hold.refresh_from_db()
    assert hold.released_at == MONDAY_9AM + HOUR
    assert opened() == [lead.pk]


def test_a_lead_that_does_not_qualify_is_not_held() -> None:
    publish(with_persona(make_model(PRICING), name="Student", standing="negative"), by=None, at=MONDAY_9AM - DAY)
    receive_activities([page_view(make_lead(country="NL"), MONDAY_9AM)], at=MONDAY_9AM)
    assert not Hold.objects.exists()


def test_reps_read_the_personas_that_fit_the_ideal_one_first() -> None:
    model = with_persona(make_model(PRICING), name="Usual", pains="Paper", goals="None of it")
    with_persona(model, name="Ideal", standing="ideal")
    with_persona(model, name="Else", condition={"field": "country", "op": "is", "value": "DE"})
    publish(model, by=None, at=MONDAY_9AM - DAY)
    found = personas_at(make_lead(country="NL"), MONDAY_9AM)
    assert [(persona.name, persona.pains) for persona in found] == [("Ideal", ""), ("Usual", "Paper")]
    assert personas_at(make_lead(country="NL"), MONDAY_9AM - 2 * DAY) == []
    assert User.objects.count() == 0
