"""Conditions as marketers write them in the admin: groups of rows that need no script, and the doors of the script."""

from typing import Any

import pytest
from django.urls import reverse

from handoff.leads.recording import register_traits
from handoff.queue.receiving import receive_activities
from scoring.models import Rule
from tests.making import (
    MONDAY_9AM,
    PRICING,
    make_lead,
    make_manager,
    make_marketer,
    make_model,
    make_rep,
    page_view,
)
from tests.scoring.admin_forms import condition_form, model_form, rule_form, shown_inputs, sign_in, text_of

pytestmark = pytest.mark.django_db

MODEL = "admin:scoring_scoringmodel_change"
RULE = "admin:scoring_rule_change"
INDUSTRY = {"id": "root", "all": [{"id": "leaf", "field": "company.industry", "op": "is", "value": "energy"}]}
NL = {"id": "nl", "field": "country", "op": "is", "value": "NL"}
GROUPS = {
    "id": "root",
    "any": [
        {"id": "g1", "all": [{"id": "e", "field": "company.industry", "op": "is", "value": "energy"}, NL]},
        {"id": "g2", "not": {"id": "g2-any", "any": [{"id": "f", "field": "email_is_free", "op": "is_yes"}]}},
    ],
}
DEEP = {"id": "root", "any": [NL, {"id": "d", "all": [{"id": "x", "not": INDUSTRY}, NL]}]}
ENERGY = ("profile:company.industry", "is", "energy")


def make_rule(condition: dict[str, Any]) -> Rule:
    """Make a draft's rule about who they are."""
    return make_model({"key": "key", "name": "Rule", "points": 10, "condition": condition}).rules.get()


def saved(rule: Rule, form: dict[str, Any]) -> Any:
    """Send `form` to the rule's page, and return the condition that is stored then."""
    sign_in(make_marketer()).post(reverse(RULE, args=[rule.pk]), form)
    rule.refresh_from_db()
    return rule.condition


def groups_of(page: Any) -> list[str]:
    """Return the HTML of each group on the page, that of the script's pattern left out."""
    found: list[str] = page.content.decode().split("<template>")[0].split('<div class="condition-group"')[1:]
    return found


# Groups


def test_a_condition_of_two_groups_is_written_by_choosing() -> None:
    rule = make_rule({})
    groups = condition_form(
        "condition",
        ("all", ENERGY, ("profile:company.employees", "between", "50, 500")),
        ("none", ("profile:email_is_free", "is_yes", ""), ("profile:country", "is_one_of", "US, CA")),
        joiner="any",
    )
    stored = saved(rule, rule_form(rule, **groups))
    first, second = stored["any"]
    assert [leaf["field"] for leaf in first["all"]] == ["company.industry", "company.employees"]
    assert [leaf["field"] for leaf in second["not"]["any"]] == ["email_is_free", "country"]


def test_groups_are_shown_as_they_are_stored_with_blank_ones_to_go_on() -> None:
    page = sign_in(make_marketer()).get(reverse(RULE, args=[make_rule(GROUPS).pk]))
    first, second, blank = groups_of(page)
    assert '<option value="all" selected' in first
    assert '<option value="none" selected' in second
    assert 'name="condition-1-id" value="g2"' in second
    assert [group.count('<li class="condition-row"') for group in (first, second, blank)] == [5, 2, 1]
    assert "In words: (industry is energy and country is NL) or not (" in text_of(page)
    assert "brackets within brackets" not in text_of(page)


def test_an_empty_condition_offers_two_groups_to_begin_with() -> None:
    page = sign_in(make_marketer()).get(reverse(RULE, args=[make_rule({}).pk]))
    assert [group.count('<li class="condition-row"') for group in groups_of(page)] == [3, 1]


