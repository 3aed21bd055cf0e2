"""Where marketers work: drafts open to them, what is published closed to everybody."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from scoring.models import Rule, RuleGroup, ScoringModel
from scoring.publishing import publish
from tests.making import MONDAY_9AM, PRICING, make_lead, make_live, make_manager, make_marketer, make_model, make_user
from tests.scoring.admin_forms import model_form, rule_form, sign_in, text_of

pytestmark = pytest.mark.django_db

LIST = "admin:scoring_scoringmodel_changelist"
MODEL = "admin:scoring_scoringmodel_change"
RULE = "admin:scoring_rule_change"
INDUSTRY = {"id": "root", "all": [{"id": "leaf", "field": "company.industry", "op": "is", "value": "energy"}]}


# A published version


def published_model() -> ScoringModel:
    """Make a version that is live."""
    return make_live(PRICING).model


def retired_model() -> ScoringModel:
    """Make a version that was live."""
    model = make_live(PRICING).model
    publish(make_model(PRICING), by=None, at=MONDAY_9AM)
    model.refresh_from_db()
    return model


DOORS: dict[str, Callable[[ScoringModel], tuple[str, dict[str, Any]]]] = {
    "its own page": lambda m: (reverse(MODEL, args=[m.pk]), model_form(m, name="Changed")),
    "a rule's page": lambda m: (reverse(RULE, args=[m.rules.get().pk]), rule_form(m.rules.get(), name="Changed")),
    "adding a rule": lambda m: (
        f"{reverse('admin:scoring_rule_add')}?model={m.pk}",
        rule_form(m.rules.get(), name="Changed"),
    ),
    "deleting a rule": lambda m: (
        reverse("admin:scoring_rule_delete", args=[m.rules.get().pk]),
        {"post": "yes"},
    ),
    "deleting it": lambda m: (reverse("admin:scoring_scoringmodel_delete", args=[m.pk]), {"post": "yes"}),
    "a bulk action on versions": lambda m: (
        reverse(LIST),
        {"action": "delete_selected", "_selected_action": [m.pk], "post": "yes"},
    ),
    "a bulk action on rules": lambda m: (
        reverse("admin:scoring_rule_changelist"),
        {"action": "delete_selected", "_selected_action": [m.rules.get().pk], "post": "yes"},
    ),
}


@pytest.mark.parametrize("make", [pytest.param(published_model, id="live"), pytest.param(retired_model, id="retired")])
@pytest.mark.parametrize("door", [pytest.param(door, id=name) for name, door in DOORS.items()])
def test_a_published_model_cannot_be_changed_by_any_door(make: Any, door: Any) -> None:
    model = make()
    before = (model.spec(), model.name)
    url, form = door(model)
    sign_in(make_user("ada", "admin")).post(url, form)
    after = ScoringModel.objects.get(pk=model.pk)
    assert (after.spec(), after.name) == before


def test_a_published_model_is_read_in_words_without_a_form() -> None:
    model = make_live(PRICING, fast_lane_kinds=["demo_request"]).model
    page = sign_in(make_marketer()).get(reverse(MODEL, args=[model.pk]))
    assert "page view where page address contains pricing" in text_of(page)
    assert "demo request" in text_of(page)
    assert b'name="threshold"' not in page.content
    assert b"Add rule" not in page.content


def test_a_published_rule_is_read_as_one_sentence() -> None:
    rule = make_live(PRICING).model.rules.get()
    page = sign_in(make_marketer()).get(reverse(RULE, args=[rule.pk]))
    assert "page view where page address contains pricing" in text_of(page)
    assert b"{" not in page.content.split(b"<main")[1].split(b"</main")[0]


def test_a_group_of_another_version_can_not_be_chosen() -> None:
    model, other = make_model(PRICING), make_model(PRICING)
    rule = model.rules.get()
    form = rule_form(rule, ("activity:url", "contains", "pricing"), group=other.groups.first().pk)  # type: ignore[union-attr]
    page = sign_in(make_marketer()).post(reverse(RULE, args=[rule.pk]), form)
    assert page.status_code == 200
    rule.refresh_from_db()
    assert rule.group.model_id == model.pk


# Drafts


def test_a_new_model_gets_a_number_and_a_group_for_each_dimension() -> None:
    max_ = make_marketer()
    make_live(PRICING)
    form = model_form(ScoringModel(name="Spring", version=0))
    page = sign_in(max_).post(reverse("admin:scoring_scoringmodel_add"), form)
    model = ScoringModel.objects.get(name="Spring")
    assert page.url == reverse(MODEL, args=[model.pk])  # type: ignore[attr-defined]
    assert (model.version, model.created_by) == (2, max_)
    assert set(model.groups.values_list("dimension", flat=True)) == {"fit", "interest", "timing"}


def test_a_draft_shows_its_rules_and_what_is_live() -> None:
    make_live(PRICING, at=MONDAY_9AM)
    make_lead()
    draft = make_model({"name": "Right size", "points": -5, "condition": INDUSTRY}, threshold=77)
    page = text_of(sign_in(make_marketer()).get(reverse(MODEL, args=[draft.pk])))
    assert "Right size industry is energy −5" in page
    assert "Test v1 since" in page
    assert "0 of 1 leads are scored under it" in page


def test_a_draft_is_changed_and_its_groups_are_capped() -> None:
    draft = make_model(PRICING)
    form = model_form(draft, threshold="80", **{"groups-0-cap": "40"}, fast_lane_kinds=["demo_request"])
    sign_in(make_marketer()).post(reverse(MODEL, args=[draft.pk]), form)
    draft.refresh_from_db()
    assert draft.threshold == 80
    assert draft.fast_lane_kinds == ["demo_request"]
    assert draft.groups.filter(cap=40).count() == 1


def test_a_new_group_gets_a_key_of_its_own() -> None:
    draft = make_model(PRICING)
    new = {"groups-TOTAL_FORMS": 4, "groups-3-name": "Fit", "groups-3-dimension": "fit"}
    sign_in(make_marketer()).post(reverse(MODEL, args=[draft.pk]), model_form(draft, **new))
    assert set(draft.groups.values_list("key", flat=True)) == {"fit", "interest", "timing", "fit-2"}


def test_grades_that_do_not_fall_are_refused() -> None:
    draft = make_model(PRICING)
    page = sign_in(make_marketer()).post(reverse(MODEL, args=[draft.pk]), model_form(draft, cut_b="50"))
    assert "A lower grade begins at fewer points" in text_of(page)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"threshold": "0"}, "The threshold is above zero", id="a threshold of zero"),
        pytest.param({"hysteresis": "-1"}, "The hysteresis is at least zero", id="a hysteresis below zero"),
        pytest.param({"hysteresis": "50"}, "and below the threshold", id="a hysteresis like the threshold"),
        pytest.param(
            {"groups-0-floor": "9", "groups-0-cap": "8"}, "The floor is at most the cap", id="floor above cap"
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(values: dict[str, str], said: str) -> None:
    draft = make_model(PRICING)
    page = sign_in(make_marketer()).post(reverse(MODEL, args=[draft.pk]), model_form(draft, **values))
    assert said in text_of(page)
    assert ScoringModel.objects.get().spec() == draft.spec()


def test_a_draft_is_deleted_with_its_rules() -> None:
    draft = make_model(PRICING)
    client, url = sign_in(make_marketer()), reverse("admin:scoring_scoringmodel_delete", args=[draft.pk])
    assert "Visited pricing" in text_of(client.get(url))
    client.post(url, {"post": "yes"})
    assert not ScoringModel.objects.exists()
    assert not RuleGroup.objects.exists()


def test_a_live_model_is_copied_to_a_draft_with_the_same_rules() -> None:
    model = make_live(PRICING).model
    page = sign_in(make_marketer()).post(reverse("admin:scoring_scoringmodel_copy", args=[model.pk]))
    draft = ScoringModel.objects.get(state="draft")
    assert page.url == reverse(MODEL, args=[draft.pk])  # type: ignore[attr-defined]
    assert draft.spec() == model.spec()


def test_the_list_costs_the_same_for_one_version_and_for_many(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = sign_in(make_marketer())
    make_model(PRICING)
    client.get(reverse(LIST))
    with django_assert_num_queries(5):
        client.get(reverse(LIST))
    for _number in range(20):
        make_model(PRICING, PRICING | {"key": "again"})
    with django_assert_num_queries(5):
        client.get(reverse(LIST))


# Publishing


def test_what_stands_in_the_way_is_listed_instead_of_a_button() -> None:
    draft = make_model({"name": "Typo", "points": 5, "condition": {"field": "citty", "op": "is", "value": "x"}})
    client, url = sign_in(make_marketer()), reverse("admin:scoring_scoringmodel_publish", args=[draft.pk])
    page = client.get(url)
    assert "Typo: There is no field “citty”" in text_of(page)
    assert b'type="submit" class="default"' not in page.content
    assert "Typo: There is no field “citty”" in text_of(client.post(url, {"qualifying": "now"}))
    draft.refresh_from_db()
    assert draft.is_draft


def test_a_manager_reads_and_does_nothing() -> None:
    draft = make_model(PRICING)
    client = sign_in(make_manager())
    page = client.get(reverse(MODEL, args=[draft.pk]))
    assert page.status_code == 200
    assert b"/publish/" not in page.content
    for act in ("publish", "copy", "rehearse", "compare", "try"):
        assert client.post(reverse(f"admin:scoring_scoringmodel_{act}", args=[draft.pk])).status_code == 403
    assert ScoringModel.objects.get().is_draft


def test_a_version_that_is_gone_is_not_found() -> None:
    assert sign_in(make_marketer()).get("/admin/scoring/scoringmodel/99/publish/").status_code == 404


# Rules


def test_a_new_rule_gets_a_key_and_leads_back_to_its_version() -> None:
    draft = make_model()
    group = draft.groups.get(dimension="interest")
    rule = Rule(name="Visited pricing", kind="activity", group=group, points=15, activity_kinds=["page_view"])
    form = rule_form(rule, ("activity:url", "contains", "pricing"), half_life="30", limit="3", limit_per="week")
    page = sign_in(make_marketer()).post(f"{reverse('admin:scoring_rule_add')}?model={draft.pk}", form, follow=True)
    saved = draft.rules.get()
    assert re.fullmatch(r"r\w{8}", saved.key)
    assert saved.condition["all"][0].items() >= {"field": "url", "op": "contains", "value": "pricing"}.items()
    assert "page view where page address contains pricing +15 30 days 3 a week" in text_of(page)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"kind": "profile", "half_life": "30"}, "has no such bound", id="a half-life of who they are"),
        pytest.param({"kind": "silence"}, "after how many days", id="silence without days"),
        pytest.param({"kind": "activity", "limit": "3"}, "a number and a period", id="a limit without a period"),
        pytest.param({"kind": "activity", "at_least_of": "values"}, "go together", id="different values of nothing"),
        pytest.param({"kind": "activity", "at_least_of": "days"}, "Say from how many on", id="days without a number"),
        pytest.param(
            {"kind": "silence", "silence_days": "9", "at_least_of": "days"}, "no such bound", id="silent days"
        ),
    ],
)
def test_bounds_that_make_no_sense_are_refused(values: dict[str, str], said: str) -> None:
    rule = make_model({"name": "Rule", "points": 10}).rules.get()
    page = sign_in(make_marketer()).post(reverse(RULE, args=[rule.pk]), rule_form(rule, **values))
    assert said in text_of(page)


def test_a_rule_is_not_added_without_a_draft() -> None:
    page = sign_in(make_marketer()).get(reverse("admin:scoring_rule_add"), follow=True)
    assert "Rules and personas are added on the page of a draft" in text_of(page)


def test_a_deleted_rule_leads_back_to_its_version() -> None:
    draft = make_model(PRICING)
    url = reverse("admin:scoring_rule_delete", args=[draft.rules.get().pk])
    page = sign_in(make_marketer()).post(url, {"post": "yes"})
    assert page.url == reverse(MODEL, args=[draft.pk])  # type: ignore[attr-defined]
    assert not draft.rules.exists()


def test_the_page_works_under_the_strict_policy() -> None:
    draft = make_model(PRICING)
    page = sign_in(make_marketer()).get(reverse(MODEL, args=[draft.pk]))
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    assert not re.search(rb"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page.content)
