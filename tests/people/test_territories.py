"""Territories in the admin: countries, a condition written in rows, and the order of the teams."""

import pytest
from django.test import Client
from django.urls import reverse

from handoff.people.models import Team, User
from scoring.conditions import leaves
from tests.making import make_manager, make_team

pytestmark = pytest.mark.django_db
NO_PEOPLE = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
ROW = {"territory-0-0-field": "profile:company.employees", "territory-0-0-op": "at_least"}


def form_of(team: Team, **values: str) -> dict[str, str]:
    texts = {name: getattr(team, name) for name in ("name", "slug", "giving", "on_absence", "names_in_reports")}
    return {**NO_PEOPLE, **texts, "position": str(team.position), **values}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_manager_writes_the_territory_of_an_own_team_in_rows_and_takes_it_away() -> None:
    team = make_team("Large")
    client, url = signed_in(make_manager(team=team)), reverse("admin:people_team_change", args=[team.pk])
    form = form_of(team, countries="nl, be", **ROW, **{"territory-0-0-value": "500"})
    assert client.post(url, form).status_code == 302
    team.refresh_from_db()
    assert team.countries == ["NL", "BE"]
    [leaf] = leaves(team.territory or {})
    assert (leaf["field"], leaf["value"]) == ("company.employees", 500)
    assert "employees is at least 500" in client.get(url).content.decode()
    assert client.post(url, form_of(team)).status_code == 302
    team.refresh_from_db()
    assert team.territory is None


def test_a_row_that_cannot_be_read_is_refused_beside_it() -> None:
    team = make_team("Large")
    url = reverse("admin:people_team_change", args=[team.pk])
    page = signed_in(make_manager(team=team)).post(url, form_of(team, **ROW, **{"territory-0-0-value": "many"}))
    assert "be used yet" in page.content.decode()
    team.refresh_from_db()
    assert team.territory is None


def test_another_team_is_read_without_a_form() -> None:
    team = make_team("Large", territory={"id": "t", "field": "country", "op": "is", "value": "NL"})
    url = reverse("admin:people_team_change", args=[team.pk])
    page = signed_in(make_manager(team=make_team("Nordics"))).get(url)
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
