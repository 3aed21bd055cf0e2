"""The pages of the queue as doors: works, works without JavaScript, stranger, gone, taken."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from handoff.leads.models import Hold, Lead, Stage
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Deal, Handoff, NextStep, Note, Snooze, Touch, Verdict
from handoff.queue.pages import queue as queue_page
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities
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
    make_reason,
    make_rep,
    make_team,
    make_user,
    page_view,
)

pytestmark = pytest.mark.django_db
OPEN_PAGES = {"login", "logout", "healthz", "readyz", "set_language"}


def now() -> datetime:
    return timezone.now()


def signed_in(user: User, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(user)
    return client


def text(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


def local(moment: datetime) -> str:
    """Return a moment as a browser's field for date and time gives it."""
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


def opened(**values: Any) -> Handoff:
    return make_handoff(make_lead(**values), at=now() - 2 * HOUR)


def taken(by: User, **values: Any) -> Handoff:
    handoff = opened(**values)
    claim(handoff, by=by, at=now() - HOUR)
    return handoff


def connected(by: User) -> Handoff:
    handoff = taken(by)
    log_touch(handoff, channel="call", outcome="connected", by=by, at=now() - HOUR / 2)
    return handoff


def judged(by: User) -> Handoff:
    handoff = taken(by)
    disqualify(handoff, reason=make_reason(), by=by, at=now())
    return handoff


def sql(by: User) -> Handoff:
    handoff = connected(by)
    qualify(handoff, bant=YES, by=by, at=now())
    return handoff


def named_addresses() -> Iterator[str]:
    for pattern in get_resolver().url_patterns:
        inner = getattr(pattern, "url_patterns", [pattern])
        if str(pattern.pattern) in {"admin/", "api/v1/"}:
            continue
        for one in inner:
            if isinstance(one, URLPattern) and one.name and "<" not in str(one.pattern):
                yield one.name


@pytest.mark.parametrize("name", sorted({*named_addresses()} - OPEN_PAGES))
def test_who_is_not_signed_in_is_sent_to_sign_in(name: str) -> None:
    address = reverse(name)
    assert Client().get(address).headers["Location"] == f"/login/?next={address}"


# Each act: its address, what a rep posts (plain, as without JavaScript), and what proves that it was done.
def posts() -> dict[str, dict[str, Any]]:
    step = {"what": "Call back", "step_at": local(now() + DAY)}
    bant = dict.fromkeys(YES, "yes")
    make_reason()
    return {
        "claim": {},
        "touches": {"channel": "call", "outcome": "voicemail"},
        "next-step": step,
        "snooze": {"until": local(now() + DAY), "reason": "on holiday"},
        "release": {"reason": "speaks no Dutch"},
        "pass": {"note": "yours"},
        "notes": {"text": "Ask for Ann."},
        "qualify": {**bant, "value": "1200", "currency": "eur"},
        "disqualify": {"reason": "no-budget", "wake_on": f"{now() + 30 * DAY:%Y-%m-%d}"},
    }


ACTS = ("claim", "touches", "next-step", "snooze", "release", "pass", "notes", "qualify", "disqualify")


def is_done(act: str, handoff: Handoff) -> bool:
    handoff = Handoff.objects.get(pk=handoff.pk)
    return {
        "claim": handoff.claimed_by_id is not None,
        "touches": Touch.objects.filter(outcome="voicemail").exists(),
        "next-step": NextStep.objects.exists(),
        "snooze": Snooze.objects.exists(),
        "release": handoff.claimed_by_id is None,
        "pass": handoff.assigned_to_id is not None,
        "notes": Note.objects.exists(),
        "qualify": handoff.verdict == Verdict.QUALIFIED and handoff.qualification.value == 1200,
        "disqualify": handoff.verdict == Verdict.DISQUALIFIED,
    }[act]


@pytest.fixture
def sam() -> User:
    return make_rep("sam")


@pytest.mark.parametrize("act", ACTS)
def test_each_act_shows_its_form_and_is_done_by_a_plain_post(act: str, sam: User) -> None:
    sasha = make_rep("sasha")
    handoff = opened() if act == "claim" else connected(sam)
    client, address = signed_in(sam), reverse(act, args=[handoff.pk])
    form = client.get(address)
    assert form.status_code == 200
    assert f'value="{handoff.version}"' in text(form)
    answer = client.post(address, {"version": handoff.version, "to": sasha.pk, **posts()[act]}, follow=True)
    assert answer.status_code == 200
    assert is_done(act, handoff)
    assert "notice-success" in text(answer)


