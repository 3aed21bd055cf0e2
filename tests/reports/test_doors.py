"""The reports' doors: pages, files and the API."""

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from handoff.lib.spreadsheets import Sheet, csv_answer, xlsx_answer
from handoff.people.models import Team, User
from handoff.people.tokens import make_token
from handoff.queue.claiming import claim
from handoff.queue.touching import log_touch
from reports.catalogue import REPORTS
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_lead,
    make_marketer,
    make_policy,
    make_rep,
    make_user,
)
from tests.reports.workbooks import sheets_of

pytestmark = pytest.mark.django_db
NOW = MONDAY_9AM + 3 * DAY + 3 * HOUR
PAGES = [f"report-{name}" for name in REPORTS]
FILES = [f"{page}-{ending}" for page in PAGES for ending in ("csv", "xlsx")]
API = [f"api-report-{name}" for name in REPORTS]


@pytest.fixture(autouse=True)
def _thursday_noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _office() -> None:
    make_calendar()
    make_policy(first_touch_hours=4)


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def breach(holder: User | None = None, at: datetime = MONDAY_9AM) -> int:
    """Hand a lead over that nobody touches in time."""
    handoff = make_handoff(make_lead(company={"name": "Nordlicht"}, at=at - DAY), at=at)
    if holder:
        claim(handoff, by=holder, at=at)
    return handoff.pk


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@pytest.mark.parametrize("role", ["rep", "marketer", "manager", "admin"])
@pytest.mark.parametrize("name", [*PAGES, *API])
def test_every_role_reads_the_reports(name: str, role: str) -> None:
    reader = make_user("reader", role)
    breach(reader if role == "rep" else None)
    assert as_(reader).get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_report_says_what_will_appear(name: str) -> None:
    page = as_(make_marketer()).get(reverse(name))
    empty = {"report-feedback": "Reasons appear here once", "report-forecast": "It appears here once"}
    empty |= {"report-sources": "No lead came in this period"}
    assert empty.get(name, "Nothing was handed over in this period") in page.content.decode()


@pytest.mark.parametrize("name", [*PAGES, *FILES])
def test_strangers_are_asked_to_sign_in(name: str) -> None:
    assert Client().get(reverse(name)).status_code == 302


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("role", "status"), [("rep", 403), ("marketer", 200), ("manager", 200), ("admin", 200)])
def test_files_are_for_those_who_may_export(name: str, role: str, status: int) -> None:
    assert as_(make_user("reader", role)).get(reverse(name)).status_code == status


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("from=yesterday", "YYYY-MM-DD", id="no date"),
        pytest.param("from=2026-02-30", "YYYY-MM-DD", id="a day that does not exist"),
        pytest.param("from=0001-01-01", "1990", id="before all calendars"),
        pytest.param("to=9999-12-31", "2199", id="after all calendars"),
        pytest.param("from=2026-03-05&to=2026-03-01", "before it begins (2026-03-05)", id="the wrong way round"),
        pytest.param("team=atlantis", "no team “atlantis”", id="unknown team"),
        pytest.param("rep=nobody", "no figures of “nobody”", id="unknown rep"),
        pytest.param("policy=none", "no policy “none”", id="unknown policy"),
        pytest.param("period=moon", "no period “moon”", id="unknown usual period"),
        pytest.param("against=moon", "Compare with “before”", id="nothing to compare with"),
        pytest.param("against=2026-02-30..2026-03-01", "Compare with “before”", id="no dates to compare with"),
        pytest.param("against=team:atlantis", "Compare with “before”", id="no segment to compare with"),
        pytest.param("route=pigeon", "no route “pigeon”", id="unknown route"),
        pytest.param("source=%00", "Null characters", id="a character that no database takes"),
        pytest.param("team=%00", "no team", id="a team that no database takes"),
    ],
)
@pytest.mark.parametrize("name", [*PAGES, *FILES, *API])
def test_what_cannot_be_understood_is_said_and_not_guessed(name: str, query: str, said: str) -> None:
    answer = as_(make_marketer()).get(f"{reverse(name)}?{query}")
    assert answer.status_code == 400
    assert said in answer.content.decode()


