"""Leads through the API."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from handoff.leads.models import Activity, Company, Lead, LeadScore
from handoff.queue.receiving import receive_activities
from scoring.models import ContentEntry, Persona
from scoring.publishing import publish
from tests.api.calling import caller, every_row, get, post
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_model,
    make_rep,
    make_team,
    page_view,
)

pytestmark = pytest.mark.django_db
LENA = {
    "external_id": "crm-1",
    "email": "Lena@Company.example",
    "first_name": "Lena",
    "last_name": "Vogt",
    "country": "Netherlands",
    "consent": {"email": "opt_in"},
    "company": {"name": "Acme", "domain": "company.example", "employees": 40, "annual_revenue": "1234567890123.45"},
    "traits": {"product": ["heat", "solar"], "seats": 3},
}


def test_one_lead_is_made_changed_and_left_alone() -> None:
    client = caller(make_marketer())
    made = post(client, "leads/", LENA)
    assert made.status_code == 201
    assert made.json()["email"] == "lena@company.example"
    assert made.json()["company"]["annual_revenue"] == "1234567890123.45"
    assert (made.json()["consent"], made.json()["traits"]) == ({"email": "opt_in"}, LENA["traits"])
    again = post(client, "leads/", LENA)
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    changed = post(client, "leads/", {"external_id": "crm-1", "first_name": None, "traits": {"seats": 4}})
    assert (changed.json()["first_name"], changed.json()["last_name"]) == ("", "Vogt")
    assert changed.json()["traits"] == {"product": ["heat", "solar"], "seats": 4}
    assert Lead.objects.count() == 1


def test_a_list_says_what_became_of_each() -> None:
    client = caller(make_marketer())
    post(client, "leads/", [{"email": "a@company.example"}, {"external_id": "b", "email": "b@company.example"}])
    rows = [
        {"email": "a@company.example"},
        {"email": "a@company.example", "title": "CFO"},
        {"email": "c@company.example"},
        {"email": "nonsense"},
        {"external_id": "b", "email": "a@company.example"},
        7,
        {"first_name": "Nobody"},
    ]
    answer = post(client, "leads/", rows)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["created"], told["updated"], told["unchanged"]) == (1, 1, 1)
    assert [(row["index"], row["code"]) for row in told["rejected"]] == [
        (3, "invalid_email"),
        (4, "identity_conflict"),
        (5, "invalid"),
        (6, "no_identity"),
    ]


def test_an_id_and_an_address_of_two_leads_conflict_and_change_nothing() -> None:
    client = caller(make_marketer())
    post(client, "leads/", [{"external_id": "a", "email": "a@company.example"}, {"email": "b@company.example"}])
    answer = post(client, "leads/", {"external_id": "a", "email": "b@company.example", "title": "CFO"})
    assert (answer.status_code, answer.json()["code"]) == (409, "identity_conflict")
    assert not Lead.objects.exclude(title="").exists()


@pytest.mark.parametrize("path", ["leads/", "activities/"])
def test_a_thousand_and_one_are_too_many(path: str) -> None:
    answer = post(caller(make_marketer()), path, [{}] * 1001)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many")


@pytest.mark.parametrize("body", ["text", 7, None, True])
@pytest.mark.parametrize("path", ["leads/", "activities/"])
def test_neither_an_object_nor_a_list_is_refused(path: str, body: Any) -> None:
    client = caller(make_marketer())
    answer = client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json")
    assert answer.status_code == 400


def test_a_lead_that_a_rep_adds_is_theirs_and_in_their_team() -> None:
    make_team()
    nina = make_rep("nina", team=make_team("Nordics"))
    answer = post(caller(nina), "leads/", {"email": "mine@company.example"})
    assert (answer.status_code, answer.json()["owner"], answer.json()["team"]) == (201, "nina", "nordics")
    again = post(caller(nina), "leads/", {"email": "mine@company.example", "title": "CFO"})
    assert (again.status_code, again.json()["title"]) == (200, "CFO")


def test_a_rep_changes_no_lead_of_somebody_else() -> None:
    lead = make_lead()
    answer = post(caller(make_rep()), "leads/", {"email": lead.email, "title": "CFO"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    listed = post(caller(make_rep("sasha")), "leads/", [{"email": lead.email, "title": "CFO"}]).json()
    assert listed["rejected"][0]["code"] == "not_allowed"
    lead.refresh_from_db()
    assert lead.title == ""


def test_a_manager_corrects_the_leads_of_their_teams_only() -> None:
    ours, theirs = make_lead(), make_lead(team=make_team("Nordics"))
    client = caller(make_manager(team=make_team()))
    assert post(client, "leads/", {"email": ours.email, "title": "CFO"}).status_code == 200
    assert post(client, "leads/", {"email": theirs.email, "title": "CFO"}).status_code == 403


ORDERINGS = ["score", "-score", "created_at", "-created_at", "updated_at", "id", "-id", "score,-created_at", ""]


def test_pages_give_every_lead_once_in_order() -> None:
    publication = make_live(PRICING)
    for number in range(120):
        lead = make_lead(at=MONDAY_9AM - (number % 7) * DAY)
        if number % 3:
            points = {"total": number % 5, "fit": number % 5, "interest": 0, "timing": 0, "grade": "D4"}
            flags = {"is_mql": False, "is_moving": False, "scored_at": MONDAY_9AM}
            LeadScore.objects.create(lead=lead, publication=publication, **points, **flags)
    client, everybody = caller(make_marketer()), sorted(Lead.objects.values_list("id", flat=True))
    for ordering in ORDERINGS:
        rows = every_row(client, f"leads/?ordering={ordering}" if ordering else "leads/")
        assert sorted(row["id"] for row in rows) == everybody, ordering
        first = (ordering or "-id").split(",")[0]
        values = [row[first.removeprefix("-")] for row in rows if row[first.removeprefix("-")] is not None]
        assert values == sorted(values, reverse=first.startswith("-")), ordering


def test_pages_lead_back_to_where_they_began() -> None:
    for _ in range(120):
        make_lead()
    client = caller(make_marketer())
    first = get(client, "leads/?ordering=-score").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    assert (first["previous"], third["next"], len(third["results"])) == (None, None, 20)
    assert client.get(third["previous"]).json()["results"] == second["results"]
    back = client.get(second["previous"]).json()
    assert (back["results"], back["previous"]) == (first["results"], None)


def test_filters_find_what_was_asked_for() -> None:
    make_lead(source="fair", stage="mql", first_name="Anna")
    make_lead(source="web", company={"name": "Acme"})
    client = caller(make_marketer())
    after = (MONDAY_9AM - 31 * DAY).isoformat()
    for query, count in {
        "source=FAIR": 1,
        "stage=mql": 1,
        "stage=mql&stage=lead": 2,
        "q=acme": 1,
        "q=anna": 1,
        f"created_after={after}": 2,  # with a bare plus, as many clients send it
        f"created_before={after}": 0,
        "score_min=5": 0,
    }.items():
        answer = get(client, f"leads/?{query}")
        assert answer.status_code == 200, answer.content
        assert len(answer.json()["results"]) == count, query


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("created_after=2026-03-02T09:00:00", "naive_time"),
        ("created_after=yesterday", "incomplete"),
        ("created_before=0001-01-01T00:00:00%2B14:00", "incomplete"),
        ("stage=nonsense", "invalid"),
        ("ordering=nonsense", "invalid"),
        ("score_min=much", "invalid"),
        ("score_min=NaN", "invalid"),
        ("q=%00", "invalid"),
    ],
)
def test_a_filter_that_says_nothing_is_refused(query: str, code: str) -> None:
    answer = get(caller(make_marketer()), f"leads/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_lists_cost_the_same_for_one_row_and_for_fifty(django_assert_max_num_queries: Any) -> None:
    client = caller(make_marketer())
    make_lead(company={"name": "First"}, owner=make_rep())
    get(client, "leads/")
    with django_assert_max_num_queries(4) as one:
        get(client, "leads/")
    for _ in range(49):
        make_lead(company={})
    with django_assert_max_num_queries(len(one.captured_queries)):
        assert len(get(client, "leads/").json()["results"]) == 50


def test_the_score_explains_itself_and_its_entries_sum_to_the_total() -> None:
    publication = make_live({**PRICING, "half_life": 7}, {"points": 20, "condition": {}}, threshold=40)
    now = timezone.now()
    lead = make_lead()
    receive_activities([page_view(lead, now - DAY), page_view(lead, now - HOUR)], at=now)
    score = get(caller(make_marketer()), f"leads/{lead.pk}/score/").json()
    assert set(score) == {
        *("total", "fit", "interest", "timing", "grade", "model", "at"),
        *("crosses_at", "cools_at", "is_mql", "entries"),
    }
    assert score["model"] == publication.model_id
    assert score["is_mql"]
    assert score["cools_at"] == score["crosses_at"] is not None
    assert sum(entry["points"] for entry in score["entries"]) == pytest.approx(score["total"], abs=1e-9)
    pricing = next(entry for entry in score["entries"] if entry["rule"] == "pricing")
    assert set(pricing) == {"rule", "name", "dimension", "points", "fresh_points", "count", "activities"}
    assert (pricing["count"], pricing["fresh_points"]) == (2, 60)
    assert sorted(pricing["activities"]) == sorted(Activity.objects.values_list("id", flat=True))


def test_the_score_of_the_past_reads_the_past() -> None:
    make_live(PRICING)
    lead = make_lead(at=MONDAY_9AM - 2 * DAY)
    receive_activities([page_view(lead, MONDAY_9AM - DAY), page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    client = caller(make_marketer())
    for at, total in ((MONDAY_9AM - 3 * DAY, 0), (MONDAY_9AM - HOUR, 30), (MONDAY_9AM, 60)):
        assert get(client, f"leads/{lead.pk}/score/?at={at.isoformat()}").json()["total"] == total


def test_without_a_model_every_score_is_zero() -> None:
    score = get(caller(make_marketer()), f"leads/{make_lead().pk}/score/").json()
    assert (score["total"], score["model"], score["entries"]) == (0, None, [])


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2026-03-02T09:00:00", "naive_time"),
        ("2026-03-02", "naive_time"),
        ("yesterday", "incomplete"),
        ("", "incomplete"),
        ("0001-01-01T00:00:00Z", "incomplete"),
        ("9999-12-31T23:59:59-14:00", "incomplete"),
        ("2150-01-01T00:00:00Z", "incomplete"),
        ("%00", "incomplete"),
    ],
)
def test_a_time_that_says_nothing_is_refused(at: str, code: str) -> None:
    make_live(PRICING)
    answer = get(caller(make_marketer()), f"leads/{make_lead().pk}/score/?at={at}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_the_timeline_is_paged_newest_first_and_complete() -> None:
    lead = make_lead()
    at = [MONDAY_9AM - timedelta(minutes=number // 40) for number in range(130)]
    receive_activities([page_view(lead, moment) for moment in at], at=MONDAY_9AM)
    rows = every_row(caller(make_marketer()), f"leads/{lead.pk}/timeline/")
    assert len({row["id"] for row in rows}) == len(rows) == 130
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)


def test_a_lead_shows_its_score_as_it_is_now() -> None:
    make_live({**PRICING, "half_life": 1})
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    shown = get(caller(make_marketer()), f"leads/{lead.pk}/").json()
    assert LeadScore.objects.get(lead=lead).total == 30
    assert shown["score"] < 30
    assert Company.objects.count() == 0


def test_a_lead_shows_its_phase_and_personas_as_they_are_now() -> None:
    model = make_model(PRICING)
    ContentEntry.objects.create(model=model, looks_at="url", pattern="/pricing/*", phase="decision")
    for standing, title in (("usual", "Head"), ("ideal", "Operations"), ("negative", "Student")):
        condition = {"field": "title", "op": "contains", "value": title}
        Persona.objects.create(model=model, key=standing, name=f"The {title}", standing=standing, condition=condition)
    publish(model, by=None, at=MONDAY_9AM - 60 * DAY)
    lead, stranger = make_lead(title="Head of Operations"), make_lead()
    receive_activities([page_view(lead, timezone.now() - DAY)], at=timezone.now())
    client = caller(make_marketer())
    shown = get(client, f"leads/{lead.pk}/").json()
    fitting = [{"name": "The Operations", "standing": "ideal"}, {"name": "The Head", "standing": "usual"}]
    assert (shown["phase"], shown["personas"]) == ("decision", fitting)
    other = get(client, f"leads/{stranger.pk}/").json()
    assert (other["phase"], other["personas"]) == ("", [])


def test_without_a_model_a_lead_has_no_phase_and_no_personas() -> None:
    shown = get(caller(make_marketer()), f"leads/{make_lead().pk}/").json()
    assert (shown["phase"], shown["personas"], shown["score"]) == ("", [], None)


def test_the_score_of_the_past_is_read_under_the_model_and_the_profile_of_its_time() -> None:
    first = make_live({"points": 20, "condition": {"field": "title", "op": "is", "value": "CTO"}}, PRICING)
    lead = make_lead(title="CTO")
    client = caller(make_marketer())
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    post(client, "leads/", {"email": lead.email, "title": "Intern"})
    make_live({**PRICING, "points": 10}, at=MONDAY_9AM + DAY)
    then = get(client, f"leads/{lead.pk}/score/?at={(MONDAY_9AM + HOUR).isoformat()}").json()
    assert (then["total"], then["model"]) == (50, first.model_id)
    assert get(client, f"leads/{lead.pk}/score/").json()["total"] == 10
