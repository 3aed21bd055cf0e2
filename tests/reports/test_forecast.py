"""The forecast over a small world, worked out by hand."""

import math
from decimal import Decimal

import pytest

from handoff.people.models import User
from handoff.queue.deals import lose, win
from handoff.queue.models import Handoff, Qualification
from handoff.queue.qualification import qualify
from handoff.queue.touching import log_touch
from reports.forecast import Band, ForecastReport
from reports.statistics import Rate
from tests.making import DAY, HOUR, MONDAY_9AM, YES, make_handoff, make_marketer, make_rep
from tests.reports.asking import report_of

pytestmark = pytest.mark.django_db
PARTLY = {"budget": ("partly", ""), "authority": ("partly", ""), "need": ("no", ""), "timeline": ("no", "")}
LATER = MONDAY_9AM + 20 * DAY


def sql(by: User, *, value: int | None = None, bant: dict[str, tuple[str, str]] = YES) -> Handoff:
    handoff = make_handoff()
    log_touch(handoff, channel="call", outcome="connected", by=by, at=MONDAY_9AM)
    qualify(handoff, bant=bant, by=by, at=MONDAY_9AM + HOUR)
    worth = {"value": Decimal(value), "currency": "EUR"} if value is not None else {}
    Qualification.objects.filter(handoff=handoff).update(**worth)
    return handoff


def forecast(reader: User) -> ForecastReport:
    report: ForecastReport = report_of("forecast", reader, LATER)
    return report


@pytest.fixture
def decided() -> User:
    """Of twelve strong SQLs three were won, for 100, 200 and 600; weak ones were never decided."""
    sam = make_rep()
    for number, revenue in enumerate((100, 200, 600, *[None] * 9)):
        handoff = sql(sam)
        at = MONDAY_9AM + (number + 1) * DAY
        if revenue:
            win(handoff, value=Decimal(revenue), currency="EUR", by=sam, at=at)
        else:
            lose(handoff, because="chose another", by=sam, at=at)
    return sam


def test_expected_is_chance_times_worth_with_a_range_worked_out_by_hand(decided: User) -> None:
    sql(decided, value=1000)
    sql(decided)  # worth the median of what was won: 200
    report = forecast(make_marketer())
    assert (report.open, report.decided) == (2, Rate(3, 12))
    [band] = report.bands
    assert (band.band, band.chance, band.open, band.worth, band.expected) == (Band.STRONG, Rate(3, 12), 2, 1200, 300)
    [total] = report.totals
    # One of four: 3/16 times the squares, and again for a chance that is known from twelve.
    reach = 1.959963984540054 * math.sqrt(3 / 16 * (1000**2 + 200**2 + 1200**2 / 12))
    assert total.expected == pytest.approx(300)
    assert total.low == 0
    assert total.high == pytest.approx(min(300 + reach, 1200))
    assert total.still_open == 2


def test_a_band_of_which_too_few_were_decided_has_the_chance_of_all(decided: User) -> None:
    sql(decided, value=100, bant=PARTLY)
    [band] = forecast(make_marketer()).bands
    assert (band.band, band.chance, band.expected) == (Band.WEAK, Rate(3, 12), 25)


def test_earlier_forecasts_know_only_what_was_known_then(decided: User) -> None:
    reader = make_marketer()
    assert forecast(reader).past == []  # on the first of March nothing was there
    Qualification.objects.update(at=MONDAY_9AM - 20 * DAY)
    first = Handoff.objects.order_by("id").first()
    assert first is not None
    deal = first.deal
    deal.at = MONDAY_9AM - 10 * DAY
    deal.save()
    [row] = forecast(reader).past
    # On 1 March eleven were open, and the one decided deal had been won for 100.
    assert (row.open, row.expected, row.came, row.still_open, row.is_inside) == (11, 1100, 800, 0, False)


def test_without_decided_ones_nothing_is_expected() -> None:
    sql(make_rep(), value=1000)
    report = forecast(make_marketer())
    assert (report.open, report.bands, report.totals) == (1, [], [])
