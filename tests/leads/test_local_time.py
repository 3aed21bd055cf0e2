"""What time it is where a lead is."""

from typing import Any

import pytest
from django.utils import translation

from handoff.leads.local_time import place_and_time
from tests.making import HOUR, MONDAY_9AM, make_lead

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"phone": "+4940555014"}, "Germany, 09:00 there", id="by the number alone"),
        pytest.param(
            {"phone": "+12125551234", "country": "NL"}, "United States, 03:00 there", id="number before country"
        ),
        pytest.param({"country": "GB"}, "United Kingdom, 08:00 there", id="a country with one zone"),
        pytest.param({"country": "DE"}, "Germany, 09:00 there", id="zones that agree"),
        pytest.param({"phone": "no number", "country": "GB"}, "United Kingdom, 08:00 there", id="no number at all"),
        pytest.param({"phone": "+61412345678", "country": "AU"}, "Australia", id="too many zones"),
        pytest.param({"country": "US"}, "United States", id="a wide country"),
        pytest.param({"company": {"country": "GB"}}, "United Kingdom, 08:00 there", id="the company's country"),
        pytest.param({}, "", id="nothing known"),
    ],
)
def test_the_time_is_said_where_it_is_known(values: dict[str, Any], said: str) -> None:
    assert place_and_time(make_lead(**values), MONDAY_9AM) == said


def test_another_day_there_is_named() -> None:
    late = MONDAY_9AM + 15 * HOUR  # midnight in Amsterdam
    assert place_and_time(make_lead(country="GB"), late) == "United Kingdom, Mon 23:00 there"


def test_the_country_is_said_in_the_readers_language() -> None:
    with translation.override("de"):
        assert place_and_time(make_lead(country="NL"), MONDAY_9AM).startswith("Niederlande")
