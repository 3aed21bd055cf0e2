"""Recording leads: found or made, changed or not, with what they said before kept."""

from typing import Any

import pytest

from handoff.leads.models import Basis, Company, Consent, Hold, Lead, LeadChange, Stage, TraitField
from handoff.leads.recording import Recorded, record_leads
from handoff.people.models import User
from tests.making import DAY, MONDAY_9AM, make_lead, make_manager, make_marketer, make_rep, make_team

pytestmark = pytest.mark.django_db
BOTH = {"email": "objection", "phone": "objection"}


def recorded(*rows: dict[str, Any], by: User | None = None, stage: Stage = Stage.SUBSCRIBER) -> list[Recorded]:
    return record_leads(rows, by=by, at=MONDAY_9AM, stage=stage)


def outcomes(*rows: dict[str, Any], by: User | None = None) -> list[str]:
    return [result.outcome for result in recorded(*rows, by=by)]


def only() -> Lead:
    return Lead.objects.select_related("company").get()


def test_a_lead_is_created_then_unchanged_then_updated() -> None:
    make_team()
    row = {"email": "ann@acme.example", "first_name": "Ann", "company": {"name": "Acme", "employees": 40}}
    assert outcomes(row) == ["created"]
    assert outcomes(row) == ["unchanged"]
    assert outcomes({**row, "first_name": "Anna"}) == ["updated"]
    assert (only().first_name, only().stage, only().created_at) == ("Anna", Stage.SUBSCRIBER, MONDAY_9AM)


def test_an_imported_lead_starts_at_the_stage_that_the_import_says() -> None:
    recorded({"email": "ann@acme.example"}, stage=Stage.LEAD)
    assert only().stage == Stage.LEAD


def test_absent_keeps_and_null_clears() -> None:
    recorded({"email": "ann@acme.example", "title": "CTO", "phone": "+31 20 624 1111", "campaign": "Spring"})
    recorded({"email": "ann@acme.example", "title": None})
    assert (only().title, only().phone, only().campaign) == ("", "+31206241111", "Spring")


def test_null_clears_a_whole_company_and_an_empty_one_keeps_it() -> None:
    recorded({"email": "ann@acme.example", "company": {"name": "Acme", "domain": "acme.example"}})
    recorded({"email": "ann@acme.example", "company": {}})
    assert only().company is not None
    recorded({"email": "ann@acme.example", "company": None})
    assert only().company is None


def test_null_clears_the_latest_source_and_all_traits_and_the_first_source_stays() -> None:
    recorded({"email": "ann@acme.example", "source": "Fair", "traits": {"city": "Delft"}})
    assert outcomes({"email": "ann@acme.example", "source": None, "traits": None}) == ["updated"]
    assert (only().source, only().original_source, only().traits) == ("", "Fair", {})


def test_a_company_whose_name_is_taken_away_is_called_by_its_domain_and_without_one_keeps_it() -> None:
    recorded({"email": "ann@acme.example", "company": {"name": "Acme", "domain": "acme.example"}})
    recorded({"email": "ann@acme.example", "company": {"name": None}})
    assert Company.objects.get().name == "acme.example"
    (result,) = recorded({"email": "ann@acme.example", "company": {"name": None, "domain": None}})
    assert (result.outcome, result.code) == ("rejected", "unnamed_company")
    assert Company.objects.get().domain == "acme.example"


def test_traits_merge_and_null_removes_one() -> None:
    recorded({"email": "ann@acme.example", "traits": {"city": "Delft", "seats": 4, "newsletter": True}})
    recorded({"email": "ann@acme.example", "traits": {"seats": 5, "newsletter": None, "likes": ["tea", "solar"]}})
    assert only().traits == {"city": "Delft", "seats": 5, "likes": ["tea", "solar"]}


def test_a_trait_enters_the_catalogue_with_the_type_first_seen() -> None:
    traits = {"city": "Delft", "seats": 4, "newsletter": True, "likes": ["tea"], "gone": None}
    recorded({"email": "ann@acme.example", "traits": traits})
    recorded({"email": "bo@acme.example", "traits": {"seats": "four"}})
    found = dict(TraitField.objects.values_list("name", "type"))
    assert found == {"city": "choice", "seats": "number", "newsletter": "yes_no", "likes": "choices"}


