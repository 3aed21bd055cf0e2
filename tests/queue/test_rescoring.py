"""Scoring again: at crossings, and to keep moving scores fresh."""

from datetime import datetime

import pytest

from handoff.leads.models import Lead, LeadScore, Stage
from handoff.queue import rescoring
from handoff.queue.models import Handoff, Verdict
from handoff.queue.rebasing import rescore_stale
from handoff.queue.receiving import receive_activities
from handoff.queue.rescoring import act_on_crossings, read_one, refresh_moving
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_lead,
    make_live,
    page_view,
)

pytestmark = pytest.mark.django_db
PUBLISHED = MONDAY_9AM + DAY
DUTCH = {"condition": {"field": "country", "op": "is", "value": "NL"}}


def visited(lead: Lead, *moments: datetime, url: str = "/pricing/") -> None:
    """Let `lead` visit at these moments, each received at once."""
    for moment in moments:
        receive_activities([page_view(lead, moment, url=url)], at=moment)


def stored() -> list[tuple[float, bool]]:
    return list(LeadScore.objects.order_by("lead_id").values_list("total", "is_mql"))


def test_without_a_publication_there_is_nothing_to_do() -> None:
    make_lead()
    assert [tick(at=MONDAY_9AM) for tick in (rescore_stale, act_on_crossings, refresh_moving)] == [0, 0, 0]


def test_crossings_in_more_than_one_batch_are_all_acted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    make_live({**PRICING, "points": 60, "window": 10})
    for _ in range(3):
        visited(make_lead(), MONDAY_9AM)
    monkeypatch.setattr(rescoring, "AT_ONCE", 2)
    assert act_on_crossings(at=MONDAY_9AM + 10 * DAY) == 3
    assert act_on_crossings(at=MONDAY_9AM + 10 * DAY) == 0
    assert Handoff.objects.filter(verdict=Verdict.COOLED).count() == 3


# Sixty points for who they are; a complaint takes fifty away, ever fewer of them.
WARMING = (
    {**DUTCH, "points": 60},
    {**PRICING, "points": -50, "half_life": 5, "condition": {"field": "url", "op": "contains", "value": "complaint"}},
)


def complained() -> datetime:
    """Make a lead whose complaint fades, and return when it qualifies again."""
    make_live(*WARMING)
    visited(make_lead(country="NL"), MONDAY_9AM, url="/complaint/")
    warms_at = LeadScore.objects.get().crosses_at
    assert warms_at
    return warms_at


def test_a_lead_warms_when_what_was_bad_has_faded() -> None:
    warms_at = complained()
    assert not Handoff.objects.exists()
    assert MONDAY_9AM + 11 * DAY < warms_at < MONDAY_9AM + 12 * DAY
    assert act_on_crossings(at=warms_at - HOUR) == 0
    assert act_on_crossings(at=warms_at) == 1
    assert (Handoff.objects.get().opened_at, LeadScore.objects.get().crosses_at) == (warms_at, None)


def test_keeping_scores_fresh_does_not_swallow_a_crossing() -> None:
    warms_at = complained()
    refresh_moving(at=warms_at + HOUR)
    act_on_crossings(at=warms_at + HOUR)
    assert Handoff.objects.exists()


def test_a_sleeper_that_warms_is_not_handed_over() -> None:
    warms_at = complained()
    Lead.objects.update(stage=Stage.NURTURE)
    act_on_crossings(at=warms_at)
    assert LeadScore.objects.get().is_mql
    assert not Handoff.objects.exists()


def test_a_handoff_that_cooled_is_dated_when_it_did_however_late_that_is_noticed() -> None:
    make_live({**PRICING, "points": 60, "window": 10})
    visited(make_lead(), MONDAY_9AM)
    act_on_crossings(at=MONDAY_9AM + 30 * DAY)
    assert Handoff.objects.get().closed_at == MONDAY_9AM + 10 * DAY


def test_only_moving_scores_older_than_a_day_are_refreshed() -> None:
    make_live({**PRICING, "half_life": 1})
    make_lead(country="NL")
    visited(make_lead(), MONDAY_9AM)
    rescore_stale(at=MONDAY_9AM)
    assert refresh_moving(at=MONDAY_9AM + DAY) == 0
    assert refresh_moving(at=MONDAY_9AM + 2 * DAY) == 1
    assert stored() == [(0, False), (7.5, False)]
    assert refresh_moving(at=MONDAY_9AM + 2 * DAY) == 0


def test_the_past_does_not_know_what_was_done_later() -> None:
    make_live({**PRICING, "points": 60, "window": 10})
    lead = make_lead()
    visited(lead, MONDAY_9AM, MONDAY_9AM + 20 * DAY)
    then = read_one(lead, at=MONDAY_9AM - DAY, past=True)
    holding = read_one(lead, at=MONDAY_9AM, past=True)
    assert then is not None
    assert holding is not None
    assert (then.reading.total, then.crosses_at) == (0, None)
    assert (holding.reading.total, holding.crosses_at) == (60, MONDAY_9AM + 10 * DAY)
