"""Nurture: what is in it, since when, why, whom it is like, when it wakes, and as a file."""

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.leads.models import Stage
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.lapsing import end_as_lapsed
from handoff.queue.models import Handoff
from handoff.queue.phases import phase_at, phases_of
from handoff.queue.receiving import receive_activities
from handoff.sla.models import Metric
from scoring.models import ContentEntry, Persona
from tests.making import (
    DAY,
    HOUR,
    PRICING,
    make_handoff,
    make_lead,
    make_live,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    page_view,
)  # fmt: skip
from tests.queue.test_pages import now, signed_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> User:
    make_live(
        PRICING,
        threshold=500,
        at=now() - 90 * DAY,
    )
    return make_rep("sam")


def sent_back(by: User, slug: str = "no-budget", **lead: str) -> Handoff:
    handoff = make_handoff(make_lead(**lead), at=now() - 2 * HOUR)
    claim(handoff, by=by, at=now() - HOUR)
    disqualify(handoff, reason=make_reason(slug), note="after the budget round", competitor="Voltwise", by=by, at=now())
    return handoff


def test_leads_are_listed_by_the_reason_for_which_they_rest(sam: User) -> None:
    sent_back(sam, first_name="Budget")
    sent_back(sam, "chose-other", first_name="Rival")
    silent = make_handoff(make_lead(first_name="Silent"), at=now() - 60 * DAY)
    end_as_lapsed(silent, lapsed_at=now() - DAY, at=now())
    client = signed_in(make_marketer())
    page = text(client.get("/nurture/"))
    assert page.count("<tr data-row>") == 3
    for slug, name in (("no-budget", "Budget"), ("chose-other", "Rival"), ("lapsed", "Silent")):
        page = text(client.get("/nurture/", {"reason": slug}))
        assert page.count("<tr data-row>") == 1
        assert name in page


def test_a_lead_that_its_ladder_sent_back_is_not_said_to_be_silent(sam: User) -> None:
    policy = make_policy()
    policy.ladder.create(metric=Metric.FIRST_TOUCH, action="nurture", share=200)
    make_handoff(make_lead(owner=sam, first_name="Forgotten"), at=now() - 10 * DAY)
    enforce_due(at=now())
    client = signed_in(make_marketer())
    page = text(client.get("/nurture/", {"reason": "sent-back"}))
    assert "Forgotten" in page
    assert "not worked in time" in page
    assert "Forgotten" not in text(client.get("/nurture/", {"reason": "lapsed"}))


def test_leads_are_listed_by_persona_and_phase(sam: User) -> None:
    model = make_live(PRICING, threshold=500, at=now() - 30 * DAY).model
    condition = {"field": "title", "op": "contains", "value": "Head"}
    Persona.objects.create(model=model, key="p1", name="Deciders", standing="ideal", condition=condition)
    ContentEntry.objects.create(model=model, looks_at="url", pattern="/pricing/*", phase="decision")
    near, far = sent_back(sam, first_name="Near", title="Head of Growth"), sent_back(sam, first_name="Far")
    receive_activities([page_view(near.lead, now() - HOUR)], at=now())
    client = signed_in(make_marketer())
    for query in ({"persona": "Deciders"}, {"phase": "decision"}):
        page = text(client.get("/nurture/", query))
        assert "Near" in page
        assert "Far" not in page
    alone = {lead.pk: reached.phase for lead in (near.lead, far.lead) if (reached := phase_at(lead, now()))}
    assert phases_of([near.lead_id, far.lead_id], now()) == alone == {near.lead_id: "decision"}


def test_what_is_shown_leaves_as_a_file_but_not_for_reps(sam: User) -> None:
    handoff = sent_back(sam, first_name="=cmd")
    answer = signed_in(make_marketer()).get("/nurture.csv", {"reason": "no-budget"})
    row = next(csv.DictReader(io.StringIO(answer.content.decode())))
    assert (row["email"], row["reason"], row["note"]) == (handoff.lead.email, "No budget", "after the budget round")
    assert row["name"].startswith("'=cmd")
    assert row["wakes_on"] == "contact_request, demo_request"
    assert signed_in(sam).get("/nurture.csv").status_code == 403


def test_a_lead_without_a_contract_is_listed_too(sam: User) -> None:
    make_lead(stage=Stage.NURTURE, first_name="Imported")
    assert "Imported" in text(signed_in(make_marketer()).get("/nurture/"))


def test_the_list_costs_the_same_for_one_and_for_many(sam: User) -> None:
    client = signed_in(make_marketer())

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/nurture/")
        return len(queries)

    sent_back(sam)
    cost()
    one = cost()
    for _ in range(6):
        sent_back(sam)
    assert cost() == one