@pytest.mark.parametrize("name", API)
def test_the_api_refuses_a_parameter_it_does_not_know(name: str) -> None:
    answer = as_(make_marketer()).get(reverse(name), {"squad": "benelux"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert "squad" in answer.json()["fields"]


def test_the_breach_list_names_lead_owner_and_lateness_and_opens_the_handoff() -> None:
    sam = make_rep()
    key = breach(sam)
    page = as_(sam).get(reverse("report-sla")).content.decode()
    for expected in ("· Nordlicht", "Mon 2 Mar 13:00", "2d 23h", "Opened, not touched", reverse("handoff", args=[key])):
        assert expected in page
    assert ">Sam<" in page


def test_page_file_and_api_have_the_same_numbers() -> None:
    sam, client = make_rep(), as_(make_marketer())
    Team.objects.update(names_in_reports=Team.Names.NAMED)
    breach(sam)
    log_touch(make_handoff(), channel="call", outcome="connected", by=sam, at=MONDAY_9AM + HOUR)
    page = client.get(reverse("report-sla")).content.decode()
    total = rows_of(client.get(reverse("report-sla-csv"), {"table": "total"}))[0]
    answer = client.get(reverse("api-report-sla")).json()
    assert "1 of 2 · 9–91%" in page
    assert [total[name] for name in ("in_time", "never", "share_share")] == ["1", "1", "0.5"]
    assert answer["total"]["share"] | {"low": 0, "high": 0} == {
        "count": 1,
        "of": 2,
        "share": 0.5,
        "low": 0,
        "high": 0,
        "too_few": True,
    }
    assert answer["total"]["took"] == {"n": 1, "median_seconds": 3600.0, "p90_seconds": 3600.0, "open": 0}
    assert answer["period"] == {"from": "2026-02-06", "to": "2026-03-05", "time_zone": "Europe/Amsterdam"}
    listed = rows_of(client.get(reverse("report-sla-csv"), {"table": "breaches"}))
    assert [row["handoff"] for row in listed] == [str(row["handoff"]) for row in answer["breaches"]["results"]]
    assert (listed[0]["owner"], listed[0]["cause"]) == ("sam", "not_touched")


def test_the_funnel_has_the_same_numbers_as_page_file_and_api() -> None:
    client = as_(make_marketer())
    log_touch(make_handoff(), channel="call", outcome="connected", by=make_rep(), at=MONDAY_9AM + HOUR)
    counts = [row["count"] for row in client.get(reverse("api-report-funnel")).json()["steps"]]
    listed = rows_of(client.get(reverse("report-funnel-csv")))
    assert counts == [1, 1, 1, 0, 0, 0]
    assert [int(row["count"]) for row in listed] == counts
    assert "Connected" in client.get(reverse("report-funnel")).content.decode()


def test_breaches_come_fifty_to_a_page() -> None:
    for _number in range(51):
        breach()
    client = as_(make_marketer())
    first = client.get(reverse("api-report-sla")).json()["breaches"]
    last = client.get(first["next"]).json()["breaches"]
    assert (first["count"], len(first["results"]), len(last["results"]), last["next"]) == (51, 50, 1, None)
    page = client.get(reverse("report-sla"), {"page": "2"}).content.decode()
    assert page.count("data-row") == 1
    assert len(rows_of(client.get(reverse("report-sla-csv"), {"table": "breaches"}))) == 51


@pytest.mark.parametrize("name", [*PAGES, *API, *FILES])
def test_fifty_handoffs_cost_the_same_queries_as_one(name: str) -> None:
    reader, sam = make_user("reader", "admin"), make_rep()
    client = as_(reader)
    breach(sam)
    client.get(reverse(name))

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(reverse(name)).status_code == 200
        return len(found)

    for_one = queries()
    for number in range(49):
        breach(sam if number % 2 else None, at=MONDAY_9AM + timedelta(minutes=number))
    assert queries() == for_one


@pytest.mark.parametrize("name", PAGES)
def test_a_page_costs_at_most_sixteen_queries_beyond_the_frame(name: str) -> None:
    client = as_(make_user("reader", "admin"))
    breach(make_rep())
    with CaptureQueriesContext(connection) as frame:
        client.get(reverse(name), {"from": "nonsense"})
    with CaptureQueriesContext(connection) as whole:
        client.get(reverse(name))
    assert len(whole) - len(frame) <= 16


@pytest.mark.parametrize(("scope", "status"), [("reports:read", 200), ("queue:read", 403)])
def test_a_scoped_token_reads_reports_only_with_their_scope(scope: str, status: int) -> None:
    token = make_token(make_marketer(), at=NOW, scopes=[scope])
    answer = Client().get(reverse("api-report-sla"), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status


def test_a_name_that_looks_like_a_formula_is_no_formula_in_a_file() -> None:
    evil = '=HYPERLINK("https://evil.example")'
    assert rows_of(csv_answer([{"lead": evil}], ["lead"], "leads"))[0]["lead"] == f"'{evil}"
    book = sheets_of(xlsx_answer([Sheet("leads", ["lead"], [{"lead": evil}])], "leads"))
    assert book == {"leads": [["lead"], [evil]]}


def test_the_workbook_has_a_sheet_for_each_table_with_the_numbers_of_the_csv() -> None:
    breach(make_rep())
    client = as_(make_marketer())
    book = sheets_of(client.get(reverse("report-sla-xlsx")))
    for name, (head, *rows) in book.items():
        listed = rows_of(client.get(reverse("report-sla-csv"), {"table": name}))
        found = [dict(zip(head, row, strict=True)) for row in rows]
        flags = {"1": "True", "0": "False"}
        assert [{key: value.removesuffix(".0") for key, value in row.items()} for row in listed] == [
            {key: flags[value] if key.startswith("is_") else value for key, value in row.items()} for row in found
        ]
    assert [*book] == [*(table.name for table in REPORTS["sla"].tables), "breaches"]


def test_breaches_on_the_page_in_the_rows_it_opens_in_api_csv_and_workbook_are_the_same() -> None:
    sam, client = make_rep(), as_(make_user("reader", "admin"))
    wanted = {str(breach(sam if number % 2 else None)) for number in range(7)}
    log_touch(make_handoff(), channel="call", outcome="connected", by=sam, at=MONDAY_9AM + HOUR)
    page = client.get(reverse("report-sla")).content.decode()
    opened = re.findall(r'class="row-link" href="/queue/(\d+)/"', page[page.index('id="rows"') :])
    assert all(client.get(f"/queue/{key}/").status_code == 200 for key in opened)
    answer = client.get(reverse("api-report-sla")).json()
    listed = rows_of(client.get(reverse("report-sla-csv"), {"table": "breaches"}))
    head, *rows = sheets_of(client.get(reverse("report-sla-xlsx")))["breaches"]
    in_api = [str(row["handoff"]) for row in answer["breaches"]["results"]]
    assert set(opened) == wanted
    assert in_api == opened == [row["handoff"] for row in listed] == [row[head.index("handoff")] for row in rows]
    assert answer["breaches"]["count"] == sum(row["rate"]["count"] for row in answer["causes"]) == 7
    for row in answer["causes"]:
        asked = {"cause": row["cause"]}
        page = client.get(reverse("report-sla"), asked).content.decode()
        assert page.count("data-row") == row["rate"]["count"]
        assert client.get(reverse("api-report-sla"), asked).json()["breaches"]["count"] == row["rate"]["count"]
        assert (
            len(rows_of(client.get(reverse("report-sla-csv"), {**asked, "table": "breaches"}))) == row["rate"]["count"]
        )


def test_a_file_of_a_table_that_is_not_there_says_which_are() -> None:
    answer = as_(make_marketer()).get(reverse("report-funnel-csv"), {"table": "moon"})
    assert (answer.status_code, b"no table" in answer.content, b"steps" in answer.content) == (400, True, True)


@pytest.mark.parametrize("language", ["nl", "de"])
def test_other_languages_write_no_comma_into_coordinates(language: str) -> None:
    breach()
    client = as_(make_marketer())
    # The middleware activates the language and leaves it so for whatever test comes next.
    with translation.override("en"):
        page = client.get(reverse("report-sla"), headers={"Accept-Language": language}).content.decode()
    drawing = page[page.index('<svg class="plot"') : page.index("</svg>", page.index('<svg class="plot"'))]
    numbers = [part.split('"')[0] for part in drawing.split('="')[1:] if part[0].isdigit()]
    assert numbers
    assert not [number for number in numbers if "," in number]
