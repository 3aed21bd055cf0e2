"""Signing in, where each role lands, languages and one's own tokens."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from handoff.people.models import ApiToken, User
from tests.making import make_rep, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "grid tariffs explained"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def with_password(username: str = "sam", role: str = "rep") -> User:
    user = make_user(username, role)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.mark.parametrize(
    ("role", "page"),
    [("rep", "queue"), ("marketer", "feedback"), ("manager", "reports"), ("admin", "queue")],
)
def test_each_role_lands_where_its_work_is(role: str, page: str) -> None:
    answer = signed_in(make_user("one", role)).get("/", follow=True)
    assert answer.redirect_chain == [(reverse(page), 302)]
    assert answer.status_code == 200


def test_signing_in_leads_to_where_one_wanted_to_go() -> None:
    with_password()
    client = Client()
    page = client.get("/login/?next=/leads/")
    assert 'name="next" value="/leads/"' in page.content.decode()
    form = {"username": "sam", "password": PASSWORD, "next": "/leads/"}
    assert client.post("/login/", form).headers["Location"] == "/leads/"
    assert client.get("/login/").headers["Location"] == "/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(elsewhere: str) -> None:
    with_password()
    form = {"username": "sam", "password": PASSWORD, "next": elsewhere}
    assert Client().post("/login/", form).headers["Location"] == "/"


def test_a_wrong_password_says_so_and_keeps_the_name() -> None:
    with_password()
    page = Client().post("/login/", {"username": "sam", "password": "guess"})
    assert page.status_code == 200
    assert 'value="sam"' in page.content.decode()
    assert "notice-danger" in page.content.decode()


def test_who_has_left_is_not_let_in() -> None:
    user = with_password()
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert Client().post("/login/", {"username": "sam", "password": PASSWORD}).status_code == 200


def test_after_ten_wrong_passwords_the_door_stays_shut_for_that_name_only() -> None:
    with_password("sam")
    with_password("sasha")
    client = Client()
    for _ in range(10):
        answer = client.post("/login/", {"username": "sam", "password": "guess"})
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
    assert client.post("/login/", {"username": "sam", "password": PASSWORD}).status_code == 429
    assert client.post("/login/", {"username": "sasha", "password": PASSWORD}).status_code == 302


def test_signing_out_needs_a_post_and_shuts_the_door() -> None:
    client = signed_in(make_rep())
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).headers["Location"] == "/login/"
    assert client.get("/queue/").headers["Location"] == "/login/?next=/queue/"


def test_the_language_is_switched_for_good_and_one_stays_where_one_was() -> None:
    sam = make_rep()
    client = signed_in(sam)
    answer = client.post(reverse("set_language"), {"language": "de", "next": "/leads/?q=vogt"})
    assert answer.headers["Location"] == "/leads/?q=vogt"
    sam.refresh_from_db()
    assert sam.language == "de"
    assert '<html lang="de"' in client.get("/queue/").content.decode()


def test_who_is_not_signed_in_can_switch_the_language_too() -> None:
    client = Client()
    client.post(reverse("set_language"), {"language": "nl", "next": "/login/"})
    assert '<html lang="nl"' in client.get("/login/").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "", "javascript:alert(1)"])
def test_switching_the_language_leads_nowhere_else(elsewhere: str) -> None:
    answer = signed_in(make_rep()).post(reverse("set_language"), {"language": "de", "next": elsewhere})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("language", ["fr", "xx", "", "de; drop"])
def test_a_language_that_is_not_offered_changes_nothing(language: str) -> None:
    sam = make_rep()
    answer = signed_in(sam).post(reverse("set_language"), {"language": language, "next": "/queue/"})
    assert answer.status_code == 302
    assert not answer.cookies
    sam.refresh_from_db()
    assert sam.language == "en"


def test_a_token_is_shown_once_opens_the_api_and_is_revoked() -> None:
    client = signed_in(make_rep())
    assert "You have none." in client.get(reverse("me")).content.decode()
    made = re.search(r"hof_[\w-]+", client.post(reverse("me"), {"name": "Export"}).content.decode())
    assert made
    again = client.get(reverse("me")).content.decode()
    assert "Export" in again
    assert "hof_" not in again
    bearer = {"Authorization": f"Bearer {made[0]}"}
    assert Client().get("/api/v1/queue/", headers=bearer).status_code == 200
    page = client.post(reverse("me"), {"revoke": ApiToken.objects.get().pk})
    assert "no longer opens anything" in page.content.decode()
    assert Client().get("/api/v1/queue/", headers=bearer).status_code == 401
    assert "Export" not in client.get(reverse("me")).content.decode()


@pytest.mark.parametrize("what", ["a colleague's", "x", "", "9" * 30])
def test_only_ones_own_tokens_are_revoked(what: str) -> None:
    signed_in(make_rep("sasha")).post(reverse("me"), {"name": "Hers"})
    pk = str(ApiToken.objects.get().pk) if what == "a colleague's" else what
    answer = signed_in(make_rep("sam")).post(reverse("me"), {"revoke": pk})
    assert answer.status_code == 200
    assert ApiToken.objects.get().revoked_at is None
