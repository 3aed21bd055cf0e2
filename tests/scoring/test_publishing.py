"""Publishing: one version is live at a time, a wrong one is refused in sentences, drafts keep their keys."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from scoring.drafting import copy_to_draft
from scoring.models import Publication, ScoringModel
from scoring.publishing import NotPublishable, current_publication, problems_of, publish, published
from tests.making import DAY, MONDAY_9AM, PRICING, make_live, make_marketer, make_model

pytestmark = pytest.mark.django_db
State = ScoringModel.State
BEFORE = timedelta(microseconds=1)


def test_publishing_retires_the_one_before() -> None:
    first = make_live(PRICING).model
    second = make_model(PRICING)
    publish(second, by=make_marketer(), at=MONDAY_9AM)
    first.refresh_from_db()
    assert first.state == State.RETIRED
    assert ScoringModel.objects.live().get() == second


def test_publishing_says_who_when_and_what_happens_to_those_who_qualify() -> None:
    marketer, model = make_marketer(), make_model(PRICING)
    publish(model, by=marketer, at=MONDAY_9AM, note="Spring", qualifying=Publication.Qualifying.NEXT_ACTIVITY)
    row = Publication.objects.get()
    assert (row.model, row.by, row.at, row.note) == (model, marketer, MONDAY_9AM, "Spring")
    assert row.qualifying == Publication.Qualifying.NEXT_ACTIVITY
    assert model.state == State.LIVE


def test_what_was_live_when_is_known_to_the_instant() -> None:
    first = make_live(PRICING, at=MONDAY_9AM)
    second = make_live(PRICING, at=MONDAY_9AM + DAY)
    assert current_publication(MONDAY_9AM - BEFORE) is None
    assert current_publication(MONDAY_9AM) == first
    assert current_publication(MONDAY_9AM + DAY - BEFORE) == first
    assert current_publication(MONDAY_9AM + DAY) == second


def test_rolling_back_publishes_the_retired_version_again() -> None:
    first, second = make_live(PRICING).model, make_live(PRICING).model
    publish(first, by=None, at=MONDAY_9AM)
    second.refresh_from_db()
    assert ScoringModel.objects.live().get() == first
    assert second.state == State.RETIRED
    assert Publication.objects.filter(model=first).count() == 2


def test_the_engine_gets_what_was_published() -> None:
    publication = make_live({**PRICING, "points": 12})
    assert published(publication).model == publication.model.spec()


def leaf(field: str, op: str, value: object = None) -> dict[str, Any]:
    """Return one comparison."""
    return {"id": "x", "field": field, "op": op, "value": value}


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        pytest.param({"condition": leaf("colour", "is", "red")}, "There is no field “colour”", id="an unknown field"),
        pytest.param({"condition": leaf("url", "is", "x")}, "There is no field “url”", id="an activity's field"),
        pytest.param(
            {"condition": leaf("title", "at_least", "5")},
            "“job title” can't be compared by “is at least”; choose one of: is,",
            id="an operator of another type",
        ),
        pytest.param(
            {"condition": leaf("company.employees", "at_least", "many")}, "“many” is no number", id="a wrong value"
        ),
        pytest.param({"condition": {"every": []}}, "A condition is 'all', 'any', 'not' or a field", id="another form"),
        pytest.param({"kind": "activity", "at_least_of": "days"}, "Say from how many on", id="days without a number"),
        pytest.param({"kind": "silence", "silence_days": 9, "half_life": 3}, "no such bound", id="silence that fades"),
        pytest.param({"kind": "silence"}, "Say after how many days of silence", id="silence without days"),
    ],
)
def test_a_model_with_a_mistake_is_refused_in_a_sentence_and_nothing_changes(rule: dict[str, Any], said: str) -> None:
    live = make_live(PRICING).model
    draft = make_model({"points": 5, "name": "Energy", **rule})
    with pytest.raises(NotPublishable) as refused:
        publish(draft, by=None, at=MONDAY_9AM)
    assert said in refused.value.problems[0]
    assert refused.value.problems[0].startswith("Energy: ")
    draft.refresh_from_db()
    assert draft.state == State.DRAFT
    assert ScoringModel.objects.live().get() == live
    assert Publication.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"threshold": 0}, "The threshold is above zero", id="a threshold of zero"),
        pytest.param({"threshold": -5}, "The threshold is above zero", id="a threshold below zero"),
        pytest.param({"hysteresis": -1}, "The hysteresis is at least zero", id="a hysteresis below zero"),
        pytest.param(
            {"threshold": 5, "hysteresis": 5}, "and below the threshold", id="a hysteresis like the threshold"
        ),
        pytest.param({"cut_a": 20, "cut_b": 20}, "A lower grade begins at fewer points", id="grades that do not fall"),
    ],
)
def test_settings_that_make_no_sense_are_not_published(values: dict[str, Any], said: str) -> None:
    assert [said in problem for problem in problems_of(make_model(PRICING, **values))] == [True]


def test_a_floor_above_the_cap_is_not_published_and_one_as_high_is() -> None:
    draft = make_model(PRICING)
    draft.groups.filter(key="fit").update(floor=5, cap=5)
    assert problems_of(draft) == []
    draft.groups.filter(key="fit").update(cap=4)
    assert problems_of(draft) == ["Fit: The floor is at most the cap."]


def test_every_mistake_is_said_at_once() -> None:
    wrong = {"points": 5, "condition": leaf("colour", "is", "red")}
    assert len(problems_of(make_model(wrong, wrong, PRICING))) == 2


def test_a_rule_that_does_not_count_may_be_wrong() -> None:
    wrong = {"points": 5, "condition": leaf("colour", "is", "red"), "is_active": False}
    assert problems_of(make_model(wrong, PRICING)) == []


def test_a_model_without_rules_is_refused() -> None:
    with pytest.raises(NotPublishable, match="no rules"):
        publish(make_model(), by=None, at=MONDAY_9AM)


def test_a_group_of_another_version_is_refused() -> None:
    other, draft = make_model(PRICING), make_model(PRICING)
    draft.rules.update(group=other.groups.get(key="fit"))
    assert "its group belongs to another version" in problems_of(draft)[0]


def test_what_is_live_is_not_published_again() -> None:
    model = make_live(PRICING).model
    with pytest.raises(NotPublishable, match="live already"):
        publish(model, by=None, at=MONDAY_9AM)


def test_the_database_allows_one_live_version() -> None:
    make_live(PRICING)
    draft = make_model(PRICING)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScoringModel.objects.filter(pk=draft.pk).update(state=State.LIVE)


def test_a_draft_copies_everything_and_keeps_the_keys() -> None:
    model = make_live({**PRICING, "limit": 3, "limit_per": "week"}, {"points": 5, "key": "fits"}, threshold=70).model
    model.groups.filter(key="fit").update(cap=40)
    draft = copy_to_draft(model, by=make_marketer(), at=MONDAY_9AM)
    assert draft.state == State.DRAFT
    assert draft.version == model.version + 1
    assert {rule.key for rule in draft.spec().rules} == {"pricing", "fits"}
    assert draft.spec() == ScoringModel.objects.get(pk=model.pk).spec()


def test_working_on_a_copy_leaves_the_original_as_it_was() -> None:
    model = make_live(PRICING).model
    before = model.spec()
    draft = copy_to_draft(model, by=None, at=MONDAY_9AM)
    draft.rules.update(points=99)
    draft.groups.update(cap=1)
    assert ScoringModel.objects.get(pk=model.pk).spec() == before
