"""A Dutch bank's real lead handling (BPI 2012), where this machine has it, beside an independent script.

A part of the leads in the suite; HANDOFF_LONG=1: all of them.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handoff.leads.models import Activity, Lead
from handoff.people.models import User
from handoff.queue.models import Deal, Handoff, Touch
from handoff.queue.verifying import broken_rows
from reports.funnel import Step
from tests.intake.real_files import bring_in, real_file, rows_in
from tests.making import make_marketer, make_team
from tests.reports.asking import funnel_of

pytestmark = pytest.mark.django_db
PART = None if os.environ.get("HANDOFF_LONG") == "1" else 150
TODAY = datetime(2026, 3, 2, tzinfo=UTC)
Rows = list[dict[str, str]]


def write(path: Path, rows: Rows) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def median(spans: Iterable[timedelta]) -> timedelta:
    ordered = sorted(spans)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


@pytest.mark.long
def test_counts_stages_and_times_are_those_of_an_independent_script(tmp_path: Path) -> None:
    leads = rows_in(real_file("bpi2012_loan_leads/leads.csv"))[:PART]
    chosen = {row["lead_id"] for row in leads}
    events = [row for row in rows_in(real_file("bpi2012_loan_leads/events.csv.gz")) if row["lead_id"] in chosen]
    make_team()
    for _again in range(2):
        bring_in(write(tmp_path / "leads.csv", leads), "bpi2012")
        bring_in(write(tmp_path / "events.csv", events), "bpi2012_events")

    calls = [row for row in events if row["lifecycle"] == "START"]
    assert (Lead.objects.count(), Handoff.objects.count()) == (len(leads), len(leads))
    assert (Touch.objects.count(), Activity.objects.count()) == (len(calls), len(events) - len(calls))
    stages = Counter("customer" if row["outcome"] == "won" else "nurture" for row in leads)
    assert Counter(Lead.objects.values_list("stage", flat=True)) == stages
    kinds = Counter(row["event"].replace("A_SUBMITTED", "form_submission") for row in events if row not in calls)
    assert Counter(Activity.objects.values_list("kind", flat=True)) == kinds
    names = {f"bpi2012-{row['resource']}" if row["resource"] else "bpi2012" for row in calls}
    assert set(User.objects.filter(is_active=False).values_list("username", flat=True)) >= names

    first_call = {row["lead_id"]: moment(row["timestamp"]) for row in reversed(calls)}
    outcome_at = {row["lead_id"]: moment(row["outcome_at"]) for row in leads}
    found = Handoff.objects.values_list("lead__external_id", "opened_at", "touched_at", "touches_count", "closed_at")
    counts, came = (
        Counter(row["lead_id"] for row in calls),
        {row["lead_id"]: moment(row["registered_at"]) for row in leads},
    )
    assert sorted(found) == sorted(
        (lead, came[lead], first_call.get(lead), counts[lead], outcome_at[lead]) for lead in chosen
    )

    winners = [row["lead_id"] for row in leads if row["outcome"] == "won"]
    report = funnel_of(make_marketer(), TODAY, "from=2011-10-01&to=2012-03-31&route=fast_lane")
    assert Deal.objects.count() == len(winners)
    touched = first_call.keys() | set(winners)
    assert [row.count for row in report.steps] == [len(leads), len(touched), *[len(winners)] * 4]
    assert report.steps[Step.TOUCHED].after.median == median(first_call[lead] - came[lead] for lead in first_call)
    assert report.steps[Step.WON].after.median == median(outcome_at[lead] - came[lead] for lead in winners)
    assert list(broken_rows()) == []
