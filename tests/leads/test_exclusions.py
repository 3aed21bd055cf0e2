"""The exclusion list: patterns in one spelling, whom they match, and holding them as they come in."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.leads.exclusions import Exclusions, clean_pattern, whom
from handoff.leads.models import Exclusion, Hold, Lead
from handoff.leads.normalising import BadValue
from handoff.leads.recording import record_leads
from handoff.queue.excluding import exclude
from tests.making import HOUR, MONDAY_9AM, make_lead, make_marketer

pytestmark = pytest.mark.django_db


def on_list(kind: str, value: str, **values: object) -> Exclusion:
    """Put an entry on the list."""
    by = values.pop("by", None) or make_marketer(f"m{Exclusion.objects.count()}")
    return exclude(**{"kind": kind, "value": value, "why": "competitor", "by": by, "at": MONDAY_9AM, **values})  # type: ignore[arg-type]


def comes_in(**row: object) -> Lead:
    """Take in a lead."""
    found = record_leads([{"email": "lena@acme.example", **row}], by=None, at=MONDAY_9AM + HOUR)[0]
    assert found.lead
    return found.lead


def is_held(lead: Lead) -> bool:
    return Hold.objects.filter(lead=lead, released_at=None).exists()


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        pytest.param("domain", "Acme.COM", "acme.com", id="a domain in lower case"),
        pytest.param("domain", "https://www.acme.com/about", "acme.com", id="an address of the web"),
        pytest.param("domain", "@acme.com", "acme.com", id="the end of an e-mail address"),
        pytest.param("domain", "münchen.example", "münchen.example", id="with an umlaut"),
        pytest.param("email", " Lena@Acme.example ", "lena@acme.example", id="an address"),
        pytest.param("company", "  ACME   Corp. ", "acme corp.", id="a company"),
        pytest.param("title", "Working Student", "working student", id="a job title"),
    ],
)
def test_a_pattern_is_kept_in_one_spelling(kind: str, given: str, kept: str) -> None:
    assert clean_pattern(kind, given) == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        pytest.param("domain", "com", id="everybody in .com"),
        pytest.param("domain", "acme corp", id="no domain"),
        pytest.param("email", "acme.com", id="no address"),
        pytest.param("title", "a", id="a letter that every title has"),
        pytest.param("company", "  ", id="nothing"),
    ],
)
def test_what_is_no_pattern_is_refused_in_words(kind: str, given: str) -> None:
    with pytest.raises(BadValue, match=r"\w"):
        clean_pattern(kind, given)


MATCHES = [
    pytest.param("domain", "acme.example", {"email": "lena@acme.example"}, True, id="the domain of the address"),
    pytest.param("domain", "acme.example", {"email": "lena@mail.acme.example"}, True, id="a domain below it"),
    pytest.param("domain", "acme.example", {"email": "lena@notacme.example"}, False, id="a domain that ends alike"),
    pytest.param("domain", "acme.example", {"email": "acme.example@other.example"}, False, id="a name like the domain"),
    pytest.param("domain", "acme.example", {"company": {"domain": "acme.example"}}, True, id="the company's domain"),
    pytest.param("domain", "acme.example", {"company": {"domain": "de.acme.example"}}, True, id="below the company's"),
    pytest.param("email", "lena@b.example", {"email": "lena@b.example"}, True, id="the address"),
    pytest.param("email", "lena@b.example", {"email": "xlena@b.example"}, False, id="another address"),
    pytest.param("company", "Öko-Strom (Nord)", {"company": {"name": "öko-strom (NORD)"}}, True, id="a company's name"),
    pytest.param("company", "Acme", {"company": {"name": "Acme Nord"}}, False, id="a longer name"),
    pytest.param("company", "Ac.e", {"company": {"name": "Acme"}}, False, id="a dot is a dot"),
    pytest.param("title", "student", {"title": "Werkstudentin Vertrieb"}, True, id="text within the title"),
    pytest.param("title", "ÜBUNG", {"title": "Leiter Übungen"}, True, id="other than English letters"),
    pytest.param("title", "100%", {"title": "1000 things"}, False, id="a percent sign is one"),
    pytest.param("title", "student", {"title": ""}, False, id="no title"),
]


@pytest.mark.parametrize(("kind", "value", "row", "expected"), MATCHES)
def test_an_entry_matches_the_known_and_the_new_alike(
    kind: str, value: str, row: dict[str, object], expected: bool
) -> None:
    known = make_lead(**{"email": "known@elsewhere.example", **row})  # type: ignore[arg-type]
    pattern = clean_pattern(kind, value)
    listed = Exclusions({kind: {pattern: 1}})
    assert bool(listed.matching(known)) is expected
    assert Lead.objects.filter(whom(kind, pattern)).exists() is expected


def test_who_comes_in_is_held_at_once_by_the_entry() -> None:
    entry = on_list("domain", "acme.example")
    hold = Hold.objects.get(lead=comes_in())
    assert (hold.reason, hold.exclusion, hold.by) == ("excluded", entry, None)
    assert not is_held(comes_in(email="other@elsewhere.example"))


def test_who_changes_into_a_match_is_held_and_who_changes_out_of_it_is_not() -> None:
    on_list("title", "student")
    lead = comes_in(title="Student")
    assert is_held(lead)
    comes_in(title="Buyer")
    assert not is_held(lead)
    comes_in(title="PhD student")
    assert is_held(lead)


def test_colleagues_are_held_too_when_their_company_gets_a_listed_name() -> None:
    on_list("company", "Rival")
    lead = comes_in(company={"name": "Unknown", "domain": "rival.example"})
    comes_in(email="second@rival.example", company={"name": "Rival", "domain": "rival.example"})
    assert is_held(lead)


def test_an_expired_entry_holds_nobody_who_comes_in() -> None:
    on_list("domain", "acme.example", expires_at=MONDAY_9AM + HOUR)
    assert not is_held(comes_in())


def test_a_thousand_rows_with_a_list_cost_the_queries_of_those_without_and_a_constant() -> None:
    def statements(name: str) -> list[str]:
        rows = [{"email": f"{name}{number}@acme.example", "title": "Student"} for number in range(1000)]
        with CaptureQueriesContext(connection) as seen:
            record_leads(rows, by=None, at=MONDAY_9AM + HOUR)
        # SQLite takes so few values in one statement that a thousand rows are several INSERTs.
        return [query["sql"] for query in seen if not query["sql"].startswith("INSERT")]

    without = statements("a")
    marketer = make_marketer()
    for number in range(50):
        on_list("title", f"student {number}", by=marketer)
    on_list("domain", "acme.example", by=marketer)
    assert len(statements("b")) <= len(without)
    assert Hold.objects.filter(lead__email__startswith="b", released_at=None).count() == 1000
