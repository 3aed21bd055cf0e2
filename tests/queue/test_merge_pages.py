"""Merging on pages: suggestions, both side by side, the act, and old addresses."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.leads.consent import object_to_contact
from handoff.leads.models import Hold, Lead
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.merging import merge
from handoff.queue.models import Merge
from handoff.queue.receiving import receive_activities
from tests.making import (
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_lead,
    make_manager,
    make_marketer,
    make_policy,
    make_rep,
    make_team,
    page_view,
)

pytestmark = pytest.mark.django_db
PHONE = "+31201234567"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def merge_page(user: User, kept: Lead, gone: Lead | None = None, **given: Any) -> Any:
    query = {"other": gone.pk} if gone else {}
    return signed_in(user).get(reverse("merge", args=[kept.pk]), {**query, **given})


def post_merge(user: User, kept: Lead, gone: Lead, **how: Any) -> Any:
    return signed_in(user).post(reverse("merge", args=[kept.pk]), {"other": gone.pk}, **how)


def test_a_leads_page_says_who_may_be_the_same_and_why() -> None:
    sam, lead = make_rep(), make_lead(phone=PHONE)
    other = make_lead("other@acme.example", phone=PHONE)
    marketers, reps = (text(signed_in(user).get(reverse("lead", args=[lead.pk]))) for user in (make_marketer(), sam))
    compare = f"{reverse('merge', args=[lead.pk])}?other={other.pk}"
    for page in (marketers, reps):
        assert "may be the same person" in page
        assert "the same phone number" in page
    assert (compare in marketers, compare in reps) == (True, False)


def test_the_list_is_for_marketers_and_for_managers_of_both() -> None:
    make_team()
    lead, other = make_lead(phone=PHONE), make_lead("other@acme.example", phone=PHONE)
    stranger = make_manager("nina", team=make_team("Nordics"))
    address = reverse("duplicates")
    for user, shows in ((make_marketer(), True), (make_manager(), True), (stranger, False)):
        page = text(signed_in(user).get(address))
        assert (f"{reverse('merge', args=[lead.pk])}?other={other.pk}" in page) is shows
    assert signed_in(make_rep()).get(address).status_code == 403


def test_an_empty_list_says_what_will_appear() -> None:
    assert "Nobody is known twice" in text(signed_in(make_marketer()).get(reverse("duplicates")))


def test_both_stand_side_by_side_with_what_they_would_be() -> None:
    make_calendar()
    make_policy()
    sam = make_rep()
    kept = make_lead("lena@acme.example", title="", traits={"plan": "pro"})
    gone = make_lead("old@acme.example", title="CTO", traits={"size": 9})
    handoffs = make_handoff(kept), make_handoff(gone, at=MONDAY_9AM + HOUR)
    claim(handoffs[1], by=sam, at=MONDAY_9AM + HOUR)
    page = merge_page(make_marketer(), kept, gone)
    rows = {row.label: row for row in page.context["comparison"].rows}
    title, email = rows["Job title"], rows["E-mail"]
    assert (title.kept, title.gone, title.merged, title.is_filled) == ("", "CTO", "CTO", True)
    assert (email.merged, email.is_filled) == ("lena@acme.example", False)
    assert (rows["plan"].merged, rows["size"].merged, rows["Owner"].merged) == ("pro", "9", "Sam")
    [goes_on, ends] = page.context["comparison"].consequences[-2:]
    assert (goes_on, ends) == (
        "The handoff of 2 Mar 2026 goes on (Sam).",
        "The handoff of 2 Mar 2026 ends as merged; its clocks are cancelled.",
    )
    assert "It cannot be undone." in text(page)
    assert not Merge.objects.exists()
    assert (Lead.objects.get(pk=kept.pk).title, Lead.objects.count()) == ("", 2)


def test_an_objection_is_shown_to_win_and_to_end_the_handoff() -> None:
    kept, handoff = make_lead(), make_handoff()
    object_to_contact(kept, by=None, at=MONDAY_9AM)
    comparison = merge_page(make_marketer(), kept, handoff.lead).context["comparison"]
    rows = {row.label: row for row in comparison.rows}
    assert rows["May be called"].merged.startswith("Objection")
    assert rows["Held"].merged == "objected to contact"
    assert comparison.consequences[-1] == "They want no contact, so the handoff of 2 Mar 2026 ends for good."


def test_what_is_shown_costs_the_same_however_much_there_is() -> None:
    kept, gone = make_lead(), make_lead()
    client, address = signed_in(make_marketer()), f"{reverse('merge', args=[kept.pk])}?other={gone.pk}"

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    cost()
    one = cost()
    for number in range(5):
        receive_activities([page_view(gone, MONDAY_9AM + number * HOUR)], at=MONDAY_9AM + number * HOUR)
        Hold.objects.create(lead=gone, reason="by_hand", at=MONDAY_9AM, released_at=MONDAY_9AM)
    assert cost() == one <= 22


def test_confirming_merges_and_shows_the_kept_one() -> None:
    kept, gone = make_lead(), make_lead()
    page = post_merge(make_marketer(), kept, gone, follow=True)
    assert page.redirect_chain == [(reverse("lead", args=[kept.pk]), 302)]
    assert f"{kept.name} is one lead now." in text(page)
    assert Lead.objects.get() == kept


def test_confirming_twice_says_that_it_is_done() -> None:
    max_, kept, gone = make_marketer(), make_lead(), make_lead()
    post_merge(max_, kept, gone)
    page = post_merge(max_, kept, gone, follow=True)
    assert f"#{gone.pk} was merged into {kept.name} already." in text(page)
    assert f"#{gone.pk} was merged into {kept.name} already." in text(
        signed_in(max_).get(reverse("merge", args=[kept.pk]), {"other": gone.pk}, follow=True)
    )
    assert Merge.objects.count() == 1


def test_whom_to_merge_with_is_searched() -> None:
    lead, other = make_lead(), make_lead("other@acme.example")
    page = merge_page(make_marketer(), lead, q="other@")
    assert list(page.context["found"]) == [other]
    assert list(merge_page(make_marketer("mo"), lead, q=lead.email or "").context["found"]) == []


@pytest.mark.parametrize("given", ["", "x", "0", "99999", "9" * 30, "²"])
def test_no_other_lead_is_not_found(given: str) -> None:
    max_, kept = make_marketer(), make_lead()
    assert signed_in(max_).post(reverse("merge", args=[kept.pk]), {"other": given}).status_code == 404
    assert signed_in(max_).post(reverse("not-the-same", args=[kept.pk]), {"other": given}).status_code == 404


def test_who_may_not_is_told_so_and_a_stranger_finds_nothing() -> None:
    make_team()
    sam, mia = make_rep(), make_manager()
    kept, gone, foreign = make_lead(), make_lead(), make_lead(team=make_team("Nordics"))
    assert post_merge(sam, kept, gone).status_code == 403
    assert post_merge(mia, kept, foreign).status_code == 404
    assert post_merge(mia, foreign, kept).status_code == 404
    assert Lead.objects.count() == 3


def test_dismissing_leads_back_to_where_it_was_said() -> None:
    max_, lead, other = make_marketer(), make_lead(phone=PHONE), make_lead(phone=PHONE)
    address = reverse("not-the-same", args=[lead.pk])
    answer = signed_in(max_).post(address, {"other": other.pk})
    assert answer.headers["Location"] == reverse("lead", args=[lead.pk])
    answer = signed_in(max_).post(address, {"other": other.pk, "from": "list"}, follow=True)
    assert "Nobody is known twice" in text(answer)


@pytest.mark.parametrize("name", ["lead", "edit-lead", "hold", "objection", "merge"])
def test_an_old_address_leads_to_the_kept_lead_for_good(name: str) -> None:
    max_, kept, gone = make_marketer(), make_lead(), make_lead()
    old = gone.pk
    merge(kept, gone, by=max_, at=MONDAY_9AM)
    answer = signed_in(max_).get(reverse(name, args=[old]) + "?show=theirs")
    assert (answer.status_code, answer.headers["Location"]) == (301, reverse(name, args=[kept.pk]) + "?show=theirs")


def test_an_old_address_is_not_there_for_who_does_not_see_the_kept_lead() -> None:
    kept, gone = make_lead(team=make_team("Rest")), make_lead()
    old = gone.pk
    merge(kept, gone, by=make_marketer(), at=MONDAY_9AM)
    stranger = signed_in(make_rep("nina", team=make_team("Nordics")))
    assert stranger.get(reverse("lead", args=[old])).status_code == 404
    assert stranger.post(reverse("objection", args=[old])).status_code == 404


def test_a_lead_is_not_added_under_an_address_that_a_merge_freed() -> None:
    max_ = make_marketer()
    merge(make_lead(), make_lead("old@acme.example"), by=max_, at=MONDAY_9AM)
    page = signed_in(max_).post(reverse("new-lead"), {"email": "old@acme.example"})
    assert "is known already" in str(page.context["form"].errors["email"])
