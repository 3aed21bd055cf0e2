"""Many people after the same leads: one holder at any time, nobody over capacity, no turn given twice."""

import itertools
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from handoff.leads.models import Lead
from handoff.lib.refusals import AlreadyTaken, Refusal
from handoff.people.models import Membership, Team, User
from handoff.queue.bulk import assign_many
from handoff.queue.claiming import assign, claim, pass_on, release, take_next
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Assignment, Handoff
from handoff.queue.undoing import undo
from handoff.queue.verifying import broken_rows
from tests.concurrency.racing import race
from tests.making import (
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_lead,
    make_manager,
    make_policy,
    make_reason,
    make_rep,
    make_team,
)

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
PEOPLE = 50
HANDOFFS, SECONDS = (1000, 60.0) if os.environ.get("HANDOFF_LONG") else (40, 2.5)
ACTS = ("claim", "claim", "claim", "next", "next", "release", "release", "pass", "assign", "by turn")


def test_a_handoff_has_one_holder_at_any_time_however_many_want_it() -> None:
    make_calendar()
    make_policy()
    reps, mia = [make_rep(f"rep{number}") for number in range(PEOPLE)], make_manager()
    keys = [make_handoff().pk for _ in range(HANDOFFS)]
    outcomes = race(*(_busy(rep, reps, mia, keys) for rep in reps))
    assert [outcome for outcome in outcomes if not isinstance(outcome, Counter)] == []
    done = sum(outcomes, Counter[str]())
    assert all(done[act] for act in {*ACTS, "refused"}), done
    assert Handoff.objects.open().count() == HANDOFFS
    _assert_one_holder_at_a_time()
    assert list(broken_rows()) == []


def _busy(rep: User, reps: list[User], manager: User, keys: list[int]) -> Callable[[], Counter[str]]:
    """Return somebody who claims, takes the next, releases, passes on and has leads reassigned, without a pause."""

    def act(rng: random.Random) -> str:
        handoff, to, kind = Handoff.objects.get(pk=rng.choice(keys)), rng.choice(reps), rng.choice(ACTS)
        own, now = Handoff.objects.held_by(rep).first() or handoff, timezone.now()
        if kind == "claim":
            claim(handoff, by=rep, at=now)
        elif kind == "next":
            take_next(by=rep, at=now)
        elif kind == "release":
            release(own, reason="Another one first", by=rep, at=now)
        elif kind == "pass":
            pass_on(own, to=to, note="Yours?", by=rep, at=now)
        elif kind == "assign":
            assign(handoff, to=to, by=manager, at=now, version=handoff.version)
        else:
            assign_many(dict.fromkeys(rng.sample(keys, 3)), to=None, by=manager, at=now)
        return kind

    def run() -> Counter[str]:
        rng, done, ends_at = random.Random(rep.pk), Counter[str](), time.monotonic() + SECONDS
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


def test_everybody_who_takes_the_next_at_once_gets_another_one() -> None:
    reps = [make_rep(f"rep{number}") for number in range(12)]
    for _ in range(10):
        make_handoff()
    outcomes = race(*(_takes_next(rep) for rep in reps))
    taken = [outcome for outcome in outcomes if outcome is not None]
    assert sorted(taken) == sorted(Handoff.objects.values_list("id", flat=True))
    _assert_one_holder_at_a_time()


def _takes_next(rep: User) -> Callable[[], int | None]:
    def take() -> int | None:
        found = take_next(by=rep, at=timezone.now())
        return found.pk if found else None

    return take


def test_openings_at_once_give_each_turn_once_and_nobody_more_than_fits() -> None:
    team = make_team(giving=Team.Giving.ROTATION)
    reps = [make_rep(f"rep{number}") for number in range(4)]
    leads = [make_lead() for _ in range(12)]
    outcomes = race(*[_opens(lead.pk) for lead in leads[:8]])
    assert Counter(outcomes) == {rep.pk: 2 for rep in reps}
    # Room for one more each, whichever team it is in which they get it.
    Membership.objects.filter(team=team).update(capacity=3)
    other = make_team("Nordics", giving=Team.Giving.ROTATION)
    Membership.objects.bulk_create(Membership(user=rep, team=other, capacity=3) for rep in reps)
    more = [*leads[8:], *(make_lead(team=other) for _ in range(4))]
    outcomes = race(*[_opens(lead.pk) for lead in more])
    assert Counter(outcomes) == Counter([None] * 4 + [rep.pk for rep in reps])


def _opens(lead_id: int) -> Callable[[], int | None]:
    @transaction.atomic
    def run() -> int | None:
        lead = Lead.objects.select_for_update(of=("self",)).get(pk=lead_id)
        return make_handoff(lead, at=timezone.now()).assigned_to_id

    return run


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
