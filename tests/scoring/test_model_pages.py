"""The pages of a version beside its form: rehearse, publish, compare, try on a lead; personas and content."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from handoff.leads.models import Lead
from handoff.queue.receiving import receive_activities
from scoring.comparing import changes
from scoring.drafting import copy_to_draft
from scoring.exchange import read, written
from scoring.models import ContentEntry, Persona, Publication, Rehearsal, Rule, ScoringModel
from scoring.rehearsing import run_waiting
from tests.making import DAY, MONDAY_9AM, PRICING, make_lead, make_live, make_marketer, make_model, page_view
from tests.scoring.admin_forms import condition_form, model_form, sign_in, text_of

pytestmark = pytest.mark.django_db
DUTCH = {"field": "country", "op": "is", "value": "NL"}


def url(name: str, model: ScoringModel) -> str:
    return reverse(f"admin:scoring_scoringmodel_{name}", args=[model.pk])


def rehearse(client: Client, model: ScoringModel) -> Rehearsal:
    """Ask for a rehearsal on the page, and let the worker work it out."""
    assert client.post(url("rehearse", model)).url == url("publish", model)  # type: ignore[attr-defined]
    run_waiting(at=timezone.now())
    return Rehearsal.objects.latest("id")


def publishing(rehearsal: Rehearsal, **values: Any) -> dict[str, Any]:
    return {"rehearsal": rehearsal.pk, "qualifying": "now", **values}


def test_the_page_says_how_far_a_rehearsal_is_and_then_what_it_found() -> None:
    make_lead(country="NL", source="Fair")
    draft = make_model({"points": 60, "condition": DUTCH, "name": "Dutch"})
    client = sign_in(make_marketer())
    assert "Not rehearsed as it is now and against what is live now." in text_of(client.get(url("publish", draft)))
    client.post(url("rehearse", draft))
    waiting = client.get(url("publish", draft))
    assert "has scored 0 of 1 leads" in text_of(waiting)
    assert b'name="qualifying"' not in waiting.content
    run_waiting(at=timezone.now())
    page = text_of(client.get(url("publish", draft)))
    for said in ("Become MQL 1 leads", "over 1 leads and", "Fair 1 0", "Some who become MQL", "Dutch — 60"):
        assert said in page
    assert "Become MQL 1 leads" in text_of(client.get(url("change", draft)))


def test_publishing_from_the_page_makes_it_live() -> None:
    max_, draft = make_marketer(), make_model(PRICING)
    client = sign_in(max_)
    rehearsal = rehearse(client, draft)
    page = client.post(
        url("publish", draft), publishing(rehearsal, qualifying="next_activity", note="Tried out."), follow=True
    )
    publication = Publication.objects.get()
    assert (publication.model, publication.by, publication.rehearsal) == (draft, max_, rehearsal)
    assert (publication.note, publication.qualifying) == ("Tried out.", "next_activity")
    assert "This version is live." in text_of(page)


def test_a_pace_is_a_number_per_rep_a_day() -> None:
    draft, client = make_model(PRICING), sign_in(make_marketer())
    rehearsal = rehearse(client, draft)
    page = client.post(url("publish", draft), publishing(rehearsal, qualifying="paced"))
    assert "Say how many per rep a day" in text_of(page)
    client.post(url("publish", draft), publishing(rehearsal, qualifying="paced", pace=3))
    assert Publication.objects.get().pace == 3


def test_without_a_rehearsal_of_what_it_says_now_nothing_goes_live() -> None:
    draft, client = make_model(PRICING), sign_in(make_marketer())
    rehearsal = rehearse(client, draft)
    Rule.objects.update(points=99)
    assert "changed after rehearsal" in text_of(client.post(url("publish", draft), publishing(rehearsal)))
    assert "Rehearse the version first." in text_of(
        client.post(url("publish", draft), {"rehearsal": 0, "qualifying": "now"})
    )
    assert not Publication.objects.exists()


def test_the_page_says_when_a_rehearsal_was_held_and_against_what_and_drops_it_once_another_version_went_live() -> None:
    make_live(PRICING)
    draft, other = make_model({**PRICING, "points": 31}), make_model({**PRICING, "points": 32})
    client = sign_in(make_marketer())
    rehearsal = rehearse(client, draft)
    when = date_format(timezone.localtime(rehearsal.finished_at), "DATETIME_FORMAT")
    page = text_of(client.get(url("publish", draft)))
    assert f"Rehearsed {when} against Test v1, over 0 leads" in page
    client.post(url("publish", other), publishing(rehearse(client, other)))
    page = text_of(client.get(url("publish", draft)))
    assert "Not rehearsed as it is now and against what is live now." in page
    answer = text_of(client.post(url("publish", draft), publishing(rehearsal)))
    assert f"Test v3 went live after rehearsal {rehearsal.pk}; rehearse the version again." in answer
    draft.refresh_from_db()
    assert draft.is_draft


def test_rolling_back_makes_the_retired_version_live_again() -> None:
    retired = make_live(PRICING).model
    make_live({**PRICING, "points": 31})
    client = sign_in(make_marketer())
    assert "Roll back to version" in text_of(client.get(url("publish", retired)))
    client.post(url("publish", retired), publishing(rehearse(client, retired)))
    retired.refresh_from_db()
    assert retired.state == "live"


def test_a_version_with_mistakes_is_not_rehearsed() -> None:
    draft = make_model({"name": "Typo", "points": 5, "condition": {"field": "citty", "op": "is", "value": "x"}})
    page = sign_in(make_marketer()).post(url("rehearse", draft), follow=True)
    assert "There is no field “citty”" in text_of(page)
    assert not Rehearsal.objects.exists()


def add_dutch(draft: ScoringModel, points: int) -> None:
    group = draft.groups.get(key="fit")
    Rule.objects.create(model=draft, group=group, key="nl", name="Dutch", points=points, condition=DUTCH)


def add_rule(draft: ScoringModel, key: str) -> None:
    Rule.objects.create(model=draft, group=draft.groups.get(key="fit"), key=key, name=key, points=1, condition=DUTCH)


def rich_draft() -> tuple[ScoringModel, ScoringModel]:
    """Return what is live, and a draft that differs in every part."""
    live = make_live(PRICING, {"points": 5, "name": "Gone", "key": "gone"}).model
    live.content.create(pattern="/docs/*", phase="awareness")
    live.personas.create(key="p", name="Energy manager", condition=DUTCH)
    draft = copy_to_draft(live, by=None, at=MONDAY_9AM)
    draft.threshold = Decimal(80)
    draft.fast_lane_kinds = ["demo_request"]
    draft.save()
    draft.rules.filter(key="pricing").update(points=35, half_life=30, limit=3, limit_per="week")
    draft.rules.filter(key="gone").delete()
    Rule.objects.create(
        model=draft, group=draft.groups.get(key="fit"), key="new", name="Dutch", points=10, condition=DUTCH
    )
    draft.groups.filter(key="fit").update(cap=40)
    draft.personas.update(pains="Paper")
    draft.content.update(phase="decision")
    return live, draft


def test_a_draft_is_compared_with_what_is_live_in_words() -> None:
    live, draft = rich_draft()
    found = {change.name: change for change in changes(live, draft)}
    assert found["Settings"].lines == [("threshold", "50", "80"), ("fast lane", "—", "demo request")]
    assert found["Visited pricing"].lines == [
        ("points", "+30", "+35"), ("half-life", "—", "30 days"), ("counts", "—", "3 a week")
    ]  # fmt: skip
    assert (found["Gone"].kind, found["Dutch"].kind) == ("removed", "added")
    assert ("looks for", "—", "country is NL") in found["Dutch"].lines
    assert found["Group “Fit”"].lines == [("cap", "—", "40")]
    assert found["Persona “Energy manager”"].lines == [("pains", "—", "Paper")]
    assert found["Content /docs/*"].lines == [("phase", "awareness", "decision")]
    assert changes(draft, draft) == []
    page = text_of(sign_in(make_marketer()).get(url("compare", draft)))
    assert "points +30 +35" in page
    assert "says the same" in text_of(
        sign_in(make_marketer("mo")).get(url("compare", copy_to_draft(live, by=None, at=MONDAY_9AM)))
    )


def test_a_draft_goes_into_a_file_and_out_of_it_whole() -> None:
    _live, draft = rich_draft()
    again = read(written(draft), by=None, at=MONDAY_9AM)
    assert written(again) == written(draft)
    assert changes(draft, again) == []


def test_a_draft_is_tried_on_a_lead_entry_by_entry() -> None:
    live = make_live(PRICING).model
    lead = make_lead("ann@acme.example", country="NL", first_name="Ann", last_name="Smit")
    receive_activities([page_view(lead, timezone.now() - DAY)], at=timezone.now())
    draft = copy_to_draft(live, by=None, at=MONDAY_9AM)
    Rule.objects.create(
        model=draft, group=draft.groups.get(key="fit"), key="nl", name="Dutch", points=25, condition=DUTCH
    )
    client = sign_in(make_marketer())
    assert f"lead={lead.pk}".encode() in client.get(url("try", draft), {"q": "smit ann"}).content
    assert "No lead begins like this." in text_of(client.get(url("try", draft), {"q": "zzz"}))
    page = text_of(client.get(url("try", draft), {"lead": lead.pk}))
    for said in ("Dutch — 25", "Visited pricing Page view: /pricing/", "30 30", "Total 30 D3 55 B3", "MQL no yes"):
        assert said in page
    assert "no such lead any more" in text_of(client.get(url("try", draft), {"lead": lead.pk + 1}))


def test_the_pages_cost_the_same_for_one_lead_persona_and_rule_and_for_many() -> None:
    draft, client = make_model({"points": 60, "condition": DUTCH}), sign_in(make_marketer())
    counts = []
    for _ in range(2):
        for number in range(3):
            make_lead(country="NL")
            key = f"k{Persona.objects.count()}"
            draft.personas.create(key=key, name=key, condition=DUTCH)
            add_rule(draft, f"r{key}{number}")
        rehearse(client, draft)
        for name in ("publish", "change"):
            client.get(url(name, draft))
            with CaptureQueriesContext(connection) as queries:
                client.get(url(name, draft))
            counts.append(len(queries))
    assert counts[:2] == counts[2:]


def test_a_persona_is_written_by_choosing_and_read_aloud() -> None:
    draft, client = make_model(PRICING), sign_in(make_marketer())
    form = {
        "name": "Energy manager", "standing": "ideal", "pains": "Prices", "goals": "Calm",
        **condition_form("condition", ("all", ("profile:country", "is", "NL"))),
    }  # fmt: skip
    answer = client.post(reverse("admin:scoring_persona_add") + f"?model={draft.pk}", form)
    assert answer.status_code == 302
    persona = Persona.objects.get()
    assert (persona.model, persona.condition["all"][0]["value"], persona.pains) == (draft, "NL", "Prices")
    assert "Energy manager country is NL ideal customer" in text_of(client.get(url("change", draft)))


def test_a_persona_of_everybody_is_refused() -> None:
    draft, client = make_model(PRICING), sign_in(make_marketer())
    form = {"name": "All", "standing": "usual", **condition_form("condition", ("all",))}
    page = client.post(reverse("admin:scoring_persona_add") + f"?model={draft.pk}", form)
    assert "a persona without a condition would be everybody" in text_of(page)
    assert not Persona.objects.exists()


def test_the_personas_of_a_published_version_stay_as_they_are() -> None:
    live = make_live(PRICING).model
    persona = live.personas.create(key="p", name="Energy manager", condition=DUTCH)
    client = sign_in(make_marketer())
    assert "country is NL" in text_of(client.get(reverse("admin:scoring_persona_change", args=[persona.pk])))
    form = {
        "name": "Other",
        "standing": "usual",
        **condition_form("condition", ("all", ("profile:country", "is", "DE"))),
    }
    client.post(reverse("admin:scoring_persona_change", args=[persona.pk]), form)
    client.post(reverse("admin:scoring_persona_delete", args=[persona.pk]), {"post": "yes"})
    persona.refresh_from_db()
    assert persona.name == "Energy manager"


def test_content_is_listed_on_the_version_and_rules_read_what_it_says() -> None:
    draft, client = make_model(), sign_in(make_marketer())
    line = {
        "content-TOTAL_FORMS": 1,
        "content-0-looks_at": "url",
        "content-0-pattern": "/prices/*",
        "content-0-phase": "decision",
    }
    client.post(url("change", draft), model_form(draft, **line))
    assert ContentEntry.objects.get().phase == "decision"
    Rule.objects.create(
        model=draft, group=draft.groups.get(key="interest"), key="near", name="Near", kind="activity", points=60,
        activity_kinds=["page_view"], condition={"field": "content.phase", "op": "is", "value": "decision"},
    )  # fmt: skip
    client.post(url("publish", draft), publishing(rehearse(client, draft)))
    leads = [make_lead(), make_lead()]
    for lead, path in zip(leads, ("https://shop.example/prices/list/?utm=1", "/about/"), strict=True):
        receive_activities([page_view(lead, timezone.now(), url=path)], at=timezone.now())
    assert [Lead.objects.get(pk=lead.pk).stage for lead in leads] == ["mql", "lead"]
