"""The rows behind the numbers: as many as each number says, and only for whom the page is."""

import re
from html import unescape

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from handoff.people.models import User
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Handoff
from reports.catalogue import REPORTS
from reports.statistics import Rate
from tests.making import DAY, HOUR, MONDAY_9AM, make_handoff, make_lead, make_marketer, make_reason, make_rep
from tests.reports.asking import report_of
from tests.reports.oracle import make_world

pytestmark = pytest.mark.django_db
AT = MONDAY_9AM + 70 * DAY
ALL = "from=2026-03-01&to=2026-05-20"
NUMBERS = re.compile(r'<a class="opens" href="([^"]+)">')


@pytest.mark.parametrize(
    ("name", "query"),
    [
        pytest.param("sla", ALL, id="first touches by team"),
        pytest.param("sla", f"{ALL}&by=person&metric=verdict", id="verdicts by person"),
        pytest.param("funnel", ALL, id="funnel by team"),
        pytest.param("funnel", f"{ALL}&by=source", id="funnel by source"),
        pytest.param("feedback", f"{ALL}&by=source", id="feedback by source"),
        pytest.param("forecast", ALL, id="forecast"),
    ],
)
def test_each_number_opens_as_many_rows_as_it_says(name: str, query: str) -> None:
    make_world(5, 80)
    report = report_of(name, make_marketer(), AT, query)
    tried = 0
    for table in REPORTS[name].tables:
        for row in table.rows(report):
            for column in table.columns:
                if column.key not in table.opens:
                    continue
                number, opened = column.of(row), table.opened(report, table.keys_of(row), column.key)
                assert opened is not None, (table.name, table.keys_of(row), column.key)
                ids = opened.behind.ids
                assert len(set(ids)) == len(ids) == (number.count if isinstance(number, Rate) else number)
                assert len(opened.behind.rows(ids)) == len(ids)
                tried += 1
    assert tried >= 4


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_marketer())
    return client


@time_machine.travel(MONDAY_9AM + 3 * DAY, tick=False)
def test_on_the_page_a_number_leads_to_its_rows_and_keeps_the_question(client: Client) -> None:
    late = make_handoff(make_lead(source="Fair", company={"name": "Nordlicht"}))
    make_handoff(make_lead(source="Fair"), at=MONDAY_9AM + 2 * DAY + 23 * HOUR)
    page = client.get(reverse("report-funnel"), {"by": "source", "period": "12w"}).content.decode()
    addresses = [unescape(address) for address in NUMBERS.findall(page)]
    [wanted] = [each for each in addresses if "open=groups" in each and "figure=handed_over" in each]
    assert "by=source" in wanted
    assert "period=12w" in wanted
    assert wanted.endswith("#rows")
    opened = client.get(reverse("report-funnel") + wanted).content.decode()
    assert "Fair: Handed over" in opened
    assert opened.count("data-row") == 2
    assert reverse("handoff", args=[late.pk]) in opened
    assert "· Nordlicht" in opened


@time_machine.travel(MONDAY_9AM + 3 * DAY, tick=False)
def test_a_leak_leads_to_those_who_left_that_way(client: Client) -> None:
    disqualify(make_handoff(), reason=make_reason("no-budget"), by=make_rep(), at=MONDAY_9AM + HOUR)
    page = client.get(reverse("report-funnel")).content.decode()
    [wanted] = [unescape(each) for each in NUMBERS.findall(page) if "open=leaks" in each]
    opened = client.get(reverse("report-funnel") + wanted).content.decode()
    assert "No budget: Of settled" in opened
    assert opened.count("data-row") == 1


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"open": "steps", "row": "nowhere", "figure": "count"}, id="a row that is not there"),
        pytest.param({"open": "steps", "row": "touched", "figure": "of_all"}, id="a number that opens nothing"),
        pytest.param({"open": "secrets", "row": "touched", "figure": "count"}, id="a table that is not there"),
        pytest.param({"open": "steps"}, id="half a question"),
    ],
)
@time_machine.travel(MONDAY_9AM + 3 * DAY, tick=False)
def test_what_opens_nothing_is_the_page_as_it_was(client: Client, query: dict[str, str]) -> None:
    make_handoff()
    answer = client.get(reverse("report-funnel"), query)
    assert answer.status_code == 200
    assert "data-row" not in answer.content.decode()


def test_a_rep_opens_rows_of_own_leads_only() -> None:
    make_world(5, 40)
    sam = make_rep("sam")
    Handoff.objects.filter(pk__in=list(Handoff.objects.order_by("pk").values_list("pk", flat=True)[:3])).update(
        claimed_by=sam
    )
    report = report_of("funnel", User.objects.get(pk=sam.pk), AT, ALL)
    [first] = [row for row in REPORTS["funnel"].tables[0].rows(report) if row.step.key == "handed_over"]
    opened = REPORTS["funnel"].tables[0].opened(report, ["handed_over"], "count")
    assert opened is not None
    mine = Handoff.objects.filter(claimed_by=sam).exclude(verdict="merged").values_list("pk", flat=True)
    assert {*opened.behind.ids} <= {*mine}
    assert first.count == len(opened.behind.ids)


@time_machine.travel(MONDAY_9AM + 3 * DAY, tick=False)
def test_a_view_that_is_kept_while_rows_are_open_keeps_the_question_alone(client: Client) -> None:
    make_handoff()
    opened = {"by": "source", "period": "12w", "open": "steps", "row": "touched", "figure": "count", "page": "2"}
    page = client.get(reverse("report-funnel"), opened)
    assert page.context["saved_query"] == "period=12w&by=source"
