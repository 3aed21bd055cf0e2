"""The back-test: figures against the verdicts of a period, from what was known at each handoff and no later."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from handoff.leads.models import Activity
from handoff.queue.models import Handoff, Sample, Sampling
from scoring import backtesting
from scoring.backtesting import FEWEST, OLD_ENOUGH, Backtest, backtest
from scoring.models import ScoringModel
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_handoff,
    make_lead,
    make_live,
    make_marketer,
    make_model,
    make_rep,
    make_team,
    make_user,
)
from tests.scoring.admin_forms import sign_in, text_of
from tests.scoring.backtest_oracle import assert_equals_the_oracle
from tests.scoring.backtest_oracle import said as said_of
from tests.scoring.judged_worlds import Story, did, judged_world, tell

pytestmark = pytest.mark.django_db
AT = MONDAY_9AM - 60 * DAY
WEBINAR = {
    **{"kind": "activity", "dimension": "interest", "activity_kinds": ["webinar_attended"], "points": 40},
    **{"half_life": 20, "name": "Came to a webinar", "key": "webinar"},
}
ENERGY = {"points": 30, "condition": {"field": "company.industry", "op": "is", "value": "Energy"}, "name": "Energy"}
STUDENT = {"points": -15, "condition": {"field": "title", "op": "contains", "value": "student"}, "name": "Student"}
TRIAL = {"points": 10, "condition": {"field": "country", "op": "is_one_of", "value": ["NL", "DE"]}, "name": "Near"}


def measured(model: ScoringModel, at: datetime = MONDAY_9AM, **period: datetime) -> Backtest:
    return backtest(model, **{"since": MONDAY_9AM - 730 * DAY, "until": at, **period}, at=at)


def half_life_apart(**values: Any) -> ScoringModel:
    return make_model(
        {**WEBINAR, "half_life": 5}, ENERGY, STUDENT, {**PRICING, "limit": 1, "limit_per": "week"}, **values
    )


def test_it_equals_a_second_one_row_by_row_for_both_versions() -> None:
    live = make_live({**PRICING, "points": 25}, TRIAL, STUDENT, threshold=30, at=MONDAY_9AM - 700 * DAY).model
    draft = half_life_apart(threshold=45)
    judged_world(160, by=make_rep(), end=MONDAY_9AM)
    found = measured(draft, since=MONDAY_9AM - 250 * DAY, until=MONDAY_9AM - 50 * DAY)
    assert 0 < found.verdicts.accepted + found.verdicts.refused < found.verdicts.handed_over < 160
    assert found.draft != found.live
    assert_equals_the_oracle(found, draft, live)


def test_what_came_in_after_the_handoff_changes_nothing() -> None:
    draft = half_life_apart()
    handoffs = judged_world(80, by=make_rep(), end=MONDAY_9AM - OLD_ENOUGH)
    before = measured(draft)
    for handoff in handoffs:
        at, late = handoff.opened_at, handoff.opened_at + timedelta(seconds=1)
        did(handoff.lead, *(("webinar_attended", at - days * DAY, late, "") for days in (0, 1, 9)))
    assert measured(draft) == before
    # The same, had it been received in time, changes much.
    Activity.objects.filter(received_at__gt=MONDAY_9AM - 400 * DAY).update(received_at=MONDAY_9AM - 400 * DAY)
    assert measured(draft) != before


def test_what_happened_and_came_in_at_the_very_instant_counts() -> None:
    draft, sam = make_model(WEBINAR, threshold=40), make_rep()
    came = (("webinar_attended", AT, AT, ""),)
    tell([Story(AT, bool(n % 2), acts=came if n % 2 else ()) for n in range(2 * FEWEST)], by=sam)
    found = measured(draft).draft
    assert found is not None
    assert (found.precision.count, found.precision.of, found.kept.of) == (FEWEST, FEWEST, FEWEST)
    assert found.auc is not None
    assert found.auc.value == 1.0


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(OLD_ENOUGH + timedelta(seconds=1), 1, id="older than six weeks"),
        pytest.param(OLD_ENOUGH, 0, id="six weeks old"),
        pytest.param(DAY, 0, id="young"),
    ],
)
def test_only_handoffs_older_than_the_lapse_window_are_looked_at(age: timedelta, expected: int) -> None:
    make_handoff(at=MONDAY_9AM - age)
    assert measured(make_model(ENERGY)).verdicts.handed_over == expected


def test_a_period_that_is_too_young_is_empty_and_no_mistake() -> None:
    found = measured(make_model(ENERGY), since=MONDAY_9AM - DAY, until=MONDAY_9AM)
    assert (found.verdicts.handed_over, found.draft) == (0, None)


@pytest.mark.parametrize(
    ("accepted", "is_said"), [pytest.param(FEWEST - 1, False, id="too few"), pytest.param(FEWEST, True, id="enough")]
)
def test_too_few_verdicts_say_nothing(accepted: int, is_said: bool) -> None:
    tell([Story(AT, n < accepted) for n in range(accepted + FEWEST)], by=make_rep())
    assert (measured(make_model(ENERGY)).draft is not None) is is_said


def test_history_that_was_imported_is_no_verdict_on_the_rules() -> None:
    tell([Story(AT, accepted=False)], by=make_rep())
    Handoff.objects.update(is_imported_history=True)
    assert measured(make_model(ENERGY)).verdicts.refused == 0


def test_the_share_that_nobody_ever_judged_counts_everybody_known_then() -> None:
    tell([Story(AT, accepted=False)], by=make_rep())
    make_lead(at=MONDAY_9AM - 50 * DAY)
    make_lead(at=MONDAY_9AM - HOUR)
    found = measured(make_model(ENERGY)).unjudged
    assert (found.count, found.of) == (1, 2)


def test_only_the_newest_are_looked_at_where_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    judged_world(80, by=make_rep(), end=MONDAY_9AM - OLD_ENOUGH)
    assert not measured(make_model(ENERGY)).is_cut
    monkeypatch.setattr(backtesting, "MOST", 30)
    found = measured(make_model(ENERGY))
    assert found.is_cut
    assert found.draft is not None
    assert found.draft.n == 30


def test_verdicts_on_samples_from_below_the_line_count_and_are_said() -> None:
    live = make_live({**PRICING, "points": 25}, threshold=20, at=timezone.now() - 700 * DAY)
    judged_world(80, by=make_rep(), end=timezone.now() - OLD_ENOUGH - DAY, days=150)
    signed: dict[str, Any] = dict.fromkeys(("marketing_at", "sales_at", "started_at", "proposed_at"), MONDAY_9AM)
    sampling = Sampling.objects.create(team=make_team(), band=20, share=10, weekly_number=9, **signed)
    for handoff in Handoff.objects.exclude(verdict="")[:3]:
        drawn = {"lead": handoff.lead, "drawn": handoff.lead_id, "at": handoff.opened_at, "total": 10}
        Sample.objects.create(sampling=sampling, handoff=handoff, week=handoff.opened_at.date(), **drawn)
    found = backtest(live.model, since=timezone.now() - 400 * DAY, until=timezone.now(), at=timezone.now())
    counting = [row for row in Handoff.objects.filter(sample__isnull=False) if said_of(row) is not None]
    assert found.verdicts.sampled == len(counting) > 0
    assert_equals_the_oracle(found, live.model, live.model)
    assert "from below the line" in text_of(page(sign_in(make_marketer()), live.model))


def page(client: Client, model: ScoringModel, **period: str) -> Any:
    return client.get(reverse("admin:scoring_scoringmodel_backtest", args=[model.pk]), period)


def test_the_page_shows_both_versions_with_intervals_and_how_many_nobody_judged() -> None:
    now = timezone.now()
    make_live({**PRICING, "points": 25}, threshold=20, at=now - 700 * DAY)
    draft = half_life_apart(threshold=40)
    judged_world(120, by=make_rep(), end=now - OLD_ENOUGH - DAY, days=150)
    shown = text_of(page(sign_in(make_marketer()), draft))
    for said in ("ROC AUC", "Precision", "SQLs kept", "Lift of the top tenth", "Average precision"):
        assert said in shown
    assert "0 were never judged by anybody (0 %)" in shown
    found = backtest(draft, since=now - 400 * DAY, until=now, at=now).draft
    assert found is not None
    assert found.auc is not None
    said = f"{found.auc.value:.2f} ({found.auc.low:.2f}–{found.auc.high:.2f}) n {found.n}"
    assert said in shown[shown.index("ROC AUC") :]
    assert "Too few verdicts" in text_of(
        page(sign_in(make_marketer("mo")), draft, since="2020-01-01", until="2020-02-01")
    )


@pytest.mark.parametrize(
    ("period", "said"),
    [
        pytest.param({"since": "2026-02-01", "until": "2026-01-01"}, "ends before it begins", id="turned round"),
        pytest.param({"since": "soon", "until": "2026-01-01"}, "Enter a valid date", id="no date"),
        pytest.param({"since": "2026-01-01"}, "This field is required", id="half a period"),
    ],
)
def test_a_period_that_is_none_is_answered_clearly(period: dict[str, str], said: str) -> None:
    assert said in text_of(page(sign_in(make_marketer()), make_model(ENERGY), **period))


@pytest.mark.parametrize("period", [("0001-01-01", "9999-12-31"), ("9999-12-31", "9999-12-31")])
def test_a_period_may_reach_as_far_as_dates_do(period: tuple[str, str]) -> None:
    shown = page(sign_in(make_marketer()), make_model(ENERGY), since=period[0], until=period[1])
    assert "Too few verdicts" in text_of(shown)


def test_the_page_costs_the_same_for_a_few_handoffs_and_for_many() -> None:
    now = timezone.now()
    draft, client, sam = half_life_apart(), sign_in(make_marketer()), make_rep()
    counts = []
    for seed in range(2):
        judged_world(70, by=sam, end=now - OLD_ENOUGH - DAY, days=100, seed=seed)
        with CaptureQueriesContext(connection) as queries:
            assert "ROC AUC" in text_of(page(client, draft))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(("role", "status"), [("rep", 302), ("manager", 403), ("admin", 200)])
@pytest.mark.parametrize("name", ["backtest", "points"])
def test_only_who_works_on_versions_sees_it(name: str, role: str, status: int) -> None:
    model, client = make_live(ENERGY).model, sign_in(make_user("one", role))
    assert client.get(reverse(f"admin:scoring_scoringmodel_{name}", args=[model.pk])).status_code == status
