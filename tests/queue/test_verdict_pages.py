"""The pages of verdicts and SQLs as doors: with and without JavaScript, half-filled, in place."""

import re
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from handoff.leads.models import Lead, Stage
from handoff.people.models import User
from handoff.queue.models import Disqualification, Draft, Handoff, Qualification, Recycling, TakeoverReturn
from handoff.queue.qualification import qualify
from tests.making import DAY, YES, make_reason, make_rep
from tests.queue.test_pages import connected, local, signed_in, sql, taken, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> User:
    return make_rep("sam")


@pytest.fixture
def client(sam: User) -> Client:
    return signed_in(sam)


def now() -> datetime:
    return timezone.now()


def address(name: str, handoff: Handoff, *more: str) -> str:
    return reverse(name, args=[handoff.pk, *more])


def test_the_common_no_is_a_reason_and_a_button(sam: User, client: Client) -> None:
    make_reason()
    handoff = taken(sam)
    page = text(client.get(address("disqualify", handoff)))
    assert not re.search(r'type="(radio|checkbox)"[^>]* name="\w+"[^>]* checked', page)
    client.post(address("disqualify", handoff), {"reason": "no-budget"})
    contract = Recycling.objects.get()
    assert contract.wake_at == contract.at + 180 * DAY
    assert contract.wake_kinds == ["contact_request", "demo_request"]


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {}], ids=["as it is typed", "by its button"])
def test_a_half_filled_form_is_there_again(sam: User, client: Client, headers: dict[str, str]) -> None:
    make_reason()
    handoff = taken(sam)
    typed = {"reason": "chose-other", "note": "Compares tariffs", "misleading": ["none"], "version": "1"}
    answer = client.post(address("keep-draft", handoff, "disqualify"), typed, headers=headers)
    assert answer.status_code == (204 if headers else 302)
    page = text(client.get(address("disqualify", handoff)))
    assert "Compares tariffs" in page
    assert re.search(r'value="chose-other"[^>]* checked', page)
    client.post(address("disqualify", handoff), {"reason": "chose-other", "competitor": "Voltwise"})
    assert not Draft.objects.exists()


def test_what_was_learned_for_a_yes_stands_beside_the_no(sam: User, client: Client) -> None:
    make_reason()
    handoff = taken(sam)
    known = {"timeline": "no", "timeline_note": "after February", "need": "yes"}
    client.post(address("keep-draft", handoff, "qualify"), known)
    page = text(client.get(address("disqualify", handoff)))
    assert "after February" in page
    assert "Timeline: no" in page
    client.post(address("disqualify", handoff), {"reason": "no-budget"})
    assert "after February" in text(client.get(address("handoff", handoff)))


def test_nobody_else_keeps_a_draft(sam: User) -> None:
    handoff = taken(sam)
    other = signed_in(make_rep("nina"))
    assert other.post(address("keep-draft", handoff, "qualify"), {"need": "yes"}).status_code == 404
    assert signed_in(sam).post(address("keep-draft", handoff, "snooze"), {}).status_code == 404
    assert not Draft.objects.exists()


def test_qualifying_says_how_the_money_stands_who_decides_and_when_they_start(sam: User, client: Client) -> None:
    handoff = connected(sam)
    more = {"budget_state": "approved", "role": "decides", "starts_on": "2027-02-01", "others": "Ann, plant director"}
    client.post(address("qualify", handoff), dict.fromkeys(YES, "yes") | more)
    found = Qualification.objects.get()
    assert (found.strength, str(found.starts_on), found.others) == (16, "2027-02-01", "Ann, plant director")


def test_the_right_person_and_the_owner_are_asked_for_beside_their_reasons(sam: User, client: Client) -> None:
    make_reason()
    handoff = taken(sam)
    refused = client.post(address("disqualify", handoff), {"reason": "customer"})
    assert refused.status_code == 400
    assert "Choose the colleague who is in contact." in text(refused)
    client.post(address("disqualify", handoff), {"reason": "customer", "owner": make_rep("sasha").pk})
    assert str(Disqualification.objects.get().owner) == "Sasha"


