"""The doors of the triage list: page, forms without JavaScript, API; who reads, who answers, and strangers."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from handoff.leads.models import Lead, Stage
from handoff.people.models import User
from handoff.queue.holding import hold
from handoff.queue.models import Handoff, Triage
from handoff.queue.receiving import receive_activities
from tests.api.calling import caller, get, post
from tests.making import (
    DAY,
    HOUR,
    PRICING,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_policy,
    make_rep,
    make_team,
    make_user,
    page_view,
)

pytestmark = pytest.mark.django_db
PAGE = "/feedback/triage/"


@pytest.fixture
def marketer() -> User:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    make_policy()
    return make_marketer("max")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def waiting(marketer: User, **values: object) -> Triage:
    """Return a request on the list, of a lead that is held."""
    now = timezone.now()
    lead = make_lead(**values)  # type: ignore[arg-type]
    hold(lead, reason="a partner", by=marketer, at=now - DAY)
    words = {"message": "Please call <b>me</b>", "form": "contact", "empty": ""}
    asked = page_view(lead, now - HOUR, kind="contact_request", properties=words)
    receive_activities([asked], at=now - HOUR)
    return Triage.objects.get(lead=lead)


def test_the_list_says_who_asked_what_they_wrote_and_why_they_are_held(marketer: User) -> None:
    row = waiting(marketer, last_name="Vogt")
    said = signed_in(marketer).get(PAGE).content.decode()
    for words in ("Lena Vogt", "Contact request", "Please call &lt;b&gt;me&lt;/b&gt;", "form: contact", "a partner"):
        assert words in said
    assert f"{PAGE}{row.pk}/let-through/" in said
    assert "empty:" not in said


def test_a_disqualified_lead_is_said_to_be_one(marketer: User) -> None:
    now = timezone.now()
    lead = make_lead(stage=Stage.DISQUALIFIED)
    receive_activities([page_view(lead, now, kind="contact_request")], at=now)
    assert "Disqualified" in signed_in(marketer).get(PAGE).content.decode()


def test_letting_through_by_the_form(marketer: User) -> None:
    row, client = waiting(marketer), signed_in(marketer)
    address = f"{PAGE}{row.pk}/let-through/"
    assert "by the fast lane" in client.get(address).content.decode()
    page = client.post(address, {"note": "a real one"}, follow=True)
    assert page.redirect_chain[-1][0] == PAGE
    assert Handoff.objects.open().get().lead == row.lead
    assert client.post(address, {}).status_code == 409


def test_keeping_held_by_the_form_needs_a_reason(marketer: User) -> None:
    row, client = waiting(marketer), signed_in(marketer)
    address = f"{PAGE}{row.pk}/keep/"
    assert client.post(address, {"reason": ""}).status_code == 422
    assert "stays held" in client.post(address, {"reason": "still one"}, follow=True).content.decode()
    assert Triage.objects.get().outcome == "kept"


def test_the_side_bar_counts_what_waits(marketer: User) -> None:
    waiting(marketer)
    entries = [item for group in signed_in(marketer).get(PAGE).context["nav"] for item in group["items"]]
    assert {item["count"] for item in entries if item["label"] == "Triage"} == {1}


def test_the_list_costs_the_same_queries_for_one_and_for_many(marketer: User) -> None:
    def queries(client: Callable[[], object]) -> int:
        with CaptureQueriesContext(connection) as seen:
            client()
        return len(seen)

    page, program = signed_in(marketer), caller(marketer)
    waiting(marketer, company={"name": "Acme"})
    page.get(PAGE), get(program, "triage/")  # the first time notes that a token was used
    one = [queries(lambda: page.get(PAGE)), queries(lambda: get(program, "triage/"))]
    for _number in range(7):
        waiting(marketer)
    assert [queries(lambda: page.get(PAGE)), queries(lambda: get(program, "triage/"))] == one


def test_by_program_the_list_has_the_same_nouns(marketer: User) -> None:
    row = waiting(marketer, company={"name": "Acme"})
    answer = get(caller(marketer), "triage/").json()
    assert set(answer) == {"next", "previous", "results"}
    shown = answer["results"][0]
    assert (shown["id"], shown["lead"]["id"], shown["lead"]["company"]) == (row.pk, row.lead_id, "Acme")
    assert shown["request"]["properties"]["message"] == "Please call <b>me</b>"
    assert [why["reason"] for why in shown["held"]] == ["by_hand"]
    assert shown["due_at"] and shown["closed_at"] is None  # noqa: PT018


def test_answering_by_program(marketer: User) -> None:
    client, first, second = caller(marketer), waiting(marketer), waiting(marketer)
    answer = post(client, f"triage/{first.pk}/let-through/", {"note": "go"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "let_through")
    assert answer.json()["handoff"] == Handoff.objects.get().pk
    assert post(client, f"triage/{first.pk}/keep/", {"reason": "late"}).json()["code"] == "not_open"
    assert post(client, f"triage/{second.pk}/keep/").status_code == 400
    assert post(client, f"triage/{second.pk}/keep/", {"why": "x"}).status_code == 400
    assert post(client, f"triage/{second.pk}/keep/", {"reason": "no"}).json()["outcome"] == "kept"
    assert get(client, "triage/").json()["results"] == []


PEOPLE: dict[str, tuple[Callable[[], User], int]] = {
    "a rep of the team reads": (lambda: make_rep("rita"), 403),
    "a manager of the team reads": (lambda: make_manager("mona"), 403),
    "an administrator answers": (lambda: make_user("ada", "admin"), 200),
    "a rep of another team sees nothing": (lambda: make_rep("nina", team=make_team("Nordics")), 404),
    "a manager of another team sees nothing": (lambda: make_manager("noel", team=make_team("Nordics")), 404),
}


@pytest.mark.parametrize(("who", "status"), PEOPLE.values(), ids=PEOPLE)
def test_each_role_finds_the_list_open_or_closed(who: Callable[[], User], status: int, marketer: User) -> None:
    row, user = waiting(marketer), who()
    client, program = signed_in(user), caller(user)
    sees = status != 404
    assert (row.lead.name in client.get(PAGE).content.decode()) is sees
    assert len(get(program, "triage/").json()["results"]) == sees
    for answer in ("let-through", "keep"):
        assert client.get(f"{PAGE}{row.pk}/{answer}/").status_code == status
    assert post(program, f"triage/{row.pk}/let-through/").status_code == status
    assert (Lead.objects.get(pk=row.lead_id).stage == Stage.MQL) is (status == 200)


def test_nobody_is_asked_to_sign_in_twice_and_a_stranger_is() -> None:
    assert Client().get(PAGE).status_code == 302
    assert get(caller(make_rep(), "leads:read"), "triage/").status_code == 403
