"""Every page of the admin site opens, shows no more than its reader may see, and costs the same for many rows."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.intake.models import Import, ImportRemark
from handoff.leads.models import Activity, Consent, Exclusion, Hold, LeadScore, TraitField
from handoff.outbox.models import AuditEntry, Mail, Notice
from handoff.people.models import Absence, ApiToken, Team, User
from handoff.queue.models import (
    Breach,
    Clock,
    Disqualification,
    DisqualificationReason,
    Handoff,
    MailTemplate,
    Merge,
    Qualification,
    Recycling,
    Replan,
    Triage,
)
from handoff.sla.models import Calendar, PersonCalendar, TeamCalendar
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
    "scoringmodel",
    "rule",
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
    Mail.objects.create(to=rep.email, subject="Hello", cause=str(number), created_at=at, not_before=at)
    Notice.objects.create(user=rep, text="Hello", cause=str(number), created_at=at)
    AuditEntry.objects.create(at=at, by=rep, act="claim", subject=f"handoff {number}")
    Absence.objects.create(user=rep, starts_at=at, created_at=at)
    Replan.objects.create(by=rep, at=at, reason="Agreed")
    MailTemplate.objects.create(name=f"Hello {number}", language="en", subject="Hello", body="Hello", team=team)
    PersonCalendar.objects.create(user=rep, calendar=Calendar.objects.all()[0])
    ApiToken.objects.create(user=rep, digest=str(number), created_at=at)
    run = Import.objects.create(file_name="leads.csv", by=rep, created_at=at)
    ImportRemark.objects.create(run=run, line=1, reason="No e-mail address.")


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label_lower) for model in OURS])
def test_a_list_costs_the_same_for_one_row_and_for_many(model: type[Model]) -> None:
    client = Client()
    client.force_login(make_user("ada", "admin"))
    make_policy()
    publication = make_live(PRICING)
    make_world(1, publication)
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        assert client.get(url).status_code in {200, 302}
    for number in range(2, 8):
        make_world(number, publication)
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(many) == len(few)


@pytest.mark.parametrize("model", [pytest.param(model, id=model._meta.label_lower) for model in OURS])
def test_a_row_opens_and_is_searched_for_and_only_what_is_worked_on_here_has_a_form(model: type[Model]) -> None:
    client = Client()
    client.force_login(make_user("ada", "admin"))
    make_policy()
    make_world(1, make_live(PRICING))
    known = {"field": "country", "op": "is_filled"}
    Persona.objects.create(model=make_model(PRICING), key="p", name="Buyer", condition=known)
    row = model._default_manager.order_by("-pk").first()
    assert row is not None
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    page = client.get(reverse(f"{name}_change", args=[row.pk]))
    assert page.status_code == 200
    assert (b'name="_save"' in page.content) == (model._meta.model_name in WRITTEN_TO)
    assert client.get(reverse(f"{name}_changelist"), {"q": "company 1"}, follow=True).status_code == 200


@pytest.mark.parametrize(
    "model", [pytest.param(model, id=model._meta.label_lower) for model in (Handoff, Clock, Breach, Qualification)]
)
def test_a_manager_sees_the_rows_of_own_teams_only(model: type[Model]) -> None:
    make_policy()
    publication = make_live(PRICING)
    make_world(1, publication)
    make_world(2, publication)
    client = Client()
    client.force_login(make_manager(team=Team.objects.get(name="Team 1")))
    page = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    shown = page.context["cl"].result_count
    assert 0 < shown < model._default_manager.count()


def test_revoking_tokens_says_how_many_no_longer_open() -> None:
    ada = make_user("ada", "admin")
    tokens = [ApiToken.objects.create(user=ada, digest=str(n), created_at=MONDAY_9AM) for n in range(3)]
    ApiToken.objects.filter(pk=tokens[0].pk).update(revoked_at=MONDAY_9AM)
    client = Client()
    client.force_login(ada)
    form = {"action": "revoke_chosen", "_selected_action": [token.pk for token in tokens]}
    page = client.post(reverse("admin:people_apitoken_changelist"), form, follow=True)
    assert "2 tokens no longer open anything" in page.content.decode()
    assert not ApiToken.objects.valid(MONDAY_9AM).exists()


def test_a_person_is_added_with_role_team_and_time_zone() -> None:
    client = Client()
    client.force_login(make_user("ada", "admin"))
    team = make_team()
    secret = "a-long-unusual-phrase"
    form = {"username": "sam", "password1": secret, "password2": secret, "usable_password": "true", "role": "manager"}
    form |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0", "is_staff": "on"}
    client.post(reverse("admin:people_user_add"), form)
    sam = User.objects.get(username="sam")
    assert (sam.role, sam.is_staff, sam.check_password(secret)) == ("manager", True, True)
    form = {"username": "sam", "role": "manager", "language": "nl", "time_zone": "Europe/Berlin", "is_active": "on"}
    form |= {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "0", "memberships-0-team": str(team.pk)}
    form |= {"memberships-0-share": "1", "memberships-0-capacity": "20"}
    url = reverse("admin:people_user_change", args=[sam.pk])
    assert "Mars/Base is not one" in client.post(url, form | {"time_zone": "Mars/Base"}).content.decode()
    assert client.post(url, form).status_code == 302
    sam.refresh_from_db()
    assert (sam.time_zone, list(sam.teams.all())) == ("Europe/Berlin", [team])


def test_reasons_are_taken_off_the_list_not_deleted() -> None:
    reason = make_reason()
    client = Client()
    client.force_login(make_manager())
    name = "admin:queue_disqualificationreason"
    form = {"slug": reason.slug, "name": reason.name, "position": reason.position, "needs": ""}
    client.post(reverse(f"{name}_change", args=[reason.pk]), form)
    assert client.post(reverse(f"{name}_delete", args=[reason.pk]), {"post": "yes"}).status_code == 403
    assert not DisqualificationReason.objects.get(pk=reason.pk).is_active


def test_a_manager_gives_calendars_to_own_teams_only() -> None:
    mia = make_manager(team=make_team("Benelux"))
    calendar = make_calendar(make_team("DACH"))
    client = Client()
    client.force_login(mia)
    url = reverse("admin:sla_teamcalendar_add")
    client.post(url, {"team": make_team("UK").pk, "calendar": calendar.pk})
    client.post(url, {"team": make_team("Benelux").pk, "calendar": calendar.pk})
    assert set(TeamCalendar.objects.values_list("team__name", flat=True)) == {"DACH", "Benelux"}
