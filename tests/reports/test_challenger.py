"""A challenger beside what is live: whose handoffs count, what the figures are, and what they suggest."""

import itertools
import math
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from handoff.leads.models import Lead
from handoff.people.models import User
from handoff.queue.models import Handoff, Verdict
from reports.challenger import Comparison, comparison
from reports.statistics import Rate, wilson
from scoring.models import Challenge, Publication
from tests.making import DAY, MONDAY_9AM, make_lead, make_live, make_manager, make_marketer, make_rep, make_team
from tests.reports.carrying import RULES, carry

pytestmark = pytest.mark.django_db
NOW = MONDAY_9AM + 100 * DAY
PAGE = "/reports/rules/"


@pytest.fixture(autouse=True)
def _later() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def challenge() -> Challenge:
    live = make_live(*RULES)
    other = Publication.objects.create(model=live.model, at=MONDAY_9AM)
    ends_at = MONDAY_9AM + timedelta(weeks=4)
    return Challenge.objects.create(publication=other, against=live, share=50, started_at=MONDAY_9AM, ends_at=ends_at)


def handed(
    challenge: Challenge,
    verdict: str = "",
    *,
    by_it: bool = True,
    opened_at: datetime = MONDAY_9AM + DAY,
    **values: object,
) -> Handoff:
    came_in = values.pop("came_in", MONDAY_9AM)
    lead: Lead = make_lead(challenge=challenge if by_it else None, at=came_in)
    handoff = carry(challenge.publication if by_it else challenge.against, {"size": 60}, lead=lead)
    closed = {"verdict": verdict, "closed_at": opened_at + DAY} if verdict else {}
    Handoff.objects.filter(pk=handoff.pk).update(opened_at=opened_at, **closed, **values)
    return handoff


def test_handoffs_by_score_of_those_who_came_in_meanwhile_count_once_they_are_old_enough(challenge: Challenge) -> None:
    for verdict in (Verdict.QUALIFIED, Verdict.LAPSED, ""):
        handed(challenge, verdict)
        handed(challenge, verdict, by_it=False)
    handed(challenge, Verdict.QUALIFIED, by_it=False)
    for values in (
        {"came_in": MONDAY_9AM - DAY, "by_it": False},  # known before
        {"came_in": challenge.ends_at, "by_it": False},  # nobody was drawn any more
        {"route": "fast_lane"},
        {"opened_at": NOW - 41 * DAY},
    ):
        handed(challenge, Verdict.QUALIFIED, **values)
    found = comparison(challenge, Handoff.objects.all(), at=NOW)
    assert (found.challenger, found.live, found.younger) == (Rate(1, 3), Rate(2, 4), 1)
    challenge.ended_at = MONDAY_9AM + DAY
    assert comparison(challenge, Handoff.objects.all(), at=NOW).challenger == Rate(0, 0)


def rates(challenger: tuple[int, int], live: tuple[int, int], younger: int = 0) -> Comparison:
    return Comparison(Challenge(), live=Rate(*live), challenger=Rate(*challenger), younger=younger)


def test_the_interval_of_the_difference_is_that_of_newcombe() -> None:
    # Newcombe 1998, table II, (a) 56/70 and 48/80: 0.0524 to 0.3339.
    bounds = rates((56, 70), (48, 80)).difference
    assert bounds is not None
    assert (round(bounds.low, 4), round(bounds.high, 4)) == (0.0524, 0.3339)
    for one, other in itertools.product([(0, 10), (3, 10), (10, 10)], repeat=2):
        bounds, opposite = rates(one, other).difference, rates(other, one).difference
        assert bounds is not None
        assert opposite is not None
        assert (bounds.low, bounds.high) == (-opposite.high, -opposite.low)
        assert -1 <= bounds.low <= one[0] / 10 - other[0] / 10 <= bounds.high <= 1
    assert rates((0, 0), (1, 2)).difference is None
    assert wilson(1, 2).low > 0


@pytest.mark.parametrize(
    ("challenger", "live", "each"),
    [
        # Fleiss, Levin and Paik 2003, without continuity correction: 20 % against 30 % wants 294 on each side.
        pytest.param((30, 100), (20, 100), 294, id="twenty and thirty in a hundred"),
        pytest.param((60, 100), (50, 100), 388, id="fifty and sixty in a hundred"),
    ],
)
def test_how_many_are_needed_for_a_power_of_eighty_percent(
    challenger: tuple[int, int], live: tuple[int, int], each: int
) -> None:
    found = rates(challenger, live)
    assert found.needed is not None
    assert math.isclose(found.needed, each, abs_tol=1)
    assert found.still_needed == (found.needed - 100, found.needed - 100)
    assert rates((3, 10), (3, 10)).needed is None
    assert rates((0, 0), (3, 10)).still_needed is None


@pytest.mark.parametrize(
    ("challenger", "live", "younger", "suggests"),
    [
        pytest.param((9, 9), (1, 100), 0, "wait", id="too few"),
        pytest.param((0, 0), (1, 100), 0, "wait", id="none"),
        pytest.param((60, 100), (20, 100), 5, "publish", id="surely better"),
        pytest.param((20, 100), (60, 100), 5, "keep", id="surely worse"),
        pytest.param((21, 100), (20, 100), 5, "wait", id="may still tell"),
        pytest.param((21, 100), (20, 100), 0, "alike", id="will not tell any more"),
    ],
)
def test_what_follows(challenger: tuple[int, int], live: tuple[int, int], younger: int, suggests: str) -> None:
    assert rates(challenger, live, younger).suggests == suggests


def test_managers_read_their_teams_figures_and_reps_none(challenge: Challenge) -> None:
    handed(challenge, Verdict.QUALIFIED)

    def shown(user: User) -> str:
        client = Client()
        client.force_login(user)
        page = client.get(PAGE)
        assert page.status_code == 200
        return str(page.content.decode())

    assert "1 of 1" in shown(make_marketer())
    assert "It is too early to say." in shown(make_manager("mia"))
    elsewhere = shown(make_manager("noel", team=make_team("Nordics")))
    assert 'id="challenged"' in elsewhere
    assert "1 of 1" not in elsewhere
    assert 'id="challenged"' not in shown(make_rep())
