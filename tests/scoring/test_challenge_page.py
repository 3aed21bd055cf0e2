"""The page of a version as challenger: who opens it, starting, ending, and what stands in the way."""

import pytest
from django.test import Client

from handoff.people.models import User
from handoff.queue.rebasing import rescore_stale
from scoring.models import Challenge, ScoringModel
from scoring.rehearsing import ask, run_waiting
from tests.making import MONDAY_9AM, PRICING, make_lead, make_live, make_manager, make_marketer, make_model, make_rep
from tests.scoring.admin_forms import shown_inputs

pytestmark = pytest.mark.django_db


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def draft() -> ScoringModel:
    make_live(PRICING)
    make_lead()
    rescore_stale(at=MONDAY_9AM)
    return make_model({**PRICING, "points": 60})


def page(draft: ScoringModel) -> str:
    return f"/admin/scoring/scoringmodel/{draft.pk}/challenge/"


def test_a_version_is_rehearsed_then_challenges_and_is_ended(draft: ScoringModel) -> None:
    client = as_(make_marketer())
    said = client.get(page(draft)).content.decode()
    assert "Rehearse the version first" in said
    assert 'name="share"' not in said
    ask(draft, by=None, at=MONDAY_9AM)
    run_waiting(at=MONDAY_9AM)
    assert 'name="share"' in client.get(page(draft)).content.decode()
    for wrong in ({"share": 51, "weeks": 4}, {"share": "", "weeks": 4}, {"share": 50, "weeks": 9}):
        assert "errorlist" in client.post(page(draft), wrong).content.decode()
    said = client.post(page(draft), {"share": 50, "weeks": 4}, follow=True).content.decode()
    assert "50 % of the leads that come in from" in said
    assert "It draws new leads still." in said
    assert "challenger" in client.get(f"/admin/scoring/scoringmodel/{draft.pk}/change/").content.decode()
    said = client.post(page(draft), {"end": "1"}, follow=True).content.decode()
    assert "It was ended on" in said
    assert Challenge.objects.get().ended_by == User.objects.get(role="marketer")


def test_while_a_challenger_runs_publishing_says_so_on_opening_and_keeps_what_was_typed(draft: ScoringModel) -> None:
    client, other = as_(make_marketer()), make_model({**PRICING, "points": 40})
    publishing = f"/admin/scoring/scoringmodel/{other.pk}/publish/"
    for version in (draft, other):
        ask(version, by=None, at=MONDAY_9AM)
    run_waiting(at=MONDAY_9AM)
    opened = client.get(publishing).content.decode()
    client.post(page(draft), {"share": 50, "weeks": 4})
    typed = {**shown_inputs(opened), "qualifying": "paced", "pace": "7", "note": "Typed in vain?"}
    said = client.post(publishing, typed).content.decode()
    assert "A challenger runs beside what is live; end it first" in said
    assert "Typed in vain?" in said
    assert shown_inputs(said)["pace"] == "7"
    said = client.get(publishing).content.decode()
    assert "A challenger runs beside what is live; end it first" in said
    assert 'name="qualifying"' not in said


def test_a_challenger_is_not_offered_to_be_published_or_rehearsed(draft: ScoringModel) -> None:
    client, version = as_(make_marketer()), f"/admin/scoring/scoringmodel/{draft.pk}/change/"
    ask(draft, by=None, at=MONDAY_9AM)
    run_waiting(at=MONDAY_9AM)
    assert "If you publish now" in client.get(version).content.decode()
    client.post(page(draft), {"share": 50, "weeks": 4})
    said = client.get(version).content.decode()
    for offer in ("If you publish now", "Rehearse again", "Roll back to this version", "/publish/"):
        assert offer not in said
    assert "As challenger" in said


def test_what_is_live_cannot_challenge_itself(draft: ScoringModel) -> None:
    live = ScoringModel.objects.live().get()
    said = as_(make_marketer()).post(page(live), {"share": 50, "weeks": 4}).content.decode()
    assert "Only a draft or a retired version" in said
    assert not Challenge.objects.exists()


def test_reps_and_managers_do_not_challenge(draft: ScoringModel) -> None:
    assert as_(make_manager()).get(page(draft)).status_code == 403
    assert as_(make_rep()).get(page(draft)).status_code in {302, 403}
    assert as_(make_marketer()).get("/admin/scoring/scoringmodel/999/challenge/").status_code == 404
