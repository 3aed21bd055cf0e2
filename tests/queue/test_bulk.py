"""Giving many leads at once: the act, and the page that asks to whom and says what happened."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from handoff.lib.refusals import NotAllowed
from handoff.people.models import Membership, User
from handoff.queue.bulk import assign_many
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Assignment, Handoff
from tests.api.calling import caller, post
from tests.making import HOUR, MONDAY_9AM, make_handoff, make_lead, make_manager, make_reason, make_rep, make_team

pytestmark = pytest.mark.django_db
URL = "/queue/assign/"
API = "queue/assign/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def holders() -> list[str]:
    return [str(handoff.holder or "") for handoff in Handoff.objects.order_by("id")]


def test_many_leads_are_given_to_one_rep_and_each_is_on_record() -> None:
    sam, mia = make_rep(), make_manager()
    chosen = {make_handoff().pk: None for _ in range(3)}
    given = assign_many(chosen, to=sam, by=mia, at=MONDAY_9AM)
    assert (len(given.done), given.refused) == (3, [])
    assert list(Assignment.objects.values_list("user", "by", "how")) == [(sam.pk, mia.pk, "manager")] * 3


def test_by_turn_they_go_round_and_never_back_to_who_has_them() -> None:
    ann, bo, mia = make_rep("ann"), make_rep("bo"), make_manager()
    handoffs = [make_handoff() for _ in range(4)]
    claim(handoffs[0], by=ann, at=MONDAY_9AM)
    assign_many({handoff.pk: None for handoff in handoffs}, to=None, by=mia, at=MONDAY_9AM + HOUR)
    assert holders() == ["Bo", "Ann", "Ann", "Bo"]
    Membership.objects.filter(user__in=[ann, bo]).update(capacity=2)
    late = make_handoff()
    given = assign_many({late.pk: None}, to=None, by=mia, at=MONDAY_9AM + HOUR)
    assert [(handoff, why.message) for handoff, why in given.refused] == [(late, "Nobody else in the team is free.")]


def test_what_changed_meanwhile_is_left_alone_and_named() -> None:
    sam, sasha, mia = make_rep("sam"), make_rep("sasha"), make_manager()
    taken, closed, free = (make_handoff() for _ in range(3))
    seen = {handoff.pk: handoff.version for handoff in (taken, closed, free)}
    claim(taken, by=sasha, at=MONDAY_9AM)
    disqualify(closed, reason=make_reason(), by=sasha, at=MONDAY_9AM)
    given = assign_many(seen, to=sam, by=mia, at=MONDAY_9AM + HOUR)
    assert given.done == [free]
    assert [handoff for handoff, _why in given.refused] == [taken, closed]
    assert Handoff.objects.get(pk=taken.pk).holder == sasha


def test_a_manager_gives_leads_of_own_teams_only_and_a_rep_none() -> None:
    mia, sam = make_manager(), make_rep()
    theirs = make_handoff(make_lead(team=make_team("Nordics")))
    given = assign_many({theirs.pk: None}, to=sam, by=mia, at=MONDAY_9AM)
    assert (given.done, given.refused) == ([], [])
    with pytest.raises(NotAllowed):
        assign_many({theirs.pk: None}, to=sam, by=sam, at=MONDAY_9AM)


def test_the_page_asks_to_whom_and_gives_what_stays_ticked() -> None:
    sam, client = make_rep(), signed_in(make_manager())
    kept, unticked = make_handoff(at=timezone.now()), make_handoff(at=timezone.now())
    page = client.post(URL, {"handoff": [kept.pk, unticked.pk]}).content.decode()
    assert f'value="{kept.pk}:{kept.version}" checked' in page
    assert f'value="{sam.pk}">Sam' in page
    answer = client.post(URL, {"handoff": [f"{kept.pk}:{kept.version}"], "to": sam.pk}, follow=True)
    assert answer.redirect_chain == [("/queue/?view=team", 302)]
    assert "1 lead was given." in answer.content.decode()
    assert holders() == ["Sam", ""]


def test_the_page_names_what_was_taken_meanwhile_and_offers_it_anew() -> None:
    sam, sasha, client = make_rep("sam"), make_rep("sasha"), signed_in(make_manager())
    handoff = make_handoff(at=timezone.now())
    seen = f"{handoff.pk}:{handoff.version}"
    claim(handoff, by=sasha, at=timezone.now())
    page = client.post(URL, {"handoff": [seen], "to": "turn"}).content.decode()
    assert "1 lead could not be given:" in page
    assert f"{handoff.lead.name}</a>: This lead changed" in page
    assert f'value="{handoff.pk}:{handoff.version}" checked' in page
    assert "Sasha" in page
    assert Handoff.objects.get().holder != sam


@pytest.mark.parametrize("to", ["", "nobody", "0", "-1"])
def test_without_a_rep_of_theirs_nothing_is_given(to: str) -> None:
    make_rep()
    handoff = make_handoff()
    page = signed_in(make_manager()).post(URL, {"handoff": handoff.pk, "to": to})
    assert page.status_code == 422
    assert holders() == [""]


@pytest.mark.parametrize("sent", [[], ["x"], ["9" * 30], ["12:x"]])
def test_without_a_lead_the_page_says_where_to_choose_some(sent: list[str]) -> None:
    page = signed_in(make_manager()).post(URL, {"handoff": sent, "to": "turn"})
    assert page.status_code == 200
    assert b"No lead is chosen" in page.content


def test_a_rep_has_no_such_page() -> None:
    assert signed_in(make_rep()).get(reverse("assign-many")).status_code == 403


def test_the_api_gives_many_and_names_what_cannot_be_given() -> None:
    sam, mia, ours, theirs = make_rep(), make_manager(), make_handoff(), make_handoff(make_lead(team=make_team("UK")))
    ended = make_handoff()
    disqualify(ended, reason=make_reason(), by=mia, at=timezone.now())
    answer = post(caller(mia), API, {"handoffs": [ours.pk, theirs.pk, ended.pk, 10**18], "to": "sam"})
    assert answer.status_code == 200
    assert answer.json()["assigned"] == [ours.pk]
    why = {row["id"]: row["code"] for row in answer.json()["rejected"]}
    assert why == {ended.pk: "not_open", theirs.pk: "not_found", 10**18: "not_found"}
    assert holders()[0] == str(sam)


def test_by_the_api_too_leads_go_out_by_turn() -> None:
    make_rep("ann"), make_rep("bo")
    chosen = [make_handoff().pk for _ in range(4)]
    answer = post(caller(make_manager()), API, {"handoffs": chosen, "to": None})
    assert answer.json() == {"assigned": chosen, "rejected": []}
    assert sorted(holders()) == ["Ann", "Ann", "Bo", "Bo"]


@pytest.mark.parametrize(
    "body",
    [
        {"handoffs": [], "to": None},
        {"handoffs": [1] * 1001, "to": None},
        {"handoffs": [1]},
        {"handoffs": [1], "to": "x"},
    ],
    ids=["nothing chosen", "too many", "to nobody", "to somebody unknown"],
)
def test_the_api_says_what_is_missing(body: object) -> None:
    answer = post(caller(make_manager()), API, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "incomplete")
    assert answer.json()["fields"]


def test_reps_give_nothing_away_by_the_api() -> None:
    assert post(caller(make_rep()), API, {"handoffs": [make_handoff().pk], "to": "sam"}).status_code == 403