def test_a_claim_that_makes_no_sense_shows_nothing_of_a_colleagues_lead() -> None:
    handoff = taken(make_rep("sasha"))
    page = signed_in(make_rep("sam")).post(reverse("claim", args=[handoff.pk]), {"version": "bad"}, follow=True)
    assert page.redirect_chain == [(reverse("queue"), 302)]
    assert "Open the lead and take it from there." in page.content.decode()
    assert str(handoff.lead.email) not in page.content.decode()


@pytest.mark.parametrize("act", [act for act in ACTS if act != "claim"])
def test_who_may_not_see_the_lead_finds_nothing_there(act: str, sam: User) -> None:
    handoff = taken(sam)
    client, address = signed_in(make_manager("nora", team=make_team("Nordics"))), reverse(act, args=[handoff.pk])
    assert client.get(address).status_code == 404
    assert client.post(address, posts()[act]).status_code == 404


@pytest.mark.parametrize("act", [act for act in ACTS if act != "claim"])
def test_whose_lead_a_colleague_took_meanwhile_hears_who_and_keeps_what_they_wrote(act: str, sam: User) -> None:
    handoff, client = taken(sam), signed_in(make_rep("sasha"))
    address = reverse(act, args=[handoff.pk])
    assert "Sam was first and has this lead." in text(client.get(address, follow=True))
    wrote = dict.fromkeys(("note", "reason", "text", "what", "budget_note"), "Wants a call in May.")
    answer = client.post(address, {**posts()[act], **wrote})
    assert answer.status_code == 409
    assert "Sam was first and has this lead." in text(answer)
    assert "Wants a call in May." in text(answer)
    assert str(handoff.lead.email) not in text(answer)
    assert not is_done(act, handoff)


@pytest.mark.parametrize("act", [act for act in ACTS if act not in {"claim", "pass"}])
def test_a_marketer_sees_the_form_but_is_refused(act: str, sam: User) -> None:
    handoff = connected(sam)
    client, address = signed_in(make_marketer()), reverse(act, args=[handoff.pk])
    assert client.get(address).status_code == 200
    answer = client.post(address, posts()[act])
    assert answer.status_code == 403
    assert "Your role does not permit this." in text(answer)
    assert not is_done(act, handoff)


def test_a_marketer_takes_nothing() -> None:
    handoff = opened()
    answer = signed_in(make_marketer()).post(reverse("claim", args=[handoff.pk]), follow=True)
    assert "Your role does not permit this." in text(answer)
    assert not is_done("claim", handoff)


@pytest.mark.parametrize("act", [act for act in ACTS if act not in {"claim", "pass"}])
def test_what_has_its_verdict_is_closed_for_further_acts(act: str, sam: User) -> None:
    handoff = judged(sam)
    answer = signed_in(sam).post(reverse(act, args=[handoff.pk]), posts()[act])
    assert answer.status_code == 409
    assert "already has a verdict: disqualified" in text(answer)


@pytest.mark.parametrize("act", [act for act in ACTS if act != "next-step"])  # an SQL has next steps too
def test_the_form_of_an_act_does_not_open_any_more_after_the_verdict(act: str, sam: User) -> None:
    handoff = judged(sam)
    page = signed_in(sam).get(reverse(act, args=[handoff.pk]), follow=True)
    assert page.redirect_chain == [(reverse("handoff", args=[handoff.pk]), 302)]
    assert "This lead already has a verdict: disqualified." in text(page)


def test_who_takes_too_late_hears_who_was_first(sam: User) -> None:
    handoff = taken(sam)
    answer = signed_in(make_rep("sasha")).post(reverse("claim", args=[handoff.pk]), follow=True)
    assert "Sam was first and has this lead." in text(answer)


def test_a_page_that_is_out_of_date_is_refused_keeps_what_was_typed_and_can_be_sent_again(sam: User) -> None:
    handoff, client = taken(sam), signed_in(sam)
    form = {"channel": "call", "outcome": "connected", "note": "Spoke with Lena.", "version": handoff.version - 1}
    address = reverse("touches", args=[handoff.pk])
    answer = client.post(address, form)
    assert answer.status_code == 409
    assert "changed since you opened it" in text(answer)
    assert "Spoke with Lena." in text(answer)
    assert f'name="version" value="{handoff.version}"' in text(answer)
    assert client.post(address, {**form, "version": handoff.version}).status_code == 302