def test_the_page_shows_the_stored_rows_three_blank_ones_and_what_was_seen() -> None:
    make_lead(company={"industry": "logistics"})
    page = sign_in(make_marketer()).get(reverse(RULE, args=[make_rule(INDUSTRY).pk]))
    first, _blank = groups_of(page)
    assert first.count('class="condition-row"') == 4
    assert 'value="profile:company.industry" data-type="choice" selected' in first
    assert "Seen lately: logistics" in text_of(page)
    assert "In words: industry is energy" in text_of(page)


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param({}, id="nothing"),
        pytest.param(NL, id="a bare comparison"),
        pytest.param(INDUSTRY, id="one group"),
        pytest.param(GROUPS, id="two groups"),
        pytest.param({"not": NL}, id="not"),
        pytest.param({"all": [NL, {"any": [NL, NL]}]}, id="comparisons beside a group"),
        pytest.param(DEEP, id="a deeper one"),
    ],
)
def test_opening_and_saving_changes_nothing_that_is_stored(condition: dict[str, Any]) -> None:
    rule, client = make_rule(condition), sign_in(make_marketer())
    url = reverse(RULE, args=[rule.pk])
    shown = client.get(url).context["adminform"].form["condition"]
    sent = shown_inputs(shown.as_widget())
    client.post(url, rule_form(rule, **sent, points="11"))
    rule.refresh_from_db()
    assert (rule.points, rule.condition) == (11, condition)
    assert not shown.field.has_changed(condition, shown.field.widget.value_from_datadict(sent, {}, "condition"))


def test_a_group_or_a_row_that_is_removed_is_gone() -> None:
    rule = make_rule(GROUPS)
    form = condition_form("condition", ("all", ENERGY, ("profile:country", "is", "NL")), ("none", ENERGY))
    ids = {"condition-0-id": "g1", "condition-0-0-id": "e", "condition-0-1-id": "nl"}
    stored = saved(rule, rule_form(rule, **form, **ids, **{"condition-1-remove": "1", "condition-0-1-remove": "1"}))
    assert stored == {"id": "g1", "all": [GROUPS["any"][0]["all"][0]]}  # type: ignore[index]


def test_a_condition_without_rows_always_holds() -> None:
    rule = make_rule(INDUSTRY)
    assert saved(rule, rule_form(rule, ENERGY, **{"condition-0-0-remove": "1"})) == {}


def test_a_rule_keeps_its_key_and_the_ids_of_unchanged_rows() -> None:
    rule = make_rule(INDUSTRY)
    rows = [("profile:company.industry", "is_one_of", 'energy, "Oil, gas"'), ("profile:country", "is", "NL")]
    ids = {"condition-0-id": "root", "condition-0-0-id": "leaf", "condition-0-1-id": "forged"}
    stored = saved(rule, rule_form(rule, *rows, **ids, **{"condition-0-joiner": "any"}))
    first, second = stored["any"]
    assert rule.key == "key"
    assert stored["id"] == "root"
    assert first == {"id": "leaf", "field": "company.industry", "op": "is_one_of", "value": ["energy", "Oil, gas"]}
    assert second["id"] not in {"leaf", "forged", ""}


def test_gaps_between_the_numbers_of_rows_and_groups_lose_nothing() -> None:
    rule = make_rule({})
    form = {
        **{"condition-1000-joiner": "any", "condition-1000-7-field": "profile:country", "condition-1000-7-op": "is"},
        **{"condition-1000-7-value": "NL", "condition-1000-1002-field": "profile:country"},
        **{"condition-1000-1002-op": "is", "condition-1000-1002-value": "BE"},
    }
    stored = saved(rule, rule_form(rule, **form))
    assert [leaf["value"] for leaf in stored["any"]] == ["NL", "BE"]


