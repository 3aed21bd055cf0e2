"""Re-planning: running clocks move to what is in force only when somebody looked and said so."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from handoff.lib.refusals import Incomplete, NotAllowed, Stale
from handoff.people.models import User
from handoff.queue.enforcement import enforce_due
from handoff.queue.models import Breach, Clock, FiredStep, Replan, ReplannedClock
from handoff.queue.replanning import fingerprint, moves, replan
from handoff.queue.touching import log_touch
from handoff.sla.models import Metric, Policy
from handoff.sla.versioning import StepValues, TargetValues, revise, targets_of
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_lead,
    make_manager,
    make_policy,
    make_rep,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
AT = MONDAY_9AM + HOUR


@pytest.fixture
def policy() -> Policy:
    """Return a policy of four hours in an office from nine to five."""
    make_calendar()
    return make_policy(first_touch_hours=4)


def stricter(policy: Policy, hours: int) -> Policy:
    """Give the first touch so many hours from now on, with a warning at half of it."""
    verdict = [target for target in targets_of(policy) if target.metric == Metric.VERDICT]
    touch = TargetValues("first_touch", hours, "hours", needs_proof=False)
    return revise(policy, targets=[touch, *verdict], ladder=[StepValues("first_touch", "tell_owner", share=50)], at=AT)


def test_nothing_moves_by_itself_and_everything_by_a_replan_that_was_seen(policy: Policy) -> None:
    mia, handoff = make_manager(), make_handoff()
    new = stricter(policy, 6)
    clock = Clock.objects.get(metric=Metric.FIRST_TOUCH)
    assert clock.due_at == MONDAY_9AM + 4 * HOUR
    seen = moves(by=mia, at=AT)
    assert {move.clock.metric: move.due_at for move in seen}[Metric.FIRST_TOUCH] == MONDAY_9AM + 6 * HOUR
    done = replan(reason="Agreed with the team", seen=fingerprint(seen), by=mia, at=AT)
    clock.refresh_from_db()
    handoff.refresh_from_db()
    assert (clock.policy, clock.due_at, clock.acts_at) == (new, MONDAY_9AM + 6 * HOUR, MONDAY_9AM + 3 * HOUR)
    assert handoff.due_at == clock.due_at
    kept = ReplannedClock.objects.get(clock=clock)
    assert (kept.replan, kept.policy, kept.due_at, kept.new_due_at) == (
        done,
        policy,
        MONDAY_9AM + 4 * HOUR,
        MONDAY_9AM + 6 * HOUR,
    )
    assert moves(by=mia, at=AT) == []


@pytest.mark.parametrize(
    ("passed", "left"),
    [
        pytest.param(3 * HOUR, HOUR, id="past the new target"),
        pytest.param(timedelta(minutes=30), HOUR, id="within the new target"),
        pytest.param(timedelta(hours=3, minutes=40), timedelta(minutes=20), id="with less left than the new target"),
    ],
)
def test_a_shorter_target_counts_from_the_replan_and_leaves_no_more_than_there_was(
    policy: Policy, passed: timedelta, left: timedelta
) -> None:
    mia = make_manager()
    make_handoff()
    stricter(policy, 1)
    at = MONDAY_9AM + passed
    replan(reason="Faster", seen=fingerprint(moves(by=mia, at=at)), by=mia, at=at)
    clock = Clock.objects.get(metric=Metric.FIRST_TOUCH)
    assert clock.due_at == at + left
    enforce_due(at=clock.due_at)
    assert not Breach.objects.exists()
    enforce_due(at=clock.due_at + timedelta(minutes=1))
    assert Breach.objects.get().due_at == clock.due_at


def test_what_is_late_or_stopped_stays_as_it_is(policy: Policy) -> None:
    mia, late, touched = make_manager(), make_handoff(), make_handoff(at=MONDAY_9AM + 4 * HOUR)
    enforce_due(at=MONDAY_9AM + 5 * HOUR)
    log_touch(touched, channel="call", outcome="no_answer", by=make_rep(), at=MONDAY_9AM + 5 * HOUR)
    stricter(policy, 6)
    found = moves(by=mia, at=MONDAY_9AM + 6 * HOUR)
    assert {(move.clock.handoff, move.clock.metric) for move in found} == {
        (late, Metric.VERDICT),
        (touched, Metric.VERDICT),
    }


def test_a_changed_calendar_moves_only_by_a_replan(policy: Policy) -> None:
    mia = make_manager()
    make_handoff()
    calendar = mia.teams.get().working_hours.calendar
    calendar.closed_days.create(date=MONDAY_9AM.date())
    clock = Clock.objects.get(metric=Metric.FIRST_TOUCH)
    assert clock.due_at == MONDAY_9AM + 4 * HOUR
    replan(reason="The office burnt", seen=fingerprint(moves(by=mia, at=AT)), by=mia, at=AT)
    clock.refresh_from_db()
    assert clock.due_at == MONDAY_9AM + DAY + 4 * HOUR


def test_a_step_that_was_taken_is_not_taken_again_where_the_calendar_moves_it(policy: Policy) -> None:
    mia = make_manager()
    policy.ladder.create(metric=Metric.FIRST_TOUCH, action="tell_owner", share=25)
    make_handoff()
    enforce_due(at=AT)
    mia.teams.get().working_hours.calendar.closed_days.create(date=MONDAY_9AM.date())
    at = AT + HOUR
    replan(reason="The office burnt", seen=fingerprint(moves(by=mia, at=at)), by=mia, at=at)
    assert enforce_due(at=MONDAY_9AM + DAY + 5 * HOUR) == 1
    assert (FiredStep.objects.count(), Breach.objects.count()) == (1, 1)


def test_what_was_not_seen_is_not_done(policy: Policy) -> None:
    mia = make_manager()
    make_handoff()
    stricter(policy, 6)
    seen = fingerprint(moves(by=mia, at=AT))
    log_touch(Clock.objects.all()[0].handoff, channel="call", outcome="no_answer", by=make_rep(), at=AT)
    with pytest.raises(Stale):
        replan(reason="Agreed", seen=seen, by=mia, at=AT)
    with pytest.raises(Incomplete):
        replan(reason=" ", seen=seen, by=mia, at=AT)
    assert not Replan.objects.exists()


def test_a_manager_moves_the_clocks_of_own_teams_and_a_rep_none(policy: Policy) -> None:
    make_handoff()
    stricter(policy, 6)
    stranger = make_user("nils", "manager", team=make_team("Nordics"))
    assert moves(by=stranger, at=AT) == []
    with pytest.raises(NotAllowed):
        moves(by=make_rep(), at=AT)


def test_a_replan_of_other_teams_is_not_there(policy: Policy) -> None:
    make_handoff()
    stricter(policy, 6)
    mia = make_manager()
    done = replan(reason="Agreed", seen=fingerprint(moves(by=mia, at=AT)), by=mia, at=AT)
    url = reverse("admin:queue_replan_change", args=[done.pk])
    for user, there in ((mia, True), (make_user("nils", "manager", team=make_team("Nordics")), False)):
        client = Client()
        client.force_login(user)
        assert ("Agreed" in client.get(url, follow=True).content.decode()) == there


def test_the_page_shows_what_would_move_and_moves_it() -> None:
    make_calendar()
    policy = make_policy(first_touch_hours=4)
    handoff = make_handoff()
    stricter(policy, 6)
    client = Client()
    client.force_login(make_manager())
    url = reverse("admin:queue_replan_add")
    page = client.get(url)
    assert handoff.lead.name in page.content.decode()
    form = {"seen": page.context["seen"], "reason": "Agreed on Monday"}
    done = client.post(url, form, follow=True).content.decode()
    assert "2 clocks moved." in done
    assert "Agreed on Monday" in done
    assert "Every running clock is under what is in force now." in client.get(url).content.decode()


def test_a_manager_reads_of_a_replan_what_it_moved_in_own_teams(policy: Policy) -> None:
    nordics = make_team("Nordics")
    make_calendar(nordics)
    mia, nils, ada = make_manager(), make_user("nils", "manager", team=nordics), make_user("ada", "admin")
    make_handoff()
    make_handoff(make_lead(team=nordics))
    stricter(policy, 6)
    ours = replan(reason="Ours", seen=fingerprint(moves(by=mia, at=AT)), by=mia, at=AT)
    revise(Policy.objects.in_force().get(), targets=targets_of(policy), at=AT + HOUR)
    both = replan(reason="Both", seen=fingerprint(moves(by=ada, at=AT)), by=ada, at=AT)
    assert {reader.username: _read(reader, ours, both) for reader in (mia, nils, ada)} == {
        "mia": (2, 2),
        "nils": (None, 2),
        "ada": (2, 4),
    }


def _read(reader: User, *replans: Replan) -> tuple[int | None, ...]:
    """Return how many clocks `reader` sees on the page of each re-plan, None where they don't see it."""
    client = Client()
    client.force_login(reader)
    pages = [client.get(reverse("admin:queue_replan_change", args=[done.pk])) for done in replans]
    formsets = [page.context["inline_admin_formsets"] if page.status_code == 200 else None for page in pages]
    return tuple(len(list(found[0])) if found else None for found in formsets)
