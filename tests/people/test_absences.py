"""Being away: said by oneself on one's own page, or by a manager in the admin."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from handoff.lib.refusals import Incomplete, NotAllowed
from handoff.people.absences import be_away, be_sick_today, call_off, come_back
from handoff.people.models import Absence, User
from tests.making import DAY, HOUR, MONDAY_9AM, make_manager, make_marketer, make_rep, make_team, make_user

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("zone", "at", "midnight"),
    [
        pytest.param("Europe/Amsterdam", MONDAY_9AM, datetime(2026, 3, 2, 23, tzinfo=UTC), id="winter"),
        pytest.param(
            "Europe/Amsterdam",
            datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
            datetime(2026, 3, 29, 22, tzinfo=UTC),
            id="summer time starts that day",
        ),
        pytest.param(
            "America/New_York", datetime(2026, 3, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, 5, tzinfo=UTC), id="elsewhere"
        ),
    ],
)
def test_sick_today_ends_at_midnight_where_they_are(zone: str, at: datetime, midnight: datetime) -> None:
    absence = be_sick_today(make_rep(time_zone=zone), at=at)
    assert (absence.starts_at, absence.ends_at, absence.kind) == (at, midnight, "sick")


def test_an_absence_lasts_from_its_start_until_before_its_end() -> None:
    sam = make_rep()
    be_away(sam, by=sam, at=MONDAY_9AM, ends_at=MONDAY_9AM + DAY)
    instants = (-HOUR, 0 * HOUR, DAY - HOUR, DAY)
    assert [Absence.objects.at(MONDAY_9AM + after).exists() for after in instants] == [False, True, True, False]


@pytest.mark.parametrize("after", [timedelta(0), -HOUR])
def test_an_absence_that_ends_before_it_begins_is_refused(after: timedelta) -> None:
    sam = make_rep()
    with pytest.raises(Incomplete):
        be_away(sam, by=sam, at=MONDAY_9AM, starts_at=MONDAY_9AM, ends_at=MONDAY_9AM + after)


@pytest.mark.parametrize("after", [timedelta(0), HOUR])
def test_coming_back_ends_what_lasts_and_leaves_what_is_planned(after: timedelta) -> None:
    sam = make_rep()
    be_away(sam, by=sam, at=MONDAY_9AM)
    be_away(sam, by=sam, at=MONDAY_9AM, starts_at=MONDAY_9AM + DAY)
    assert come_back(sam, by=sam, at=MONDAY_9AM + after) == 1
    assert not Absence.objects.at(MONDAY_9AM + after).exists()
    assert Absence.objects.at(MONDAY_9AM + DAY).exists()


def test_only_what_has_not_begun_is_called_off() -> None:
    sam = make_rep()
    absence = be_away(sam, by=sam, at=MONDAY_9AM, starts_at=MONDAY_9AM + DAY)
    assert not call_off(absence, by=sam, at=MONDAY_9AM + DAY)
    assert call_off(absence, by=sam, at=MONDAY_9AM)
    assert not Absence.objects.exists()


def test_only_oneself_ones_managers_and_administrators_say_so() -> None:
    sam = make_rep()
    strangers = [make_rep("sasha"), make_manager("nina", team=make_team("Nordics")), make_marketer()]
    for stranger in strangers:
        with pytest.raises(NotAllowed):
            be_away(sam, by=stranger, at=MONDAY_9AM)
        with pytest.raises(NotAllowed):
            come_back(sam, by=stranger, at=MONDAY_9AM)
    for person in (sam, make_manager(), make_user("ada", "admin")):
        be_away(sam, by=person, at=MONDAY_9AM)
    assert set(Absence.objects.values_list("by__username", flat=True)) == {"sam", "mia", "ada"}


@time_machine.travel(MONDAY_9AM, tick=False)
def test_one_click_says_sick_and_one_click_says_back() -> None:
    client = signed_in(make_rep())
    assert b'name="sick"' in client.get(reverse("me")).content
    page = client.post(reverse("away"), {"sick": "1"}, follow=True).content.decode()
    assert "Sick from 2 March 09:00 until 3 March 00:00" in page
    assert 'name="sick"' not in page
    with time_machine.travel(MONDAY_9AM + HOUR, tick=False):
        page = client.post(reverse("away"), {"back": "1"}, follow=True).content.decode()
        assert "Welcome back." in page
        assert not Absence.objects.at(MONDAY_9AM + HOUR).exists()


@time_machine.travel(MONDAY_9AM, tick=False)
def test_leave_is_planned_by_its_first_and_last_day_and_called_off() -> None:
    client = signed_in(make_rep())
    client.post(reverse("away"), {"first_day": "2026-03-27", "last_day": "2026-03-29"})
    absence = Absence.objects.get()
    assert absence.starts_at == datetime(2026, 3, 26, 23, tzinfo=UTC)
    assert absence.ends_at == datetime(2026, 3, 29, 22, tzinfo=UTC)
    page = client.post(reverse("away"), {"call_off": absence.pk}, follow=True).content.decode()
    assert "called off" in page
    assert not Absence.objects.exists()


@time_machine.travel(MONDAY_9AM, tick=False)
def test_leave_that_begins_today_begins_now_and_may_stay_open() -> None:
    signed_in(make_rep()).post(reverse("away"), {"first_day": "2026-03-02", "last_day": ""})
    assert (Absence.objects.get().starts_at, Absence.objects.get().ends_at) == (MONDAY_9AM, None)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"first_day": "soon"}, id="no date"),
        pytest.param({"first_day": "2026-03-09", "last_day": "2026-03-06"}, id="the wrong way round"),
        pytest.param({"first_day": "2026-02-09", "last_day": "2026-02-10"}, id="over already"),
        pytest.param({"first_day": "9999-12-31", "last_day": "9999-12-31"}, id="the end of time"),
    ],
)
@time_machine.travel(MONDAY_9AM, tick=False)
def test_days_that_make_no_absence_are_said_to_be_wrong(form: dict[str, str]) -> None:
    answer = signed_in(make_rep()).post(reverse("away"), form)
    assert answer.status_code == 422
    assert b"errorlist" in answer.content
    assert not Absence.objects.exists()


@pytest.mark.parametrize("what", ["a colleague's", "x", "9" * 30])
def test_only_ones_own_absence_is_called_off(what: str) -> None:
    sasha = make_rep("sasha")
    hers = be_away(sasha, by=sasha, at=MONDAY_9AM, starts_at=datetime(2100, 1, 1, tzinfo=UTC))
    pk = str(hers.pk) if what == "a colleague's" else what
    signed_in(make_rep("sam")).post(reverse("away"), {"call_off": pk})
    assert Absence.objects.exists()


def test_a_manager_enters_and_changes_absences_of_own_people_only() -> None:
    make_rep("nina", team=make_team("Nordics"))
    mia, sam = make_manager(team=make_team("Benelux")), make_rep("sam", team=make_team("Benelux"))
    client, nina = signed_in(mia), User.objects.get(username="nina")
    form = {"kind": "leave", "starts_at_0": "2026-03-02", "starts_at_1": "09:00", "ends_at_0": "", "ends_at_1": ""}
    url = reverse("admin:people_absence_add")
    assert client.post(url, form | {"user": nina.pk}).status_code == 200
    assert client.post(url, form | {"user": sam.pk}).status_code == 302
    absence = Absence.objects.get()
    assert (absence.user, absence.by) == (sam, mia)
    change = reverse("admin:people_absence_change", args=[absence.pk])
    wrong = client.post(change, form | {"ends_at_0": "2026-03-01", "ends_at_1": "09:00"})
    assert "An absence ends after it begins." in wrong.content.decode()
    assert client.post(change, form | {"ends_at_0": "2026-03-04", "ends_at_1": "09:00"}).status_code == 302
    be_away(nina, by=nina, at=MONDAY_9AM)
    assert "Nina" not in client.get(reverse("admin:people_absence_changelist")).content.decode()
