"""Revenue to be expected from open SQLs, from their strength (BANT) and from what became of earlier ones.

An SQL is open at an instant when it was qualified by then and neither won nor lost. Its chance is the share won among
the decided SQLs of its band of strength, of all decided ones where the band has fewer than ten. Its worth is what the
rep expects, else the median revenue of won deals. Expected is the sum of chance times worth. The range is twice the
standard deviation around it, cut at nothing and at everything: of winning or not, and of a chance known from so few.

Forecasts of earlier months are worked out anew from what was known then: which SQLs were open, which deals decided.
What is worth how much is as recorded now.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import polars as pl
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from handoff.leads.models import Stage
from handoff.queue.models import Verdict
from reports.cohorts import Cohort, Handoffs
from reports.periods import Period, months_before
from reports.reading import INSTANT, read
from reports.statistics import Rate
from reports.tables import Behind
from scoring.rates import Z_95

MONTHS = 6
OVER = (Stage.LOST, Stage.DISQUALIFIED, Stage.NURTURE)


class Band(TextChoices):
    """How strong an SQL is, by what its BANT adds up to."""

    STRONG = "strong", _("Strong (11 to 16)")
    FAIR = "fair", _("Fair (6 to 10)")
    WEAK = "weak", _("Weak (up to 5)")
    UNKNOWN = "unknown", _("Unknown")


@dataclass(frozen=True)
class Sql:
    """One SQL with what the forecast hangs on. `won` is None while nothing is decided."""

    handoff: int
    band: Band
    qualified_at: datetime
    worth: float | None
    revenue: float | None
    currency: str
    won: bool | None
    decided_at: datetime | None

    def is_open(self, at: datetime) -> bool:
        """Whether it was qualified by `at`, and neither won nor lost."""
        return self.qualified_at <= at and (self.decided_at is None or self.decided_at > at)

    def is_decided(self, at: datetime) -> bool:
        """Whether it was won or lost by `at`."""
        return self.decided_at is not None and self.decided_at <= at


@dataclass(frozen=True)
class BandRow:
    """The open SQLs of a band in one currency."""

    band: Band
    currency: str
    open: int
    chance: Rate
    worth: float
    expected: float


@dataclass(frozen=True)
class Expected:
    """What is to be expected in one currency from the SQLs open at an instant, and what came of them since."""

    at: datetime
    currency: str
    open: int
    expected: float
    low: float
    high: float
    came: float
    still_open: int

    @property
    def is_inside(self) -> bool | None:
        """Whether what came lies in the range; None while some are undecided."""
        return None if self.still_open else self.low <= self.came <= self.high


@dataclass(frozen=True)
class ForecastReport:
    """The whole report; without decided SQLs nothing can be expected."""

    period: Period
    open: int
    decided: Rate
    bands: list[BandRow]
    totals: list[Expected]
    past: list[Expected]
    at: datetime
    sqls: Sequence[Sql] = field(compare=False, repr=False)

    def behind(self, table: str, row: Any, _figure: str) -> Behind:
        """Return the handoffs of the SQLs behind a number."""
        at = self.at if table == "bands" else row.at
        found = open_by_currency(self.sqls, at)[row.currency]
        return Behind([each.handoff for each in found if table != "bands" or each.band == row.band])


def forecast_report(cohort: Cohort, *, at: datetime) -> ForecastReport:
    """Return the forecast over all that the question is about, whenever it was handed over."""
    sqls = _sqls(cohort.among)
    decided = [each for each in sqls if each.is_decided(at)]
    first = cohort.period.local_date(at).replace(day=1)
    months = [months_before(first, number) for number in range(MONTHS - 1, -1, -1)]
    starts = [datetime.combine(month, time.min, tzinfo=cohort.period.zone).astimezone(UTC) for month in months]
    return ForecastReport(
        period=cohort.period,
        open=sum(each.is_open(at) for each in sqls),
        decided=Rate(sum(each.won is True for each in decided), len(decided)),
        bands=bands(sqls, at),
        totals=expected(sqls, at),
        past=[row for start in starts for row in expected(sqls, start)],
        at=at,
        sqls=sqls,
    )


def bands(sqls: Sequence[Sql], at: datetime) -> list[BandRow]:
    """Return the open SQLs at `at` by currency and band; none where nothing was ever decided."""
    decided, found = [each for each in sqls if each.is_decided(at)], []
    for currency, opened in open_by_currency(sqls, at).items() if decided else ():
        for band in Band:
            own = [each for each in opened if each.band == band]
            if own:
                worth, chance = sum(_worths(own, decided)), _chance(decided, band)
                found.append(BandRow(band, currency, len(own), chance, worth, worth * (chance.share or 0.0)))
    return found


def expected(sqls: Sequence[Sql], at: datetime) -> list[Expected]:
    """Return what was to be expected at `at`, by currency, beside what came of it."""
    decided, rows = [each for each in sqls if each.is_decided(at)], []
    for currency, own in open_by_currency(sqls, at).items() if decided else ():
        worths = list(zip((each.band for each in own), _worths(own, decided), strict=True))
        mean, low, high = _range(worths, decided)
        came = sum(each.revenue or 0.0 for each in own if each.won)
        rows.append(Expected(at, currency, len(own), mean, low, high, came, sum(each.won is None for each in own)))
    return rows


def open_by_currency(sqls: Sequence[Sql], at: datetime) -> dict[str, list[Sql]]:
    """Return the SQLs open at `at` by currency; where none was said, it is that of most won deals."""
    usual = _usual([each for each in sqls if each.is_decided(at)])[1]
    found: dict[str, list[Sql]] = {}
    for each in sqls:
        if each.is_open(at):
            found.setdefault(each.currency or usual, []).append(each)
    return dict(sorted(found.items()))


def _worths(own: Sequence[Sql], decided: Sequence[Sql]) -> list[float]:
    usual = _usual(decided)[0]
    return [usual if each.worth is None else each.worth for each in own]


def _range(worths: Sequence[tuple[Band, float]], decided: Sequence[Sql]) -> tuple[float, float, float]:
    mean = variance = 0.0
    for band in Band:
        chance, own = _chance(decided, band), [worth for each, worth in worths if each == band]
        share = chance.share or 0.0
        mean += share * sum(own)
        spread = share * (1 - share)
        variance += spread * (sum(worth * worth for worth in own) + sum(own) ** 2 / chance.of)
    reach = Z_95 * math.sqrt(variance)
    return mean, max(mean - reach, 0.0), min(mean + reach, sum(worth for _band, worth in worths))


def _chance(decided: Sequence[Sql], band: Band) -> Rate:
    own = [each for each in decided if each.band == band]
    told = Rate(sum(each.won is True for each in own), len(own))
    return Rate(sum(each.won is True for each in decided), len(decided)) if told.is_too_few else told


def _usual(decided: Sequence[Sql]) -> tuple[float, str]:
    """Return the median revenue of won deals, and their most frequent currency."""
    won = sorted(each.revenue for each in decided if each.won and each.revenue is not None)
    currencies = Counter(each.currency for each in decided if each.won and each.currency)
    half = len(won) // 2
    median = 0.0 if not won else won[half] if len(won) % 2 else (won[half - 1] + won[half]) / 2
    return median, currencies.most_common(1)[0][0] if currencies else ""


def _sqls(handoffs: Handoffs) -> list[Sql]:
    wanted: dict[str, Any] = {
        "handoff": (pl.Int64, "pk"),
        "qualified": (INSTANT, "qualification__at"),
        "closed": (INSTANT, "closed_at"),
        "strength": (pl.Int64, "qualification__strength"),
        "worth": (pl.Float64, "qualification__value"),
        "currency": (pl.String, "qualification__currency"),
        "is_won": (pl.Boolean, "deal__is_won"),
        "revenue": (pl.Float64, "deal__value"),
        "deal_currency": (pl.String, "deal__currency"),
        "decided": (INSTANT, "deal__at"),
        "stage": (pl.String, "lead__stage"),
        "since": (INSTANT, "lead__stage_since"),
    }
    rows = read(handoffs.filter(verdict=Verdict.QUALIFIED), wanted)
    return [_sql(row) for row in rows.iter_rows(named=True)]


def _sql(row: dict[str, Any]) -> Sql:
    won, decided_at, strength = row["is_won"], row["decided"], row["strength"]
    if won is None and row["stage"] in {Stage.CUSTOMER, *OVER}:
        won, decided_at = row["stage"] == Stage.CUSTOMER, row["since"]
    limits = ((11, Band.STRONG), (6, Band.FAIR), (0, Band.WEAK))
    band = Band.UNKNOWN if strength is None else next(band for least, band in limits if strength >= least)
    revenue = row["worth"] if row["revenue"] is None else row["revenue"]
    currency = row["deal_currency"] or row["currency"] or ""
    return Sql(
        row["handoff"], band, row["qualified"] or row["closed"], row["worth"], revenue, currency, won, decided_at
    )