def test_a_lead_is_found_by_its_id_before_its_address() -> None:
    lead = make_lead("old@acme.example", external_id="42")
    assert outcomes({"external_id": "42", "email": "new@acme.example"}) == ["updated"]
    lead.refresh_from_db()
    assert lead.email == "new@acme.example"


def test_a_lead_known_by_address_gets_its_id_from_the_row() -> None:
    lead = make_lead("ann@acme.example")
    recorded({"external_id": "42", "email": "ANN@acme.example"})
    lead.refresh_from_db()
    assert lead.external_id == "42"


def test_an_id_and_an_address_of_two_leads_are_a_conflict() -> None:
    make_lead("ann@acme.example", external_id="1")
    make_lead("bo@acme.example", external_id="2")
    (result,) = recorded({"external_id": "1", "email": "bo@acme.example", "first_name": "Who"})
    assert (result.outcome, result.code) == ("rejected", "identity_conflict")
    assert "“1”" in result.detail
    assert not Lead.objects.filter(first_name="Who").exists()


def test_two_rows_of_one_new_lead_make_one_lead() -> None:
    rows = {"email": "ann@acme.example", "first_name": "Ann"}, {"email": "Ann@Acme.example", "title": "CTO"}
    assert outcomes(*rows) == ["created", "updated"]
    assert (only().first_name, only().title) == ("Ann", "CTO")


def test_two_rows_of_one_known_lead_keep_both_changes() -> None:
    make_lead("ann@acme.example", first_name="A", title="")
    assert outcomes({"email": "ann@acme.example", "first_name": "Ann"}, {"email": "ann@acme.example", "title": "CTO"})
    assert (only().first_name, only().title) == ("Ann", "CTO")


def test_an_address_given_up_in_a_list_is_free_for_the_next_row() -> None:
    first = make_lead("info@acme.example", external_id="1")
    rows = {"external_id": "1", "email": "ann@acme.example"}, {"external_id": "2", "email": "info@acme.example"}
    assert outcomes(*rows) == ["updated", "created"]
    first.refresh_from_db()
    assert first.email == "ann@acme.example"
    assert Lead.objects.get(external_id="2").email == "info@acme.example"


def test_a_domain_that_comes_as_the_address_of_a_site_is_kept_as_domain() -> None:
    recorded({"email": "ann@acme.example", "company": {"domain": "https://www.Acme.example/about/"}})
    assert Company.objects.get().domain == "acme.example"


def test_leads_share_a_company_by_its_domain() -> None:
    recorded(
        {"email": "ann@acme.example", "company": {"domain": "www.Acme.example", "name": "Acme"}},
        {"email": "bo@acme.example", "company": {"domain": "acme.example", "employees": 12}},
    )
    company = Company.objects.get()
    assert (company.name, company.domain, company.employees) == ("Acme", "acme.example", 12)
    assert company.leads.count() == 2


def test_a_company_named_again_without_its_domain_stays_the_same_one() -> None:
    recorded({"email": "ann@acme.example", "company": {"domain": "acme.example", "name": "Acme"}})
    recorded({"email": "ann@acme.example", "company": {"name": "ACME", "industry": "Energy"}})
    assert Company.objects.get().industry == "Energy"


def test_a_company_without_a_domain_is_found_by_name() -> None:
    recorded({"email": "ann@acme.example", "company": {"name": "Acme"}})
    recorded({"email": "bo@acme.example", "company": {"name": "Acme"}})
    assert Company.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param({"email": " Ann.Smit@ACME.Example "}, ("email", "ann.smit@acme.example"), id="an address"),
        pytest.param({"country": "nl"}, ("country", "NL"), id="a code in lower case"),
        pytest.param({"country": "Netherlands"}, ("country", "NL"), id="a country by name"),
        pytest.param(
            {"phone": "020 624 1111", "country": "NL"}, ("phone", "+31206241111"), id="a number of that country"
        ),
        pytest.param({"phone": "+49 (0)30 901820"}, ("phone", "+4930901820"), id="a number with its country"),
        pytest.param({"phone": "ask for Ann"}, ("phone", "ask for Ann"), id="what is no number stays"),
        pytest.param({"first_name": "  Ann   Marie "}, ("first_name", "Ann Marie"), id="blanks"),
    ],
)
def test_values_are_kept_in_one_spelling(given: dict[str, str], kept: tuple[str, str]) -> None:
    recorded({"external_id": "1", **given})
    assert getattr(only(), kept[0]) == kept[1]


