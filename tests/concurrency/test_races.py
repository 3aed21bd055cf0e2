"""Races for the same rows: one winner, everybody else is refused in words, and the data stays whole."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from handoff.leads.models import Activity, Lead, Stage
from handoff.lib.refusals import NotOpen, Refusal
from handoff.outbox.bundling import mail_notices
from handoff.outbox.models import Mail, Notice
from handoff.people.models import User
from handoff.queue.claiming import claim, release
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.models import Breach, Clock, Handoff, Outcome, TouchChannel, Verdict
from handoff.queue.opening import hand_over_by_hand
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities
from handoff.queue.rescoring import act_on_crossings, rescore
from handoff.queue.touching import log_touch
from handoff.queue.verifying import broken_rows
from tests.api.calling import caller, post
from tests.concurrency.racing import race
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    YES,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    make_team,
    page_view,
)

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
SECONDS = 20.0 if os.environ.get("HANDOFF_LONG") else 2.0


def test_the_same_activity_posted_six_times_at_once_is_one_activity_and_one_handoff() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    lead, now = make_lead(), timezone.now()
    request = page_view(lead, now, kind="contact_request")
    answers = race(*[lambda: receive_activities([request], at=now)] * 6)
    assert sorted(answer.accepted for answer in answers) == [0, 0, 0, 0, 0, 1]
    assert sorted(answer.duplicates for answer in answers) == [0, 1, 1, 1, 1, 1]
    assert (Activity.objects.count(), Handoff.objects.count()) == (1, 1)


def test_the_same_activity_of_an_unknown_lead_posted_six_times_at_once_waits_once() -> None:
    make_live(PRICING)
    marketer = make_marketer()
    clients = [caller(marketer) for _ in range(6)]
    item = {**page_view(make_lead(), timezone.now()), "lead": {"email": "nobody.yet@company.example"}}
    item["occurred_at"] = item["occurred_at"].isoformat()
    answers = race(*(_posts(client, "activities/", item) for client in clients))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert sum(answer.json()["accepted"] for answer in answers) == 1
    assert Activity.objects.count() == 1


def test_a_new_lead_posted_six_times_at_once_is_one_lead() -> None:
    marketer = make_marketer()
    clients = [caller(marketer) for _ in range(6)]
    lead = {"external_id": "crm-1", "email": "lena@company.example", "company": {"name": "Nordel"}}
    answers = race(*(_posts(client, "leads/", lead) for client in clients))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert Lead.objects.count() == 1


def _posts(client: Any, path: str, body: Any) -> Callable[[], Any]:
    return lambda: post(client, path, body)


def test_a_lead_handed_over_by_two_people_at_once_has_one_handoff() -> None:
    lead, people = make_lead(), [make_marketer(), make_manager()]
    outcomes = race(*(_hands_over(lead, person) for person in people))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Handoff", "WrongStage"]
    assert Handoff.objects.count() == 1
    assert Lead.objects.get().stage == Stage.MQL


def _hands_over(lead: Lead, person: User) -> Callable[[], Handoff]:
    return lambda: hand_over_by_hand(Lead.objects.get(pk=lead.pk), note="Met at a fair", by=person, at=timezone.now())


def test_four_ticks_at_once_record_each_breach_once_and_tell_each_person_once() -> None:
    make_calendar()
    make_policy()
    reps, manager = [make_rep(f"rep{number}") for number in range(4)], make_manager()
    for number in range(120):
        claim(make_handoff(), by=reps[number % 4], at=MONDAY_9AM)
    late = MONDAY_9AM + 30 * DAY
    outcomes = race(*[lambda: enforce_due(at=late)] * 4)
    assert sum(outcomes) == Clock.objects.count() == 240
    assert Breach.objects.values("clock").distinct().count() == Breach.objects.count() == 240
    told = Counter(Notice.objects.filter(cause__startswith="breach:").values_list("user__username", flat=True))
    assert told == {manager.username: 240, **{rep.username: 60 for rep in reps}}
    race(*[lambda: mail_notices(at=late + HOUR)] * 4)
    subjects = Counter(Mail.objects.values_list("subject", flat=True))
    assert subjects == {"240 things in Handoff": 1, "60 things in Handoff": 4}


def test_a_touch_in_time_logged_while_the_tick_runs_never_leaves_a_standing_breach() -> None:
    make_calendar()
    make_policy()
    rep = make_rep()
    handoffs = [make_handoff() for _ in range(30)]
    due = Clock.objects.filter(metric="first_touch").earliest("due_at").due_at
    late = due + HOUR

    def touch_all() -> None:
        for handoff in handoffs:
            log_touch(handoff, channel=TouchChannel.CALL, outcome=Outcome.NO_ANSWER, by=rep, at=late, happened_at=due)

    outcomes = race(touch_all, *[lambda: [enforce_due(at=late) for _ in range(20)]] * 2)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert not Breach.objects.filter(annulled_at=None).exists()
    assert list(broken_rows()) == []


def test_of_two_verdicts_at_once_one_stands() -> None:
    rep, manager, reason = make_rep(), make_manager(), make_reason()
    for _ in range(8):
        handoff = make_handoff()
        log_touch(handoff, channel=TouchChannel.CALL, outcome=Outcome.CONNECTED, by=rep, at=timezone.now())
        outcomes = race(_qualifies(handoff, rep), _disqualifies(handoff, manager, reason))
        assert sum(isinstance(outcome, NotOpen) for outcome in outcomes) == 1, outcomes
    assert not Handoff.objects.open().exists()
    assert list(broken_rows()) == []


def _qualifies(handoff: Handoff, rep: User) -> Callable[[], object]:
    return lambda: qualify(Handoff.objects.get(pk=handoff.pk), bant=YES, by=rep, at=timezone.now())


def _disqualifies(handoff: Handoff, manager: User, reason: Any) -> Callable[[], object]:
    return lambda: disqualify(Handoff.objects.get(pk=handoff.pk), reason=reason, by=manager, at=timezone.now())


def test_a_lead_is_claimed_or_cools_never_both() -> None:
    make_live(PRICING)
    rep = make_rep()
    for _ in range(15):
        handoff = make_handoff(at=timezone.now())
        claimed, rescored = race(_claims(handoff, rep), _rescores(handoff))
        handoff.refresh_from_db()
        assert rescored == 1, rescored
        assert isinstance(claimed, NotOpen) is (handoff.verdict == Verdict.COOLED), claimed
    assert list(broken_rows()) == []


def _claims(handoff: Handoff, rep: User) -> Callable[[], None]:
    return lambda: claim(Handoff.objects.get(pk=handoff.pk), by=rep, at=timezone.now())


def _rescores(handoff: Handoff) -> Callable[[], int]:
    """Return what finds that the lead's score no longer holds."""
    return transaction.atomic(lambda: rescore([handoff.lead_id], at=timezone.now()))


