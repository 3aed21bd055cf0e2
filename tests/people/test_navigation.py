"""The side bar: who sees which entries, and the numbers beside them."""

import pytest
from django.test import Client
from django.utils import timezone

from handoff.outbox.notices import notify
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from tests.making import HOUR, make_handoff, make_manager, make_marketer, make_reason, make_rep, make_team, make_user

pytestmark = pytest.mark.django_db
SALES, MARKETING = ["Queue", "Qualified", "Nurture", "Agreement"], ["Leads", "Feedback"]
REPORTS = ["Today", "SLA", "Funnel", "Sources", "Rules at work", "Alignment meeting", "Feedback report", "Forecast"]
EVERYBODY = [*SALES, *MARKETING, *REPORTS]


def shown(user: User, address: str = "/queue/") -> dict[str, dict[str, object]]:
    """Return the entries of the side bar by name."""
    client = Client()
    client.force_login(user)
    context = client.get(address).context
    return {str(item["label"]): item for group in context["nav"] for item in group["items"]}


@pytest.mark.parametrize(
    ("role", "more"),
    [
        ("rep", set()),
        ("marketer", {"Triage", "Scoring rules", "Sampling", "Exclusion list", "Imports"}),
        ("manager", {"Triage", "Scoring rules", "Sampling", "Administration"}),
        ("admin", {"Triage", "Scoring rules", "Sampling", "Exclusion list", "Imports", "Administration"}),
    ],
)
def test_each_role_sees_its_entries(role: str, more: set[str]) -> None:
    assert set(shown(make_user("one", role))) == {*EVERYBODY, *more}


@pytest.mark.parametrize("role", ["rep", "marketer", "manager", "admin"])
def test_every_entry_that_is_shown_opens(role: str) -> None:
    user, client = make_user("one", role), Client()
    client.force_login(user)
    for item in shown(user).values():
        assert client.get(str(item["url"])).status_code == 200, item["url"]


def test_the_page_one_is_on_is_marked() -> None:
    entries = shown(make_rep(), "/leads/")
    assert [name for name, item in entries.items() if item["current"]] == ["Leads"]


def test_of_addresses_below_each_other_only_the_one_that_is_open_is_marked() -> None:
    entries = shown(make_marketer(), "/feedback/exclusions/")
    assert [name for name, item in entries.items() if item["current"]] == ["Exclusion list"]


def test_the_numbers_count_what_waits_for_this_person() -> None:
    make_team()
    sam, max_, now = make_rep("sam"), make_marketer(), timezone.now()
    handoffs = [make_handoff(at=now - 2 * HOUR) for _ in range(3)]
    claim(handoffs[0], by=sam, at=now)
    disqualify(handoffs[1], reason=make_reason(), by=make_manager(), at=now)
    assert (shown(sam)["Queue"]["count"], shown(max_)["Queue"]["count"]) == (1, 2)
    assert (shown(sam)["Feedback"]["count"], shown(max_)["Feedback"]["count"]) == (0, 1)


def test_unread_notices_are_counted_at_the_bell() -> None:
    sam, client = make_rep(), Client()
    notify([sam], cause="x", say=lambda: "Look", url="/queue/", at=timezone.now())
    client.force_login(sam)
    assert client.get("/queue/").context["unread_notices"] == 1


def test_a_fragment_costs_no_side_bar() -> None:
    sam, client = make_rep(), Client(headers={"HX-Request": "true"})
    handoff = make_handoff()
    client.force_login(sam)
    assert "nav" not in client.get(f"/queue/{handoff.pk}/").context