@pytest.mark.parametrize(
    ("act", "form"),
    [
        pytest.param("touches", {"channel": "call"}, id="no outcome"),
        pytest.param("snooze", {"until": "someday", "reason": "x"}, id="no time"),
        pytest.param("release", {}, id="no reason"),
        pytest.param("qualify", {"need": "yes"}, id="three letters missing"),
        pytest.param("disqualify", {}, id="no reason to decline"),
        pytest.param("disqualify", {"reason": "duplicate", "other_lead": "no@where.example"}, id="no such lead"),
    ],
)
def test_a_form_that_is_not_filled_in_comes_back_with_what_is_missing(
    act: str, form: dict[str, str], sam: User
) -> None:
    make_reason()
    answer = signed_in(sam).post(reverse(act, args=[taken(sam).pk]), form)
    assert answer.status_code == 422
    assert "errorlist" in text(answer)


def test_an_act_that_refuses_says_so_beside_its_field(sam: User) -> None:
    handoff = taken(sam)
    answer = signed_in(sam).post(reverse("qualify", args=[handoff.pk]), dict.fromkeys(YES, "yes"))
    assert answer.status_code == 400
    assert "Nobody has spoken with this lead yet" in text(answer)


@pytest.mark.parametrize(
    ("act", "form", "field"),
    [
        pytest.param("next-step", {"what": "Call back"}, "step_at", id="a step without a time"),
        pytest.param("touches", {"happened_at": "2020-01-01T09:00"}, "happened_at", id="a touch of years ago"),
        pytest.param("touches", {"next_what": "Call back"}, "next_at", id="a step of a touch without a time"),
        pytest.param("touches", {"next_at": "2099-01-01T09:00"}, "next_what", id="a step of a touch without words"),
        pytest.param("disqualify", {"reason": "not-ready"}, "wake_on", id="not ready, until when?"),
    ],
)
def test_what_an_act_refuses_stands_beside_the_field_it_is_about_and_there_the_page_begins(
    act: str, form: dict[str, str], field: str, sam: User
) -> None:
    make_reason()
    begun = {"channel": "call", "outcome": "voicemail"} if act == "touches" else {}
    page = text(signed_in(sam).post(reverse(act, args=[taken(sam).pk]), {**begun, **form}))
    assert f'id="id_{field}_error"' in page
    [begins] = re.findall(r"<[^>]* autofocus[^>]*>", page.split("<dialog")[0])
    assert f'name="{field}"' in begins


@pytest.mark.parametrize(
    ("act", "field"),
    [
        pytest.param("touches", "outcome", id="logging begins with what came of it"),
        pytest.param("next-step", "what", id="a next step with what"),
        pytest.param("snooze", "until", id="a snooze with its end"),
        pytest.param("pass", "to", id="passing on with to whom"),
        pytest.param("qualify", "budget", id="qualifying with the first letter"),
        pytest.param("disqualify", "reason", id="disqualifying with the reason"),
    ],
)
def test_a_form_opens_at_its_first_field(act: str, field: str, sam: User) -> None:
    make_reason()
    page = text(signed_in(sam).get(reverse(act, args=[taken(sam).pk])))
    [begins] = re.findall(r"<[^>]* autofocus[^>]*>", page.split("<dialog")[0])
    assert f'name="{field}"' in begins


def test_a_time_that_summer_time_skips_is_refused_in_words(sam: User) -> None:
    form = {"until": "2027-03-28T02:30", "reason": "on holiday"}
    page = text(signed_in(sam).post(reverse("snooze", args=[taken(sam).pk]), form))
    assert "The clocks change at this time; choose another." in page


def test_the_key_that_says_sent_logs_a_mail(sam: User) -> None:
    form = {"channel": "call", "outcome": "sent"}
    signed_in(sam).post(reverse("touches", args=[taken(sam).pk]), form)
    assert Touch.objects.get().channel == "email"


def test_a_touch_and_its_next_step_are_logged_together_or_not_at_all(sam: User) -> None:
    handoff = taken(sam)
    client, address = signed_in(sam), reverse("touches", args=[handoff.pk])
    form = {"channel": "call", "outcome": "voicemail", "next_what": "Call back", "version": handoff.version}
    assert client.post(address, {**form, "next_at": local(now() - DAY)}).status_code == 400
    assert not Touch.objects.exists()
    assert client.post(address, {**form, "next_at": local(now() + DAY)}).status_code == 302
    assert (Touch.objects.count(), NextStep.objects.count()) == (1, 1)


