"""The lead beside the queue: why now, may they be called, and logging from there."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from handoff.leads.models import Consent, Lead
from handoff.people.models import User
from handoff.queue.briefing import last_time, why
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Clock, Handoff, MailTemplate, Touch
from handoff.queue.next_steps import plan_next_step
from handoff.queue.receiving import receive_activities
from handoff.queue.rescoring import read_one
from handoff.queue.snoozing import snooze
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_policy,
    make_reason,
    make_rep,
    page_view,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> User:
    return make_rep("sam")


def held(by: User, **values: Any) -> Handoff:
    handoff = make_handoff(make_lead(**values), at=timezone.now() - 2 * HOUR)
    claim(handoff, by=by, at=timezone.now() - HOUR)
    return handoff


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def panel(handoff: Handoff, by: User, name: str = "handoff", query: str = "") -> str:
    answer = signed_in(by).get(reverse(name, args=[handoff.pk]) + query)
    return answer.content.decode()


def allow(lead: Lead, channel: str, basis: str = "request") -> None:
    Consent.objects.create(lead=lead, channel=channel, basis=basis, at=MONDAY_9AM)


def test_the_score_is_explained_as_it_is_now_with_how_often_and_when(sam: User) -> None:
    make_live({**PRICING, "limit": 3, "limit_per": "ever"}, threshold=50)
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM - n * HOUR) for n in range(2)], at=MONDAY_9AM)
    handoff = Handoff.objects.get()
    receive_activities([page_view(lead, MONDAY_9AM + HOUR)], at=MONDAY_9AM + HOUR)
    at = MONDAY_9AM + 2 * HOUR
    read = read_one(lead, at=at)
    assert read
    (line,) = why(read, at).lines
    assert (line.name, line.points, line.note) == ("Visited pricing", 90, "×3, 10:00")
    page = panel(handoff, sam)
    assert "· 90" in page
    assert handoff.total == 60


def test_what_sales_said_last_time_and_what_came_since_is_said(sam: User) -> None:
    make_live(PRICING, threshold=20)
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    first = Handoff.objects.get()
    wake_at = MONDAY_9AM + 20 * DAY
    reason = make_reason("not-ready")
    disqualify(first, reason=reason, wake_at=wake_at, by=sam, at=MONDAY_9AM + HOUR)
    later = MONDAY_9AM + 30 * DAY
    lead.refresh_from_db()
    again = make_handoff(lead, at=later)
    receive_activities([page_view(lead, later)], at=later)
    found = last_time(again, read_one(lead, at=later), later)
    assert found
    assert (found.verdict.by, found.wake_at, found.points) == (sam, wake_at, 30)
    assert "not before 22 March" in panel(again, sam)


def test_a_first_handoff_has_no_last_time() -> None:
    assert last_time(make_handoff(), None, MONDAY_9AM) is None


def test_calling_is_offered_only_where_it_is_allowed(sam: User) -> None:
    handoff = held(sam, phone="+4940555014")
    page = panel(handoff, sam)
    assert "tel:" not in page
    assert "no basis known" in page
    allow(handoff.lead, "phone")
    assert 'href="tel:+4940555014"' in panel(handoff, sam)
    allow(handoff.lead, "phone", "objection")
    page = panel(handoff, sam)
    assert "tel:" not in page
    assert "objection, 2 Mar 2026" in page


def test_mail_can_start_from_a_template(sam: User) -> None:
    MailTemplate.objects.create(name="First contact", language="en", subject="Hello", body="Dear {first_name}")
    handoff = held(sam)
    allow(handoff.lead, "email")
    page = panel(handoff, sam)
    assert "subject=Hello&amp;body=Dear%20Lena" in page
    assert "begun=email&amp;template=First%20contact" in page


def test_a_snooze_says_until_when_and_why_and_can_be_ended(sam: User) -> None:
    handoff, client = held(sam), signed_in(sam)
    log(sam, handoff, note="Is away.")
    until = timezone.localtime() + 2 * DAY
    snooze(handoff, until=until, reason="on holiday", by=sam, at=timezone.now())
    said = f"until {date_format(until, 'D j M H:i')}: on holiday"
    assert said in panel(handoff, sam)
    row = client.get(reverse("queue") + "?view=snoozed").content.decode()
    assert f"snoozed until {date_format(until, 'D H:i')}: on holiday" in row
    form = {"version": Handoff.objects.get().version}
    page = client.post(reverse("wake", args=[handoff.pk]), form, follow=True).content.decode()
    assert f"{handoff.lead.name} is back in the queue." in page
    assert said not in page
    assert Handoff.objects.get().snoozed_until is None


def test_an_overdue_next_step_shows(sam: User) -> None:
    handoff = held(sam)
    plan_next_step(handoff, what="Call back", step_at=timezone.now() - HOUR / 4, by=sam, at=timezone.now() - HOUR / 2)
    assert "overdue" in panel(handoff, sam)


@pytest.mark.parametrize(
    ("query", "channel", "evidence"),
    [
        pytest.param("?begun=call", "call", "Called +4940555014 from Handoff at ", id="a call"),
        pytest.param("?begun=email", "email", "Mail to lena@acme.example from Handoff at ", id="an empty mail"),
        pytest.param("?begun=email&template=First+contact", "email", "“First contact”", id="a template"),
    ],
)
def test_what_was_begun_from_here_is_its_own_evidence(sam: User, query: str, channel: str, evidence: str) -> None:
    handoff = held(sam, email="lena@acme.example", phone="+4940555014")
    form = signed_in(sam).get(reverse("touches", args=[handoff.pk]) + query).context["form"]
    assert form["channel"].value() == channel
    assert evidence in form["evidence"].value()
    assert form["happened_at"].value()


def log(by: User, handoff: Handoff, referer: str = "", **given: Any) -> Any:
    headers = {"referer": referer} if referer else {}
    row = {"channel": "call", "outcome": "no_answer", **given}
    return signed_in(by).post(reverse("touches", args=[handoff.pk]), row, headers=headers)


def test_save_and_next_goes_to_the_most_urgent_other_lead(sam: User) -> None:
    first, second = held(sam), held(sam)
    assert log(sam, first, next="1").headers["Location"] == reverse("handoff", args=[second.pk])
    assert log(sam, first).headers["Location"] == reverse("handoff", args=[first.pk])


def test_save_and_next_without_another_goes_to_the_queue(sam: User) -> None:
    assert log(sam, held(sam), next="1").headers["Location"] == reverse("queue")


def test_from_the_list_it_goes_back_to_the_list_as_it_was(sam: User) -> None:
    address = reverse("queue") + "?view=team&page=2"
    answer = log(sam, held(sam), f"https://elsewhere.example{address}", next="1")
    assert answer.headers["Location"] == address


def test_one_key_is_enough_to_stop_the_first_touch_clock(sam: User) -> None:
    make_calendar()
    make_policy().targets.update(needs_proof=True)
    handoff = held(sam)
    evidence = signed_in(sam).get(reverse("handoff", args=[handoff.pk])).context["quick_evidence"]
    log(sam, handoff, evidence=evidence)
    assert not Clock.objects.get(metric="first_touch").is_running
    assert Touch.objects.get().evidence == "logged with one key"


def test_a_touch_that_proves_nothing_says_that_the_first_touch_runs_on(sam: User) -> None:
    make_calendar()
    make_policy().targets.update(needs_proof=True)
    handoff, client = held(sam), signed_in(sam)
    address, form = reverse("touches", args=[handoff.pk]), {"channel": "call", "outcome": "no_answer"}
    warning = "Without a note or evidence it does not stop the first touch."
    assert warning in client.get(address).content.decode()
    assert warning in client.post(address, form, follow=True).content.decode()
    assert warning not in client.post(address, {**form, "note": "Is away."}, follow=True).content.decode()
    assert warning not in client.get(address).content.decode()


def test_evidence_that_is_too_long_is_said_and_nothing_logged(sam: User) -> None:
    answer = log(sam, held(sam), evidence="x" * 301)
    assert answer.status_code == 422
    assert "at most 300 characters" in answer.content.decode()
    assert not Touch.objects.exists()


def test_the_offered_try_is_planned_where_it_is_taken(sam: User) -> None:
    make_calendar()
    make_policy()
    handoff = held(sam)
    form = signed_in(sam).get(reverse("touches", args=[handoff.pk])).context["form"]
    assert form["plan_try"].label.startswith("Try 2 of 6 in 14 days: next try ")
    offered = form["try_at"].value()
    log(sam, handoff, plan_try="on", try_at=offered)
    step = handoff.next_steps.get()
    assert (step.what, timezone.localtime(step.at).strftime("%Y-%m-%dT%H:%M")) == ("Try 2", offered)


def test_ones_own_next_step_comes_before_the_offered_try(sam: User) -> None:
    make_policy()
    handoff, mine = held(sam), timezone.localtime(timezone.now() + DAY)
    log(sam, handoff, plan_try="on", try_at=_typed(mine + DAY), next_what="Send prices", next_at=_typed(mine))
    assert handoff.next_steps.get().what == "Send prices"


def _typed(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}"
