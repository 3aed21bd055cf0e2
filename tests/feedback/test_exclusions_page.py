"""The page of the exclusion list: preview, add, take off, without JavaScript; strangers stay outside."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from handoff.leads.models import Exclusion, Hold, Stage
from handoff.people.models import User
from handoff.queue.excluding import exclude
from tests.making import make_lead, make_manager, make_marketer, make_rep, make_user

pytestmark = pytest.mark.django_db
PAGE = "/feedback/exclusions/"
ENTRY = {"kind": "domain", "value": "acme.example", "why": "competitor", "note": "", "until": ""}


@pytest.fixture
def marketer() -> User:
    return make_marketer("max")


@pytest.fixture
def client(marketer: User) -> Client:
    found = Client()
    found.force_login(marketer)
    return found


def test_an_entry_is_looked_at_first_and_then_added(client: Client, marketer: User) -> None:
    make_lead("lena@acme.example", last_name="Vogt")
    make_lead("carla@acme.example", last_name="Won", stage=Stage.CUSTOMER)
    page = client.post(PAGE, {**ENTRY, "preview": "1"})
    said = page.content.decode()
    assert "It would hold 2 known leads." in said
    assert "1 of them is an SQL, an opportunity or a customer already." in said
    assert said.index("Lena Won") < said.index("Lena Vogt")
    assert not Exclusion.objects.exists()
    page = client.post(PAGE, ENTRY, follow=True)
    assert "acme.example (competitor) is on the list." in page.content.decode()
    assert Exclusion.objects.get().by == marketer
    assert Hold.objects.filter(released_at=None).count() == 2


def test_an_entry_is_taken_off_and_kept_among_those_that_ended(client: Client) -> None:
    client.post(PAGE, ENTRY)
    page = client.post(f"{PAGE}{Exclusion.objects.get().pk}/end/", follow=True)
    assert "is off the list" in page.content.decode()
    assert "acme.example" in client.get(f"{PAGE}?ended").content.decode()
    assert (
        "no longer on the list" in client.post(f"{PAGE}{Exclusion.objects.get().pk}/end/", follow=True).content.decode()
    )


def test_the_last_day_counts_to_its_end(client: Client) -> None:
    today = timezone.localdate()
    client.post(PAGE, {**ENTRY, "until": today.isoformat()})
    expires_at = Exclusion.objects.get().expires_at
    assert expires_at
    assert timezone.localtime(expires_at).date() == today + timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        pytest.param({"value": "com"}, 422, id="no domain"),
        pytest.param({"value": ""}, 422, id="nothing"),
        pytest.param({"until": "2020-01-01"}, 422, id="a day that has passed"),
        pytest.param({"kind": "phone"}, 422, id="an unknown kind"),
    ],
)
def test_what_cannot_be_added_is_said_beside_its_field(client: Client, given: dict[str, str], status: int) -> None:
    assert client.post(PAGE, {**ENTRY, **given}).status_code == status
    assert not Exclusion.objects.exists()


def test_the_same_pattern_twice_is_refused(client: Client) -> None:
    client.post(PAGE, ENTRY)
    page = client.post(PAGE, {**ENTRY, "value": "www.ACME.example"})
    assert page.status_code == 409
    assert "on the list already" in page.content.decode()


@pytest.mark.parametrize("who", [make_rep, make_manager])
def test_reps_and_managers_find_it_closed(who: object) -> None:
    client = Client()
    client.force_login(who())  # type: ignore[operator]
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, ENTRY).status_code == 403
    assert client.post(f"{PAGE}1/end/").status_code == 403


def test_an_administrator_may_and_what_is_gone_is_not_there() -> None:
    client = Client()
    client.force_login(make_user("ada", "admin"))
    assert client.get(PAGE).status_code == 200
    assert client.post(f"{PAGE}99/end/").status_code == 404


def test_the_list_costs_the_same_queries_for_one_entry_and_for_fifty(client: Client, marketer: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(PAGE)
        return len(seen)

    now = timezone.now()
    exclude(kind="domain", value="a.example", why="own", by=marketer, at=now)
    one = queries()
    for number in range(49):
        exclude(kind="domain", value=f"a{number}.example", why="own", by=marketer, at=now)
    assert queries() == one
