"""Every page of the admin site opens, shows no more than its reader may see, and costs the same for many rows."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.feedback.models import Promise
from handoff.intake.models import Import, ImportRemark
from handoff.leads.models import (
    Activity,
    Consent,
    Exclusion,
    Hold,
    LeadScore,
    SourceAlias,
    SourceCost,
    TraitField,
)
from handoff.outbox.models import AuditEntry, Mail, Notice
from handoff.people.models import Absence, ApiToken, Team, User
from handoff.queue.models import (
    Breach,
    Clock,
    Disqualification,
    Handoff,
    MailTemplate,
    Merge,
    Qualification,
    Recycling,
    Replan,
    Triage,
)
from handoff.sla.models import Calendar, PersonCalendar
from scoring.models import Persona, Publication
from tests.making import (
    MONDAY_9AM,
    PRICING,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_manager,
    make_model,
    make_policy,
    make_reason,
    make_rep,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
OURS = [model for model in admin.site._registry if model._meta.app_label not in {"axes", "auth"}]
WRITTEN_TO = {
    "absence",
    "team",
    "user",
    "traitfield",
    "disqualificationreason",
    "calendar",
    "teamcalendar",
    "personcalendar",
    "mailtemplate",
    "persona",
    "policy",
    "promise",
    "scoringmodel",
    "rule",
    "sourcealias",
    "sourcecost",
}


def make_world(number: int, publication: Publication) -> None:
    """Make one more row of everything that is listed."""
    rep, team = make_rep(f"rep{number}"), make_team(f"Team {number}")
    make_calendar(team)
    company = {"name": f"Company {number}", "industry": "energy"}
    handoff = make_handoff(make_lead(team=team, company=company, owner=rep))
    clock = handoff.clocks.first()
    assert clock is not None
    at = MONDAY_9AM + timedelta(days=number)
    Breach.objects.create(clock=clock, due_at=at, holder=rep, recorded_at=at)
    bant: dict[str, Any] = dict.fromkeys(("budget", "authority", "need", "timeline"), "yes")
    Qualification.objects.create(handoff=handoff, by=rep, at=at, takes_over=rep, **bant)
    Disqualification.objects.create(handoff=handoff, by=rep, at=at, reason=make_reason())
    Recycling.objects.create(handoff=handoff, lead=handoff.lead, at=at)
    numbers = dict.fromkeys(("total", "fit", "interest", "timing"), 1.0)
    flags = {"is_mql": False, "is_moving": False, "scored_at": at, "grade": "B2"}
    LeadScore.objects.create(lead=handoff.lead, publication=publication, **numbers, **flags)
    Activity.objects.create(
        lead=handoff.lead, source="web", source_id=str(number), kind="page_view", occurred_at=at, received_at=at
    )
    Consent.objects.create(lead=handoff.lead, channel="email", basis="opt_in", at=at, by=rep)
    Hold.objects.create(lead=handoff.lead, reason="by_hand", at=at, by=rep)
    Exclusion.objects.create(kind="domain", value=f"rival{number}.example", why="competitor", by=rep, at=at)
    asked = Activity.objects.get(source_id=str(number))
    Triage.objects.create(lead=handoff.lead, request=asked, asked_at=at, opened_at=at, due_at=at)
    was = dict.fromkeys(("first_name", "last_name", "email", "external_id"), f"Company {number}")
    Merge.objects.create(kept=handoff.lead, gone_id=9000 + number, was=was, activities=0, by=rep, at=at)
    TraitField.objects.create(name=f"trait{number}", label="Trait", type="text")
    SourceAlias.objects.create(name=f"Source {number}", source="Source")
    SourceCost.objects.create(source=f"Source {number}", month=date(2026, 1, 1), amount=1, currency="EUR")
    Mail.objects.create(to=rep.email, subject="Hello", cause=str(number), created_at=at, not_before=at)
    Notice.objects.create(user=rep, text="Hello", cause=str(number), created_at=at)
    AuditEntry.objects.create(at=at, by=rep, act="claim", subject=f"handoff {number}")
    Absence.objects.create(user=rep, starts_at=at, created_at=at)
    Replan.objects.create(by=rep, at=at, reason="Agreed")
    MailTemplate.objects.create(name=f"Hello {number}", language="en", subject="Hello", body="Hello", team=team)
    PersonCalendar.objects.create(user=rep, calendar=Calendar.objects.all()[0])
    ApiToken.objects.create(user=rep, digest=str(number), created_at=at)
    Promise.objects.create(team=team, first=at, last=at, mqls=5)
    run = Import.objects.create(file_name="leads.csv", by=rep, created_at=at)
    ImportRemark.objects.create(run=run, line=1, reason="No e-mail address.")


@pytest.fixture(scope="module")
def listed(shared_rows: None) -> Publication:
    """One row of everything, and an administrator who looks at it."""
    make_user("ada", "admin")
    make_policy()
    publication = make_live(PRICING)
    make_world(1, publication)
    known = {"field": "country", "op": "is_filled"}
    Persona.objects.create(model=make_model(PRICING), key="p", name="Buyer", condition=known)
    return publication


@pytest.fixture
def client(listed: Publication) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="ada"))
    return client


def test_each_list_costs_the_same_for_one_row_and_for_many(client: Client, listed: Publication) -> None:
    def costs() -> dict[str, int]:
        return {model._meta.label: cost(address_of(model, "changelist")) for model in OURS}

    def cost(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code in {200, 302}
        return len(queries)

    few = costs()
    for number in range(2, 8):
        make_world(number, listed)
    assert costs() == few


def address_of(model: type[Model], what: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label_lower) for model in OURS])
def test_a_row_opens_and_is_searched_for_and_only_what_is_worked_on_here_has_a_form(
    client: Client, model: type[Model]
) -> None:
    row = model._default_manager.order_by("-pk").first()
    assert row is not None
    page = client.get(address_of(model, "change", row.pk))
    assert page.status_code == 200
    assert (b'name="_save"' in page.content) == (model._meta.model_name in WRITTEN_TO)
    assert client.get(address_of(model, "changelist"), {"q": "company 1"}, follow=True).status_code == 200


@pytest.mark.parametrize(
    "model", [pytest.param(model, id=model._meta.label_lower) for model in (Handoff, Clock, Breach, Qualification)]
)
def test_a_manager_sees_the_rows_of_own_teams_only(listed: Publication, model: type[Model]) -> None:
    make_world(2, listed)
    client = Client()
    client.force_login(make_manager(team=Team.objects.get(name="Team 1")))
    page = client.get(address_of(model, "changelist"))
    shown = page.context["cl"].result_count
    assert 0 < shown < model._default_manager.count()