# Mistakes


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(("profile:company.employees", "is", "many"), "“many” is no number", id="a word for a number"),
        pytest.param(("profile:company.employees", "is", "nan"), "“nan” is no number", id="not a number"),
        pytest.param(
            ("profile:company.employees", "is", "1.000"), "can be read in two ways", id="a point in a thousand"
        ),
        pytest.param(("profile:company.employees", "is", "12,500"), "can be read in two ways", id="a comma in one"),
        pytest.param(("profile:company.employees", "between", "5, 1.000"), "read in two ways", id="a range up to one"),
        pytest.param(("profile:company.employees", "is", "1000,5"), "is no number", id="a comma where points are used"),
        pytest.param(("profile:company.employees", "between", "500, 50"), "the lower and the higher", id="backwards"),
        pytest.param(("profile:company.employees", "contains", "5"), "choose one of: is", id="another type's operator"),
        pytest.param(("profile:country", "is", ""), "a value is missing", id="no value"),
        pytest.param(("profile:country", "is_one_of", " , "), "a value is missing", id="only commas"),
        pytest.param(("profile:country", "", "NL"), "Choose how to compare", id="no comparison"),
        pytest.param(("", "is", "NL"), "Choose what to look at", id="no field"),
        pytest.param(("profile:traits.gone", "is", "x"), "There is no field “traits.gone”", id="an unknown field"),
        pytest.param(("activity:url", "contains", "x"), "the rule is about who they are", id="a field of activities"),
    ],
)
def test_a_condition_with_a_mistake_says_so_next_to_its_row(row: tuple[str, str, str], said: str) -> None:
    rule = make_rule(INDUSTRY)
    groups = condition_form("condition", ("all", ENERGY), ("none", ENERGY, row))
    page = sign_in(make_marketer()).post(reverse(RULE, args=[rule.pk]), rule_form(rule, **groups))
    first, second, _blank = groups_of(page)
    rows = second.split('<li class="condition-row')
    assert said in rows[2]
    assert 'aria-describedby="condition-1-1-mistake"' in rows[2]
    assert "mistake" not in first + rows[1]
    rule.refresh_from_db()
    assert rule.condition == INDUSTRY


def test_a_mistake_loses_nothing_that_was_typed() -> None:
    rule = make_rule(INDUSTRY)
    groups = condition_form(
        "condition", ("any", ("", "", "typed"), ENERGY), ("none", ("profile:country", "", "NL")), joiner="any"
    )
    page = sign_in(make_marketer()).post(
        reverse(RULE, args=[rule.pk]), rule_form(rule, **groups | {"condition-2-joiner": "none"})
    )
    first, second, blank = groups_of(page)
    assert 'value="typed"' in first
    assert 'value="energy"' in first
    assert 'value="profile:country" data-type="choice" selected' in second
    assert ['value="none" selected' in group for group in (first, second, blank)] == [False, True, True]
    assert '<option value="any" selected>any of these groups holds' in page.content.decode()
    assert "industry is energy" not in text_of(page)


def test_a_mistake_elsewhere_leaves_the_rows_as_they_were_sent_and_reads_them_aloud() -> None:
    rule = make_rule(INDUSTRY)
    form = rule_form(rule, ("profile:country", "is", "NL"), points="many")
    page = sign_in(make_marketer()).post(reverse(RULE, args=[rule.pk]), form)
    assert 'value="NL"' in groups_of(page)[0]
    assert "In words: country is NL" in text_of(page)


def test_a_deeper_condition_is_shown_in_words_and_stays_unless_replaced() -> None:
    rule = make_rule(DEEP)
    client, url = sign_in(make_marketer()), reverse(RULE, args=[rule.pk])
    assert "country is NL or (not (industry is energy) and country is NL)" in text_of(client.get(url))
    client.post(url, rule_form(rule, points="12"))
    rule.refresh_from_db()
    assert (rule.points, rule.condition) == (12, DEEP)
    row = ("profile:country", "is", "DE")
    assert "Tick “replace”" in text_of(client.post(url, rule_form(rule, row)))
    client.post(url, rule_form(rule, row, **{"condition-replace": "1"}))
    rule.refresh_from_db()
    assert rule.condition["all"][0]["value"] == "DE"


