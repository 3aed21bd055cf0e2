"""Whom the reports name: nobody, groups of at least five, or everybody, as the team has settled it."""

import io
import zipfile
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from handoff.people.models import Team, User
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Handoff
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_manager,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
)
from tests.reports.asking import breaches_of, sla_of

pytestmark = pytest.mark.django_db
AT = MONDAY_9AM + 3 * DAY
BY_PERSON = "from=2026-03-02&to=2026-03-05&by=person"
NAMES = [f"zzrep{number}" for number in range(11)]


@pytest.fixture(autouse=True)
def _office() -> Any:
    make_calendar()
    make_policy()
    with time_machine.travel(AT, tick=False):
        yield


def work(count: int) -> list[User]:
    """Let so many reps take a lead each, that they are late with."""
    reps = [make_rep(name) for name in NAMES[:count]]
    for rep in reps:
        claim(make_handoff(), by=rep, at=MONDAY_9AM + HOUR)
    return reps


def groups(reader: User) -> list[tuple[str, int | None, int]]:
    return [(row.group.key, row.group.people, row.figures.never) for row in sla_of(reader, AT, BY_PERSON).groups]


def test_named_teams_have_a_row_for_each_person() -> None:
    Team.objects.update(names_in_reports=Team.Names.NAMED)
    work(2)
    make_handoff()
    assert groups(make_marketer()) == [("zzrep0", 1, 1), ("zzrep1", 1, 1), ("", None, 1)]


@pytest.mark.parametrize("setting", [Team.Names.OFF, Team.Names.GROUPS])
@pytest.mark.parametrize("door", ["report-sla", "report-sla-csv", "report-sla-xlsx", "api-report-sla"])
def test_without_names_no_person_appears_at_any_door(setting: str, door: str) -> None:
    Team.objects.update(names_in_reports=setting)
    work(6)
    client = Client()
    client.force_login(make_manager())
    for table in ("groups", "breaches"):
        query = f"?{BY_PERSON}" + (f"&table={table}" if door.endswith("csv") else "")
        answer = client.get(reverse(door) + query)
        assert answer.status_code == 200
        text = answer.content.decode(errors="replace") if not door.endswith("xlsx") else _unzipped(answer.content)
        assert "zzrep" not in text.lower()


def _unzipped(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(name).decode() for name in book.namelist())


def test_who_gave_the_verdict_had_the_lead_until_then() -> None:
    Team.objects.update(names_in_reports=Team.Names.NAMED)
    [rep] = work(1)
    disqualify(Handoff.objects.get(), reason=make_reason(), by=rep, at=MONDAY_9AM + 2 * HOUR)
    [row] = sla_of(make_marketer(), AT, f"{BY_PERSON}&metric=verdict").groups
    assert (row.group.key, row.figures.in_time) == ("zzrep0", 1)


def test_names_off_puts_all_of_a_team_together() -> None:
    work(6)
    assert groups(make_marketer()) == [("team:benelux", 6, 6)]


@pytest.mark.parametrize(
    ("count", "wanted"),
    [
        pytest.param(4, [("team:benelux", 4, 4)], id="too few for a group"),
        pytest.param(9, [("team:benelux", 9, 9)], id="one group"),
        pytest.param(11, [("team:benelux:1", 5, 5), ("team:benelux:2", 6, 6)], id="two groups of at least five"),
    ],
)
def test_groups_have_at_least_five(count: int, wanted: list[tuple[str, int, int]]) -> None:
    Team.objects.update(names_in_reports=Team.Names.GROUPS)
    work(count)
    assert groups(make_marketer()) == wanted


def test_everybody_reads_their_own_figures_and_owns_breaches_by_name() -> None:
    first, _second = work(2)
    assert groups(first) == [("zzrep0", 1, 1)]
    assert [row.owner for row in breaches_of(first, AT, BY_PERSON)] == [first]
    assert [(row.owner, row.held) for row in breaches_of(make_marketer(), AT, BY_PERSON)] == [(None, True)] * 2
