"""Scoring again: after a publication, at crossings, and to keep moving scores fresh."""

from datetime import datetime
from typing import Any

import pytest

from handoff.leads.models import Lead, LeadScore, Stage
from handoff.queue import rescoring
from handoff.queue.claiming import claim
from handoff.queue.models import Handoff, Verdict
from handoff.queue.receiving import receive_activities
from handoff.queue.rescoring import act_on_crossings, refresh_moving, rescore_stale
from scoring.models import Publication
from scoring.publishing import publish
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_lead,
    make_live,
    make_model,
    make_rep,
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


def publish_again(*rules: dict[str, Any], qualifying: str = "now", **values: Any) -> Publication:
    return publish(make_model(*rules, **values), by=None, at=PUBLISHED, qualifying=qualifying)


def test_without_a_publication_there_is_nothing_to_do() -> None:
    make_lead()
    assert [tick(at=MONDAY_9AM) for tick in (rescore_stale, act_on_crossings, refresh_moving)] == [0, 0, 0]


def test_publishing_rescores_everybody_as_of_the_publication_however_late() -> None:
    make_live({**DUTCH, "points": 10}, {**PRICING, "half_life": 1})
    make_lead(country="NL")
    visited(make_lead(), MONDAY_9AM)
    rescore_stale(at=MONDAY_9AM)
    publication = publish_again({**DUTCH, "points": 20}, {**PRICING, "half_life": 1})
    assert rescore_stale(at=PUBLISHED + 5 * HOUR) == 2
    assert stored() == [(20, False), (15, False)]
    assert set(LeadScore.objects.values_list("publication", "scored_at")) == {(publication.pk, PUBLISHED)}
    assert rescore_stale(at=PUBLISHED + 6 * HOUR) == 0


def test_who_newly_qualifies_is_handed_over_now() -> None:
    make_live({**DUTCH, "points": 10})
    make_lead(country="NL")
    rescore_stale(at=MONDAY_9AM)
    publication = publish_again({**DUTCH, "points": 60})
    rescore_stale(at=PUBLISHED + HOUR)
    handoff = Handoff.objects.get()
    assert (handoff.publication, handoff.total, handoff.opened_at) == (publication, 60, PUBLISHED + HOUR)


def test_or_only_on_the_next_activity() -> None:
    make_live({**DUTCH, "points": 10})
    lead = make_lead(country="NL")
    rescore_stale(at=MONDAY_9AM)
    publish_again({**DUTCH, "points": 60}, qualifying="next_activity")
    rescore_stale(at=PUBLISHED + HOUR)
    act_on_crossings(at=PUBLISHED + 2 * DAY)
    refresh_moving(at=PUBLISHED + 2 * DAY)
    assert stored() == [(60, True)]
    assert not Handoff.objects.exists()
    visited(lead, PUBLISHED + 3 * DAY, url="/about/")
    assert Handoff.objects.get().opened_at == PUBLISHED + 3 * DAY


def test_untouched_handoffs_that_no_longer_hold_fall_back_and_claimed_ones_stay() -> None:
    make_live({**DUTCH, "points": 60})
    for _ in range(2):
        visited(make_lead(country="NL"), MONDAY_9AM)
    first, second = Handoff.objects.order_by("id")
    claim(second, by=make_rep(), at=MONDAY_9AM)
    publish_again({**DUTCH, "points": 40})
    rescore_stale(at=PUBLISHED + HOUR)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.verdict, first.lead.stage) == (Verdict.COOLED, Stage.LEAD)
    assert second.is_open


def test_a_handoff_within_the_hysteresis_holds() -> None:
    make_live({**DUTCH, "points": 60})
    visited(make_lead(country="NL"), MONDAY_9AM)
    publish_again({**DUTCH, "points": 45}, hysteresis=5)
    rescore_stale(at=PUBLISHED)
    assert Handoff.objects.get().is_open


def test_rolling_back_publishes_the_retired_version_again() -> None:
    first = make_live({**DUTCH, "points": 10})
    make_lead(country="NL")
    rescore_stale(at=MONDAY_9AM)
    publish_again({**DUTCH, "points": 20})
    rescore_stale(at=PUBLISHED)
    first.model.refresh_from_db()
    publish(first.model, by=None, at=PUBLISHED + DAY)
    assert rescore_stale(at=PUBLISHED + DAY) == 1
    assert stored() == [(10, False)]


def test_a_lead_without_a_score_gets_one() -> None:
    make_lead(country="NL")
    make_live({**DUTCH, "points": 10})
    assert rescore_stale(at=MONDAY_9AM) == 1
    assert stored() == [(10, False)]


def test_the_first_publication_says_too_what_becomes_of_who_qualifies() -> None:
    make_lead(country="NL")
    publish_again({**DUTCH, "points": 60}, qualifying="next_activity")
    assert rescore_stale(at=PUBLISHED + HOUR) == 1
    assert stored() == [(60, True)]
    assert LeadScore.objects.get().scored_at == PUBLISHED
    assert not Handoff.objects.exists()


class KilledError(Exception):
    """The worker dies."""


def test_an_interrupted_rescore_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    make_live({**DUTCH, "points": 10})
    for _ in range(5):
        make_lead(country="NL")
    rescore_stale(at=MONDAY_9AM)
    publication = publish_again({**DUTCH, "points": 20})
    monkeypatch.setattr(rescoring, "AT_ONCE", 2)
    whole, batches = rescoring.rescore, iter(range(9))

    def dying(*args: Any, **given: Any) -> int:
        if next(batches) == 1:
            raise KilledError
        return whole(*args, **given)

    monkeypatch.setattr(rescoring, "rescore", dying)
    with pytest.raises(KilledError):
        rescore_stale(at=PUBLISHED + HOUR)
    assert LeadScore.objects.filter(publication=publication).count() == 2
    assert rescore_stale(at=PUBLISHED + 2 * HOUR) == 3
    assert stored() == [(20, False)] * 5


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
