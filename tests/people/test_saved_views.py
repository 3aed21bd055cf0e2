"""Saved views of reports: kept, dropped, and mailed every Monday, once."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from handoff.outbox.models import Mail
from handoff.people.models import SavedView, User
from handoff.people.working_lists import keep_list
from reports.weekly import mail_due
from tests.making import DAY, HOUR, MONDAY_9AM, make_calendar, make_handoff, make_manager, make_policy, make_rep

pytestmark = pytest.mark.django_db
NEXT_MONDAY_AT_EIGHT = MONDAY_9AM + 7 * DAY - HOUR  # in Amsterdam


def weekly(user: User, *, page: str = "report-sla", name: str = "Mine", at: datetime = MONDAY_9AM) -> SavedView:
    return keep_list(page=page, name=name, query="period=last_week", is_weekly=True, by=user, at=at)


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_view_is_kept_from_its_page_and_stands_where_one_begins() -> None:
    mia, query = make_manager(), "team=benelux&by=person"
    answer = as_(mia).post(reverse("keep-view"), {"page": "report-sla", "name": "Mine", "query": query, "weekly": "1"})
    assert answer["Location"] == f"{reverse('report-sla')}?{query}"
    kept = SavedView.objects.get()
    assert (kept.user, kept.query, kept.is_weekly) == (mia, query, True)
    page = as_(mia).get(reverse("reports")).content.decode()
    assert f"{reverse('report-sla')}?team=benelux&amp;by=person" in page


def test_a_view_is_chosen_for_the_mail_dropped_and_nobody_elses() -> None:
    mia = make_manager()
    kept = keep_list(page="report-funnel", name="Mine", query="", by=mia, at=MONDAY_9AM)
    address = reverse("change-view", args=[kept.pk])
    as_(mia).post(address, {"weekly": "1"})
    kept.refresh_from_db()
    assert kept.is_weekly
    assert as_(make_rep()).post(address, {"drop": "1"}).status_code == 404
    as_(mia).post(address, {"drop": "1"})
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("page", ["queue", "report-moon", "admin:index"])
def test_only_reports_can_be_kept_as_views(page: str) -> None:
    answer = as_(make_manager()).post(reverse("keep-view"), {"page": page, "name": "Mine", "query": ""})
    assert (answer.status_code, SavedView.objects.exists()) == (404, False)


def test_a_view_without_a_name_is_refused_and_says_so() -> None:
    answer = as_(make_manager()).post(reverse("keep-view"), {"page": "report-sla", "name": " "}, follow=True)
    assert "Give the list a name" in answer.content.decode()
    assert not SavedView.objects.exists()


def test_chosen_views_come_in_one_mail_on_monday_with_the_figures_of_their_pages() -> None:
    make_calendar()
    make_policy()
    make_handoff()
    mia = make_manager()
    weekly(mia)
    weekly(mia, page="report-funnel", name="How far")
    assert mail_due(at=NEXT_MONDAY_AT_EIGHT) == 1
    mail = Mail.objects.get()
    assert mail.to == mia.email
    for expected in ("Mine · SLA report", "First touch in time: 0% (0 of 1", "How far · Funnel", "period=last_week"):
        assert expected in mail.body


def test_the_mail_of_a_week_is_written_once_however_often_and_late_the_tick_runs() -> None:
    weekly(make_manager())
    assert mail_due(at=NEXT_MONDAY_AT_EIGHT - timedelta(minutes=1)) == 0
    runs = [mail_due(at=NEXT_MONDAY_AT_EIGHT + days * DAY) for days in (2, 2, 4, 6)]
    assert runs == [1, 0, 0, 0]
    assert mail_due(at=NEXT_MONDAY_AT_EIGHT + 7 * DAY) == 1
    assert Mail.objects.count() == 2


def test_a_view_chosen_during_the_week_comes_on_the_next_monday() -> None:
    weekly(make_manager(), at=NEXT_MONDAY_AT_EIGHT + DAY)
    assert mail_due(at=NEXT_MONDAY_AT_EIGHT + 2 * DAY) == 0
    assert mail_due(at=NEXT_MONDAY_AT_EIGHT + 7 * DAY) == 1


def test_what_is_not_there_any_more_is_said_and_keeps_nothing_from_leaving() -> None:
    mia, sasha = make_manager(), make_manager("sasha")
    keep_list(page="report-sla", name="Gone", query="team=atlantis", is_weekly=True, by=mia, at=MONDAY_9AM)
    weekly(sasha)
    assert mail_due(at=NEXT_MONDAY_AT_EIGHT) == 2
    assert "not there any more" in Mail.objects.get(to=mia.email).body


def test_nobody_without_an_address_or_who_left_gets_a_mail() -> None:
    weekly(make_manager(is_active=False))
    nora = make_manager("nora")
    weekly(nora)
    User.objects.filter(pk=nora.pk).update(email="")
    assert mail_due(at=NEXT_MONDAY_AT_EIGHT) == 0