def test_the_receiver_accepts_or_gives_back_from_the_list(sam: User) -> None:
    sasha = make_rep("sasha")
    handoff = connected(sam)
    qualify(handoff, bant=YES, takes_over=sasha, by=sam, at=now())
    client = signed_in(sasha)
    page = text(client.get(reverse("qualified")))
    assert address("take-on", handoff) in page
    assert "plan" in page
    client.post(address("give-back", handoff), {"reason": "Speaks Polish only"})
    assert TakeoverReturn.objects.get().to == sam
    assert client.get(address("give-back", handoff)).status_code == 404  # it is no longer theirs to see
    assert address("opportunity", handoff) in text(signed_in(sam).get(reverse("qualified")))


def test_who_qualified_an_sql_sees_it_but_not_its_buttons(sam: User, client: Client) -> None:
    handoff = connected(sam)
    qualify(handoff, bant=YES, takes_over=make_rep("sasha"), by=sam, at=now())
    page = text(client.get(reverse("qualified")))
    assert handoff.lead.name in page
    assert address("correct-sql", handoff) not in page


def test_an_sql_is_edited_in_its_place(sam: User) -> None:
    handoff, client = sql(sam), signed_in(sam, **{"HX-Request": "true"})
    form = text(client.get(address("correct-sql", handoff)))
    assert form.lstrip().startswith("{#") is False
    assert f'<tr id="sql-{handoff.pk}" class="is-editing">' in form
    given = dict.fromkeys(YES, "partly") | {"role": "influences", "value": "1200", "currency": "eur"}
    row = text(client.post(address("correct-sql", handoff), given))
    assert f'<tr id="sql-{handoff.pk}" data-row>' in row
    assert "influences" in row
    found = Qualification.objects.get()
    assert (found.strength, str(found.value), found.currency) == (9, "1200.00", "EUR")


def test_an_edit_that_is_refused_stays_in_its_place_with_what_is_wrong(sam: User) -> None:
    handoff, client = sql(sam), signed_in(sam, **{"HX-Request": "true"})
    answer = client.post(address("correct-sql", handoff), dict.fromkeys(YES, "yes") | {"value": "-3"})
    assert answer.status_code == 422
    assert "is-editing" in text(answer)


def test_a_next_step_is_planned_from_the_list(sam: User) -> None:
    handoff, client = sql(sam), signed_in(sam)
    client.post(address("sql-step", handoff), {"what": "Send the offer", "step_at": local(now() + DAY)})
    assert "Send the offer" in text(client.get(reverse("qualified")))


def test_an_opportunity_is_one_click_and_says_so(sam: User, client: Client) -> None:
    handoff = sql(sam)
    client.post(address("opportunity", handoff), {})
    assert Lead.objects.get().stage == Stage.OPPORTUNITY
    assert "opportunity" in text(client.get(reverse("qualified")))


def test_what_is_lost_names_its_reason_and_when_it_may_come_back(sam: User, client: Client) -> None:
    make_reason()
    handoff = sql(sam)
    day = f"{now() + 90 * DAY:%Y-%m-%d}"
    client.post(address("lost", handoff), {"reason": "chose-other", "competitor": "Voltwise", "wake_on": day})
    deal = handoff.deal
    assert (deal.reason, deal.competitor) == (make_reason("chose-other"), "Voltwise")
    assert f"{timezone.localtime(Recycling.objects.get().wake_at):%Y-%m-%d}" == day


def test_losing_to_somebody_else_names_them(sam: User, client: Client) -> None:
    make_reason()
    answer = client.post(address("lost", sql(sam)), {"reason": "chose-other"})
    assert 'id="id_competitor_error"' in text(answer)
    assert Lead.objects.get().stage == Stage.SQL


def test_the_letters_are_read_in_the_readers_language(sam: User, client: Client) -> None:
    sql(sam)
    User.objects.update(language="nl")
    assert "Termijn: " in text(client.get(reverse("qualified")))


def test_the_list_of_sqls_costs_the_same_for_one_and_for_many(sam: User, client: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(reverse("qualified"))
        return len(queries)

    sql(sam)
    cost()
    one = cost()
    for _ in range(6):
        sql(sam)
    assert cost() == one
