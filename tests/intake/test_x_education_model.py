"""The real file of the online school under its shipped model: as many MQLs as a plain script counts."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handoff.intake.importing import plan_import, run_import
from handoff.leads.models import LeadScore
from handoff.queue.models import Handoff
from handoff.queue.rebasing import rescore_stale
from scoring.exchange import read
from scoring.publishing import publish
from tests.making import make_team

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "x_education" / "Leads.csv"
MODEL = Path(__file__).parents[2] / "scoring" / "examples" / "x_education.json"
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
CHOSEN = "What matters most to you in choosing a course"


def fit(row: dict[str, str]) -> int:
    """Return the points for who somebody is."""
    points = 0
    if row["Lead Origin"] == "Lead Add Form":
        points += 30
    if row["What is your current occupation"] == "Working Professional":
        points += 30
    if row["What is your current occupation"] == "Unemployed":
        points += 5
    if row["What is your current occupation"] == "Student":
        points -= 5
    if row["Lead Source"] in {"Reference", "Welingak Website"}:
        points += 15
    if row[CHOSEN] == "Better Career Prospects":
        points += 8
    if row["Specialization"] not in {"", "Select"}:
        points += 5
    if "Management" in row["Specialization"]:
        points += 4
    if row["Country"] == "India":
        points += 2
    return points


def interest(row: dict[str, str]) -> int:
    """Return the points for what somebody did."""
    points = 0
    if float(row["Total Time Spent on Website"] or 0) >= 600:
        points += 25
    if float(row["Total Time Spent on Website"] or 0) >= 180:
        points += 10
    if float(row["TotalVisits"] or 0) >= 3:
        points += 6
    if float(row["Page Views Per Visit"] or 0) >= 3:
        points += 4
    if row["Last Activity"] == "Olark Chat Conversation":
        points -= 5
    if row["A free copy of Mastering The Interview"] == "Yes":
        points -= 2
    if row["Last Notable Activity"] == "SMS Sent":
        points += 18
    if row["Last Notable Activity"] == "Email Opened":
        points += 8
    if row["Last Notable Activity"] == "Modified":
        points -= 6
    if row["Last Activity"] in {"Email Bounced", "Unsubscribed"}:
        points -= 12
    return points


@pytest.mark.django_db
def test_as_many_leads_qualify_as_a_plain_script_counts() -> None:
    if not FILE.exists():
        pytest.skip("The public file is not beside this repository (shared/data/x_education).")
    with FILE.open(newline="") as file:
        totals = {row["Prospect ID"]: fit(row) + interest(row) for row in csv.DictReader(file)}
    expected = sum(total >= 50 for total in totals.values())
    make_team()
    run = plan_import(FILE, mapping="x_education", by=None, at=AT)
    run_import(run, at=AT)
    publish(read(MODEL.read_text(), by=None, at=AT), by=None, at=AT, qualifying="next_activity")
    rescore_stale(at=AT)
    stored = dict(LeadScore.objects.values_list("lead__external_id", "total"))
    assert stored == totals
    assert (expected, LeadScore.objects.filter(is_mql=True).count()) == (2701, 2701)
    assert not Handoff.objects.exists()
