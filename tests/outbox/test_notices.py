"""Telling people: once per person and cause, in their own language, until it is read, settled or taken back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import get_language

from handoff.outbox.models import Notice
from handoff.outbox.notices import News, mail_time, mark_read, notify, notify_all, settle, withdraw
from handoff.people.models import User
from tests.making import DAY, MONDAY_9AM, make_rep

pytestmark = pytest.mark.django_db
SECONDS = timedelta(seconds=1)


def tell(
    *people: User, cause: str = "breach:1", text: str = "", by_mail: bool = True, about: str = "", urgent: bool = False
) -> None:
    """Tell `people`; without a text, they are told in which language and time zone they are spoken to."""
    notify(
        people,
        cause=cause,
        say=lambda: text or f"{get_language()} {timezone.get_current_timezone_name()}",
        url="/queue/1/",
        at=MONDAY_9AM,
        by_mail=by_mail,
        about=about,
        urgent=urgent,
    )


def unread() -> set[tuple[str, str]]:
    return set(Notice.objects.unread().values_list("user__username", "cause"))


def test_each_person_is_told_once_for_a_cause() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    tell(sam)
    tell(sam, sasha)
    tell(sam, cause="breach:2")
    told = Notice.objects.order_by("user__username", "cause").values_list("user__username", "cause")
    assert list(told) == [("sam", "breach:1"), ("sam", "breach:2"), ("sasha", "breach:1")]


def test_each_is_told_in_their_own_language_and_time_zone() -> None:
    tell(make_rep("jonas", language="de", time_zone="Europe/Berlin"), make_rep("noor", language="nl"))
    texts = Notice.objects.order_by("user__username").values_list("text", flat=True)
    assert list(texts) == ["de Europe/Berlin", "nl Europe/Amsterdam"]
    assert get_language() == "en"


def test_of_many_things_each_hears_their_own_in_order(django_assert_num_queries: Any) -> None:
    jonas, noor = make_rep("jonas", language="de"), make_rep("noor", language="nl")
    news = [
        News([noor, jonas], f"breach:{number}", lambda number=number: f"{get_language()} {number}", "/")  # type: ignore[misc]
        for number in range(3)
    ]
    with django_assert_num_queries(1):
        notify_all(news, at=MONDAY_9AM)
    told = Notice.objects.order_by("id").values_list("user", "text")
    assert list(told) == [(who.pk, f"{who.language} {number}") for number in range(3) for who in (noor, jonas)]


@pytest.mark.parametrize(
    ("wish", "values", "seconds"),
    [
        pytest.param("at_once", {}, 60, id="with what else happens within a minute"),
        pytest.param("at_once", {"urgent": True}, 10, id="a request for contact as soon as nothing can be undone"),
        pytest.param("at_once", {"by_mail": False}, None, id="under the bell only"),
        pytest.param("never", {"urgent": True}, None, id="never"),
    ],
)
def test_when_a_notice_becomes_mail(wish: str, values: dict[str, bool], seconds: int | None) -> None:
    tell(make_rep(notice_mail=wish), **values)  # type: ignore[arg-type]
    assert Notice.objects.get().mail_after == (seconds and MONDAY_9AM + seconds * SECONDS)


def test_without_an_address_there_is_no_mail() -> None:
    sam = make_rep()
    sam.email = ""
    tell(sam)
    assert Notice.objects.get().mail_after is None


@pytest.mark.parametrize(
    ("zone", "at", "morning"),
    [
        pytest.param("Europe/Amsterdam", "2026-03-03T05:00", "2026-03-03T07:00", id="the same morning"),
        pytest.param("Europe/Amsterdam", "2026-03-03T07:00", "2026-03-04T07:00", id="too late for today's"),
        pytest.param("Europe/Amsterdam", "2026-03-03T06:59:51", "2026-03-04T07:00", id="it might yet be undone"),
        pytest.param("Europe/Amsterdam", "2026-03-27T12:00", "2026-03-30T06:00", id="summer time over the weekend"),
        pytest.param("Europe/Amsterdam", "2026-10-23T12:00", "2026-10-26T07:00", id="winter time over the weekend"),
        pytest.param("America/New_York", "2026-03-06T22:00", "2026-03-09T12:00", id="elsewhere it changes earlier"),
        pytest.param("Pacific/Auckland", "2026-03-01T18:30", "2026-03-01T19:00", id="where it is Monday already"),
    ],
)
def test_a_digest_comes_at_eight_of_ones_own_next_working_day(zone: str, at: str, morning: str) -> None:
    sam = make_rep(notice_mail="digest", time_zone=zone)
    wanted = datetime.fromisoformat(morning).replace(tzinfo=UTC)
    assert mail_time(sam, at=datetime.fromisoformat(at).replace(tzinfo=UTC)) == wanted


def test_a_long_text_is_cut_to_what_fits() -> None:
    tell(make_rep(), text="x" * 500)
    assert len(Notice.objects.get().text) == 300


def test_withdrawing_takes_back_only_what_reached_nobody() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    tell(sam, sasha)
    tell(sam, cause="breach:2")
    mark_read([Notice.objects.get(user=sasha).pk], user=sasha, at=MONDAY_9AM)
    withdraw("breach:1")
    assert set(Notice.objects.values_list("user__username", "cause")) == {("sasha", "breach:1"), ("sam", "breach:2")}


def test_settling_reads_for_everybody_what_is_done_and_keeps_the_rest() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    for cause in ("waiting:1", "waiting-room:1", "step:5:1", "step:51:1", "breach:5"):
        tell(sam, sasha, cause=cause, about="handoff 1")
    tell(sam, cause="waiting:11", about="handoff 11")
    assert settle("handoff 1", kinds=["waiting", "step:5"], at=MONDAY_9AM) == 4
    kept = {(name, cause) for name in ("sam", "sasha") for cause in ("waiting-room:1", "step:51:1", "breach:5")}
    assert unread() == kept | {("sam", "waiting:11")}
    assert not Notice.objects.exclude(read_at=None).exclude(mail_after=None).exists()
    assert settle("handoff 1", but=["breach"], at=MONDAY_9AM) == 4
    assert unread() == {("sam", "breach:5"), ("sasha", "breach:5"), ("sam", "waiting:11")}


def test_only_ones_own_notices_are_marked_as_read() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    tell(sam, sasha)
    every = list(Notice.objects.values_list("id", flat=True))
    assert mark_read(every, user=sam, at=MONDAY_9AM) == 1
    assert mark_read(every, user=sam, at=MONDAY_9AM + DAY) == 0
    assert Notice.objects.unread().get().user == sasha
