"""Sources: other names for them, entered by marketers."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from handoff.leads.models import SourceAlias, SourceCost
from handoff.leads.sources import Names
from handoff.people.models import User
from tests.making import make_manager, make_marketer, make_rep

pytestmark = pytest.mark.django_db
COST = {"source": " Trade  fair ", "month": "2026-03-17", "amount": "120.50", "currency": "EUR"}


def alias(name: str, source: str) -> SourceAlias:
    found = SourceAlias(name=name, source=source)
    found.full_clean()
    found.save()
    return found


def post(user: User, model: str, form: dict[str, Any]) -> Any:
    client = Client()
    client.force_login(user)
    return client.post(f"/admin/leads/{model}/add/", form)


def test_a_name_counts_as_another_whatever_its_case_and_blanks() -> None:
    alias("google  ads", "Google")
    names = Names()
    assert [names.counted_as(name) for name in ("Google Ads", " google   ads", "Fair", "")] == [
        "Google", "Google", "Fair", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "source"),
    [
        pytest.param("Google", "google", id="itself"),
        pytest.param("Bing", "Google Ads", id="one that counts as another"),
        pytest.param("Google", "Search", id="one that others count as"),
        pytest.param("GOOGLE ADS", "Bing", id="twice"),
    ],
)
def test_other_names_make_no_chains(name: str, source: str) -> None:
    alias("Google Ads", "Google")
    with pytest.raises(ValidationError):
        alias(name, source)


def test_a_marketer_enters_cost_and_names_in_the_admin() -> None:
    assert post(make_marketer(), "sourcecost", COST).status_code == 302
    cost = SourceCost.objects.get()
    assert (cost.source, cost.month, str(cost.amount)) == ("Trade fair", date(2026, 3, 1), "120.50")
    again = post(User.objects.get(), "sourcecost", {**COST, "source": "trade fair", "month": "2026-03-01"})
    assert again.status_code == 200
    assert post(User.objects.get(), "sourcealias", {"name": "Fair", "source": "Trade fair"}).status_code == 302
    assert SourceAlias.objects.get().source == "Trade fair"


@pytest.mark.parametrize("wrong", [{"currency": "Euro"}, {"currency": "eur"}, {"amount": "-1"}, {"month": ""}])
def test_what_is_no_cost_is_refused(wrong: dict[str, str]) -> None:
    assert post(make_marketer(), "sourcecost", {**COST, **wrong}).status_code == 200
    assert not SourceCost.objects.exists()


def test_managers_read_and_reps_stay_out() -> None:
    manager = make_manager()
    assert post(manager, "sourcecost", COST).status_code == 403
    client = Client()
    client.force_login(manager)
    assert client.get("/admin/leads/sourcecost/").status_code == 200
    assert post(make_rep(), "sourcecost", COST).status_code == 302  # to the login of the admin
    assert not SourceCost.objects.exists()


@pytest.mark.parametrize("wrong", [{"month": date(2026, 3, 2)}, {"amount": -1}])
def test_the_database_keeps_whole_months_and_no_negative_cost(wrong: dict[str, Any]) -> None:
    values = {"source": "Fair", "month": date(2026, 3, 1), "amount": 1, "currency": "EUR", **wrong}
    with pytest.raises(IntegrityError), transaction.atomic():
        SourceCost.objects.create(**values)
