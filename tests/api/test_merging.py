"""Merging by API, and what the old ids answer."""

from typing import Any

import pytest

from handoff.leads.models import Lead
from handoff.queue.models import Merge
from tests.api.calling import caller, get, post
from tests.making import make_lead, make_manager, make_marketer, make_rep, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> tuple[Lead, Lead]:
    return make_lead(external_id="crm-1"), make_lead("old@acme.example", external_id="crm-2", title="CTO")


def test_the_kept_lead_is_the_answer(pair: Any) -> None:
    answer = post(caller(make_marketer()), f"leads/{pair[0].pk}/merge/", {"other": pair[1].pk})
    assert (answer.status_code, answer.json()["id"], answer.json()["title"]) == (200, pair[0].pk, "CTO")


@pytest.mark.parametrize("door", ["", "timeline/", "score/"])
def test_an_old_id_leads_to_the_new_one(pair: Any, door: str) -> None:
    client, (kept, gone) = caller(make_marketer()), pair
    post(client, f"leads/{kept.pk}/merge/", {"other": gone.pk})
    answer = get(client, f"leads/{gone.pk}/{door}")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/api/v1/leads/{kept.pk}/{door}")
    assert client.get(answer.headers["Location"]).status_code == 200
    stranger = caller(make_rep("nina", team=make_team("Nordics")))
    assert get(stranger, f"leads/{gone.pk}/{door}").status_code == 404


def test_merging_again_or_the_other_way_round_is_refused(pair: Any) -> None:
    client, (kept, gone) = caller(make_marketer()), pair
    post(client, f"leads/{kept.pk}/merge/", {"other": gone.pk})
    again = post(client, f"leads/{kept.pk}/merge/", {"other": gone.pk})
    circle = post(client, f"leads/{gone.pk}/merge/", {"other": kept.pk})
    for answer in (again, circle):
        assert (answer.status_code, answer.json()["code"], answer.json()["kept"]) == (409, "already_merged", kept.pk)
    itself = post(client, f"leads/{kept.pk}/merge/", {"other": kept.pk})
    assert (itself.status_code, itself.json()["code"]) == (400, "incomplete")
    assert Merge.objects.count() == 1


@pytest.mark.parametrize("body", [{}, {"other": "x"}, {"other": None}, {"other": -1}, []])
def test_a_body_that_names_no_lead_is_refused(pair: Any, body: Any) -> None:
    assert post(caller(make_marketer()), f"leads/{pair[0].pk}/merge/", body).status_code == 400


def test_rights_are_those_of_the_page(pair: Any) -> None:
    kept, gone = pair
    foreign = make_lead(team=make_team("Nordics"))
    doors = [(make_rep(), gone, 403), (make_manager(), foreign, 404), (make_marketer(), Lead(pk=999_999), 404)]
    for user, other, status in doors:
        assert post(caller(user), f"leads/{kept.pk}/merge/", {"other": other.pk}).status_code == status
    assert post(caller(make_manager("mo")), f"leads/{kept.pk}/merge/", {"other": gone.pk}).status_code == 200


def test_leads_and_activities_find_the_kept_one_by_the_old_names(pair: Any) -> None:
    client, (kept, gone) = caller(make_marketer()), pair
    post(client, f"leads/{kept.pk}/merge/", {"other": gone.pk})
    answer = post(client, "leads/", {"external_id": "crm-2", "email": "old@acme.example", "phone": "+31201234567"})
    assert (answer.status_code, answer.json()["id"], answer.json()["external_id"]) == (200, kept.pk, "crm-1")
    visit = {"source": "web", "id": "1", "kind": "page_view", "occurred_at": "2026-03-02T08:00:00Z"}
    names = [{"id": gone.pk}, {"external_id": "crm-2"}, {"email": "old@acme.example"}]
    answer = post(client, "activities/", [{**visit, "id": str(n), "lead": name} for n, name in enumerate(names)])
    assert (answer.json()["accepted"], kept.activities.count()) == (3, 3)