@pytest.mark.parametrize(
    ("row", "code", "names"),
    [
        pytest.param({"email": "no address"}, "invalid_email", "no address", id="an address"),
        pytest.param({"email": "a@b.example", "country": "Narnia"}, "invalid_country", "Narnia", id="a country"),
        pytest.param({"first_name": "Ann"}, "no_identity", "external_id", id="nobody"),
        pytest.param({"email": "a@b.example", "nickname": "A"}, "unknown_field", "nickname", id="an unknown field"),
        pytest.param({"email": "a@b.example", "title": "x" * 201}, "too_long", "title", id="too long a title"),
        pytest.param(
            {"email": "a@b.example", "company": {"employees": "many"}}, "invalid_number", "many", id="no number"
        ),
        pytest.param({"email": "a@b.example", "consent": {"fax": "opt_in"}}, "invalid_consent", "fax", id="a channel"),
        pytest.param({"email": "a@b.example", "consent": None}, "invalid_consent", "objection", id="no consent"),
        pytest.param(
            {"email": "a@b.example", "consent": {"email": None}}, "invalid_consent", "objection", id="no basis"
        ),
        pytest.param({"external_id": True}, "invalid", "True", id="a yes as id"),
        pytest.param({"external_id": "a\x00b"}, "invalid_text", "external_id", id="a NUL in an id"),
        pytest.param({"external_id": "1", "traits": {"n" * 121: 1}}, "too_long", "121", id="too long a trait's name"),
        pytest.param(
            {"email": "a@b.example", "company": {"industry": "Energy"}}, "unnamed_company", "domain", id="no company"
        ),
        *(
            pytest.param({"email": "a@b.example", "company": {"name": "Acme", field: value}}, code, str(value), id=says)
            for field, value, code, says in (
                ("employees", 1.5, "invalid_number", "half an employee"),
                ("employees", -1, "invalid_number", "less than nobody"),
                ("annual_revenue", -5, "invalid_number", "less than nothing"),
                ("domain", "not a domain", "invalid_domain", "no domain"),
                ("domain", "acme", "invalid_domain", "a domain without its end"),
            )
        ),
    ],
)
def test_a_rejected_row_names_the_value_and_the_rest_is_kept(row: dict[str, Any], code: str, names: str) -> None:
    first, wrong, last = recorded({"email": "first@acme.example"}, row, {"email": "last@acme.example"})
    assert (first.outcome, wrong.outcome, last.outcome) == ("created", "rejected", "created")
    assert wrong.code == code
    assert names in wrong.detail
    assert Lead.objects.count() == 2


def test_a_change_keeps_what_was_said_before_and_who_changed_it() -> None:
    marketer = make_marketer()
    make_team()
    recorded({"email": "ann@acme.example", "title": "Intern", "traits": {"seats": 4}})
    recorded({"email": "ann@acme.example", "title": "CTO", "traits": {"seats": None, "city": "Delft"}}, by=marketer)
    change = LeadChange.objects.get()
    assert change.before == {"title": "Intern", "traits.seats": 4, "traits.city": None}
    assert (change.by, change.at) == (marketer, MONDAY_9AM)


def test_what_the_rules_never_read_leaves_no_change_behind() -> None:
    recorded({"email": "ann@acme.example", "first_name": "A"})
    assert outcomes({"email": "ann@acme.example", "first_name": "Ann"}) == ["updated"]
    assert not LeadChange.objects.exists()


def test_the_first_source_is_kept_beside_the_latest() -> None:
    recorded({"email": "ann@acme.example", "source": "Webinar"})
    recorded({"email": "ann@acme.example", "source": "Referral"})
    assert (only().original_source, only().source) == ("Webinar", "Referral")


@pytest.mark.parametrize(
    ("email", "is_free", "is_disposable"),
    [
        pytest.param("ann@gmail.com", True, False, id="a free provider"),
        pytest.param("ann@mailinator.com", True, True, id="a throw-away address"),
        pytest.param("ann@acme.example", False, False, id="a company's own domain"),
        pytest.param(None, None, None, id="no address"),
    ],
)
def test_facts_about_the_address_are_stored_at_write(
    email: str | None, is_free: bool | None, is_disposable: bool | None
) -> None:
    recorded({"external_id": "1", "email": email})
    assert (only().email_is_free, only().email_is_disposable) == (is_free, is_disposable)


