"""The queue's page: its views, what it can be narrowed to and kept as, and how an open one stays fresh."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from handoff.leads.models import LeadScore
from handoff.people.models import SavedView, User
from handoff.queue.badges import badges
from handoff.queue.claiming import claim
from handoff.queue.deals import win
from handoff.queue.models import Handoff
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities
from handoff.queue.takeover import accept_takeover
from handoff.queue.touching import log_touch
from tests.making import (
    DAY,
    HOUR,
    PRICING,
    YES,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_policy,
    make_rep,
    make_team,
    make_user,
    page_view,
)

pytestmark = pytest.mark.django_db
QUEUE = "/queue/"


def now() -> datetime:
    return timezone.now()


def signed_in(user: User, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(user)
    return client


def shown(user: User, query: str = "", **headers: str) -> str:
    found: str = signed_in(user, **headers).get(f"{QUEUE}?{query}").content.decode()
    return found


def held(by: User | None = None, **values: Any) -> Handoff:
    """Return a handoff of two hours ago, taken by `by`, with these fields of its lead; `due_in` from now."""
    due_in, priority = values.pop("due_in", None), values.pop("priority", 0)
    handoff = make_handoff(make_lead(**values), at=now() - 2 * HOUR)
    if by:
        claim(handoff, by=by, at=now() - HOUR)
    due_at = now() + due_in if due_in is not None else None
    Handoff.objects.filter(pk=handoff.pk).update(due_at=due_at, priority=priority)
    return handoff


@pytest.fixture
def sam() -> User:
    return make_rep("sam")


def names(user: User, query: str) -> set[str]:
    page = shown(user, query)
    return {name for name in ("Ann", "Bo", "Cy") if f">{name} " in page}


@pytest.fixture
def three(sam: User) -> dict[str, Handoff]:
    """Ann is late, Dutch and Sam's; Bo is due in three days, German and Sasha's; Cy waits."""
    return {
        "Ann": held(sam, first_name="Ann", country="NL", source="Fair", due_in=-HOUR, phone="+31201112233"),
        "Bo": held(make_rep("sasha"), first_name="Bo", country="DE", due_in=3 * DAY),
        "Cy": held(first_name="Cy", country="DE", due_in=30 * DAY),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("country=de", {"Bo", "Cy"}),
        ("due=late", {"Ann"}),
        ("due=today", {"Ann"}),
        ("due=week", {"Ann", "Bo"}),
        ("holder=sam", {"Ann"}),
        ("holder=nobody", {"Cy"}),
        ("team=benelux&country=NL", {"Ann"}),
        ("source=fair", {"Ann"}),
        ("route=fast_lane", set()),
        ("route=score&route=manual&due=week&country=de", {"Bo"}),
        ("due=whenever", {"Ann", "Bo", "Cy"}),
        ("q=2233", {"Ann"}),
    ],
)
def test_the_list_is_narrowed_by_what_stands_in_the_address(
    query: str, found: set[str], three: dict[str, Handoff]
) -> None:
    assert names(make_manager(), f"view=team&{query}") == found


def test_what_the_ladder_raised_stands_first_and_says_so(sam: User) -> None:
    held(sam, first_name="Ann", due_in=-HOUR)
    held(sam, first_name="Bo", due_in=DAY, priority=1)
    page = shown(sam)
    assert page.index(">Bo ") < page.index(">Ann ")
    assert page.count("</svg>raised</span>") == 1


def test_the_line_above_says_how_it_stands(sam: User) -> None:
    make_calendar()
    make_policy()
    for touched in range(3):
        handoff = held(sam, due_in=HOUR / 2 if touched else -HOUR)
        handoff.clocks.filter(metric="first_touch").update(
            stopped_at=now(), ending="met", elapsed=timedelta(minutes=10 * (touched + 1))
        )
    page = shown(sam)
    for words in ("3 mine", "1 late", "2 due within the hour", "half of today’s first touches within 20m"):
        assert words in page
    assert "next step at" not in page


def test_a_row_shows_the_score_of_the_moment_and_a_closed_one_what_it_was(sam: User) -> None:
    make_live({**PRICING, "points": 80, "half_life": 1})
    lead = make_lead(owner=sam)
    receive_activities([page_view(lead, now() - timedelta(minutes=5))], at=now() - timedelta(minutes=4))
    handoff = Handoff.objects.get()
    assert "<span>80</span>" in shown(sam, "view=unclaimed")
    # As if both had been written half a day earlier.
    lead.activities.update(occurred_at=now() - DAY)
    assert "<span>40</span>" in shown(sam, "view=unclaimed")
    LeadScore.objects.update(is_moving=False, total=55)
    assert "<span>55</span>" in shown(sam, "view=unclaimed")
    Handoff.objects.filter(pk=handoff.pk).update(claimed_by=sam, closed_at=now(), verdict="lapsed", total=77)
    assert "<span>77</span>" in shown(sam, f"q={lead.email}")


def test_today_shows_the_sqls_that_somebody_is_to_take_over_until_they_do(sam: User) -> None:
    sasha = make_rep("sasha")
    first, second = held(sam, first_name="Ann"), held(sam, first_name="Bo")
    for handoff in (first, second):
        log_touch(handoff, channel="call", outcome="connected", by=sam, at=now())
        qualify(handoff, bant=YES, takes_over=sasha, by=sam, at=now())
    assert (names(sasha, "view=today"), names(sam, "view=today")) == ({"Ann", "Bo"}, set())
    page = shown(sasha, "view=today")
    assert "Today 2" in page
    assert reverse("lead", args=[first.lead_id]) in page
    accept_takeover(Handoff.objects.get(pk=first.pk), by=sasha, at=now())
    assert names(sasha, "view=today") == {"Bo"}
    win(Handoff.objects.get(pk=second.pk), value=None, by=sasha, at=now())
    assert names(sasha, "view=today") == set()


def test_a_working_list_is_kept_shown_and_deleted_by_its_owner_alone(sam: User) -> None:
    client = signed_in(sam)
    kept = client.post(reverse("keep-list"), {"name": " Germans ", "query": "view=team&country=DE&page=2&q=&x=1"})
    assert kept.headers["Location"] == f"{QUEUE}?view=team&country=DE"
    page = client.get(kept.headers["Location"]).content.decode()
    assert '<a class="tab" href="?view=team&amp;country=DE" aria-current="page">Germans</a>' in page
    kept_list = SavedView.objects.get()
    drop = reverse("drop-list", args=[kept_list.pk])
    assert drop in page
    stranger = signed_in(make_rep("sasha"))
    assert "Germans" not in stranger.get(QUEUE).content.decode()
    assert stranger.post(drop).status_code == 404
    assert client.get(drop).status_code == 405
    assert "Germans" in client.post(drop, follow=True).content.decode()
    assert not SavedView.objects.exists()


def test_a_list_of_the_same_name_is_replaced(sam: User) -> None:
    for country in ("DE", "NL"):
        signed_in(sam).post(reverse("keep-list"), {"name": "Mine", "query": f"country={country}"})
    assert [kept.query for kept in SavedView.objects.all()] == ["country=NL"]


@pytest.mark.parametrize(
    ("form", "says"),
    [
        pytest.param({"name": " ", "query": "country=DE"}, "Give the list a name", id="no name"),
        pytest.param({"name": "All", "query": "page=2"}, "Choose what the list shows", id="nothing chosen"),
        pytest.param({"name": "Long", "query": "q=" + "x" * 600}, "Choose what the list shows", id="too much chosen"),
        pytest.param({}, "Give the list a name", id="nothing at all"),
    ],
)
def test_a_list_without_name_or_choice_is_refused(form: dict[str, str], says: str, sam: User) -> None:
    assert says in signed_in(sam).post(reverse("keep-list"), form, follow=True).content.decode()
    assert not SavedView.objects.exists()


def test_an_open_page_is_told_that_nothing_changed_in_few_queries(sam: User, three: dict[str, Handoff]) -> None:
    with time_machine.travel(now().replace(second=5), tick=False):
        client = signed_in(sam, HX_Request="true")
        etag = client.get(QUEUE).headers["ETag"]
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(QUEUE, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert len(queries) <= 4  # session, person, teams, and how it stands


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"version": 99}, id="an act"),
        pytest.param({"priority": 1}, id="the ladder"),
        pytest.param({"due_at": None}, id="another due instant"),
        pytest.param({"closed_at": "now", "verdict": "lapsed"}, id="a verdict"),
    ],
)
def test_an_open_page_hears_of_a_change(change: dict[str, Any], sam: User, three: dict[str, Handoff]) -> None:
    change = {name: now() if value == "now" else value for name, value in change.items()}
    client = signed_in(sam, HX_Request="true")
    etag = client.get(QUEUE).headers["ETag"]
    Handoff.objects.filter(pk=three["Ann"].pk).update(**change)
    answer = client.get(QUEUE, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert (">Ann " in answer.content.decode()) == ("closed_at" not in change)


def test_who_gives_leads_out_chooses_them_in_the_teams_view(three: dict[str, Handoff], sam: User) -> None:
    box = f'name="handoff" value="{three["Ann"].pk}"'
    mia = make_manager()
    assert box in shown(mia, "view=team")
    assert box not in shown(mia, "view=today")
    assert box not in shown(sam, "view=team")
    assert box not in shown(make_marketer(), "view=team")


def test_being_shown_beside_the_list_is_not_being_opened(sam: User) -> None:
    handoff = held(sam)
    Handoff.objects.update(seen_at=None)
    client, address = signed_in(sam, HX_Request="true"), reverse("handoff", args=[handoff.pk])
    assert f"{address}?glance=1" in shown(sam)
    client.get(f"{address}?glance=1")
    assert Handoff.objects.get().seen_at is None
    client.get(address)
    assert Handoff.objects.get().seen_at


@pytest.mark.parametrize("role", ["rep", "manager", "marketer", "admin"])
def test_what_is_open_to_somebody_is_what_they_may_see_of_the_open_ones(role: str, three: dict[str, Handoff]) -> None:
    user = make_user("olga", role)
    make_handoff(make_lead(team=make_team("Nordics")))
    Handoff.objects.filter(pk=three["Bo"].pk).update(closed_at=now(), verdict="lapsed")
    assert set(Handoff.objects.open_to(user)) == set(Handoff.objects.visible_to(user).open())


def test_the_queue_costs_at_most_fifteen_queries_however_long_it_is() -> None:
    make_calendar()
    make_policy()
    make_live(PRICING)
    sam = make_rep("sam")
    queries = ("view=mine", "view=today", "view=team&country=NL&due=week", "q=Vogt")
    pages = [(signed_in(user), query) for user in (sam, make_manager()) for query in queries]

    def costs(number: int) -> list[int]:
        for _ in range(number):
            lead = make_lead(country="NL", company={"industry": "Energy"})
            receive_activities([page_view(lead, now() - HOUR)], at=now() - HOUR)
            claim(make_handoff(lead, at=now() - HOUR), by=sam, at=now())
        return [cost(client, f"{QUEUE}?{query}") for client, query in pages]

    one = costs(1)
    assert max(one) <= 15
    assert costs(24) == one


def cost(client: Client, address: str) -> int:
    """Return how many queries a page takes that was open before."""
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_managers_narrow_by_their_own_teams_and_reps_and_marketers_by_all(sam: User) -> None:
    dach = make_team("DACH", slug="dach", is_default=False)
    make_rep("zoe", team=dach), make_rep("old", team=dach, is_active=False)
    mia = make_manager("mia", team=sam.memberships.get().team)

    def offered(user: User) -> list[list[str]]:
        fields = {field.name: field for field in signed_in(user).get(QUEUE).context["narrowing"]}
        return [[value for value, _name in fields[name].field.widget.choices][1:] for name in ("team", "holder")]

    assert offered(mia) == [["benelux"], ["nobody", "sam"]]
    assert offered(make_marketer()) == [["benelux", "dach"], ["nobody", "sam", "zoe"]]


def test_the_side_bar_counts_what_waits_runs_out_and_is_unread(sam: User) -> None:
    make_policy(first_touch_hours=1)
    mine, _others = (make_handoff(at=now() - 2 * HOUR) for _ in range(2))
    claim(mine, by=sam, at=now() - HOUR)
    assert badges(sam, at=now()) == {"queue": 1, "feedback": 0, "triage": 0, "breaches": 2, "notices": 1}
    assert badges(make_rep("zoe", team=make_team("DACH", slug="dach", is_default=False)), at=now())["breaches"] == 0
    assert badges(sam, at=now(), queue=7)["queue"] == 7
    log_touch(mine, channel="call", outcome="no_answer", note="Rang", by=sam, at=now())
    assert badges(sam, at=now())["breaches"] == badges(make_manager(), at=now())["breaches"] == 1
