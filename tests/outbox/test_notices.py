"""Telling people: once per person and cause, in their own language."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import get_language

from handoff.outbox.models import Mail, Notice
from handoff.outbox.notices import mark_read, notify, withdraw
from handoff.people.models import User
from tests.making import DAY, MONDAY_9AM, make_rep

pytestmark = pytest.mark.django_db


def tell(*people: User, cause: str = "breach:1", text: str = "", by_mail: bool = True) -> None:
    """Tell `people`; without a text, they are told in which language they are spoken to."""
    notify(
        people, cause=cause, say=lambda: text or str(get_language()), url="/queue/1/", at=MONDAY_9AM, by_mail=by_mail
    )


def test_each_person_is_told_once_for_a_cause() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    tell(sam)
    tell(sam, sasha)
    tell(sam, cause="breach:2")
    told = Notice.objects.order_by("user__username", "cause").values_list("user__username", "cause")
    assert list(told) == [("sam", "breach:1"), ("sam", "breach:2"), ("sasha", "breach:1")]
    assert Mail.objects.count() == 3


def test_each_is_told_in_their_own_language() -> None:
    tell(make_rep("jonas", language="de"), make_rep("noor", language="nl"), make_rep("sam"))
    assert list(Notice.objects.order_by("user__username").values_list("text", flat=True)) == ["de", "nl", "en"]
    assert set(Mail.objects.values_list("subject", flat=True)) == {"de", "nl", "en"}
    assert get_language() == "en"


def test_mail_waits_until_the_act_can_no_longer_be_undone() -> None:
    tell(make_rep())
    mail = Mail.objects.get()
    assert mail.not_before == MONDAY_9AM + timedelta(seconds=10)
    assert "/queue/1/" in mail.body


def test_without_an_address_or_on_request_there_is_no_mail() -> None:
    nobody = make_rep("sam")
    User.objects.filter(pk=nobody.pk).update(email="")
    nobody.refresh_from_db()
    tell(nobody)
    tell(make_rep("sasha"), by_mail=False)
    assert (Notice.objects.count(), Mail.objects.count()) == (2, 0)


def test_a_long_text_is_cut_to_what_fits() -> None:
    tell(make_rep(), text="x" * 500)
    assert (len(Notice.objects.get().text), len(Mail.objects.get().subject)) == (300, 200)


def test_withdrawing_takes_back_only_what_reached_nobody() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    tell(sam, sasha)
    tell(sam, cause="breach:2")
    Mail.objects.filter(to=sam.email).update(sent_at=MONDAY_9AM)
    mark_read([Notice.objects.get(user=sasha).pk], user=sasha, at=MONDAY_9AM)
    withdraw("breach:1")
    assert set(Mail.objects.values_list("to", "cause")) == {(sam.email, "breach:1"), (sam.email, "breach:2")}
    assert set(Notice.objects.values_list("user__username", "cause")) == {("sasha", "breach:1"), ("sam", "breach:2")}


def test_only_ones_own_notices_are_marked_as_read() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    tell(sam, sasha)
    every = list(Notice.objects.values_list("id", flat=True))
    assert mark_read(every, user=sam, at=MONDAY_9AM) == 1
    assert mark_read(every, user=sam, at=MONDAY_9AM + DAY) == 0
    assert Notice.objects.unread().get().user == sasha


def test_the_bell_lists_ones_own_and_marks_them_as_read() -> None:
    sam, client = make_rep("sam"), Client()
    client.force_login(sam)
    page = client.get(reverse("notices")).content.decode()
    assert "Nothing to tell" in page
    tell(sam, text="Lena Vogt waits")
    tell(make_rep("sasha"), cause="x", text="Not for Sam")
    page = client.get(reverse("notices")).content.decode()
    assert "Lena Vogt waits" in page
    assert "Not for Sam" not in page
    assert client.post(reverse("notices")).headers["Location"] == reverse("notices")
    assert not Notice.objects.unread().filter(user=sam).exists()
    assert Notice.objects.unread().count() == 1