def test_a_verdict_can_be_undone_from_the_queue(sam: User) -> None:
    handoff, client = connected(sam), signed_in(sam)
    make_reason()
    page = client.post(reverse("disqualify", args=[handoff.pk]), {"reason": "no-budget"}, follow=True)
    undo = reverse("undo", args=[handoff.pk])
    assert undo in text(page)
    page = client.post(undo, follow=True)
    assert "is open again" in text(page)
    assert undo not in text(client.get(reverse("queue")))
    assert Handoff.objects.get().is_open


def test_undoing_too_late_says_so(sam: User) -> None:
    handoff = taken(sam)
    disqualify(handoff, reason=make_reason(), by=sam, at=now() - HOUR / 2)
    page = signed_in(sam).post(reverse("undo", args=[handoff.pk]), follow=True)
    assert "ask a manager to overturn it" in text(page)
    assert not Handoff.objects.get().is_open


def test_a_manager_assigns_and_overturns_and_a_rep_does_not(sam: User) -> None:
    handoff, mia, sasha = taken(sam), make_manager(), make_rep("sasha")
    assign, overturn = (reverse(name, args=[handoff.pk]) for name in ("assign", "overturn"))
    assert signed_in(sam).post(assign, {"to": sasha.pk}).status_code == 403
    assert signed_in(mia).post(assign, {"to": sasha.pk}).status_code == 302
    handoff.refresh_from_db()
    assert handoff.holder == sasha
    disqualify(handoff, reason=make_reason(), by=sasha, at=now())
    assert signed_in(sasha).post(overturn, {"reason": "wrong"}).status_code == 403
    assert overturn in text(signed_in(mia).get(reverse("handoff", args=[handoff.pk])))
    assert signed_in(mia).post(overturn, {"reason": "They called."}).status_code == 302
    assert Handoff.objects.get().is_open


def test_an_administrator_finds_the_way_to_overturn_too(sam: User) -> None:
    handoff = judged(sam)
    page = signed_in(make_user("ada", "admin")).get(reverse("handoff", args=[handoff.pk]))
    assert reverse("overturn", args=[handoff.pk]) in text(page)


@pytest.mark.parametrize(
    ("act", "form", "stage"),
    [
        pytest.param("won", {"value": "900", "currency": "eur"}, Stage.CUSTOMER, id="won"),
        pytest.param("lost", {"because": "Postponed"}, Stage.LOST, id="lost"),
    ],
)
def test_an_sql_is_won_or_lost_from_the_list(act: str, form: dict[str, str], stage: str, sam: User) -> None:
    handoff, client = sql(sam), signed_in(sam)
    address = reverse(act, args=[handoff.pk])
    assert address in text(client.get(reverse("qualified")))
    assert client.get(address).status_code == 200
    assert client.post(address, form).headers["Location"] == reverse("qualified")
    assert (Lead.objects.get().stage, Deal.objects.count()) == (stage, 1)
    assert client.post(address, form).status_code == 409


def test_the_next_lead_is_taken_and_opened(sam: User) -> None:
    handoff, client = opened(), signed_in(sam)
    answer = client.post(reverse("next-lead"), follow=True)
    assert answer.redirect_chain == [(reverse("handoff", args=[handoff.pk]), 302)]
    assert f"{handoff.lead.name} is yours." in text(answer)
    assert "Nothing waits to be taken" in text(client.post(reverse("next-lead"), follow=True))
    assert client.get(reverse("next-lead")).status_code == 405


def test_the_page_of_a_handoff_is_a_page_or_its_fragment(sam: User) -> None:
    handoff = taken(sam)
    address = reverse("handoff", args=[handoff.pk])
    page, fragment = signed_in(sam).get(address), signed_in(sam, HX_Request="true").get(address)
    assert "<html" in text(page)
    assert "<html" not in text(fragment)
    assert handoff.lead.name in text(fragment)
    assert fragment.headers["Vary"].startswith("HX-Request")


def test_an_act_by_htmx_answers_with_the_panel(sam: User) -> None:
    handoff = taken(sam)
    answer = signed_in(sam, HX_Request="true").post(reverse("notes", args=[handoff.pk]), {"text": "Ask for Ann."})
    assert answer.status_code == 200
    assert "<html" not in text(answer)
    assert "Ask for Ann." in text(answer)


