"""Who may open which door of the API, and how it says no."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from handoff.people.models import User
from handoff.queue.models import Handoff
from tests.api.calling import API, caller, get, post
from tests.making import (
    PRICING,
    make_handoff,
    make_manager,
    make_marketer,
    make_model,
    make_reason,
    make_rep,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db

GETS = ["leads/", "leads/{lead}/", "leads/{lead}/timeline/", "leads/{lead}/score/", "queue/", "queue/{handoff}/"]
PEOPLE: dict[str, Callable[[], User]] = {
    "rep": lambda: make_rep("rita"),
    "marketer": lambda: make_marketer("mark"),
    "manager": lambda: make_manager("mona"),
    "admin": lambda: make_user("ada", "admin"),
    "rep of another team": lambda: make_rep("nina", team=make_team("Nordics")),
    "manager of another team": lambda: make_manager("noel", team=make_team("Nordics")),
}
# What an empty body is answered with: 400 means that the door is open and something is missing.
ANSWERS = {
    #            rep, marketer, manager, admin, rep and manager of another team
    "claim": (200, 403, 200, 200, 404, 404),
    "release": (400, 403, 400, 400, 404, 404),
    "pass": (400, 403, 400, 400, 404, 404),
    "assign": (403, 403, 400, 400, 404, 404),
    "touches": (400, 403, 400, 400, 404, 404),
    "next-step": (200, 403, 200, 200, 404, 404),
    "notes": (400, 403, 400, 400, 404, 404),
    "snooze": (400, 403, 400, 400, 404, 404),
    "qualify": (400, 403, 400, 400, 404, 404),
    "disqualify": (400, 403, 400, 400, 404, 404),
    "take-on": (409, 409, 409, 409, 404, 404),
    "undo": (409, 403, 409, 409, 404, 404),
    "overturn": (403, 403, 400, 400, 404, 404),
}
CASES = [
    pytest.param(act, who, status, id=f"{who}: {act}")
    for act, statuses in ANSWERS.items()
    for who, status in zip(PEOPLE, statuses, strict=True)
]


@pytest.mark.parametrize(("act", "who", "status"), CASES)
def test_each_role_finds_each_act_open_or_closed(act: str, who: str, status: int) -> None:
    handoff = make_handoff()
    answer = post(caller(PEOPLE[who]()), f"queue/{handoff.pk}/{act}/")
    assert answer.status_code == status, answer.content
    if status >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"]
        assert Handoff.objects.get(pk=handoff.pk).version == handoff.version


INGEST = [
    pytest.param("rep", "leads/", 201, id="a rep adds a lead of their own"),
    pytest.param("manager", "leads/", 201, id="a manager adds a lead"),
    pytest.param("marketer", "leads/", 201, id="a marketer adds a lead"),
    pytest.param("admin", "leads/", 201, id="an administrator adds a lead"),
    pytest.param("rep", "activities/", 403, id="a rep sends an activity"),
    pytest.param("manager", "activities/", 403, id="a manager sends an activity"),
    pytest.param("marketer", "activities/", 200, id="a marketer sends an activity"),
    pytest.param("admin", "activities/", 200, id="an administrator sends an activity"),
    pytest.param("rep", "models/{model}/publish/", 403, id="a rep publishes"),
    pytest.param("manager", "models/{model}/publish/", 403, id="a manager publishes"),
    pytest.param("marketer", "models/{model}/publish/", 200, id="a marketer publishes"),
    pytest.param("admin", "models/{model}/publish/", 200, id="an administrator publishes"),
    pytest.param("marketer", "queue/next/", 403, id="a marketer takes the next"),
    pytest.param("rep", "queue/next/", 404, id="a rep takes the next of nothing"),
]


@pytest.mark.parametrize(("who", "path", "status"), INGEST)
def test_each_role_may_send_in_what_is_theirs(who: str, path: str, status: int) -> None:
    model = make_model(PRICING)
    body = {"email": "new@company.example"} if path == "leads/" else {}
    assert post(caller(PEOPLE[who]()), path.format(model=model.pk), body).status_code == status


@pytest.mark.parametrize("path", [*GETS, "models/"])
def test_without_a_token_there_is_a_problem_and_no_redirect(path: str) -> None:
    handoff = make_handoff()
    answer = Client().get(API + path.format(lead=handoff.lead_id, handoff=handoff.pk))
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Bearer a b", "Bearer \u00e9"])
def test_a_wrong_token_is_refused(header: str) -> None:
    answer = Client().get(f"{API}leads/", headers={"Authorization": header})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("path", GETS)
def test_what_another_team_has_is_not_there(path: str) -> None:
    handoff = make_handoff()
    answer = get(caller(PEOPLE["rep of another team"]()), path.format(lead=handoff.lead_id, handoff=handoff.pk))
    if path in {"leads/", "queue/"}:
        assert answer.json()["results"] == []
    else:
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_session_may_call_too_but_writes_only_with_the_csrf_token() -> None:
    handoff, sam = make_handoff(), make_rep()
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(sam)
    assert get(client, "queue/").status_code == 200
    assert post(client, f"queue/{handoff.pk}/claim/").status_code == 403
    client.get("/me/")  # any page with a form sets the cookie
    client.credentials(HTTP_X_CSRFTOKEN=client.cookies["csrftoken"].value)
    assert post(client, f"queue/{handoff.pk}/claim/").status_code == 200


@pytest.mark.parametrize(
    ("scopes", "path", "body", "status"),
    [
        pytest.param(["leads:read"], "leads/", None, 200, id="reading leads with the right scope"),
        pytest.param(["leads:read"], "leads/", {"email": "a@b.example"}, 403, id="writing with a scope to read"),
        pytest.param(["leads:read"], "queue/", None, 403, id="another noun"),
        pytest.param(["queue:read", "leads:read"], "queue/", None, 200, id="one of two scopes"),
        pytest.param([], "models/", None, 200, id="no scope, all rights"),
        pytest.param(["models:write"], "models/", None, 403, id="reading with a scope to write"),
    ],
)
def test_a_scoped_token_opens_only_what_it_names(scopes: list[str], path: str, body: Any, status: int) -> None:
    client = caller(make_marketer(), *scopes)
    answer = get(client, path) if body is None else post(client, path, body)
    assert answer.status_code == status


@pytest.mark.parametrize("text", ["{", "", "nonsense", '{"a": NaN}', "[" * 100_000, b"\xff\xfe", '{"a": 1e999}'])
def test_a_body_that_is_no_json_is_a_problem(text: str | bytes) -> None:
    answer = caller(make_marketer()).post(f"{API}leads/", text, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_other_content_is_not_taken() -> None:
    answer = caller(make_marketer()).post(f"{API}leads/", {"email": "a@b.example"}, format="multipart")
    assert answer.status_code == 415


@pytest.mark.parametrize("path", [*GETS, "models/"])
def test_an_unknown_parameter_is_named_and_refused(path: str) -> None:
    handoff = make_handoff()
    answer = get(caller(make_marketer()), path.format(lead=handoff.lead_id, handoff=handoff.pk) + "?nonsense=1")
    assert answer.status_code == 400
    assert "nonsense" in answer.json()["fields"]


@pytest.mark.parametrize("path", ["leads/", "queue/", "models/", "leads/{lead}/timeline/"])
@pytest.mark.parametrize(
    "cursor", ["x", "bm9uc2Vuc2U", "W10", "WzEsMl0", "W2ZhbHNlLCJ4Il0", "\u00e9", "W2ZhbHNlLDFlNDAwXQ"]
)
def test_a_made_up_cursor_is_refused(path: str, cursor: str) -> None:
    handoff = make_handoff()
    answer = get(caller(make_marketer()), path.format(lead=handoff.lead_id) + f"?cursor={cursor}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["cursor"])


def test_what_a_colleague_holds_is_not_there_for_a_verdict() -> None:
    handoff = make_handoff()
    post(caller(make_rep("sam")), f"queue/{handoff.pk}/claim/")
    sasha = caller(make_rep("sasha"))
    body = {"reason": make_reason("no-budget").slug}
    assert post(sasha, f"queue/{handoff.pk}/disqualify/", body).status_code == 404
    assert Handoff.objects.get(pk=handoff.pk).is_open


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
@pytest.mark.parametrize("address", ["", "nosuch/", "leads/abc/", "queue/1/nosuch/"])
def test_an_address_that_is_none_is_a_problem_for_everybody(method: str, address: str) -> None:
    for client in (Client(), caller(make_rep())):
        answer = getattr(client, method)(f"{API}{address}")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert method == "head" or answer.json()["code"] == "not_found"


def test_an_address_without_its_slash_is_led_to_the_one_with_it() -> None:
    answer = caller(make_rep()).get(f"{API}leads?q=ann")
    assert (answer.status_code, answer["Location"]) == (301, f"{API}leads/?q=ann")
    assert post(caller(make_rep("rita")), "leads").json()["code"] == "not_found"


@pytest.mark.parametrize("address", ["schema/", "docs/"])
def test_the_schema_and_its_page_refuse_by_a_problem_too(address: str) -> None:
    client = Client(raise_request_exception=False)
    answers = {
        405: client.delete(f"{API}{address}", headers={"Accept": "text/html, */*"}),
        401: client.get(f"{API}{address}", headers={"Authorization": "Bearer no-such-token"}),
    }
    if address == "docs/":
        answers |= {405: client.options(f"{API}{address}")}
    for status, answer in answers.items():
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status
