"""Scoring models through the API."""

import pytest
from django.utils import timezone

from handoff.queue.api import models
from scoring.models import Publication, Rehearsal, ScoringModel
from scoring.rehearsing import run_waiting
from tests.api.calling import caller, get, post
from tests.making import PRICING, make_lead, make_live, make_marketer, make_model, make_rep

pytestmark = pytest.mark.django_db


def test_everybody_reads_the_versions_newest_first() -> None:
    make_live(PRICING)
    draft = make_model(PRICING)
    rows = get(caller(make_rep()), "models/").json()["results"]
    assert [row["state"] for row in rows] == ["draft", "live"]
    assert rows[0]["id"] == draft.pk
    whole = get(caller(make_rep("sasha")), f"models/{draft.pk}/").json()
    assert whole["rules"][0]["key"] == "pricing"
    assert whole["rules"][0]["points"] == 30
    assert {group["dimension"] for group in whole["groups"]} == {"fit", "interest", "timing"}


def test_publishing_puts_the_draft_live_and_says_what_happens_to_who_qualifies() -> None:
    make_live(PRICING)
    draft = make_model(PRICING)
    answer = post(caller(make_marketer()), f"models/{draft.pk}/publish/", {"qualifying": "next_activity"})
    assert (answer.status_code, answer.json()["state"]) == (200, "live")
    assert Publication.objects.latest("at").qualifying == "next_activity"
    assert ScoringModel.objects.live().get() == draft


def test_a_model_with_mistakes_is_not_published() -> None:
    empty = make_model()
    answer = post(caller(make_marketer()), f"models/{empty.pk}/publish/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_publishable")
    assert answer.json()["problems"]
    assert not Publication.objects.exists()


def test_an_unknown_way_of_qualifying_is_refused() -> None:
    answer = post(caller(make_marketer()), f"models/{make_model(PRICING).pk}/publish/", {"qualifying": "whenever"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["qualifying"])


def test_a_rehearsal_is_asked_for_read_and_named_when_publishing() -> None:
    make_lead(country="NL")
    draft = make_model({"points": 60, "condition": {"field": "country", "op": "is", "value": "NL"}})
    marketer = caller(make_marketer())
    asked = post(marketer, f"models/{draft.pk}/rehearse/")
    assert (asked.status_code, asked.json()["state"], asked.json()["result"]) == (202, "waiting", None)
    assert asked["Location"] == asked.json()["url"]
    assert asked["Location"].endswith(f"/api/v1/rehearsals/{asked.json()['id']}/")
    assert run_waiting(at=timezone.now()) == 1
    read = get(marketer, f"rehearsals/{asked.json()['id']}/").json()
    assert (read["state"], read["result"]["become"], read["leads_done"]) == ("done", 1, 1)
    body = {"rehearsal": read["id"], "qualifying": "paced", "pace": 3}
    assert post(marketer, f"models/{draft.pk}/publish/", body).status_code == 200
    publication = Publication.objects.get()
    assert (publication.rehearsal_id, publication.qualifying, publication.pace) == (read["id"], "paced", 3)


def test_a_rehearsal_of_something_else_is_refused() -> None:
    first, second = make_model(PRICING), make_model(PRICING)
    marketer = caller(make_marketer())
    other = post(marketer, f"models/{first.pk}/rehearse/").json()["id"]
    for named in (other, 9999):
        answer = post(marketer, f"models/{second.pk}/publish/", {"rehearsal": named})
        assert (answer.status_code, answer.json()["code"]) == (409, "not_publishable")
    assert not Publication.objects.exists()


def test_a_rehearsal_against_what_was_live_before_is_refused() -> None:
    draft, marketer = make_model(PRICING), caller(make_marketer())
    asked = post(marketer, f"models/{draft.pk}/rehearse/").json()["id"]
    run_waiting(at=timezone.now())
    make_live(PRICING, at=timezone.now())
    answer = post(marketer, f"models/{draft.pk}/publish/", {"rehearsal": asked})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_publishable")
    assert "went live after rehearsal" in answer.json()["problems"][0]
    draft.refresh_from_db()
    assert draft.is_draft


def test_nobody_publishes_blind(monkeypatch: pytest.MonkeyPatch) -> None:
    make_lead()
    draft, marketer = make_model(PRICING), caller(make_marketer())
    monkeypatch.setattr(models, "HELD_AT_ONCE", 0)
    answer = post(marketer, f"models/{draft.pk}/publish/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_rehearsed")
    monkeypatch.setattr(models, "HELD_AT_ONCE", 5)
    assert post(marketer, f"models/{draft.pk}/publish/").status_code == 200
    assert Publication.objects.get().rehearsal is not None


def test_a_pace_and_its_number_go_together() -> None:
    draft, marketer = make_model(PRICING), caller(make_marketer())
    for body in ({"qualifying": "paced"}, {"qualifying": "now", "pace": 3}):
        answer = post(marketer, f"models/{draft.pk}/publish/", body)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["pace"])


def test_a_rep_rehearses_nothing() -> None:
    client, model = caller(make_rep()), make_model(PRICING)
    for body in ({}, {"nonsense": 1}):
        assert post(client, f"models/{model.pk}/rehearse/", body).status_code == 403
    assert not Rehearsal.objects.exists()
