"""The alignment meeting: what is put before the two teams, and what they decide."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from handoff.feedback.deciding import decide, finish
from handoff.feedback.models import Decision, Promise
from handoff.lib.refusals import Incomplete, NotAllowed, WrongStage
from handoff.people.models import User
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Handoff
from handoff.queue.qualification import qualify
from handoff.queue.touching import log_touch
from reports.catalogue import REPORTS
from reports.meeting import MeetingReport, meeting_report
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    YES,
    make_calendar,
    make_handoff,
    make_lead,
    make_manager,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    make_user,
)
from tests.reports.asking import ask

pytestmark = pytest.mark.django_db
NOW = MONDAY_9AM + 20 * DAY
PERIOD = "from=2026-03-01&to=2026-03-14"
SOME = {**dict.fromkeys(("budget", "authority"), ("yes", "")), **dict.fromkeys(("need", "timeline"), ("no", ""))}


@pytest.fixture(autouse=True)
def _three_weeks_later() -> Any:
    with time_machine.travel(NOW, tick=False):
        make_calendar()
        make_policy(first_touch_hours=4)
        yield


def meeting(user: User, query: str = PERIOD) -> MeetingReport:
    return meeting_report(ask("meeting", user, NOW, query).cohort(), at=NOW)


def judged(name: str, sam: User, *, bant: Any = None, reason: str = "", days: int = 1, total: float = 0) -> Handoff:
    """Hand a lead over and give a verdict `days` later."""
    handoff = make_handoff(make_lead(last_name=name), at=MONDAY_9AM)
    Handoff.objects.filter(pk=handoff.pk).update(total=total)
    at = MONDAY_9AM + days * DAY
    log_touch(handoff, channel="call", outcome="connected", by=sam, at=at - HOUR)
    if bant:
        qualify(handoff, bant=bant, by=sam, at=at)
    else:
        disqualify(handoff, reason=make_reason(reason), by=sam, at=at, note=f"about {name}")
    return handoff


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_what_went_well_is_ordered_by_the_stated_rule_and_stops_at_five() -> None:
    sam = make_rep()
    for name, bant, days in (("Weak", SOME, 1), ("Slow", YES, 9), ("Quick", YES, 2)):
        judged(name, sam, bant=bant, days=days)
    assert [one.handoff.lead.last_name for one in meeting(make_marketer()).well] == ["Quick", "Slow", "Weak"]
    for number in range(4):
        judged(f"More {number}", sam, bant=YES, days=5)
    assert len(meeting(User.objects.get(username="max")).well) == 5


def test_what_did_not_is_what_counts_against_the_rules_highest_score_first() -> None:
    sam = make_rep()
    judged("Low", sam, reason="no-budget", total=50)
    judged("High", sam, reason="no-budget", total=90)
    judged("Unjust", sam, reason="bad-data", total=99)
    found = meeting(make_marketer()).badly
    assert [(one.handoff.lead.last_name, one.why) for one in found] == [
        ("High", "No budget: about High"),
        ("Low", "No budget: about Low"),
    ]


def test_reasons_stand_beside_their_share_of_last_time() -> None:
    sam = make_rep()
    for reason in ("no-budget", "no-budget", "bad-data"):
        judged("One", sam, reason=reason)
    [first, second] = meeting(make_marketer()).reasons
    assert (first.name, first.rate.count, first.rate.of, first.before.of) == ("No budget", 2, 3, 0)
    assert (second.name, second.rate.count) == ("Bad data", 1)


def test_promises_stand_beside_what_came_and_last_time() -> None:
    judged("One", make_rep(), bant=YES)
    for first, last, mqls in ((date(2026, 2, 15), date(2026, 2, 28), 9), (date(2026, 3, 1), date(2026, 3, 14), 1)):
        Promise.objects.create(first=first, last=last, mqls=mqls)
    [promised] = meeting(make_marketer()).promises
    assert (promised.now.promised, promised.now.count, promised.now.is_kept) == (1, 1, True)
    assert promised.before is not None
    assert (promised.before.promised, promised.before.count, promised.before.is_kept) == (9, 0, False)


def test_decisions_are_carried_on_until_they_are_done() -> None:
    max_, mia = make_marketer(), make_manager()
    early: dict[str, Any] = {"by": max_, "at": MONDAY_9AM - 20 * DAY}
    done = decide(text="Ask for the budget", owner=max_, due_on=date(2026, 2, 20), **early)
    finish(done, outcome="asked", by=mia, at=MONDAY_9AM - 10 * DAY)
    decide(text="Lower the webinar", owner=mia, due_on=date(2026, 3, 5), **early)
    decide(text="Call within the hour", owner=mia, due_on=date(2026, 4, 1), by=mia, at=MONDAY_9AM)
    found = [(row.decision.text, row.is_carried, row.state) for row in meeting(max_).decisions]
    assert found == [("Lower the webinar", True, "overdue"), ("Call within the hour", False, "open")]


def test_who_decides_and_what_is_missing() -> None:
    mia, sam = make_manager(), make_rep()
    with pytest.raises(NotAllowed):
        decide(text="More leads", owner=sam, due_on=date(2026, 4, 1), by=sam, at=NOW)
    with pytest.raises(Incomplete) as refused:
        decide(text=" ", owner=None, due_on=None, by=mia, at=NOW)
    assert set(refused.value.extra["fields"]) == {"text", "owner", "due_on"}
    made = decide(text="Call", owner=sam, due_on=date(2026, 4, 1), by=mia, at=NOW)
    with pytest.raises(NotAllowed):
        finish(made, outcome="", by=make_rep("noor"), at=NOW)
    finish(made, outcome="done", by=sam, at=NOW)
    with pytest.raises(WrongStage):
        finish(made, outcome="again", by=mia, at=NOW)


def test_a_decision_is_written_down_and_done_on_the_page() -> None:
    mia, address = make_manager(), reverse("report-meeting")
    client = as_(mia)
    assert "Nothing is decided yet" in client.get(f"{address}?{PERIOD}").content.decode()
    form = {"text": "Lower the webinar", "owner": mia.pk, "due_on": "2026-04-01", "query": "period=28d"}
    empty = client.post(reverse("decide"), form | {"text": ""})
    assert empty.status_code == 422
    assert 'value="2026-04-01"' in empty.content.decode()
    page = client.post(reverse("decide"), form, follow=True)
    assert page.redirect_chain[-1][0] == f"{address}?period=28d"
    assert "Lower the webinar" in page.content.decode()
    done = reverse("finish-decision", args=[Decision.objects.get().pk])
    assert "down to ten" in client.post(done, {"outcome": "down to ten"}, follow=True).content.decode()


@pytest.mark.parametrize("role", ["rep", "marketer", "manager", "admin"])
def test_everybody_reads_it_in_few_queries(role: str, django_assert_max_num_queries: Any) -> None:
    sam = make_rep()
    for _ in range(3):
        judged("One", sam, bant=YES)
        judged("Two", sam, reason="no-budget")
    client = as_(make_user("reader", role))
    assert REPORTS["meeting"].title == "Alignment meeting"
    with django_assert_max_num_queries(45):
        assert client.get(f"{reverse('report-meeting')}?{PERIOD}").status_code == 200
