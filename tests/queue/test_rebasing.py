"""Scoring the whole base anew after a publication; in ranges, or one by one where there are few."""

from collections.abc import Iterator
from typing import Any

import pytest

from handoff.leads import stored_scores
from handoff.leads.columns import facts_in
from handoff.leads.models import Lead, LeadScore, Stage
from handoff.queue import rebasing
from handoff.queue.claiming import claim
from handoff.queue.models import Handoff, Verdict
from handoff.queue.rebasing import rescore_stale
from handoff.queue.rescoring import act_on_crossings, refresh_moving, rescore
from scoring.models import Publication
from scoring.publishing import publish
from tests.making import DAY, HOUR, MONDAY_9AM, PRICING, make_lead, make_live, make_model, make_rep
from tests.queue.test_rescoring import DUTCH, stored, visited

pytestmark = pytest.mark.django_db
PUBLISHED = MONDAY_9AM + DAY


@pytest.fixture(params=[0, 500], ids=["in ranges", "one by one"], autouse=True)
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Score by the path of the many, and by that of the few."""
    monkeypatch.setattr(rebasing, "FEW", request.param)


def publish_again(*rules: dict[str, Any], qualifying: str = "now", **values: Any) -> Publication:
    return publish(make_model(*rules, **values), by=None, at=PUBLISHED, qualifying=qualifying)


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
    monkeypatch.setattr(rebasing, "RANGE", 2)
    whole, calls = rebasing.ranges, iter(range(9))

    def dying() -> Iterator[tuple[int, int]]:
        for found in whole():
            if next(calls) == 1:
                raise KilledError
            yield found

    monkeypatch.setattr(rebasing, "ranges", dying)
    with pytest.raises(KilledError):
        rescore_stale(at=PUBLISHED + HOUR)
    assert LeadScore.objects.filter(publication=publication).count() == 2
    publication.refresh_from_db()
    assert publication.rescored_at is None
    assert rescore_stale(at=PUBLISHED + 2 * HOUR) == 3
    assert stored() == [(20, False)] * 5
    publication.refresh_from_db()
    assert publication.rescored_at == PUBLISHED + 2 * HOUR


def test_who_came_after_the_publication_is_scored_as_of_now() -> None:
    make_live({**PRICING, "half_life": 1})
    for _ in range(2):
        visited(make_lead(), MONDAY_9AM)
    Lead.objects.filter(pk=Lead.objects.latest("id").pk).update(created_at=PUBLISHED + HOUR)
    publish_again({**PRICING, "half_life": 1})
    rescore_stale(at=PUBLISHED + DAY)
    assert list(LeadScore.objects.order_by("lead").values_list("scored_at", flat=True)) == [PUBLISHED, PUBLISHED + DAY]


def test_a_score_taken_after_the_publication_is_not_set_back() -> None:
    make_live(PRICING)
    visited(make_lead(), MONDAY_9AM)
    LeadScore.objects.update(scored_at=PUBLISHED + HOUR)  # by an activity that did not see the publication yet
    publish_again(PRICING)
    rescore_stale(at=PUBLISHED + DAY)
    assert LeadScore.objects.get().scored_at == PUBLISHED + DAY


def test_everything_stored_is_the_same_as_lead_by_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("/pricing/", "/about/", "/pricing/more"):
        visited(make_lead(country="NL"), MONDAY_9AM, url=url)
    make_lead(country="DE")
    publish_again({**PRICING, "points": 60, "half_life": 4}, {**DUTCH, "points": 3}, qualifying="next_activity")
    rescore_stale(at=PUBLISHED)
    rows = {row.lead_id: row for row in LeadScore.objects.all()}
    rescore([*rows], at=PUBLISHED, opens=False)
    for again in LeadScore.objects.all():
        before = rows[again.lead_id]
        for name in stored_scores.FIELDS:
            assert getattr(again, name) == getattr(before, name), name
    assert {row.crosses_at is None for row in rows.values()} == {True, False}


def test_a_score_stored_meanwhile_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    make_live(PRICING)
    lead = make_lead()
    visited(lead, MONDAY_9AM)
    publish_again({**PRICING, "points": 40}, {**DUTCH, "points": 1})
    whole = facts_in

    def meanwhile(*range_: Any) -> Any:
        found = whole(*range_)
        rescore([lead.pk], at=PUBLISHED + HOUR)
        return found

    monkeypatch.setattr(rebasing, "facts_in", meanwhile)
    monkeypatch.setattr(rebasing, "FEW", 0)
    rescore_stale(at=PUBLISHED + DAY)
    assert LeadScore.objects.get().scored_at == PUBLISHED + HOUR
