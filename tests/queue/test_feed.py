"""The calendar feed: what is to be done, under an address that is its own key."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from handoff.people.models import ApiToken, User
from handoff.people.tokens import make_token
from handoff.queue.claiming import claim, release
from handoff.queue.closing import close
from handoff.queue.models import Clock, Handoff, Verdict
from handoff.queue.next_steps import plan_next_step
from tests.making import DAY, HOUR, MONDAY_9AM, make_calendar, make_handoff, make_lead, make_policy, make_rep

pytestmark = pytest.mark.django_db


def address(user: User, **values: Any) -> str:
    return f"/calendar/{make_token(user, **{'at': timezone.now(), 'scopes': ['calendar'], **values})}.ics"


def entries(user: User) -> dict[str, tuple[str, datetime]]:
    """Return the calendar's entries by their names."""
    found = Calendar.from_ical(Client().get(address(user)).content).walk("VEVENT")
    return {str(event["UID"]): (str(event["SUMMARY"]), event.decoded("DTSTART")) for event in found}


def held(user: User, **values: Any) -> Handoff:
    handoff = make_handoff(make_lead(**values))
    claim(handoff, by=user, at=MONDAY_9AM)
    return handoff


def test_it_has_next_steps_and_due_clocks_of_what_one_holds_in_universal_time() -> None:
    make_calendar()
    make_policy(first_touch_hours=4, verdict_days=10)
    sam = make_rep()
    handoff = held(sam, last_name="Vogt")
    held(make_rep("sasha"))
    make_handoff()
    step = plan_next_step(handoff, what="Call back", step_at=MONDAY_9AM + DAY, by=sam, at=MONDAY_9AM)
    touch, verdict = Clock.objects.filter(handoff=handoff).order_by("due_at")
    assert entries(sam) == {
        f"next-step-{step.pk}@handoff": ("Call back: Lena Vogt", MONDAY_9AM + DAY),  # type: ignore[union-attr]
        f"clock-{touch.pk}@handoff": ("Due: first touch, Lena Vogt", touch.due_at),
        f"clock-{verdict.pk}@handoff": ("Due: verdict, Lena Vogt", verdict.due_at),
    }
    assert b"DTSTART:20260303T080000Z" in Client().get(address(sam)).content


def test_a_moved_plan_takes_the_place_of_the_old_one_and_a_given_up_one_is_gone() -> None:
    sam = make_rep()
    handoff = held(sam)
    plan_next_step(handoff, what="Call", step_at=MONDAY_9AM + DAY, by=sam, at=MONDAY_9AM)
    plan_next_step(handoff, what="Write", step_at=MONDAY_9AM + 2 * DAY, by=sam, at=MONDAY_9AM)
    assert [what.split(":")[0] for what, _at in entries(sam).values()] == ["Write"]
    plan_next_step(handoff, what="", step_at=None, by=sam, at=MONDAY_9AM)
    assert entries(sam) == {}


@pytest.mark.parametrize("how", ["released", "judged"])
def test_a_lead_that_is_no_longer_ones_own_leaves_the_calendar(how: str) -> None:
    make_calendar()
    make_policy()
    sam = make_rep()
    handoff = held(sam)
    assert len(entries(sam)) == 2
    if how == "released":
        release(handoff, reason="not mine", by=sam, at=MONDAY_9AM + HOUR)
    else:
        close(handoff, verdict=Verdict.QUALIFIED, by=sam, at=MONDAY_9AM + HOUR)
    assert entries(sam) == {}


def test_it_speaks_ones_language_escapes_and_folds_and_asks_no_cookie() -> None:
    sam = make_rep(language="de")
    handoff = held(sam, last_name="Vogt; Söhne, GmbH")
    plan_next_step(handoff, what="Zurückrufen " * 10, step_at=MONDAY_9AM + DAY, by=sam, at=MONDAY_9AM)
    answer = Client().get(address(sam))
    assert max(map(len, answer.content.split(b"\r\n"))) <= 75
    assert r"Vogt\; Söhne\, GmbH".encode() in answer.content.replace(b"\r\n ", b"")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "private" in answer.headers["Cache-Control"]
    assert not answer.cookies


def test_other_keys_open_nothing_and_this_one_opens_nothing_else() -> None:
    sam, now = make_rep(), timezone.now()
    revoked, gone, expired = address(sam), address(make_rep("sasha")), address(sam, lasts=timedelta(0))
    ApiToken.objects.filter(user=sam, expires_at=None).update(revoked_at=now)
    User.objects.filter(username="sasha").update(is_active=False)
    full, other = address(sam, scopes=[]), address(sam, scopes=["queue:read"])
    for wrong in (revoked, gone, expired, full, other, "/calendar/x.ics"):
        assert Client().get(wrong).status_code == 404, wrong
    secret = make_token(sam, at=now, scopes=["calendar"])
    assert Client().post(f"/calendar/{secret}.ics").status_code == 405
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/queue/").status_code == 403
    assert ApiToken.objects.latest("id").last_used_on == now.date()