def test_the_fast_lane_has_rows_of_its_own() -> None:
    draft = make_model(PRICING)
    rows = condition_form("fast_lane_condition", ("all", ("activity:form", "is_not", "support")))
    sign_in(make_marketer()).post(reverse(MODEL, args=[draft.pk]), model_form(draft, **rows))
    draft.refresh_from_db()
    assert draft.fast_lane_condition["all"][0].items() >= {"field": "form", "value": "support"}.items()


# The doors of the script

SENTENCE = "admin:scoring_condition_sentence"
VALUES = "admin:scoring_condition_values"


def read_aloud(*groups: tuple[Any, ...], source: str = "profile", joiner: str = "all") -> dict[str, Any]:
    """Return what the door answers about a condition of these groups."""
    form = {"name": "condition", "source": source, **condition_form("condition", *groups, joiner=joiner)}
    answer: dict[str, Any] = sign_in(make_marketer()).post(reverse(SENTENCE), form).json()
    return answer


def test_a_condition_is_read_aloud_before_it_is_saved() -> None:
    employees = ("profile:company.employees", "between", "50, 500")
    free = ("profile:email_is_free", "is_yes", "")
    answer = read_aloud(("any", ENERGY, employees), ("none", free), joiner="all")
    said = (
        "(industry is energy or employees is between 50 and 500) and not (the e-mail domain is a free provider is yes)"
    )
    assert answer == {"sentence": said, "mistakes": []}


@pytest.mark.parametrize("source", [pytest.param("activity", id="asked for"), pytest.param("", id="not said")])
def test_a_condition_on_what_they_did_is_read_aloud(source: str) -> None:
    answer = read_aloud(("all", ("activity:url", "contains", "pricing")), source=source)
    assert answer["sentence"] == "page address contains pricing"


def test_what_is_still_missing_is_said_with_its_place() -> None:
    answer = read_aloud(("all", ENERGY), ("all", ENERGY, ("profile:country", "", "")))
    assert answer == {"sentence": "", "mistakes": ["Group 2, row 2: Choose how to compare."]}


def test_nothing_chosen_always_holds() -> None:
    assert read_aloud()["sentence"] == "Nothing is chosen: it always holds."


def test_values_seen_in_profiles_and_activities_are_suggested_most_frequent_first() -> None:
    for industry in ("energy", "logistics", "energy"):
        lead = make_lead(company={"industry": industry}, traits={"city": "Graz", "likes": ["seo", "crm"]})
    register_traits({"city": ("city", "choice"), "likes": ("likes", "choices")})
    receive_activities([page_view(lead, MONDAY_9AM, "/a/"), page_view(lead, MONDAY_9AM, "/a/")], at=MONDAY_9AM)
    client = sign_in(make_marketer())

    def values(field: str) -> list[str]:
        found: list[str] = client.get(reverse(VALUES), {"field": field}).json()["values"]
        return found

    assert values("profile:company.industry") == ["energy", "logistics"]
    assert values("profile:traits.city") == ["Graz"]
    assert values("profile:traits.likes") == ["seo", "crm"]
    assert values("activity:url") == ["/a/"]


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("profile:email", id="addresses of persons"),
        pytest.param("profile:owner__password", id="no field of a profile"),
        pytest.param("profile:company.employees", id="a number"),
        pytest.param("elsewhere:country", id="another source"),
        pytest.param("", id="nothing"),
    ],
)
def test_other_values_are_not_told(field: str) -> None:
    make_lead("lena@company.example")
    assert sign_in(make_marketer()).get(reverse(VALUES), {"field": field}).json() == {"values": []}


def test_the_doors_are_open_to_those_who_read_models_and_closed_to_others() -> None:
    manager = sign_in(make_manager())  # who writes the territories of teams
    assert manager.get(reverse(VALUES), {"field": "profile:country"}).status_code == 200
    assert sign_in(make_rep()).get(reverse(VALUES), {"field": "profile:country"}).status_code in {302, 403}
    assert sign_in(make_marketer()).get(reverse(SENTENCE)).status_code == 405
