"""Who may be the same person: suggested with why, to who sees both, until somebody says they are not."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handoff.leads.models import Lead
from handoff.lib.refusals import AlreadyMerged, NotAllowed
from handoff.people.models import User
from handoff.queue.disqualification import disqualify
from handoff.queue.duplicates import dismiss, suggested, suggested_for, with_reasons
from handoff.queue.merging import merge
from handoff.queue.models import NotTheSame
from tests.making import (
    MONDAY_9AM,
    make_handoff,
    make_lead,
    make_manager,
    make_marketer,
    make_reason,
    make_rep,
    make_team,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def max_() -> User:
    return make_marketer()


def pairs(to: User) -> list[tuple[Lead, Lead, list[str]]]:
    return [(one.lead, one.other, [str(why) for why in one.why]) for one in with_reasons(suggested(to))]


def others(lead: Lead, to: User) -> list[Lead]:
    return [one.other for one in suggested_for(Lead.objects.get(pk=lead.pk), to=to)]


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        pytest.param("lena.vogt@gmail.com", "lenavogt@gmail.com", True, id="dots at Gmail"),
        pytest.param("lenavogt@gmail.com", "lenavogt+fair@googlemail.com", True, id="a tag and the other domain"),
        pytest.param("lena@outlook.com", "lena+fair@outlook.com", True, id="a tag at Outlook"),
        pytest.param("lena.vogt@outlook.com", "lenavogt@outlook.com", False, id="dots at Outlook"),
        pytest.param("lena@acme.example", "lena+fair@acme.example", False, id="a tag somewhere else"),
        pytest.param("lena@gmail.com", "lena@outlook.com", False, id="two providers"),
        pytest.param("lena@notgmail.com", "l.ena@notgmail.com", False, id="a domain that ends alike"),
    ],
)
def test_one_mailbox_is_found_under_its_spellings(max_: User, one: str, other: str, is_shared: bool) -> None:
    first, second = make_lead(one), make_lead(other)
    assert pairs(max_) == ([(first, second, ["the same mailbox"])] if is_shared else [])
    assert others(first, max_) == ([second] if is_shared else [])
    assert others(second, max_) == ([first] if is_shared else [])


def test_a_number_is_found_but_not_that_of_a_switchboard(max_: User) -> None:
    first, second = make_lead(phone="+31201234567"), make_lead(phone="+31201234567")
    assert pairs(max_) == [(first, second, ["the same phone number"])]
    for _ in range(4):
        make_lead(phone="+31201234567")
    assert (pairs(max_), others(first, max_)) == ([], [])


def test_one_name_is_found_at_one_company_only(max_: User) -> None:
    first = make_lead(first_name="Lena", last_name="Vogt", company={"name": "Acme"})
    second = make_lead(first_name="lena", last_name="VOGT")
    assert pairs(max_) == []
    Lead.objects.filter(pk=second.pk).update(company=first.company)
    assert pairs(max_) == [(first, second, ["the same name at the same company"])]
    Lead.objects.update(first_name="")
    assert pairs(max_) == []


def test_what_sales_calls_a_duplicate_is_suggested(max_: User) -> None:
    sam, other, handoff = make_rep(), make_lead(), make_handoff()
    disqualify(handoff, reason=make_reason("duplicate"), permanent=True, other_lead=other, by=sam, at=MONDAY_9AM)
    assert pairs(max_) == [(other, handoff.lead, ["sales called it a duplicate"])]
    assert (others(other, max_), others(handoff.lead, max_)) == ([handoff.lead], [other])


def test_what_is_dismissed_is_never_suggested_again(max_: User) -> None:
    first, second, third = (make_lead(phone="+31201234567") for _ in range(3))
    dismiss(second, first, by=max_, at=MONDAY_9AM)
    dismiss(first, second, by=max_, at=MONDAY_9AM)
    assert NotTheSame.objects.count() == 1
    assert [(one, other) for one, other, _why in pairs(max_)] == [(first, third)]
    assert (others(first, max_), others(second, max_)) == ([third], [third])
    # The older one is somebody else, so that the next older one is suggested.
    dismiss(first, third, by=max_, at=MONDAY_9AM)
    assert [(one, other) for one, other, _why in pairs(max_)] == [(second, third)]


def test_what_was_dismissed_holds_after_a_merge(max_: User) -> None:
    first, second, third = (make_lead(phone="+31201234567") for _ in range(3))
    dismiss(first, third, by=max_, at=MONDAY_9AM)
    dismiss(second, third, by=max_, at=MONDAY_9AM)
    merge(second, first, by=max_, at=MONDAY_9AM)
    assert (pairs(max_), NotTheSame.objects.count()) == ([], 1)


def test_who_was_merged_meanwhile_is_not_dismissed(max_: User) -> None:
    first, second = make_lead(), make_lead()
    gone = Lead.objects.get(pk=second.pk)
    merge(first, second, by=max_, at=MONDAY_9AM)
    with pytest.raises(AlreadyMerged):
        dismiss(first, gone, by=max_, at=MONDAY_9AM)


def test_only_who_sees_both_gets_a_suggestion_and_only_who_may_correct_both_dismisses_it(max_: User) -> None:
    make_team()
    nordics, mia = make_team("Nordics"), make_manager()
    first, second = make_lead(phone="+31201234567"), make_lead(phone="+31201234567", team=nordics)
    assert (pairs(mia), others(first, mia)) == ([], [])
    with pytest.raises(NotAllowed):
        dismiss(first, second, by=mia, at=MONDAY_9AM)
    Lead.objects.filter(pk=second.pk).update(team=first.team)
    assert len(pairs(mia)) == len(pairs(max_)) == 1
    with pytest.raises(NotAllowed):
        dismiss(first, second, by=make_rep(), at=MONDAY_9AM)


def test_the_list_costs_the_same_for_one_and_for_many(max_: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown: Any = with_reasons(suggested(max_))
            assert [str(one.lead.company or one.lead.owner or one.other.owner) for one in shown]
        return len(queries)

    def twins(number: int) -> None:
        make_lead(f"l.{number}@gmail.com", company={"name": f"Acme {number}"})
        make_lead(f"l{number}@gmail.com")

    twins(0)
    one = cost()
    for number in range(1, 30):
        twins(number)
    assert cost() == one <= 3
