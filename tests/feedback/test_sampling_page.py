"""The page of sampling below the line: proposing, signing, ending, without JavaScript; reps stay outside."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from handoff.people.models import User
from handoff.queue.models import Sampling
from tests.making import PRICING, make_live, make_manager, make_marketer, make_rep, make_team, make_user

pytestmark = pytest.mark.django_db
PAGE = "/feedback/sampling/"


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def proposal(**values: object) -> dict[str, object]:
    return {"team": make_team().pk, "band": 10, "share": 20, "weekly_number": 3, **values}


def test_marketing_proposes_sales_signs_and_either_ends_it() -> None:
    marketer, manager = as_(make_marketer()), as_(make_manager())
    assert "Nothing is sampled" in marketer.get(PAGE).content.decode()
    assert "It begins when the other team has signed." in marketer.post(PAGE, proposal(), follow=True).content.decode()
    sampling = Sampling.objects.get()
    page = manager.get(PAGE).content.decode()
    assert "20 % of the new leads up to 10 points below, at most 3 a week" in page
    assert "not in force before both have signed" in page
    assert f"{PAGE}{sampling.pk}/sign/" in page
    assert f"{PAGE}{sampling.pk}/sign/" not in marketer.get(PAGE).content.decode()
    assert "signed already" in marketer.post(f"{PAGE}{sampling.pk}/sign/", follow=True).content.decode()
    assert "samples are drawn" in manager.post(f"{PAGE}{sampling.pk}/sign/", follow=True).content.decode()
    sampling.refresh_from_db()
    assert sampling.started_at is not None
    assert "nobody is drawn" in marketer.post(f"{PAGE}{sampling.pk}/end/", follow=True).content.decode()
    assert "has ended" in manager.post(f"{PAGE}{sampling.pk}/end/", follow=True).content.decode()
    assert "What was drawn" in manager.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "wrong", [{"share": 0}, {"share": 101}, {"band": ""}, {"weekly_number": -1}, {"team": 999}, {"band": "ten"}]
)
def test_a_wrong_value_is_named_and_nothing_is_proposed(wrong: dict[str, object]) -> None:
    answer = as_(make_marketer()).post(PAGE, proposal(**wrong))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not Sampling.objects.exists()


def test_one_team_has_one_standing_agreement() -> None:
    client = as_(make_marketer())
    client.post(PAGE, proposal())
    answer = client.post(PAGE, proposal())
    assert answer.status_code == 409
    assert "end it first" in answer.content.decode()


def test_managers_propose_for_their_teams_and_see_no_others() -> None:
    nordics = make_team("Nordics") if make_team() else None
    assert nordics is not None
    as_(make_marketer()).post(PAGE, proposal())
    elsewhere, sampling = as_(make_manager("noel", team=nordics)), Sampling.objects.get()
    assert elsewhere.post(PAGE, proposal()).status_code == 422
    assert "Benelux" not in elsewhere.get(PAGE).content.decode()
    assert elsewhere.post(f"{PAGE}{sampling.pk}/sign/").status_code == 404
    assert elsewhere.post(PAGE, proposal(team=nordics.pk)).status_code == 302


def test_reps_stay_outside_and_an_administrator_ends_but_signs_for_neither() -> None:
    rep, admin = as_(make_rep()), as_(make_user("ada", "admin"))
    as_(make_marketer()).post(PAGE, proposal())
    sampling = Sampling.objects.get()
    for client, answers in ((rep, (403, 403, 403, 403)), (admin, (200, 403, 302, 302))):
        asked = [client.get(PAGE), client.post(PAGE, proposal())]
        asked += [client.post(f"{PAGE}{sampling.pk}/{act}/") for act in ("sign", "end")]
        assert tuple(answer.status_code for answer in asked) == answers
    sampling.refresh_from_db()
    assert sampling.started_at is None
    assert sampling.ended_at is not None
    assert PAGE not in rep.get("/queue/").content.decode()


def test_the_page_costs_the_same_queries_for_one_and_for_many() -> None:
    make_live(PRICING)
    client = as_(make_marketer())

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(PAGE)
        return len(seen)

    client.post(PAGE, proposal())
    one = queries()
    for number in range(4):
        client.post(PAGE, proposal(team=make_team(f"Team {number}").pk))
    client.post(f"{PAGE}{Sampling.objects.latest('id').pk}/end/")
    assert queries() == one
