"""Activities through the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from handoff.leads.models import Activity, Lead, LeadScore, Stage
from handoff.queue.models import Handoff
from tests.api.calling import caller, get, post
from tests.making import PRICING, make_lead, make_live, make_marketer, make_rep, make_team, page_view

pytestmark = pytest.mark.django_db


def visit(lead: Lead) -> dict[str, Any]:
    """Return a visit of a page just now, as JSON has it."""
    return page_view(lead, timezone.now()) | {"occurred_at": timezone.now().isoformat()}


def test_what_is_accepted_is_scored_and_handed_over_before_the_answer() -> None:
    make_live(PRICING)
    lead = make_lead()
    answer = post(caller(make_marketer()), "activities/", [visit(lead), visit(lead)])
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "duplicates": 0, "rejected": []})
    assert LeadScore.objects.get(lead=lead).total == 60
    lead.refresh_from_db()
    assert lead.stage == Stage.MQL
    rows = get(caller(make_rep()), "queue/").json()["results"]
    assert [row["lead"] for row in rows] == [lead.pk]


def test_a_repeat_is_a_duplicate_in_the_list_and_after_it() -> None:
    client, once = caller(make_marketer()), visit(make_lead())
    assert post(client, "activities/", [once, once]).json() == {"accepted": 1, "duplicates": 1, "rejected": []}
    assert post(client, "activities/", once).json() == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert Activity.objects.count() == 1


def test_an_unknown_lead_s_activities_wait_for_it() -> None:
    make_live(PRICING)
    make_team()
    client = caller(make_marketer())
    early = [visit(make_lead()) | {"lead": {"email": "Later@company.example"}} for _ in range(2)]
    assert post(client, "activities/", early).json()["accepted"] == 2
    lead = post(client, "leads/", {"email": "later@company.example"}).json()
    assert (lead["score"], lead["stage"]) == (60, "mql")
    assert Handoff.objects.get().lead_id == lead["id"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param({"occurred_at": "2026-03-02T09:00:00"}, "naive_time", id="no offset"),
        pytest.param({"occurred_at": "soon"}, "invalid_time", id="no time"),
        pytest.param({"occurred_at": "0001-01-01T00:00:00+14:00"}, "invalid_time", id="before all time"),
        pytest.param({"occurred_at": None}, "invalid_time", id="null for a time"),
        pytest.param({"occurred_at": "2199-01-01T00:00:00Z"}, "in_future", id="far ahead"),
        pytest.param({"lead": {}}, "no_identity", id="nobody"),
        pytest.param({"lead": {"external_id": " "}}, "no_identity", id="a blank id"),
        pytest.param({"lead": {"email": "nonsense"}}, "invalid_email", id="no address"),
        pytest.param({"lead": {"id": 10**30}}, "invalid", id="an id beyond all ids"),
        pytest.param({"lead": {"id": [1]}}, "invalid", id="a list for an id"),
        pytest.param({"lead": {"external_id": {"a": 1}}}, "invalid", id="an object for an external id"),
        pytest.param({"lead": {"external_id": "x" * 200}}, "too_long", id="an external id too long"),
        pytest.param({"source": ["web"]}, "invalid", id="a list for a source"),
        pytest.param({"id": "x" * 121}, "invalid", id="an id too long"),
        pytest.param({"kind": ""}, "invalid", id="no kind"),
        pytest.param({"properties": [1]}, "invalid", id="a list for properties"),
        pytest.param({"properties": {"url": "a\x00b"}}, "invalid_text", id="a NUL character"),
    ],
)
def test_one_wrong_activity_is_named_and_the_rest_is_kept(wrong: dict[str, Any], code: str) -> None:
    lead = make_lead()
    answer = post(caller(make_marketer()), "activities/", [visit(lead), visit(lead) | wrong, visit(lead)]).json()
    assert answer["accepted"] == 2
    assert [(row["index"], row["code"]) for row in answer["rejected"]] == [(1, code)]


def test_a_clock_five_minutes_ahead_is_forgiven_and_six_are_not() -> None:
    lead, client, now = make_lead(), caller(make_marketer()), timezone.now()
    for minutes, accepted in ((4, 1), (6, 0)):
        item = visit(lead) | {"occurred_at": (now + timedelta(minutes=minutes)).isoformat()}
        assert post(client, "activities/", item).json()["accepted"] == accepted


def test_a_number_beyond_all_numbers_does_not_poison_the_score() -> None:
    slow = {"field": "seconds", "op": "more_than", "value": 30}
    make_live({**PRICING, "condition": slow})
    lead = make_lead()
    answer = post(caller(make_marketer()), "activities/", visit(lead) | {"properties": {"seconds": 10**400}})
    assert answer.json()["accepted"] == 1
    assert LeadScore.objects.get(lead=lead).total == 0
