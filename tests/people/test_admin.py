"""What is done in the admin site: people added, tokens revoked, reasons taken off the list, calendars given."""

import pytest
from django.test import Client
from django.urls import reverse

from handoff.people.models import ApiToken, User
from handoff.queue.models import DisqualificationReason
from handoff.sla.models import TeamCalendar
from tests.making import MONDAY_9AM, make_calendar, make_manager, make_reason, make_team, make_user

pytestmark = pytest.mark.django_db


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
