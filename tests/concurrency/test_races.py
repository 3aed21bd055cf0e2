"""Races for the same rows: one winner, everybody else is refused in words, and the data stays whole."""

import itertools
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from handoff.leads.models import Activity, Lead, Stage
from handoff.lib.refusals import AlreadyTaken, NotOpen, Refusal
from handoff.outbox.models import Mail, Notice
from handoff.people.models import User
from handoff.queue.claiming import claim, pass_on, release, take_next
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import record_due_breaches
from handoff.queue.models import Assignment, Breach, Clock, Handoff, Outcome, TouchChannel, Verdict
from handoff.queue.opening import hand_over_by_hand
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities
from handoff.queue.rescoring import act_on_crossings, rescore
from handoff.queue.touching import log_touch
from handoff.queue.undoing import undo
from handoff.queue.verifying import broken_rows
from tests.api.calling import caller, post
from tests.concurrency.racing import race
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    page_view,
)

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
SECONDS = 20.0 if os.environ.get("HANDOFF_LONG") else 2.0
YES = dict.fromkeys(("budget", "authority", "need", "timeline"), ("yes", ""))


def test_a_handoff_has_one_holder_at_any_time_however_many_want_it() -> None:
    make_calendar()
    make_policy()
    reps = [make_rep(f"rep{number}") for number in range(8)]
    handoffs = [make_handoff() for _ in range(40)]
    outcomes = race(*(_busy_rep(rep, reps, [handoff.pk for handoff in handoffs], seed=rep.pk) for rep in reps))
    won: Counter[str] = Counter()
    for outcome in outcomes:
        assert isinstance(outcome, Counter), outcome
        won += outcome
    assert won["claim"] > 40
    assert won["release"] > 10
    assert won["refused"] > 10
    assert Handoff.objects.open().count() == 40
    _assert_one_holder_at_a_time()
    assert list(broken_rows()) == []


def _busy_rep(rep: User, reps: list[User], keys: list[int], *, seed: int) -> Callable[[], Counter[str]]:
    """Return somebody who claims, takes the next, releases and passes on without a pause."""

    def act(rng: random.Random) -> str:
        handoff = Handoff.objects.get(pk=rng.choice(keys))
        kind = rng.choice(("claim", "claim", "claim", "next", "release", "release", "pass"))
        if kind == "claim":
            claim(handoff, by=rep, at=timezone.now())
        elif kind == "next":
            take_next(by=rep, at=timezone.now())
        elif kind == "release":
            own = Handoff.objects.held_by(rep).first() or handoff
            release(own, reason="Another one first", by=rep, at=timezone.now())
        else:
            own = Handoff.objects.held_by(rep).last() or handoff
            pass_on(own, to=rng.choice(reps), note="Yours?", by=rep, at=timezone.now())
        return kind

    def run() -> Counter[str]:
        rng, done, ends_at = random.Random(seed), Counter[str](), time.monotonic() + SECONDS
        while time.monotonic() < ends_at:
            try:
                done[act(rng)] += 1
            except Refusal:
                done["refused"] += 1
        return done

    return run


def _assert_one_holder_at_a_time() -> None:
    by_handoff: dict[int, list[Assignment]] = {}
    for row in Assignment.objects.order_by("id"):
        by_handoff.setdefault(row.handoff_id, []).append(row)
    for rows in by_handoff.values():
        for earlier, later in itertools.pairwise(rows):
            assert earlier.ended_at is not None
            assert earlier.started_at <= earlier.ended_at <= later.started_at


def test_acts_that_waited_for_each_other_are_written_down_one_after_the_other() -> None:
    """Each reads its time before it waits for the lock, so that a later act may come with an earlier time."""
    handoff, sam, sasha = make_handoff(), make_rep("sam"), make_rep("sasha")
    claim(handoff, by=sam, at=MONDAY_9AM + 3 * HOUR)
    release(handoff, reason="Another one first", by=sam, at=MONDAY_9AM + 2 * HOUR)
    claim(handoff, by=sasha, at=MONDAY_9AM + HOUR)
    _assert_one_holder_at_a_time()
    disqualify(handoff, reason=make_reason(), by=sasha, at=MONDAY_9AM + 2 * HOUR)
    undo(handoff, by=sasha, at=MONDAY_9AM + 2 * HOUR)
    assert Assignment.objects.get(ended_at=None).user == handoff.holder == sasha
    _assert_one_holder_at_a_time()


def test_of_two_claims_at_once_one_wins_and_the_other_hears_who_was_first() -> None:
    for _ in range(10):
        handoff = make_handoff()
        rivals = [_user(name) for name in ("sam", "sasha")]
        outcomes = race(*(_claims(handoff, rival) for rival in rivals))
        handoff.refresh_from_db()
        [loss] = [outcome for outcome in outcomes if outcome is not None]
        assert isinstance(loss, AlreadyTaken)
        assert handoff.claimed_by is not None
        assert handoff.claimed_by.first_name in loss.message
        assert handoff.claimed_by == rivals[outcomes.index(None)]


def _claims(handoff: Handoff, rep: User) -> Callable[[], None]:
    return lambda: claim(Handoff.objects.get(pk=handoff.pk), by=rep, at=timezone.now())


def _user(name: str) -> User:
    return User.objects.filter(username=name).first() or make_rep(name)


@pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="SQLite's immediate transactions let one writer in at a time, so that even this one reads what is true",
)
def test_the_race_is_real_a_claim_that_reads_and_then_saves_is_won_twice() -> None:
    """The control: what the acts would do without their conditional UPDATE."""

    def naive(handoff: Handoff, rep: User, gate: threading.Barrier) -> Callable[[], bool]:
        @transaction.atomic
        def run() -> bool:
            found = Handoff.objects.get(pk=handoff.pk)
            gate.wait()
            if found.claimed_by_id is not None:
                return False
            found.claimed_by = rep
            found.save(update_fields=["claimed_by"])
            return True

        return run

    handoff, gate = make_handoff(), threading.Barrier(2, timeout=10)
    outcomes = race(naive(handoff, make_rep("sam"), gate), naive(handoff, make_rep("sasha"), gate))
    assert outcomes == [True, True]


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
    outcomes = race(*[lambda: record_due_breaches(at=late)] * 4)
    assert sum(outcomes) == Clock.objects.count() == 240
    assert Breach.objects.values("clock").distinct().count() == Breach.objects.count() == 240
    told = Counter(Notice.objects.filter(cause__startswith="breach:").values_list("user__username", flat=True))
    assert told == {manager.username: 240, **{rep.username: 60 for rep in reps}}
    assert Mail.objects.filter(cause__startswith="breach:").count() == 480


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

    outcomes = race(touch_all, *[lambda: [record_due_breaches(at=late) for _ in range(20)]] * 2)
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
        assert isinstance(claimed, AlreadyTaken) is (handoff.verdict == Verdict.COOLED), claimed
    assert list(broken_rows()) == []


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