@pytest.mark.parametrize(
    ("row", "team"),
    [
        pytest.param({"country": "DE"}, "DACH", id="by the lead's country"),
        pytest.param({"company": {"name": "Werke", "country": "DE"}}, "DACH", id="by the company's country"),
        pytest.param(
            {"country": "NL", "company": {"name": "W", "country": "DE"}}, "Benelux", id="the lead's own first"
        ),
        pytest.param({"country": "BR"}, "Benelux", id="a country that nobody has"),
        pytest.param({}, "Benelux", id="no country"),
    ],
)
def test_a_lead_goes_to_the_team_that_has_its_country(row: dict[str, Any], team: str) -> None:
    make_team()
    make_team("DACH", countries=["DE", "AT"])
    recorded({"external_id": "1", **row})
    assert str(only().team) == team


def test_a_lead_that_somebody_works_on_stays_with_its_team() -> None:
    lead = make_lead("ann@acme.example", owner=make_rep())
    make_team("DACH", countries=["DE"])
    recorded({"email": "ann@acme.example", "country": "DE"})
    lead.refresh_from_db()
    assert str(lead.team) == "Benelux"


def test_what_a_rep_adds_is_theirs_and_in_their_team() -> None:
    make_team()
    sam = make_rep(team=make_team("DACH", countries=["DE"]))
    recorded({"email": "ann@acme.example", "country": "NL"}, by=sam)
    assert (only().owner, str(only().team)) == (sam, "DACH")


def test_a_rep_may_not_change_a_colleagues_lead() -> None:
    make_lead("ann@acme.example", first_name="Ann", owner=make_rep("sam"))
    (result,) = recorded({"email": "ann@acme.example", "first_name": "Mine"}, by=make_rep("sasha"))
    assert (result.outcome, result.code) == ("rejected", "not_allowed")
    assert only().first_name == "Ann"


def test_a_manager_changes_leads_of_own_teams_only() -> None:
    make_lead("ann@acme.example")
    make_lead("bo@acme.example", team=make_team("DACH"))
    rows = {"email": "ann@acme.example", "title": "CTO"}, {"email": "bo@acme.example", "title": "CTO"}
    assert outcomes(*rows, by=make_manager()) == ["updated", "rejected"]


def test_consent_is_kept_once_and_news_is_added() -> None:
    row = {"email": "ann@acme.example", "consent": {"email": "opt_in"}}
    recorded(row)
    assert outcomes(row) == ["unchanged"]
    assert outcomes({**row, "consent": {"email": "request", "phone": "opt_in"}}) == ["updated"]
    assert list(Consent.objects.values_list("channel", "basis")) == [
        ("email", "opt_in"),
        ("email", "request"),
        ("phone", "opt_in"),
    ]


def test_consent_that_comes_with_a_changed_profile_is_kept_too() -> None:
    lead = make_lead("ann@acme.example")
    recorded({"email": "ann@acme.example", "title": "CTO", "consent": {"email": "objection"}})
    assert lead.consents.get().basis == Basis.OBJECTION


def test_consent_that_two_rows_repeat_is_kept_once() -> None:
    row = {"email": "ann@acme.example", "consent": {"email": "opt_in"}}
    assert outcomes(row, row) == ["created", "unchanged"]
    assert Consent.objects.count() == 1


def test_objecting_on_both_channels_makes_one_hold() -> None:
    recorded({"email": "ann@acme.example", "consent": BOTH})
    recorded({"email": "ann@acme.example", "consent": BOTH})
    assert Hold.objects.get().reason == Hold.Reason.OBJECTION


def test_objecting_on_one_channel_makes_none_until_the_other_follows() -> None:
    recorded({"email": "ann@acme.example", "consent": {"email": "objection"}})
    assert not Hold.objects.exists()
    recorded({"email": "ann@acme.example", "consent": {"phone": "objection"}})
    assert Hold.objects.get().lead == only()


@pytest.mark.parametrize("in_one_list", [pytest.param(True, id="in the same list"), pytest.param(False, id="later")])
def test_an_opt_in_does_not_undo_an_objection(in_one_list: bool) -> None:
    rows: list[dict[str, Any]] = [
        {"email": "ann@acme.example", "consent": {"email": "objection"}},
        {"email": "ann@acme.example", "consent": {"email": "opt_in"}},
    ]
    if in_one_list:
        recorded(*rows)
    else:
        for number, row in enumerate(rows):
            record_leads([row], by=None, at=MONDAY_9AM + number * DAY)
    assert list(Consent.objects.values_list("basis", flat=True)) == ["objection"]
