"""The demo world: lived through by the acts, the same again, and never over real data."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count
from django.test import Client

from handoff.intake.demo import life, stage
from handoff.leads.models import Activity, Lead, LeadScore
from handoff.people.models import User
from handoff.queue.models import Breach, Clock, Handoff, Touch
from handoff.queue.verifying import broken_rows
from scoring import backtesting
from scoring.models import ScoringModel
from tests.making import make_handoff, make_lead, make_rep
from tests.reports.asking import rules_of
from tests.reports.rules_oracle import assert_equals_the_oracle
from tests.scoring.backtest_oracle import assert_equals_the_oracle as assert_equals_the_oracle_of_verdicts

pytestmark = pytest.mark.django_db
END = datetime(2026, 11, 20, 15, tzinfo=UTC)
SCALE = 0.01
LONG = os.environ.get("HANDOFF_LONG") == "1"


def numbers() -> dict[str, Any]:
    """Return what two plays of one world must agree on."""
    return {
        "leads": list(
            Lead.objects.order_by("external_id").values_list("external_id", "email", "stage", "owner__username")
        ),
        "activities": Activity.objects.count(),
        "scores": sorted(
            (row.lead.external_id, round(row.total, 6)) for row in LeadScore.objects.select_related("lead")
        ),
        "handoffs": list(
            Handoff.objects.order_by("opened_at", "lead__external_id").values_list("opened_at", "verdict")
        ),
        "touches": list(Touch.objects.order_by("at", "handoff__lead__external_id").values_list("at", "outcome")),
        "clocks": list(Clock.objects.values("metric", "ending").annotate(n=Count("id")).order_by("metric", "ending")),
        "breaches": Breach.objects.count(),
    }


@pytest.fixture(autouse=True)
def _a_short_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "YEAR", timedelta(days=50))


def test_the_world_is_whole_and_ends_where_it_should_and_comes_out_the_same_again() -> None:
    with transaction.atomic():
        life.play(scale=SCALE, end=END)
        first = numbers()
        transaction.set_rollback(True)
    life.play(scale=SCALE, end=END)
    assert numbers() == first
    assert list(broken_rows()) == []
    assert 0 < Lead.objects.count() <= 20
    assert first["handoffs"]
    assert first["touches"]
    assert not Activity.objects.filter(occurred_at__gte=END).exists()
    assert not Handoff.objects.filter(opened_at__gt=END).exists()
    assert_the_rules_at_work_are_what_the_handoffs_say(END + timedelta(days=60))
    client = Client()
    for username, address in (("rep", "/queue/"), ("marketer", "/feedback/"), ("manager", "/reports/sla/")):
        client.force_login(User.objects.get(username=username))
        assert client.get(address).status_code == 200


def assert_the_rules_at_work_are_what_the_handoffs_say(at: datetime) -> None:
    report = rules_of(User.objects.get(username="marketer"), at, "from=2026-01-01&to=2026-12-31")
    assert any(row.decisive.count for row in report.rows)
    handoffs = Handoff.objects.select_related("publication", "disqualification__reason")
    assert_equals_the_oracle(report, list(handoffs), at)


@pytest.mark.long
def test_the_back_test_is_what_a_second_one_says_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    if not LONG:
        pytest.skip("It takes a year of many leads; a smaller world of its own is in tests/scoring.")
    monkeypatch.setattr(life, "YEAR", timedelta(days=365))
    life.play(scale=0.2, end=END)
    at = END + timedelta(days=60)
    draft, live = ScoringModel.objects.get(state="draft"), ScoringModel.objects.get(state="live")
    found = backtesting.backtest(draft, since=END - timedelta(days=400), until=at, at=at)
    assert_equals_the_oracle_of_verdicts(found, draft, live)


@pytest.mark.parametrize("holds", ["people", "leads"])
def test_a_database_that_holds_something_is_refused(holds: str) -> None:
    make_rep() if holds == "people" else make_lead()
    counts = User.objects.count(), Lead.objects.count()
    with pytest.raises(CommandError, match="holds data"):
        call_command("demo", scale=SCALE)
    with pytest.raises(CommandError, match="holds data"):
        call_command("demo", advance=True)
    call_command("demo", scale=SCALE, if_empty=True)
    assert (User.objects.count(), Lead.objects.count()) == counts


def test_it_lives_on_where_it_ended_in_one_go_or_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    life.play(scale=SCALE, end=END)
    before, later = numbers(), END + timedelta(days=20)
    with transaction.atomic():
        life.live_on(end=later)
        arrived = numbers()["leads"], numbers()["activities"]
        transaction.set_rollback(True)
    life.live_on(end=END + timedelta(days=7, hours=3))
    assert list(broken_rows()) == []
    life.live_on(end=later)
    assert list(broken_rows()) == []
    after = numbers()
    assert [row[0] for row in after["leads"]] == [row[0] for row in arrived[0]]
    assert after["activities"] == arrived[1]
    assert {row[0] for row in before["leads"]} < {row[0] for row in after["leads"]}
    assert after["activities"] > before["activities"]
    assert Touch.objects.filter(at__gt=END, at__lt=later).exists()
    assert not Activity.objects.filter(lead=None).exists()
    assert not Activity.objects.filter(occurred_at__gte=later).exists()
    assert not Handoff.objects.open().filter(opened_at__lt=END, touched_at=None, lead__external_id__startswith="demo-")


def test_it_leaves_whom_somebody_added_alone() -> None:
    life.play(scale=SCALE, end=END)
    guest = make_handoff(at=END)
    life.live_on(end=END + timedelta(days=20))
    guest.refresh_from_db()
    assert guest.touched_at is None


def test_the_command_lives_on_to_the_current_hour_and_is_there_then(capsys: pytest.CaptureFixture[str]) -> None:
    with time_machine.travel(END + timedelta(minutes=20), tick=False):
        call_command("demo", scale=0.002)
    with time_machine.travel(END + timedelta(days=3, minutes=5), tick=False):
        call_command("demo", advance=True)
        assert "Living on from 2026-11-20 15:00 UTC" in capsys.readouterr().out
        call_command("demo", advance=True)
        call_command("demo")
    out = capsys.readouterr().out
    assert out.count("is there, and lived until 2026-11-23 15:00 UTC") == 2
    assert "Living" not in out


def test_an_empty_database_is_made_to_live_to_the_current_hour_too() -> None:
    call_command("demo", scale=0.002, advance=True)
    assert Lead.objects.exists()


@pytest.mark.parametrize("scale", ["0", "-1", "nan", "inf"])
def test_no_leads_and_too_many_are_refused(scale: str) -> None:
    with pytest.raises(CommandError, match=f"--scale {scale}: use a number"):
        call_command("demo", f"--scale={scale}")
    assert not User.objects.exists()


def test_the_command_says_who_can_sign_in(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo", scale=0.002)
    out = capsys.readouterr().out
    assert "handoff-demo" in out
    client = Client()
    form = {"username": "marketer", "password": "handoff-demo"}
    assert client.post("/login/", form).status_code == 302


def test_a_mail_that_is_sent_or_bounces_ends_no_silence_of_the_demo() -> None:
    [silent] = [rule for rule in stage.RULES if rule["kind"] == "silence"]
    assert silent["activity_kinds"]
    assert not {"email_delivered", "email_bounced"} & set(silent["activity_kinds"])
