"""Ticks: each one's act is there, finds nothing in an empty house, and can run twice."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils.module_loading import import_string

from handoff.config import ticking
from handoff.config.schedule import TICKS, Tick, beat_schedule
from handoff.config.ticking import run, run_all
from handoff.queue.models import Handoff
from handoff.queue.next_steps import plan_next_step
from tests.making import DAY, MONDAY_9AM, PRICING, make_handoff, make_live, make_rep

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", [tick.name for tick in TICKS])
def test_each_tick_runs_twice_on_an_empty_house_and_changes_nothing(name: str) -> None:
    assert [run(name, at=MONDAY_9AM) for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("name", [tick.name for tick in TICKS])
def test_each_tick_runs_beside_a_published_model(name: str) -> None:
    make_live(PRICING)
    assert run(name, at=MONDAY_9AM) == 0


def test_the_schedule_rings_each_tick_in_time_and_lets_old_bells_expire() -> None:
    schedule = beat_schedule()
    assert list(schedule) == [tick.name for tick in TICKS]
    for tick in TICKS:
        assert callable(import_string(tick.act))
        entry = schedule[tick.name]
        assert (entry["task"], entry["args"], entry["schedule"]) == ("handoff.run_tick", [tick.name], tick.seconds)
        assert entry["options"] == {"expires": max(tick.seconds, 10)}


def test_an_unknown_tick_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        run("tides", at=MONDAY_9AM)


def test_all_ticks_say_what_they_changed() -> None:
    handoff, sam = make_handoff(), make_rep()
    plan_next_step(handoff, what="Call", step_at=MONDAY_9AM + DAY, by=sam, at=MONDAY_9AM)
    changed = run_all(at=MONDAY_9AM + DAY)
    assert changed == {**dict.fromkeys((tick.name for tick in TICKS), 0), "reminders": 1}


def test_the_command_runs_as_if_it_were_another_time(capsys: pytest.CaptureFixture[str]) -> None:
    handoff = make_handoff()
    Handoff.objects.update(snoozed_until=MONDAY_9AM + DAY)
    call_command("tick", at=(MONDAY_9AM + DAY - timedelta(seconds=1)).isoformat())
    assert "snoozes: 0" in capsys.readouterr().out
    call_command("tick", at="2026-03-03T09:00:00+01:00")
    assert "snoozes: 1" in capsys.readouterr().out
    handoff.refresh_from_db()
    assert handoff.snoozed_until is None


@pytest.mark.parametrize(
    "at",
    [
        *("tomorrow", "2026-03-03T09:00:00", "2026-02-30T09:00:00Z"),
        *("0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_the_command_refuses_what_is_no_time_of_our_days_with_an_offset(at: str) -> None:
    with pytest.raises(CommandError, match=f"{at}.*years 1970 to 2199"):
        call_command("tick", at=at)


def test_one_failing_tick_does_not_keep_the_others_from_running_and_is_named_by_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Tick("broken", "handoff.there.is.no.such.act", 5)
    monkeypatch.setitem(ticking.BY_NAME, "broken", broken)
    monkeypatch.setattr(ticking, "TICKS", (broken, *TICKS))
    changed = ticking.run_all(at=MONDAY_9AM)
    assert changed == {"broken": None, **dict.fromkeys((tick.name for tick in TICKS), 0)}
    with pytest.raises(CommandError, match="broken"):
        call_command("tick", at=MONDAY_9AM.isoformat())
    assert "broken: failed\nenforcement: 0" in capsys.readouterr().out
