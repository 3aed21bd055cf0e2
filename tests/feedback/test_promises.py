"""Promises in the admin: both sides write them down, managers for their own teams."""

from datetime import date

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from handoff.feedback.models import Promise
from handoff.people.models import User
from tests.making import make_manager, make_marketer, make_rep, make_team

pytestmark = pytest.mark.django_db
LIST, ADD = reverse("admin:feedback_promise_changelist"), reverse("admin:feedback_promise_add")


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def promise(**values: object) -> dict[str, object]:
    return {"first": "2026-03-01", "last": "2026-03-31", "mqls": "20", **values}


def test_marketing_promises_for_all_teams() -> None:
    assert as_(make_marketer()).post(ADD, promise()).status_code == 302
    kept = Promise.objects.get()
    assert (kept.team, kept.mqls, kept.last) == (None, 20, date(2026, 3, 31))


def test_a_manager_promises_for_own_teams_and_sees_no_others() -> None:
    mia, nordics = make_manager(), make_team("Nordics")
    assert as_(mia).post(ADD, promise(team=nordics.pk)).status_code == 200
    assert as_(mia).post(ADD, promise()).status_code == 200
    assert not Promise.objects.exists()
    assert as_(mia).post(ADD, promise(team=mia.team_ids()[0])).status_code == 302
    theirs = Promise.objects.create(team=nordics, first=date(2026, 3, 1), last=date(2026, 3, 31))
    assert "Nordics" not in as_(mia).get(LIST).content.decode()
    assert as_(mia).get(reverse("admin:feedback_promise_change", args=[theirs.pk])).status_code == 302


def test_reps_write_no_promises() -> None:
    assert as_(make_rep()).get(ADD).status_code in {302, 403}


@pytest.mark.parametrize("of_team", [True, False])
def test_two_promises_of_a_team_never_begin_on_one_day(of_team: bool) -> None:
    values = {"first": date(2026, 3, 1), "last": date(2026, 3, 31), "team": make_team() if of_team else None}
    Promise.objects.create(**values)
    with pytest.raises(IntegrityError):
        Promise.objects.create(**values)