def test_opening_a_lead_is_noted_once_and_only_for_its_holder(sam: User) -> None:
    handoff = taken(sam)
    address = reverse("handoff", args=[handoff.pk])
    Handoff.objects.update(seen_at=None)
    signed_in(make_manager()).get(address)
    assert Handoff.objects.get().seen_at is None
    signed_in(sam).get(address)
    seen_at = Handoff.objects.get().seen_at
    assert seen_at
    signed_in(sam).get(address)
    assert Handoff.objects.get().seen_at == seen_at


@pytest.mark.parametrize("pk", [1, 10**12, 10**30])
def test_what_is_not_there_is_not_found(pk: int, sam: User) -> None:
    client = signed_in(sam)
    for address in (f"/queue/{pk}/", f"/leads/{pk}/", f"/queue/{pk}/qualify/"):
        assert client.get(address).status_code == 404


def test_a_marketer_sees_every_lead_but_no_buttons(sam: User) -> None:
    handoff = taken(sam)
    page = text(signed_in(make_marketer()).get(reverse("handoff", args=[handoff.pk])))
    assert handoff.lead.name in page
    assert reverse("qualify", args=[handoff.pk]) not in page


@pytest.mark.parametrize(
    ("view", "says"),
    [
        pytest.param("mine", "Your queue is empty", id="mine"),
        pytest.param("today", "Nothing more for today", id="today"),
        pytest.param("unclaimed", "Nobody waits", id="unclaimed"),
        pytest.param("team", "Your queue is empty", id="team"),
        pytest.param("snoozed", "Nothing is snoozed", id="snoozed"),
        pytest.param("bogus", "Your queue is empty", id="no such view"),
    ],
)
def test_an_empty_view_says_what_will_appear_there(view: str, says: str, sam: User) -> None:
    assert says in text(signed_in(sam).get(reverse("queue"), {"view": view}))


def test_a_marketer_with_an_empty_queue_is_not_told_to_take_a_lead() -> None:
    page = text(signed_in(make_marketer()).get(reverse("queue")))
    assert "Nothing is open" in page
    assert "Take next lead" not in page


@pytest.mark.parametrize(
    ("name", "says"),
    [("qualified", "No SQL yet"), ("nurture", "Nobody rests here"), ("leads", "No leads yet")],
)
def test_an_empty_list_says_how_to_fill_it(name: str, says: str, sam: User) -> None:
    assert says in text(signed_in(sam).get(reverse(name)))


def test_each_view_shows_its_own(sam: User) -> None:
    make_live(PRICING)
    names = {}
    for view in ("mine", "unclaimed", "snoozed", "colleague's"):
        lead = make_lead(last_name=f"Only{view[:5]}")
        handoff = make_handoff(lead, at=now() - 2 * HOUR)
        names[view] = lead.name
        if view != "unclaimed":
            claim(handoff, by=make_rep("sasha") if view == "colleague's" else sam, at=now() - HOUR)
        if view == "snoozed":
            Handoff.objects.filter(pk=handoff.pk).update(snoozed_until=now() + DAY)
    client = signed_in(sam)
    for view in ("mine", "unclaimed", "snoozed"):
        page = text(client.get(reverse("queue"), {"view": view}))
        assert [name for name in names if names[name] in page] == [view]
    team = text(signed_in(make_manager()).get(reverse("queue")))
    assert [name for name in names if names[name] in team] == ["mine", "unclaimed", "colleague's"]


def test_today_shows_what_is_due_or_planned_before_midnight(sam: User) -> None:
    due, later = taken(sam, last_name="Duetoday"), taken(sam, last_name="Laterthan")
    Handoff.objects.filter(pk=due.pk).update(due_at=now() - HOUR)
    Handoff.objects.filter(pk=later.pk).update(due_at=now() + 2 * DAY)
    page = text(signed_in(sam).get(reverse("queue"), {"view": "today"}))
    assert "Duetoday" in page
    assert "Laterthan" not in page


def test_searching_finds_closed_leads_too_in_whatever_view(sam: User) -> None:
    handoff = taken(sam, last_name="Findable")
    disqualify(handoff, reason=make_reason(), by=sam, at=now())
    client = signed_in(sam)
    assert "Findable" not in text(client.get(reverse("queue"), {"view": "mine"}))
    page = text(client.get(reverse("queue"), {"q": "findable", "view": "mine"}))
    assert "Findable" in page
    assert "disqualified" in page
    assert "Nothing found" in text(client.get(reverse("queue"), {"q": "nowhere"}))


