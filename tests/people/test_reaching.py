"""How somebody is reached: notices by mail, and a calendar's address."""

import re

import pytest
from django.test import Client

from handoff.people.models import ApiToken, User
from tests.making import make_rep

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_one_chooses_when_notices_come_as_mail() -> None:
    sam = make_rep()
    client = signed_in(sam)
    assert '<option value="at_once" selected>' in client.get("/me/").content.decode()
    page = client.post("/me/notices/", {"notice_mail": "digest"}, follow=True).content.decode()
    assert '<option value="digest" selected>' in page
    assert "Saved." in page
    client.post("/me/notices/", {"notice_mail": "hourly"})
    sam.refresh_from_db()
    assert sam.notice_mail == "digest"


def test_a_calendar_address_is_shown_once_works_and_can_be_revoked() -> None:
    sam = make_rep()
    client = signed_in(sam)
    made = client.post("/me/calendar/")
    (address,) = re.findall(r"http://127\.0\.0\.1:8000(/calendar/\S+\.ics)", made.content.decode())
    assert "no-store" in made.headers["Cache-Control"]
    assert Client().get(address).status_code == 200
    page = client.get("/me/").content.decode()
    assert address not in page
    token = ApiToken.objects.get()
    assert (token.user, token.scopes, f'value="{token.pk}"' in page) == (sam, ["calendar"], True)
    client.post("/me/", {"revoke": token.pk})
    assert Client().get(address).status_code == 404


def test_loading_the_address_again_makes_no_second_one() -> None:
    client = signed_in(make_rep())
    client.post("/me/calendar/")
    page = client.post("/me/calendar/", follow=True).content.decode()
    assert "An address is shown once only" in page
    token = ApiToken.objects.get()
    assert f'name="newest" value="{token.pk}"' in page
    assert client.post("/me/calendar/", {"newest": token.pk}).status_code == 200
    assert ApiToken.objects.count() == 2


def test_strangers_choose_nothing() -> None:
    for path in ("/me/notices/", "/me/calendar/"):
        assert Client().post(path).headers["Location"].startswith("/login/")
    assert not ApiToken.objects.exists()
