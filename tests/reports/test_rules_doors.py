"""Rules at work: the page with the handoffs behind each number, the file and the API."""

import csv
import io
import re
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.people.models import User
from handoff.queue.models import Handoff, Verdict
from scoring.models import Publication, Rule
from tests.making import DAY, MONDAY_9AM, make_lead, make_live, make_manager, make_marketer, make_rep, make_team
from tests.reports.carrying import RULES, carry, end, say_no

pytestmark = pytest.mark.django_db
PAGE, FILE, API = (reverse(name) for name in ("report-rules", "report-rules-csv", "api-report-rules"))


@pytest.fixture(autouse=True)
def _six_weeks_later() -> Iterator[None]:
    with time_machine.travel(MONDAY_9AM + 42 * DAY, tick=False):
        yield


@pytest.fixture
def live() -> Publication:
    return make_live(*RULES)


@pytest.fixture
def three(live: Publication) -> list[Handoff]:
    """Return three that pricing was decisive in: an SQL, one disqualified for it, one that cooled."""
    found = [carry(live, {"size": 40, "pricing": 30}) for _ in range(3)]
    end(found[0], Verdict.QUALIFIED)
    say_no(found[1], make_rep("sasha"), misleading=["pricing"])
    end(found[2], Verdict.COOLED)
    return found


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, query: str = "") -> str:
    return client.get(f"{PAGE}{query}").content.decode()


def listed(page: str) -> list[int]:
    """Return the handoffs that the page lists."""
    rows = page[page.index('id="rows"') :] if 'id="rows"' in page else ""
    return [int(pk) for pk in re.findall(r'class="row-link" href="/queue/(\d+)/"', rows)]


@pytest.mark.usefixtures("three")
def test_page_file_and_api_have_the_same_numbers() -> None:
    client = as_(make_marketer())
    rows = {row["rule"]: row for row in csv.DictReader(io.StringIO(client.get(FILE).content.decode()))}
    answer = client.get(API).json()
    pricing = next(rule for rule in answer["rules"] if rule["rule"] == "pricing")
    assert [row["rule"] for row in answer["rules"]] == list(rows)
    assert (answer["judged"], answer["against"]["count"], answer["against"]["of"]) == (3, 1, 3)
    assert (pricing["carried"], pricing["lift"], pricing["too_few"], pricing["harm"]) == (3, None, True, 0.0)
    for name, counts in {"decisive": (3, 3), "sql_with": (1, 3), "ticked": (1, 1), "needless": (1, 3)}.items():
        assert (pricing[name]["count"], pricing[name]["of"]) == counts
        assert (rows["pricing"][f"{name}_count"], rows["pricing"][f"{name}_of"]) == tuple(map(str, counts))
        assert round(pricing[name]["low"], 4) == float(rows["pricing"][f"{name}_low"])
    page = shown(client)
    own = page[page.index('id="rule-pricing"') : page.index("</tr>", page.index('id="rule-pricing"'))]
    text = " ".join(re.sub(r"<[^>]*>", " ", own).split())
    assert "33% 1 of 3 · 6–79%" in text
    assert "100% 1 of 1 · 21–100%" in text
    assert "too few to compare" in text


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("carried", [2, 1, 0]),
        ("decisive", [2, 1, 0]),
        ("sql_with", [0]),
        ("against", [1]),
        ("ticked", [1]),
        ("needless", [1]),
        ("without", []),
        pytest.param("nonsense", [2, 1, 0], id="a figure that there is none of shows what it carried"),
    ],
)
def test_each_number_opens_the_handoffs_behind_it(three: list[Handoff], figure: str, expected: list[int]) -> None:
    page = shown(as_(make_marketer()), f"?rule=pricing&figure={figure}")
    assert listed(page) == [three[number].pk for number in expected]
    assert ("None in this period." in page) is not bool(expected)


def test_every_link_of_the_page_opens_as_many_handoffs_as_it_says(three: list[Handoff]) -> None:
    client = as_(make_marketer())
    found = re.findall(r'<a class="num" href="(\?rule=[^"]*)#rows">(\d+)</a>', shown(client))
    assert len(found) > 10
    for query, number in found:
        assert len(listed(shown(client, query.replace("&amp;", "&")))) == int(number), query


@pytest.mark.usefixtures("three")
def test_a_rule_that_no_version_had_is_said_to_be_none() -> None:
    assert "No version that scored these handoffs had this rule." in shown(as_(make_marketer()), "?rule=atlantis")


def test_nobody_opens_what_they_may_not_see(three: list[Handoff]) -> None:
    sam = make_rep("sam")
    elsewhere = make_manager(team=make_team("DACH"))
    Handoff.objects.filter(pk=three[0].pk).update(claimed_by=sam)
    query = "?rule=pricing&figure=carried"
    assert listed(shown(as_(sam), query)) == [three[0].pk]
    assert listed(shown(as_(elsewhere), query)) == []
    assert [rule["carried"] for rule in as_(sam).get(API).json()["rules"] if rule["rule"] == "pricing"] == [1]


@pytest.mark.usefixtures("three")
def test_those_who_may_read_the_rules_get_there_and_back() -> None:
    sam = make_rep("sam")
    Handoff.objects.update(claimed_by=sam)
    address = reverse("admin:scoring_rule_change", args=[Rule.objects.get(key="pricing").pk])
    client = as_(make_marketer())
    assert address in shown(client)
    assert address not in shown(as_(sam))
    assert f"{PAGE}?rule=pricing#rule-pricing" in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("late", "said"),
    [
        pytest.param(True, "It is too early to say", id="younger than six weeks"),
        pytest.param(False, "No model scored these handoffs", id="imported"),
    ],
)
def test_a_period_without_verdicts_to_read_says_why(live: Publication, late: bool, said: str) -> None:
    handoff = carry(live, {"size": 60})
    Handoff.objects.filter(pk=handoff.pk).update(**({"opened_at": MONDAY_9AM + DAY} if late else {"publication": None}))
    assert said in shown(as_(make_marketer()), "?from=2026-03-01&to=2026-03-31")


@pytest.mark.parametrize("address", [f"{PAGE}?rule=size", FILE, API])
def test_fifty_handoffs_cost_the_same_queries_as_one(live: Publication, address: str) -> None:
    client = as_(make_marketer())

    def hand_over() -> Handoff:
        return carry(live, {"size": 40, "pricing": 30}, lead=make_lead(company={"name": "Nordlicht"}))

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    hand_over()
    client.get(address)
    for_one = queries()
    for _number in range(49):
        say_no(hand_over(), User.objects.get())
    assert queries() == for_one
