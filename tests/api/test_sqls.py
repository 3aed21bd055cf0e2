"""The API's doors to SQLs: the list of them, and each act on one."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from handoff.leads.models import Lead, Stage
from handoff.people.models import User
from handoff.queue.models import Disqualification, Qualification, Recycling, TakeoverReturn
from tests.making import DAY, make_reason, make_rep
from tests.queue.test_pages import now, sql, taken

pytestmark = pytest.mark.django_db
LETTER = {"answer": "yes", "note": ""}


@pytest.fixture
def sam() -> User:
    return make_rep("sam")


def client(user: User) -> APIClient:
    found = APIClient()
    found.force_authenticate(user)
    return found


def post(user: User, handoff: Any, act: str, **body: Any) -> Any:
    return client(user).post(f"/api/v1/queue/{handoff.pk}/{act}/", body, format="json")


def test_sqls_are_listed_with_what_is_known_the_readiest_first(sam: User) -> None:
    later, sooner = sql(sam), sql(sam)
    assert post(sam, sooner, "sql", starts_on=f"{now() + DAY:%Y-%m-%d}", role="decides").status_code == 200
    assert post(sam, sooner, "next-step", what="Send the offer", at=(now() + DAY).isoformat()).status_code == 200
    rows = client(sam).get("/api/v1/qualified/").json()["results"]
    assert [row["id"] for row in rows] == [sooner.pk, later.pk]
    assert (rows[0]["readiness"], rows[0]["strength"], rows[0]["role"]) == (20, 14, "decides")
    assert (rows[0]["next_step"]["what"], rows[1]["next_step"]) == ("Send the offer", None)
    assert client(make_rep("nina")).get("/api/v1/qualified/").json()["results"] == []


def test_an_sql_is_passed_given_back_and_won(sam: User) -> None:
    sasha, handoff = make_rep("sasha"), sql(sam)
    assert post(sam, handoff, "pass-sql", to="sasha").status_code == 200
    assert post(sam, handoff, "won").status_code == 403
    assert post(sasha, handoff, "give-back", reason="Speaks Polish only").status_code == 200
    assert TakeoverReturn.objects.get().to == sam
    assert post(sam, handoff, "opportunity").status_code == 200
    assert post(sam, handoff, "won", value="900", currency="eur").status_code == 200
    assert Lead.objects.get().stage == Stage.CUSTOMER
    assert post(sam, handoff, "won").json()["code"] == "wrong_stage"


def test_what_is_not_said_of_an_sql_stays(sam: User) -> None:
    handoff = sql(sam)
    assert post(sam, handoff, "sql", value="1200.50", currency="eur", need={"answer": "no"}).status_code == 200
    post(sam, handoff, "sql", others="Ann")
    found = Qualification.objects.get()
    assert (str(found.value), found.currency, found.need, found.budget, found.others) == (
        "1200.50", "EUR", "no", "yes", "Ann"
    )  # fmt: skip


def test_what_is_lost_rests_under_its_contract(sam: User) -> None:
    make_reason()
    handoff = sql(sam)
    refused = post(sam, handoff, "lost")
    assert (refused.status_code, refused.json()["fields"]) == (400, {"because": "Say why it was lost."})
    assert post(sam, handoff, "lost", reason="no-budget", wake_points=30).status_code == 200
    assert Recycling.objects.get().wake_points == 30


@pytest.mark.parametrize(
    ("given", "says_none"),
    [pytest.param({"misleading": []}, True, id="an empty list"), pytest.param({}, False, id="nothing")],
)
def test_an_empty_list_of_signals_says_that_none_was_wrong(sam: User, given: dict[str, Any], says_none: bool) -> None:
    make_reason()
    assert post(sam, taken(sam), "disqualify", reason="no-budget", **given).status_code == 200
    assert Disqualification.objects.get().none_misleading == says_none


def test_the_owner_and_the_right_person_are_named(sam: User) -> None:
    make_reason()
    sasha = make_rep("sasha")
    refused = post(sam, taken(sam), "disqualify", reason="customer")
    assert "owner" in refused.json()["fields"]
    assert post(sam, taken(sam), "disqualify", reason="customer", owner="sasha").status_code == 200
    assert Disqualification.objects.get().owner == sasha
    answer = post(sam, taken(sam), "disqualify", reason="wrong-person", right_person="Ann <ann@x.example>")
    assert answer.status_code == 200
    assert Lead.objects.filter(email="ann@x.example", first_name="", last_name="Ann").exists()
