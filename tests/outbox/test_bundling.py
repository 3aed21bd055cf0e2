"""One mail for all that waits for a person: once, in their language, and not about what is done or read."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handoff.outbox.bundling import mail_notices
from handoff.outbox.delivery import deliver_due
from handoff.outbox.models import Mail, Notice
from handoff.outbox.notices import mark_all_read, mark_read, notify, settle, withdraw
from handoff.people.models import User
from tests.making import DAY, MONDAY_9AM, make_rep

pytestmark = pytest.mark.django_db
SECONDS = timedelta(seconds=1)


def tell(*people: User, text: str = "Lena Vogt waits", at: datetime = MONDAY_9AM, **values: Any) -> None:
    values = {"cause": text, "url": "/queue/1/", **values}
    notify(people, say=lambda: text, at=at, **values)


def mailed(at: datetime) -> list[str]:
    """Run the tick and return the subjects of the mails it wrote."""
    before = set(Mail.objects.values_list("id", flat=True))
    mail_notices(at=at)
    return list(Mail.objects.exclude(id__in=before).order_by("to").values_list("subject", flat=True))


def test_one_notice_is_a_mail_with_its_text_and_its_link() -> None:
    tell(make_rep())
    assert mailed(MONDAY_9AM + 59 * SECONDS) == []
    assert mailed(MONDAY_9AM + 60 * SECONDS) == ["Lena Vogt waits"]
    assert mailed(MONDAY_9AM + DAY) == []
    mail = Mail.objects.get()
    assert (mail.to, mail.not_before) == ("sam@handoff.example", MONDAY_9AM + 60 * SECONDS)
    assert mail.body.startswith("Lena Vogt waits\nhttp://127.0.0.1:8000/queue/1/\n")
    assert "/me/" in mail.body


def test_what_else_happens_meanwhile_comes_in_the_same_mail() -> None:
    sam = make_rep()
    for number in range(4):
        tell(sam, text=f"Lead {number}", at=MONDAY_9AM + 10 * number * SECONDS)
    tell(sam, text="Could be undone", at=MONDAY_9AM + 55 * SECONDS)
    tell(sam, text="Bell only", by_mail=False)
    assert mailed(MONDAY_9AM + 60 * SECONDS) == ["4 things in Handoff"]
    lines = Mail.objects.get().body.splitlines()
    assert [line for line in lines if line.startswith("Lead")] == ["Lead 0", "Lead 1", "Lead 2", "Lead 3"]
    assert mailed(MONDAY_9AM + 115 * SECONDS) == ["Could be undone"]


def test_what_is_urgent_takes_along_what_waits() -> None:
    sam = make_rep()
    tell(sam, text="A lead")
    tell(sam, text="A request", urgent=True, at=MONDAY_9AM + 5 * SECONDS)
    assert mailed(MONDAY_9AM + 14 * SECONDS) == []
    assert mailed(MONDAY_9AM + 15 * SECONDS) == ["2 things in Handoff"]


def test_each_gets_their_own_mail_in_their_language() -> None:
    people = [make_rep("ann", language="de"), make_rep("bo", language="nl"), make_rep("cy")]
    tell(*people, text="One")
    tell(people[0], people[1], text="Two")
    with_words = mailed(MONDAY_9AM + DAY)
    assert len(with_words) == 3
    assert with_words[2] == "One"
    assert Mail.objects.get(to="ann@handoff.example").body.count("/queue/1/") == 2


def test_a_morning_brings_all_of_a_day() -> None:
    sam = make_rep(notice_mail="digest")
    for hour in range(5):
        tell(sam, text=f"Lead {hour}", at=MONDAY_9AM + hour * timedelta(hours=1), urgent=hour == 0)
    assert mailed(MONDAY_9AM + timedelta(hours=22, minutes=59)) == []
    assert mailed(MONDAY_9AM + timedelta(hours=23)) == ["5 things in Handoff"]


@pytest.mark.parametrize(
    "values",
    [{"notice_mail": "never"}, {"is_active": False}, {"email": ""}],
    ids=["who wants none any more", "who has left", "who has no address any more"],
)
def test_nothing_is_mailed_to(values: dict[str, Any]) -> None:
    sam = make_rep()
    tell(sam)
    User.objects.filter(pk=sam.pk).update(**values)
    assert mailed(MONDAY_9AM + DAY) == []
    User.objects.filter(pk=sam.pk).update(notice_mail="at_once", is_active=True, email=sam.email)
    assert mailed(MONDAY_9AM + 2 * DAY) == []


def test_what_was_read_settled_or_taken_back_is_left_out() -> None:
    sam = make_rep()
    for text in ("read:1", "settled:1", "undone:1", "stays:1"):
        tell(sam, text=text, about="handoff 1")
    mark_read([Notice.objects.get(text="read:1").pk], user=sam, at=MONDAY_9AM)
    settle("handoff 1", kinds=["settled"], at=MONDAY_9AM)
    withdraw("undone:1")
    assert mailed(MONDAY_9AM + DAY) == ["stays:1"]


def test_a_text_of_several_lines_is_a_subject_of_one() -> None:
    tell(make_rep(), text="Lena\r\nVogt " + "x" * 280, cause="x")
    (subject,) = mailed(MONDAY_9AM + DAY)
    assert subject.startswith("Lena Vogt x")
    assert len(subject) == 200
    assert deliver_due(at=MONDAY_9AM + DAY) == 1


def test_thirty_people_with_five_notices_cost_as_little_as_one_with_one() -> None:
    costs = []
    for number in (1, 30):
        people = [make_rep(f"rep{number}-{each}") for each in range(number)]
        for notice in range(5 if number > 1 else 1):
            tell(*people, text=f"{number} {notice}")
        with CaptureQueriesContext(connection) as queries:
            assert mail_notices(at=MONDAY_9AM + DAY) == number
        costs.append(len(queries))
    assert costs[0] == costs[1]


class Killed(BaseException):
    """The end of a process."""


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["tell", "tell urgently", "tell nobody by mail"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["read", "settle", "withdraw", "wish"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["tick", "killed tick", "send", "wait"]), st.integers(1, 80)),
    ),
    max_size=40,
)


@pytest.mark.properties
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_the_order_each_notice_is_mailed_at_most_once_and_none_is_forgotten(
    steps: list[tuple[str, int]],
) -> None:
    with suppress(Killed), transaction.atomic():
        _play(steps)
        raise Killed  # leaves the database as it was, for the next example


def _play(steps: list[tuple[str, int]]) -> None:
    people = [make_rep(f"rep{number}", language=language) for number, language in enumerate(("en", "nl", "de"))]
    at, told, gone = MONDAY_9AM, 0, set[str]()
    for step, number in steps:
        if step.startswith("tell"):
            told += 1
            text = f"<{told}>"
            values = {"urgent": step == "tell urgently", "by_mail": step != "tell nobody by mail"}
            tell(people[number], text=text, cause=f"kind{number}:{told}", about="handoff 1", at=at, **values)
            gone |= set() if values["by_mail"] else {text}
        elif step in {"tick", "killed tick"}:
            with suppress(Killed), transaction.atomic():
                mail_notices(at=at)
                if step == "killed tick":
                    raise Killed
        elif step == "send":
            deliver_due(at=at)
        elif step == "wait":
            at += number * SECONDS
        elif step == "wish":
            User.objects.filter(pk=people[number].pk).update(notice_mail=["at_once", "digest", "at_once"][told % 3])
            people[number].refresh_from_db()
        else:
            gone |= _take_away(step, people[number], number, at)
    for later in (1, 5):
        mail_notices(at=at + later * DAY)
    bodies = "".join(Mail.objects.values_list("body", flat=True))
    for number in range(1, told + 1):
        text = f"<{number}>"
        assert bodies.count(text) == 1 or (text in gone and bodies.count(text) == 0), text


def _take_away(step: str, person: User, number: int, at: datetime) -> set[str]:
    """Read, settle or withdraw, and return the texts that may therefore be missing from all mails."""
    before = dict(Notice.objects.unread().values_list("id", "text"))
    if step == "read":
        mark_all_read(user=person, at=at)
    elif step == "settle":
        settle("handoff 1", kinds=[f"kind{number}"], at=at)
    else:
        for cause in Notice.objects.filter(user=person).values_list("cause", flat=True):
            withdraw(cause)
    after = set(Notice.objects.unread().values_list("id", flat=True))
    return {text for key, text in before.items() if key not in after}
