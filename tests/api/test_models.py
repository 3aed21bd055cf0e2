"""Scoring models through the API."""

import pytest

from scoring.models import Publication, ScoringModel
from tests.api.calling import caller, get, post
from tests.making import PRICING, make_live, make_marketer, make_model, make_rep

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
