"""The page behind the bell: what is new first, by day, read one by one or all at once."""

from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from handoff.outbox.models import Notice
from handoff.outbox.notices import notify
from handoff.people.models import User
from tests.making import DAY, HOUR, MONDAY_9AM, make_rep

pytestmark = pytest.mark.django_db


def tell(user: User, text: str, at: datetime = MONDAY_9AM, url: str = "/nurture/") -> Notice:
    notify([user], cause=text, say=lambda: text, url=url, at=at)
    return Notice.objects.get(user=user, cause=text)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, page: str = "") -> list[tuple[bool, str, list[str]]]:
    days = client.get("/notices/", {"page": page}).context["days"]
    return [(is_new, str(day), [notice.text for notice in found]) for (is_new, day), found in days]


def test_an_empty_bell_says_what_will_be_told() -> None:
    assert "Nothing to tell" in signed_in(make_rep()).get("/notices/").content.decode()


def test_ones_own_notices_stand_by_local_day_the_new_ones_first() -> None:
    sam = make_rep(time_zone="Pacific/Auckland")
    read = tell(sam, "read", at=MONDAY_9AM + DAY)
    Notice.objects.filter(pk=read.pk).update(read_at=MONDAY_9AM + DAY)
    tell(sam, "morning")
    tell(sam, "late", at=MONDAY_9AM + 4 * HOUR)
    tell(make_rep("sasha"), "not for Sam")
    days = [(True, "2026-03-03", ["late"]), (True, "2026-03-02", ["morning"]), (False, "2026-03-03", ["read"])]
    assert shown(signed_in(sam)) == days


def test_opening_one_marks_it_as_read_and_leads_there() -> None:
    sam = make_rep()
    notice, other = tell(sam, "look"), tell(sam, "another")
    assert signed_in(sam).get(f"/notices/{notice.pk}/").headers["Location"] == "/nurture/"
    assert list(Notice.objects.unread()) == [other]
    assert signed_in(make_rep("sasha")).get(f"/notices/{other.pk}/").status_code == 404
    assert list(Notice.objects.unread()) == [other]


def test_a_notice_about_nothing_leads_back_to_the_bell() -> None:
    sam = make_rep()
    assert signed_in(sam).get(f"/notices/{tell(sam, 'hello', url='').pk}/").headers["Location"] == "/notices/"


def test_one_or_all_that_were_seen_are_marked_as_read() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    first, second, third = tell(sam, "first"), tell(sam, "second"), tell(sam, "third")
    hers, client = tell(sasha, "hers"), signed_in(sam)
    assert client.post("/notices/", {"notice": second.pk}).headers["Location"] == "/notices/"
    assert set(Notice.objects.unread()) == {first, third, hers}
    client.post("/notices/", {"notice": hers.pk})
    client.post("/notices/", {"notice": "x"})
    client.post("/notices/", {"up_to": second.pk})
    assert set(Notice.objects.unread()) == {third, hers}
    client.post("/notices/")
    assert set(Notice.objects.unread()) == {hers}


def test_fifty_stand_on_a_page_at_the_same_cost_as_one() -> None:
    sam = make_rep()
    client, costs = signed_in(sam), []
    for number in (1, 60):
        for more in range(number):
            tell(sam, f"{number}.{more}")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/notices/")
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert [sum(len(found) for _new, _day, found in shown(client, page)) for page in ("1", "2")] == [50, 11]
