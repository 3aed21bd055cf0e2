"""Olist's real leads, where this machine has them: the reports count what a plain script over the files counts."""

import os
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from handoff.intake.mapping import load_mapping
from handoff.intake.reading import Row, read_rows
from handoff.leads.models import Lead
from handoff.people.models import User
from handoff.queue.models import Clock, Deal, Handoff, Touch
from handoff.queue.verifying import broken_rows
from reports.funnel import FunnelReport, Step
from reports.statistics import Rate
from tests.intake.real_files import bring_in, real_file, rows_in
from tests.making import HOUR, make_marketer, make_team
from tests.reports.asking import funnel_of, sources_of

LEADS, DEALS = "olist/marketing_qualified_leads.csv", "olist/closed_deals.csv"
VARIANTS = ("mql__dd_mm_yyyy_dates.csv", "mql__iso_dates.csv", "mql__us_mdy_dates_no_landing_page.csv")
LONG = os.environ.get("HANDOFF_LONG") == "1"
TODAY = datetime(2026, 3, 2, tzinfo=UTC)


def everything() -> list[list[tuple[Any, ...]]]:
    return [list(model.objects.order_by("pk").values_list()) for model in (Lead, Handoff, Deal, Touch, User)]


def funnel(reader: User, source: str = "") -> FunnelReport:
    return funnel_of(reader, TODAY, f"from=2017-06-14&to=2018-05-31&source={source}")


@cache
def told(path: Path) -> list[tuple[object, object, object]]:
    rows = [one for one in read_rows(path, load_mapping("olist_mql")) if isinstance(one, Row)]
    return [(row.lead["external_id"], row.lead.get("source"), row.handoff["opened_at"]) for row in rows]


@pytest.mark.parametrize("name", VARIANTS)
def test_the_leads_are_the_same_however_their_dates_are_written(name: str) -> None:
    assert told(real_file(f"olist/{name}")) == told(real_file(LEADS))


@pytest.mark.long
@pytest.mark.django_db
def test_the_reports_count_what_a_plain_script_counts_and_nothing_is_at_work() -> None:
    make_team()
    bring_in(real_file(LEADS), "olist_mql")
    bring_in(real_file(DEALS), "olist_deals")
    rows, deals = rows_in(real_file(LEADS)), rows_in(real_file(DEALS))
    _compare_the_funnel(rows, deals)
    _compare_the_deals(deals)
    assert not Clock.objects.exists()
    assert not Handoff.objects.open().exists()
    assert list(broken_rows()) == []
    if not LONG:
        return  # that nothing changes the second time is seen elsewhere with less
    before = everything()
    bring_in(real_file(f"olist/{VARIANTS[2]}"), "olist_mql")
    bring_in(real_file(DEALS), "olist_deals")
    assert everything() == before


def _compare_the_funnel(rows: list[dict[str, str]], deals: list[dict[str, str]]) -> None:
    marketer, won_at = make_marketer(), {row["mql_id"]: row["won_date"][:10] for row in deals}
    report = funnel(marketer)
    assert [row.count for row in report.steps] == [8000, 842, 842, 842, 842, 842]
    assert report.steps[Step.WON].of_all == Rate(842, 8000)
    assert f"{842 / 8000:.1%}" == "10.5%"
    origins = Counter(row["origin"] for row in rows if row["origin"])
    winners = Counter(row["origin"] for row in rows if row["mql_id"] in won_at)
    for origin, count in origins.items():
        steps = funnel(marketer, origin).steps
        assert (steps[0].count, steps[Step.WON].of_all) == (count, Rate(winners[origin], count))
    by_source = sources_of(marketer, TODAY, "from=2017-06-14&to=2018-05-31").rows
    counts = Counter(row["origin"] for row in rows)
    assert {row.source: (row.leads, row.figures.mqls, row.figures.win_rate) for row in by_source} == {
        origin: (count, count, Rate(winners[origin], count)) for origin, count in counts.items() if origin
    } | {"": (counts[""], counts[""], Rate(winners[""], counts[""]))}
    came = {row["mql_id"]: row["first_contact_date"] for row in rows}
    days = sorted(date.fromisoformat(at) - date.fromisoformat(came[pk]) for pk, at in won_at.items() if came[pk] <= at)
    after = report.steps[Step.WON].after
    assert after.n == len(days) == 841  # one was won before it came
    assert after.median is not None
    assert after.median.days == days[len(days) // 2].days


def _compare_the_deals(deals: list[dict[str, str]]) -> None:
    people = {row[role] for row in deals for role in ("sdr_id", "sr_id")}
    assert {user.username for user in User.objects.filter(is_active=False)} == {f"olist-{name}" for name in people}
    found = {deal.handoff.lead.external_id: deal for deal in Deal.objects.select_related(
        "handoff__claimed_by", "handoff__lead", "by"
    )}  # fmt: skip
    assert found.keys() == {row["mql_id"] for row in deals}
    for row in deals:
        deal = found[row["mql_id"]]
        assert deal.handoff.claimed_by
        assert [deal.handoff.claimed_by.last_name, deal.by.last_name] == [row["sdr_id"], row["sr_id"]]
        # São Paulo was two hours behind UTC in its summer, three in its winter.
        assert deal.at - datetime.fromisoformat(row["won_date"]).replace(tzinfo=UTC) in {2 * HOUR, 3 * HOUR}
        assert float(deal.value or 0) == float(row["declared_monthly_revenue"])
