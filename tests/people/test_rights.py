"""Who may do what in the admin site."""

import pytest
from django.test import Client
from django.urls import reverse

from handoff.people.models import User
from handoff.people.rights import permits
from tests.making import make_manager, make_marketer, make_rep, make_user


@pytest.mark.parametrize(
    ("role", "permission", "is_permitted"),
    [
        pytest.param("marketer", "scoring.change_rule", True, id="a marketer writes rules"),
        pytest.param("marketer", "scoring.delete_scoringmodel", True, id="a marketer discards drafts"),
        pytest.param("marketer", "sla.view_policy", True, id="a marketer reads policies"),
        pytest.param("marketer", "sla.change_policy", False, id="a marketer changes no policy"),
        pytest.param("marketer", "queue.view_disqualificationreason", True, id="a marketer reads the reasons"),
        pytest.param("marketer", "queue.view_handoff", False, id="a marketer reads no handoffs here"),
        pytest.param("marketer", "people.view_user", False, id="a marketer sees nobody's account"),
        pytest.param("manager", "scoring.view_rule", True, id="a manager reads rules"),
        pytest.param("manager", "scoring.add_rule", False, id="a manager writes no rules"),
        pytest.param("manager", "sla.change_policy", True, id="a manager changes policies"),
        pytest.param("manager", "sla.delete_closedday", True, id="a manager opens a closed day"),
        pytest.param("manager", "queue.change_disqualificationreason", True, id="a manager changes the reasons"),
        pytest.param("manager", "queue.delete_disqualificationreason", False, id="a manager deletes no reason"),
        pytest.param("manager", "queue.change_handoff", False, id="a manager changes no handoff here"),
        pytest.param("manager", "people.change_team", True, id="a manager changes teams"),
        pytest.param("manager", "people.change_user", False, id="a manager changes nobody's account"),
        pytest.param("manager", "people.view_apitoken", False, id="a manager sees nobody's tokens"),
        pytest.param("manager", "outbox.view_mail", False, id="a manager reads no mail"),
        pytest.param("rep", "scoring.view_rule", False, id="a rep sees nothing of the admin"),
        pytest.param("nobody", "scoring.view_rule", False, id="an unknown role has no rights"),
        pytest.param("marketer", "scoring.view_", True, id="a marketer sees something of scoring"),
        pytest.param("marketer", "queue.view_", True, id="one model is enough to see an app"),
        pytest.param("marketer", "outbox.view_", False, id="an app without any right is not seen"),
        pytest.param("marketer", "score.view_", False, id="an app's name is not a prefix"),
    ],
)
def test_a_role_permits_what_the_table_says(role: str, permission: str, is_permitted: bool) -> None:
    assert permits(role, permission) is is_permitted


@pytest.mark.django_db
def test_an_administrator_may_do_everything_unless_inactive() -> None:
    ada = make_user("ada", "admin", is_superuser=False)
    assert ada.has_perm("people.delete_user")
    ada.is_active = False
    assert not ada.has_perm("people.delete_user")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("make", "shown", "hidden"),
    [
        pytest.param(make_marketer, ["Scoring models", "Policies", "Leads"], ["People", "Mail"], id="a marketer"),
        pytest.param(make_manager, ["Scoring models", "Teams", "Handoffs"], ["API tokens", "Mail"], id="a manager"),
    ],
)
def test_the_index_shows_each_role_its_own_part(make: object, shown: list[str], hidden: list[str]) -> None:
    client = Client()
    client.force_login(make())  # type: ignore[operator]
    page = client.get(reverse("admin:index")).content.decode()
    assert all(f">{name}</a>" in page for name in shown)
    assert not any(f">{name}</a>" in page for name in hidden)


@pytest.mark.django_db
def test_a_rep_is_not_let_in() -> None:
    client = Client()
    client.force_login(make_rep())
    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.django_db
def test_a_manager_changes_own_teams_only() -> None:
    from handoff.people.models import Team  # noqa: PLC0415

    mia: User = make_manager()
    other = Team.objects.create(name="DACH", slug="dach")
    client = Client()
    client.force_login(mia)
    form = {"name": "Mine", "slug": "mine", "giving": "pull", "names_in_reports": "off"}
    form |= {"position": "1", "on_absence": "team"}
    form |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    own = mia.teams.get()
    assert client.post(reverse("admin:people_team_change", args=[own.pk]), form).status_code == 302
    assert client.post(reverse("admin:people_team_change", args=[other.pk]), form).status_code == 403
