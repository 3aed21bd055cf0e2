"""What a rep or marketer sees of a lead's score, personas and phase."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from handoff.leads.models import Lead
from handoff.people.models import User
from handoff.queue.chart import score_line
from handoff.queue.models import Route
from handoff.queue.personas import personas_at
from handoff.queue.phases import phase_at
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.rescoring import read_one
from scoring.models import ContentEntry, Persona, Publication
from scoring.publishing import publish
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_handoff,
    make_lead,
    make_live,
    make_marketer,
    make_model,
    make_rep,
    page_view,
)

pytestmark = pytest.mark.django_db
FADING = {**PRICING, "half_life": 7}
PHASES = [("url", "/blog/*", "awareness"), ("url", "/pricing/*", "decision"), ("content", "Guide", "consideration")]


def now() -> datetime:
    return timezone.now()


@pytest.fixture
def sam() -> User:
    return make_rep()


def page_of(lead: Lead, user: User, at: str = "") -> Any:
    client = Client()
    client.force_login(user)
    return client.get(reverse("lead", args=[lead.pk]), {"at": at} if at else {})


def words(answer: Any) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def local(moment: datetime) -> str:
    """Return a moment as the browser of somebody in Amsterdam sends it."""
    return moment.astimezone(ZoneInfo("Europe/Amsterdam")).strftime("%Y-%m-%dT%H:%M")


def make_rich(*rules: dict[str, Any], content: Any = (), personas: Any = (), **values: Any) -> Publication:
    """Publish a model with a content catalogue and personas; each persona is named after a job title."""
    model = make_model(*(rules or (PRICING,)), **values)
    ContentEntry.objects.bulk_create(
        ContentEntry(model=model, looks_at=looks_at, pattern=pattern, phase=phase)
        for looks_at, pattern, phase in content
    )
    Persona.objects.bulk_create(
        Persona(
            model=model,
            key=f"p{number}",
            name=f"The {title}",
            standing=standing,
            condition={"field": "title", "op": "contains", "value": title},
            pains=f"{title} pains",
            goals=f"{title} goals",
        )
        for number, (title, standing) in enumerate(personas)
    )
    return publish(model, by=None, at=MONDAY_9AM - 60 * DAY)


def test_the_score_now_names_every_activity_that_counted(sam: User) -> None:
    make_live(FADING, {"points": 20, "condition": {}, "name": "Somebody"})
    lead = make_lead(owner=sam)
    at = now() - 7 * DAY
    receive_activities([page_view(lead, at)], at=now())
    page = page_of(lead, sam)
    said = words(page)
    assert "Visited pricing 1 activity Page view: /pricing/" in said
    assert "+15.0 +30 1" in said
    assert f'<time class="quiet" datetime="{local(at)}' in page.content.decode()
    assert "Total 35" in said


def test_the_score_at_a_past_moment_is_what_was_live_and_known_then(sam: User) -> None:
    make_live(PRICING, {"points": 20, "condition": {"field": "title", "op": "contains", "value": "CTO"}}, threshold=40)
    lead = make_lead(owner=sam, title="CTO")
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    then = MONDAY_9AM + HOUR
    receive_leads([{"email": lead.email, "title": "Intern"}], by=None, at=MONDAY_9AM + 2 * HOUR)
    publish(make_model({**PRICING, "points": 10}, threshold=99), by=None, at=MONDAY_9AM + 3 * HOUR)
    receive_activities([page_view(lead, MONDAY_9AM + 4 * HOUR)], at=MONDAY_9AM + 4 * HOUR)
    said = words(page_of(lead, sam, local(then)))
    assert "Score B3 · 50 on 2 Mar 2026 10:00" in said
    assert "MQL at 40, by Test v1" in said
    assert "+30 +30 1" in said
    assert "Back to now" in said
    today = words(page_of(lead, sam))
    assert "· 20" in today
    assert "MQL at 99, by Test v2" in today
    assert "Back to now" not in today


def test_the_moment_is_read_in_the_readers_time_zone() -> None:
    make_live(PRICING)
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    for zone, total in (("Europe/Amsterdam", 30), ("America/New_York", 30), ("Europe/London", 30)):
        user = make_marketer(zone.lower(), time_zone=zone)
        typed = MONDAY_9AM.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
        assert f"· {total} on 2 Mar 2026" in words(page_of(lead, user, typed))
    assert "· 0 on 2 Mar 2026 08:59" in words(page_of(lead, make_marketer(), "2026-03-02T08:59"))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("yesterday", "“yesterday” is no date and time"),
        ("2026-13-02T09:00", "“2026-13-02T09:00” is no date and time"),
        ("\x00", "is no date and time"),
        ("9999-12-31T23:59", "This moment has not passed yet"),
        ("0001-01-01T00:00", "Choose a moment after the year 1970"),
        ("1969-12-31T23:59", "Choose a moment after the year 1970"),
        ("2026-03-29T02:30", "The clocks change at this time"),
    ],
)
def test_a_moment_that_says_nothing_is_refused_in_a_sentence_above_the_score_now(typed: str, sentence: str) -> None:
    make_live(PRICING)
    lead = make_lead()
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    page = page_of(lead, make_marketer(), typed)
    assert page.status_code == 400
    assert sentence in words(page)
    assert "Visited pricing" in words(page)
    assert "Back to now" in words(page)
    if typed.isprintable():
        assert f'value="{typed}"' in page.content.decode()


def test_before_the_lead_was_known_its_score_is_zero_and_the_page_says_so(sam: User) -> None:
    make_live(PRICING, {"points": 20, "condition": {}})
    lead = make_lead(owner=sam)
    said = words(page_of(lead, sam, local(lead.created_at - DAY)))
    assert "· 0 on" in said
    assert "known since 31 Jan 2026 09:00; before that its score is zero." in said


def test_before_the_first_model_every_score_was_zero_and_the_page_says_so(sam: User) -> None:
    make_live(PRICING)
    lead = make_lead(owner=sam, at=MONDAY_9AM - 90 * DAY)
    said = words(page_of(lead, sam, local(MONDAY_9AM - 70 * DAY)))
    assert "No scoring model was live then" in said
    assert "Back to now" in said


def test_the_page_says_when_a_lead_cools_and_marks_it_on_the_line(sam: User) -> None:
    make_live(FADING, threshold=20, hysteresis=0)
    lead = make_lead(owner=sam)
    receive_activities([page_view(lead, now())], at=now())
    read = read_one(lead, at=now())
    assert read
    assert read.crosses_at
    page = page_of(lead, sam)
    assert "Without anything new it cools in 4d" in words(page)
    assert f'<time datetime="{local(read.crosses_at)}' in page.content.decode()
    assert "plot-crossing" in page.content.decode()
    assert "Cools on" in words(page)


def test_the_page_says_when_a_lead_warms(sam: User) -> None:
    loses = {**FADING, "points": -30, "key": "lost", "name": "Looked elsewhere"}
    make_live({"points": 30, "condition": {}}, loses, threshold=20)
    lead = make_lead(owner=sam)
    receive_activities([page_view(lead, now())], at=now())
    assert "Without anything new it qualifies in 11d" in words(page_of(lead, sam))


def test_the_line_marks_handoffs_and_the_chosen_moment_where_they_are() -> None:
    make_live(PRICING)
    lead, at = make_lead(), MONDAY_9AM
    make_handoff(lead, at=at - 45 * DAY)
    read = read_one(lead, at=at)
    assert read
    line = score_line(lead, at, read=read, past=(at - 15 * DAY, 25.0))
    assert ([mark.x for mark in line.handoffs], line.past and line.past.x, line.now.x) == ([240.0], 400.0, 480.0)
    assert line.past
    assert line.past.y == 81.7  # 25 of 60 up, of 140
    further = score_line(lead, at, read=read, past=(at - 2 * 365 * DAY, 0.0))
    assert further.past is None  # nothing is drawn before the lead was known


def test_the_line_is_there_in_figures_too(sam: User) -> None:
    make_live(FADING, threshold=20, hysteresis=0)
    lead = make_lead(owner=sam)
    receive_activities([page_view(lead, now())], at=now())
    read, at = read_one(lead, at=now()), now()
    assert read
    figures = score_line(lead, at, read=read).figures
    assert len(figures) == 12
    assert [figure.at for figure in figures] == sorted(figure.at for figure in figures)
    assert [round(figure.total) for figure in figures if figure.is_now or figure.is_crossing] == [30, 20]
    assert "The line in figures" in words(page_of(lead, sam))


@pytest.mark.parametrize(
    ("seen", "phase"),
    [
        ([("/blog/peak/", 1)], "awareness"),
        ([("/pricing/", 3), ("/blog/peak/", 1)], "decision"),
        ([("https://www.company.example/pricing/?utm=1", 3)], "decision"),
        ([("/pricing/", 31), ("/blog/peak/", 1)], "awareness"),
        ([("/about/", 1)], None),
        ([], None),
    ],
    ids=["one", "the furthest counts", "with host and query", "31 days ago is over", "not in the catalogue", "nothing"],
)
def test_the_phase_is_the_furthest_of_the_last_thirty_days(seen: list[tuple[str, int]], phase: str | None) -> None:
    make_rich(content=PHASES)
    lead = make_lead(at=MONDAY_9AM - 60 * DAY)
    receive_activities([page_view(lead, MONDAY_9AM - days * DAY, url) for url, days in seen], at=MONDAY_9AM)
    found = phase_at(lead, MONDAY_9AM)
    assert (found.phase if found else None) == phase


def test_the_phase_names_what_reached_it_last_and_forgets_it_after_thirty_days() -> None:
    make_rich(content=PHASES)
    lead = make_lead(at=MONDAY_9AM - 60 * DAY)
    views = [page_view(lead, MONDAY_9AM, url) for url in ("https://company.example/pricing/a?x=1", "/blog/x/")]
    guide = page_view(lead, MONDAY_9AM + DAY, kind="content_download", properties={"content": "Guide", "url": "/x/"})
    receive_activities([*views, guide], at=MONDAY_9AM + DAY)
    found = phase_at(lead, MONDAY_9AM + DAY)
    assert found
    assert (found.label, found.what, found.at) == ("decision", "/pricing/a", MONDAY_9AM)
    assert phase_at(lead, MONDAY_9AM - timedelta(seconds=1)) is None
    later = phase_at(lead, MONDAY_9AM + 30 * DAY)
    assert later
    assert (later.phase, later.what) == ("consideration", "Guide")


def test_what_machines_did_and_mail_that_only_came_reach_no_phase() -> None:
    make_rich(content=PHASES)
    lead = make_lead()
    delivered = page_view(lead, MONDAY_9AM, kind="email_delivered", properties={"content": "Guide"})
    opened = page_view(lead, MONDAY_9AM, kind="email_opened", properties={"content": "Guide", "machine": True})
    receive_activities([delivered, opened], at=MONDAY_9AM)
    assert phase_at(lead, MONDAY_9AM) is None


def test_without_a_model_or_a_catalogue_there_is_no_phase_and_no_persona() -> None:
    lead = make_lead()
    assert (phase_at(lead, MONDAY_9AM), personas_at(lead, MONDAY_9AM)) == (None, [])
    make_live(PRICING)
    assert (phase_at(lead, MONDAY_9AM), personas_at(lead, MONDAY_9AM)) == (None, [])


@pytest.mark.parametrize("where", ["lead", "handoff", "qualify"])
def test_who_they_are_like_and_how_near_they_are_is_read_beside_the_lead(where: str, sam: User) -> None:
    make_rich(content=PHASES, personas=[("Operations", "usual"), ("Head", "ideal"), ("Student", "negative")])
    lead = make_lead(owner=sam, title="Head of Operations")
    receive_activities([page_view(lead, now() - DAY)], at=now())
    handoff = make_handoff(lead, at=now() - HOUR, route=Route.MANUAL)
    client = Client()
    client.force_login(sam)
    said = words(client.get(reverse(where, args=[lead.pk if where == "lead" else handoff.pk])))
    assert "Phase Decision, by “/pricing/” on" in said
    assert "The Head ideal customer Pains: Head pains Goals: Head goals The Operations Pains" in said
    assert "The Student" not in said


def test_personas_and_phase_cost_the_panel_one_query(sam: User) -> None:
    make_live(PRICING)
    handoff = make_handoff(make_lead(owner=sam), at=now() - HOUR, route=Route.MANUAL)
    receive_activities([page_view(handoff.lead, now())], at=now())
    client = Client()
    client.force_login(sam)

    def cost() -> int:
        client.get(reverse("handoff", args=[handoff.pk]))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("handoff", args=[handoff.pk])).status_code == 200
        return len(queries)

    plain = cost()
    model = make_rich(content=PHASES, personas=[("Head", "ideal")]).model
    assert cost() <= plain + 1
    receive_activities([page_view(handoff.lead, now() - HOUR * number) for number in range(1, 30)], at=now())
    assert cost() <= plain + 1
    assert model.personas.count() == 1


@pytest.mark.parametrize("at", ["", local(MONDAY_9AM)], ids=["now", "past"])
def test_the_page_of_a_lead_costs_the_same_for_one_activity_and_for_many(at: str, sam: User) -> None:
    make_rich(FADING, content=PHASES, personas=[("Head", "ideal")])
    lead = make_lead(owner=sam)
    client = Client()
    client.force_login(sam)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("lead", args=[lead.pk]), {"at": at} if at else {}).status_code == 200
        return len(queries)

    receive_activities([page_view(lead, MONDAY_9AM - HOUR)], at=MONDAY_9AM - HOUR)
    cost()
    one = cost()
    receive_activities([page_view(lead, MONDAY_9AM - HOUR * number) for number in range(1, 40)], at=MONDAY_9AM)
    assert cost() == one <= 29
    assert "And 10 earlier ones." in words(page_of(lead, sam, at))


def test_the_line_reaches_as_far_as_the_moment_and_the_crossing_that_are_marked_on_it() -> None:
    make_live({**PRICING, "half_life": 200}, threshold=20, hysteresis=0)
    lead = make_lead(at=MONDAY_9AM - 400 * DAY)
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    read = read_one(lead, at=MONDAY_9AM)
    assert read
    line = score_line(lead, MONDAY_9AM, read=read, past=(MONDAY_9AM - 300 * DAY, 0.0))
    assert line.start == MONDAY_9AM - 310 * DAY
    assert line.past
    assert line.crossing
    assert line.past.x < line.now.x < line.crossing.x < 640
