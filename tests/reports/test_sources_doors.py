"""Sources: page, file and API have the same numbers, each opens its rows, and what is asked wrongly is said."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.leads.models import SourceCost, Stage
from handoff.people.models import User
from tests.making import DAY, MONDAY_9AM, make_manager, make_marketer, make_rep, make_team
from tests.reports.test_sources import MARCH, NO, SQL, Story, live
from tests.reports.workbooks import sheets_of

pytestmark = pytest.mark.django_db
PAGE, FILE, API = (reverse(name) for name in ("report-sources", "report-sources-csv", "api-report-sources"))
GOOGLE = Story("Google", handed_over=DAY)
STORIES = (
    GOOGLE._replace(verdict=SQL, won=True, value=Decimal("1000.10"), stage=Stage.CUSTOMER, campaign="Spring"),
    GOOGLE._replace(verdict=NO),
    Story("=cmd", "Fair"),
    Story("", handed_over=DAY, verdict=SQL, won=True, value=Decimal(50), currency="USD", stage=Stage.CUSTOMER),
)


@pytest.fixture(autouse=True)
def _in_summer() -> Iterator[None]:
    with time_machine.travel(MONDAY_9AM + 90 * DAY, tick=False):
        yield


@pytest.fixture
def marketer() -> User:
    marketer = make_marketer()
    live(STORIES, marketer)
    SourceCost.objects.create(source="google", month=date(2026, 3, 1), amount=Decimal("500.05"), currency="EUR")
    return marketer


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, query: str = MARCH) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", client.get(f"{PAGE}?{query}").content.decode()).split())


def in_file(client: Client, table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(f"{FILE}?{MARCH}&table={table}").content.decode())))


def test_page_file_and_api_have_the_same_numbers(marketer: User) -> None:
    client = as_(marketer)
    answer: dict[str, Any] = client.get(f"{API}?{MARCH}").json()
    assert (answer["by"], answer["has_leads"], answer["has_costs"]) == ("original", True, True)
    assert [row["source"] for row in answer["sources"]] == ["Google", "", "=cmd"]
    google = answer["sources"][0]
    assert (google["leads"], google["mqls"], google["customers"], google["sql_rate"]["count"]) == (2, 2, 1, 1)
    assert (answer["total"]["leads"], answer["total"]["mqls"]) == (4, 3)
    assert [(row["source"], row["campaign"], row["mqls"]) for row in answer["campaigns"]] == [
        ("Google", "", 1), ("Google", "Spring", 1),
    ]  # fmt: skip
    money = {(row["group"], row["source"], row["campaign"], row["currency"]): row for row in answer["money"]}
    assert set(money) == {
        ("total", "", "", "EUR"), ("total", "", "", "USD"), ("source", "Google", "", "EUR"),
        ("campaign", "Google", "Spring", "EUR"), ("source", "", "", "USD"),
    }  # fmt: skip
    assert [money["source", "Google", "", "EUR"][name] for name in ("revenue", "cost", "cost_per_mql")] == [
        1000.1,
        500.05,
        250.03,
    ]
    assert money["source", "Google", "", "EUR"]["return"] == pytest.approx(2)
    in_sources = in_file(client, "sources")
    assert [(row["source"], row["mqls"], row["sql_rate_share"]) for row in in_sources] == [
        ("Google", "2", "0.5"),
        ("", "1", "1.0"),
        ("'=cmd", "0", ""),
    ]  # fmt: skip (a quote, so that no spreadsheet runs it)
    of_google = next(row for row in in_file(client, "money") if row["source"] == "Google")
    assert (of_google["revenue"], of_google["cost_per_mql"], of_google["return"]) == ("1000.1", "250.03", "2.0")
    text = shown(client)
    for part in (
        "1,000.10 EUR 500.05 EUR an MQL", "500.05 EUR 250.03 EUR a lead · 250.03 EUR an MQL", "2.0×",
        "There is money in several currencies (EUR, USD); it is never added up.", "50% 1 of 2 · 9–91%", "too few",
    ):  # fmt: skip
        assert part in text


def test_the_workbook_has_a_sheet_for_each_table(marketer: User) -> None:
    sheets = sheets_of(as_(marketer).get(f"{reverse('report-sources-xlsx')}?{MARCH}"))
    assert list(sheets) == ["total", "sources", "campaigns", "money"]


def test_every_number_opens_as_many_rows_as_it_says(marketer: User) -> None:
    client = as_(marketer)
    for query in (MARCH, f"{MARCH}&by=latest&unfold=google", f"{MARCH}&by=triggering"):
        page = client.get(f"{PAGE}?{query}").content.decode()
        links = re.findall(r'<a class="num" href="(\?[^"]*open=[^"]*)#rows">(\d+)</a>', page)
        assert len(links) >= 6
        for link, number in links:
            rows = client.get(f"{PAGE}{link.replace('&amp;', '&')}").content.decode()
            rows = rows[rows.index('id="rows"') :]
            assert len(re.findall(r'class="row-link" href="/(?:queue|leads)/\d+/"', rows)) == int(number), link


def test_campaigns_unfold_below_their_source(marketer: User) -> None:
    client = as_(marketer)
    assert "Spring" not in shown(client)
    assert "↳ Spring" in shown(client, f"{MARCH}&unfold=google")
    assert "Google · Spring: MQLs" in shown(client, f"{MARCH}&open=google&campaign=Spring&figure=mqls")


@pytest.mark.parametrize("nonsense", ["open=atlantis", "open=google&figure=birds", "unfold=x", "page=99&open=google"])
def test_what_there_is_nothing_of_shows_the_report(marketer: User, nonsense: str) -> None:
    assert as_(marketer).get(f"{PAGE}?{MARCH}&{nonsense}").status_code == 200


@pytest.mark.parametrize("address", [PAGE, FILE, API])
def test_a_question_that_can_not_be_understood_is_said(marketer: User, address: str) -> None:
    answer = as_(marketer).get(f"{address}?by=birth&from=2026-13-01")
    assert answer.status_code == 400
    assert "birth" in answer.content.decode()


def test_who_reads_what(marketer: User) -> None:
    rep, manager = make_rep(), make_manager()
    assert "Enter or correct costs" in shown(as_(marketer))
    assert "Enter or correct costs" not in shown(as_(manager))
    assert "Costs by month" in shown(as_(manager))
    assert "No lead came in this period" in shown(as_(rep))
    assert as_(rep).get(FILE).status_code == 403
    assert as_(rep).get(API).json()["sources"] == []
    make_team("DACH")
    assert "Costs are of the whole house" in shown(as_(manager))
    assert Client().get(PAGE).status_code == 302


def test_an_empty_period_says_how_to_fill_it(marketer: User) -> None:
    assert "Choose a longer period, or show all." in shown(as_(marketer), "from=2020-01-01&to=2020-01-31")


def test_the_page_costs_the_same_for_few_and_many_sources(marketer: User) -> None:
    client = as_(marketer)
    query = f"{PAGE}?{MARCH}&open=google&unfold=google"
    client.get(query)
    with CaptureQueriesContext(connection) as few:
        client.get(query)
    live([Story(f"S{n}", campaign=f"C{n}", handed_over=DAY, verdict=SQL, won=True) for n in range(40)], marketer)
    live([GOOGLE._replace(campaign=f"C{n}") for n in range(20)], marketer)
    with CaptureQueriesContext(connection) as many:
        client.get(query)
    assert len(many) == len(few)