def fill(number: int, sam: User) -> None:
    for _ in range(number):
        handoff = make_handoff(
            make_lead(title="CTO", company={"industry": "Energy"}, phone="+31206241111"), at=now() - 2 * HOUR
        )
        claim(handoff, by=sam, at=now() - HOUR)
        log_touch(handoff, channel="call", outcome="no_answer", by=sam, at=now() - HOUR)
        NextStep.objects.create(handoff=handoff, what="Call", at=now() + DAY, by=sam, created_at=now())


def test_the_second_page_shows_the_rest(sam: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_page, "PAGE", 3)
    fill(5, sam)
    client = signed_in(sam)
    first, second = (client.get(reverse("queue"), {"page": page}) for page in (1, 2))
    assert (text(first).count("data-row"), text(second).count("data-row")) == (3, 2)
    assert 'rel="next"' in text(first)
    assert 'rel="prev"' in text(second)
    assert text(client.get(reverse("queue"), {"page": "99"})).count("data-row") == 2


@pytest.mark.parametrize("name", ["queue", "leads", "qualified", "nurture"])
def test_a_list_costs_the_same_queries_for_one_row_and_for_many(name: str, sam: User) -> None:
    make_calendar()
    make_policy()
    make_live(PRICING)

    def more(number: int) -> None:
        fill(number, sam)
        for handoff in Handoff.objects.open().order_by("-pk")[:number]:
            if name == "qualified":
                log_touch(handoff, channel="call", outcome="connected", by=sam, at=now())
                qualify(handoff, bant=YES, by=sam, at=now())
            elif name == "nurture":
                disqualify(handoff, reason=make_reason(), by=sam, at=now())

    client = signed_in(sam)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(name)).status_code == 200
        return len(queries)

    more(1)
    client.get(reverse(name))
    one = cost()
    more(24 if name == "queue" else 4)
    assert cost() == one
    if name == "queue":
        assert one <= 15


def test_the_page_of_a_lead_explains_its_score(sam: User) -> None:
    make_live(PRICING)
    lead = make_lead(owner=sam, traits={"seats": 4})
    receive_activities([page_view(lead, now() - DAY)], at=now())
    page = text(signed_in(sam).get(reverse("lead", args=[lead.pk])))
    assert "Visited pricing" in page
    assert "+30" in page
    assert "<polyline" in page


def test_without_a_model_the_page_of_a_lead_says_so(sam: User) -> None:
    page = text(signed_in(sam).get(reverse("lead", args=[make_lead().pk])))
    assert "No score yet" in page


def test_a_rep_pulls_a_lead_in_and_a_marketer_hands_one_over(sam: User) -> None:
    first, second = make_lead(), make_lead()
    signed_in(sam).post(reverse("hand-over", args=[first.pk]), {"note": "Met at the fair"})
    handoff = Handoff.objects.get()
    assert (handoff.claimed_by, handoff.opening_note, handoff.route) == (sam, "Met at the fair", "manual")
    signed_in(make_marketer()).post(reverse("hand-over", args=[second.pk]), {"note": "Asked at the stand"})
    assert Handoff.objects.get(lead=second).claimed_by is None


@pytest.mark.parametrize("why_not", ["handed over already", "held"])
def test_a_lead_that_cannot_be_handed_over_stays(why_not: str, sam: User) -> None:
    lead = make_lead()
    if why_not == "held":
        Hold.objects.create(lead=lead, reason=Hold.Reason.BY_HAND, at=now())
    else:
        make_handoff(lead)
    count = Handoff.objects.count()
    page = signed_in(make_marketer()).post(reverse("hand-over", args=[lead.pk]), follow=True)
    assert "notice-danger" in text(page)
    assert Handoff.objects.count() == count


def test_the_list_of_leads_is_searched_and_narrowed_to_what_one_may_see(sam: User) -> None:
    make_lead(last_name="Visible")
    make_lead(last_name="Elsewhere", team=make_team("Nordics"))
    client = signed_in(sam)
    page = text(client.get(reverse("leads")))
    assert "Visible" in page
    assert "Elsewhere" not in page
    assert "Nothing found" in text(client.get(reverse("leads"), {"q": "nowhere"}))


def test_times_are_read_in_the_readers_own_zone() -> None:
    grace = make_rep("grace", time_zone="America/New_York")
    day = (now() + 3 * DAY).date()
    form = {"what": "Call", "step_at": f"{day}T15:00"}
    signed_in(grace).post(reverse("next-step", args=[taken(grace).pk]), form)
    there = NextStep.objects.get().at.astimezone(ZoneInfo("America/New_York"))
    assert f"{there:%Y-%m-%d %H:%M}" == f"{day} 15:00"