def test_reps_at_work_and_requests_coming_in_for_the_same_leads_never_block_each_other() -> None:
    make_live({**PRICING, "half_life": 1}, fast_lane_kinds=["contact_request"])
    make_calendar()
    make_policy()
    leads = [make_lead() for _ in range(6)]
    for lead in leads:
        receive_activities([page_view(lead, timezone.now()) for _ in range(2)], at=timezone.now())
    reps = [make_rep(f"rep{number}") for number in range(3)]
    outcomes = race(*(_works_leads(rep) for rep in reps), *(_asks_again(leads, name) for name in "abc"))
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert list(broken_rows()) == []


def _works_leads(rep: User) -> Callable[[], None]:
    def work(rng: random.Random, now: datetime) -> None:
        handoff = rng.choice(list(Handoff.objects.open()))
        kind = rng.choice(("claim", "release", "touch"))
        if kind == "claim":
            claim(handoff, by=rep, at=now)
        elif kind == "release":
            release(handoff, reason="Another one first", by=rep, at=now)
        else:
            log_touch(handoff, channel=TouchChannel.CALL, outcome=Outcome.NO_ANSWER, by=rep, at=now)

    return _repeats(work, seed=rep.pk)


def _asks_again(leads: list[Lead], name: str) -> Callable[[], None]:
    numbers = iter(range(1_000_000))

    def ask(rng: random.Random, now: datetime) -> None:
        lead = rng.choice(leads)
        receive_activities(
            [page_view(lead, now, id=f"{name}{next(numbers)}", kind=rng.choice(("contact_request", "page_view")))],
            at=now,
        )
        act_on_crossings(at=now)

    return _repeats(ask, seed=ord(name))


def _repeats(act: Callable[[random.Random, datetime], None], *, seed: int) -> Callable[[], None]:
    def run() -> None:
        rng, ends_at = random.Random(seed), time.monotonic() + SECONDS
        while time.monotonic() < ends_at:
            with suppress(Refusal):
                act(rng, timezone.now())

    return run


def test_two_batches_with_the_teams_the_other_way_round_do_not_wait_in_a_circle() -> None:
    teams = [make_team(name, giving="rotation") for name in ("Benelux", "Nordics")]
    for number, team in enumerate(teams * 2):
        make_rep(f"rep{number}", team=team)
    make_live(PRICING, threshold=20)
    leads = [make_lead(team=teams[number % 2]) for number in range(24)]
    lists = [[page_view(lead, MONDAY_9AM) for lead in leads[first : first + 2]] for first in range(0, 24, 3)]
    outcomes = race(*[lambda items=items: receive_activities(items, at=MONDAY_9AM) for items in lists])
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert Handoff.objects.open().exclude(assigned_to=None).count() == 16
