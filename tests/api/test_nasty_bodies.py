"""No body, however strange, is answered with an error of ours."""

import json
import os
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from handoff.queue.models import Handoff
from handoff.queue.models.qualifications import BANT
from tests.api.calling import API, caller
from tests.making import HOUR, PRICING, make_handoff, make_lead, make_live, make_model, make_reason, make_rep, make_user

pytestmark = pytest.mark.django_db

NASTY: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "beyond 64 bits": 10**30,
    "beyond floats": 10**400,
    "a fraction": 1.5,
    "a huge fraction": 1e308,
    "blank": "",
    "spaces": "   ",
    "NUL": "a\x00b",
    "half a surrogate pair": "a\ud800b",
    "very long": "x" * 20_000,
    "digits without end": "9" * 5000,
    "foreign digits": "\u0663",
    "not a number": "NaN",
    "infinity": "Infinity",
    "year one": "0001-01-01T00:00:00+14:00",
    "year 9999": "9999-12-31T23:59:59-14:00",
    "an empty list": [],
    "a list": [1, "a", None, {}],
    "a list of lists": [[[]]],
    "an empty object": {},
    "an object": {"a": {"b": [1]}, "\ud800": "\x00"},
    "deep": json.loads("[" * 200 + "]" * 200),
}
LONG = os.environ.get("HANDOFF_LONG") == "1"
EACH = 3  # in short, of every so many strange values one in each place
NOW = timezone.now().isoformat()
BODIES: dict[str, dict[str, Any]] = {
    "leads/": {
        **dict.fromkeys(("first_name", "last_name", "title", "source", "campaign", "language"), "x"),
        **{"external_id": "e1", "email": "a@company.example", "phone": "+31201234567", "country": "NL"},
        **{"consent": {"email": "opt_in"}, "company": {"name": "Acme"}, "traits": {"seats": 3}},
    },
    "activities/": {
        **{"source": "web", "id": "a1", "lead": {"email": "known@company.example"}, "kind": "page_view"},
        **{"occurred_at": NOW, "properties": {"url": "/pricing/"}},
    },
    "queue/next/": {"version": 1},
    "claim/": {"version": None},
    "release/": {"reason": "ill", "version": None},
    "pass/": {"to": "sasha", "note": "yours", "version": None},
    "assign/": {"to": "sasha", "version": None},
    "touches/": {
        **{"channel": "call", "outcome": "connected", "direction": "out", "at": None, "note": "", "evidence": ""},
        "version": None,
    },
    "next-step/": {"what": "", "at": None, "version": None},
    "notes/": {"text": "tea", "version": None},
    "snooze/": {"until": None, "reason": "fair", "version": None},
    "qualify/": {
        **{letter: {"answer": "yes", "note": ""} for letter in BANT},
        **{"takes_over": None, "value": "10.00", "currency": "EUR", "expected_close": "2027-01-31", "version": None},
    },
    "disqualify/": {
        **{"reason": "no-budget", "permanent": False, "wake_at": None, "wake_kinds": [], "wake_points": 0},
        **{"misleading": [], "note": "", "competitor": "", "other_lead": None, "right_person": "", "version": None},
    },
    "undo/": {"version": None},
    "overturn/": {"reason": "wrong", "version": None},
    "publish/": {"qualifying": "now", "note": ""},
}
NESTED = [
    *(("leads/", "company", name) for name in ("name", "domain", "industry", "employees", "annual_revenue", "country")),
    *(("leads/", "traits", name) for name in ("seats", "", "a" * 500, "\x00", "\ud800")),
    *(("leads/", "consent", name) for name in ("email", "\ud800")),
    *(("activities/", "lead", name) for name in ("id", "external_id", "email")),
    *(("activities/", "properties", name) for name in ("url", "seconds", "machine", "\ud800", "message")),
    *(("qualify/", "budget", name) for name in ("answer", "note")),
]
LISTS = ("leads/", "activities/")


def places(path: str) -> list[tuple[str, ...]]:
    """Return where in the body to put something strange: everywhere, at its top, and as the body itself."""
    nested = [(outer, inner) for where, outer, inner in NESTED if where == path]
    return [*((name,) for name in BODIES[path]), *nested, ("\ud800",), ()]


def put(body: Any, names: tuple[str, ...], value: Any) -> Any:
    """Return `body` with `value` at that place."""
    if not names:
        return value
    return {**body, names[0]: put(body.get(names[0], {}), names[1:], value)}


@pytest.fixture
def client() -> APIClient:
    """Everything that the bodies name is there, and whoever calls may do everything."""
    make_live({**PRICING, "condition": {"field": "seconds", "op": "more_than", "value": 1}})
    make_lead("known@company.example")
    make_rep("sasha")
    make_reason("no-budget")
    return caller(make_user("ada", "admin"))


def send(client: APIClient, address: str, body: Any) -> Any:
    return client.post(address, json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("path", LISTS)
def test_no_value_in_a_list_is_an_error_of_ours(client: APIClient, path: str) -> None:
    for names in places(path):
        bodies = [put(BODIES[path], names, value) for value in NASTY.values()]
        answer = send(client, API + path, bodies)
        assert answer.status_code == 200, (names, answer.content)
    for kind, value in NASTY.items():
        assert send(client, API + path, value).status_code < 500, kind
    assert client.get(f"{API}leads/").status_code == 200


@pytest.mark.parametrize("path", [path for path in BODIES if path not in LISTS])
def test_no_value_in_an_act_is_an_error_of_ours(client: APIClient, path: str) -> None:
    address = ""
    for place, names in enumerate(places(path)):
        for kind, value in [*NASTY.items()][0 if LONG else place % EACH :: 1 if LONG else EACH]:
            address = address or fresh_address(path)
            answer = send(client, address, put(BODIES[path], names, value))
            assert answer.status_code < 500, (names, kind, answer.content)
            if answer.status_code >= 400:
                assert answer.json()["code"], (names, kind)
            else:
                address = ""
    assert client.get(f"{API}queue/").status_code == 200


def fresh_address(path: str) -> str:
    """Return where to post: to a handoff that somebody has reached, or a draft."""
    if path == "queue/next/":
        return API + path
    if path == "publish/":
        return f"{API}models/{make_model(PRICING).pk}/publish/"
    handoff = make_handoff(at=timezone.now() - HOUR)
    Handoff.objects.filter(pk=handoff.pk).update(connected_at=handoff.opened_at, touched_at=handoff.opened_at)
    return f"{API}queue/{handoff.pk}/{path}"


@pytest.mark.parametrize("number", ["0", "9" * 30, "9" * 5000, "-1", "x", "%00"])
@pytest.mark.parametrize("path", ["leads/{}/", "leads/{}/score/", "leads/{}/timeline/", "queue/{}/", "models/{}/"])
def test_an_id_that_nothing_has_is_not_there(path: str, number: str) -> None:
    assert caller(make_user("ada", "admin")).get(API + path.format(number)).status_code == 404
