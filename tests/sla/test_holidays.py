"""Calendars: public holidays copied into rows, hours typed as HH:MM, and whose they are to change."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from handoff.people.models import User
from handoff.sla.holidays import NoSuchCountry, copy_holidays
from handoff.sla.models import Calendar, ClosedDay
from tests.making import MONDAY_9AM, make_calendar, make_manager, make_team, make_user

pytestmark = pytest.mark.django_db
THIS_YEAR = {"since": date(2026, 1, 1), "until": date(2027, 1, 1)}


def make_country_calendar(country: str, region: str = "") -> Calendar:
    """Make office hours of a country."""
    calendar = make_calendar()
    calendar.country, calendar.region = country, region
    calendar.save()
    return calendar


def test_the_holidays_of_the_country_become_closed_days() -> None:
    calendar = make_country_calendar("NL")
    copied = copy_holidays(calendar, **THIS_YEAR)
    assert calendar.closed_days.count() == copied
    assert calendar.closed_days.get(date=date(2026, 4, 27)).name == "Koningsdag"


def test_a_region_has_its_own() -> None:
    bavaria = make_country_calendar("DE", "BY")
    copy_holidays(bavaria, **THIS_YEAR)
    assert bavaria.closed_days.filter(date=date(2026, 1, 6)).exists()


def test_copying_again_adds_nothing_and_keeps_names() -> None:
    calendar = make_country_calendar("NL")
    ClosedDay.objects.create(calendar=calendar, date=date(2026, 4, 27), name="King's day, office party")
    copy_holidays(calendar, **THIS_YEAR)
    assert copy_holidays(calendar, **THIS_YEAR) == 0
    assert calendar.closed_days.get(date=date(2026, 4, 27)).name == "King's day, office party"


def test_the_days_lie_between_the_bounds() -> None:
    calendar = make_country_calendar("NL")
    copy_holidays(calendar, since=date(2026, 4, 27), until=date(2026, 12, 25))
    days = set(calendar.closed_days.values_list("date", flat=True))
    assert min(days) == date(2026, 4, 27)
    assert max(days) < date(2026, 12, 25)


@pytest.mark.parametrize(
    ("country", "region"),
    [
        pytest.param("XX", "", id="a country that does not exist"),
        pytest.param("DE", "QQ", id="a region that does not exist"),
        pytest.param("", "", id="no country"),
    ],
)
def test_an_unknown_place_is_refused(country: str, region: str) -> None:
    calendar = make_country_calendar(country, region)
    with pytest.raises(NoSuchCountry):
        copy_holidays(calendar, **THIS_YEAR)
    assert not ClosedDay.objects.exists()


# The page


def sign_in(user: User) -> Client:
    """Return a browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def calendar_form(*openings: tuple[int, str, str], **values: str) -> dict[str, Any]:
    """Return what the page of a new calendar would send."""
    form: dict[str, Any] = {"name": "Berlin", "time_zone": "Europe/Berlin", "country": "de", "region": "by"}
    form |= {"openings-TOTAL_FORMS": len(openings), "openings-INITIAL_FORMS": 0}
    form |= {"closed_days-TOTAL_FORMS": 0, "closed_days-INITIAL_FORMS": 0}
    for place, (weekday, opens, closes) in enumerate(openings):
        start = f"openings-{place}"
        form |= {f"{start}-weekday": weekday, f"{start}-opens": opens, f"{start}-closes": closes}
    return {**form, **values}


def test_a_calendar_opens_at_some_time() -> None:
    client = sign_in(make_manager())
    page = client.post(reverse("admin:sla_calendar_add"), calendar_form()).content.decode()
    assert "Please submit at least 1 form." in page
    assert not Calendar.objects.exists()


@time_machine.travel(MONDAY_9AM, tick=False)
def test_the_button_copies_the_next_two_years() -> None:
    calendar = make_country_calendar("NL")
    client = sign_in(make_manager())
    page = client.post(reverse("admin:sla_calendar_holidays", args=[calendar.pk]), follow=True)
    assert "holidays were added" in page.content.decode()
    assert set(calendar.closed_days.values_list("date__year", flat=True)) == {2026, 2027, 2028}
    assert not calendar.closed_days.filter(date__lt=date(2026, 3, 2)).exists()


def test_the_button_of_a_calendar_without_a_country_says_what_to_do() -> None:
    calendar = make_calendar()
    client = sign_in(make_manager())
    page = client.post(reverse("admin:sla_calendar_holidays", args=[calendar.pk]), follow=True)
    assert "Choose the country" in page.content.decode()


@pytest.mark.parametrize(
    ("opens", "closes", "minutes"),
    [
        pytest.param("09:00", "17:30", (540, 1050), id="office hours"),
        pytest.param("9:00", "17.30", (540, 1050), id="written otherwise"),
        pytest.param("00:00", "24:00", (0, 1440), id="the whole day"),
        pytest.param("18:00", "00:00", (1080, 1440), id="until midnight"),
        pytest.param("22:00", "06:00", (1320, 1800), id="past midnight"),
    ],
)
def test_hours_are_typed_as_times_of_day(opens: str, closes: str, minutes: tuple[int, int]) -> None:
    client = sign_in(make_user("ada", "admin"))
    client.post(reverse("admin:sla_calendar_add"), calendar_form((0, opens, closes)))
    opening = Calendar.objects.get(name="Berlin").openings.get()
    assert (opening.opens, opening.closes) == minutes


@pytest.mark.parametrize(
    ("opens", "closes", "said"),
    [
        pytest.param("nine", "17:00", "“nine” is no time", id="a word"),
        pytest.param("09:75", "17:00", "“09:75” is no time", id="too many minutes"),
        pytest.param("24:00", "25:00", "less than or equal to 1439", id="an opening on the next day"),
        pytest.param("", "17:00", "This field is required", id="no opening"),
    ],
)
def test_a_time_that_is_none_says_so(opens: str, closes: str, said: str) -> None:
    client = sign_in(make_user("ada", "admin"))
    page = client.post(reverse("admin:sla_calendar_add"), calendar_form((0, opens, closes)))
    assert said in page.content.decode()
    assert not Calendar.objects.filter(name="Berlin").exists()


def test_stored_hours_stand_in_the_form_as_times() -> None:
    calendar = make_calendar()
    page = sign_in(make_manager()).get(reverse("admin:sla_calendar_change", args=[calendar.pk])).content.decode()
    assert 'value="09:00"' in page
    assert 'value="17:00"' in page


def test_a_country_that_does_not_exist_is_refused() -> None:
    page = sign_in(make_user("ada", "admin")).post(reverse("admin:sla_calendar_add"), calendar_form(country="xx"))
    assert "No holidays are known for “XX BY”" in page.content.decode()


def test_a_manager_leaves_other_teams_calendars_alone() -> None:
    theirs = make_calendar(make_team("DACH"))
    client = sign_in(make_manager(team=make_team("Benelux")))
    url = reverse("admin:sla_calendar_change", args=[theirs.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, calendar_form()).status_code == 403
    assert client.post(reverse("admin:sla_calendar_holidays", args=[theirs.pk])).status_code == 403
