"""Sources and campaigns: the leads they brought, what became of these, what they cost and brought in.

Leads count in the period in which they came; MQLs in that in which they were handed over, and SQLs, customers and
revenue are those of these MQLs so far. Rates are over settled ones, as in the funnel. The source is the lead's original
or latest one, or the triggering one that the handoff froze, under which a lead that was not handed over counts by its
latest. A campaign is the lead's latest. Costs are by month and by source; a part of a month has its share by days.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from handoff.leads.models import Lead, SourceCost, Stage
from handoff.leads.sources import Names
from handoff.queue.models import Verdict
from reports.cohorts import Handoffs
from reports.money import Money, share_of_month
from reports.periods import LAPSE_WINDOW, Period
from reports.source_cohorts import SourceCohort
from reports.source_figures import By, Figure, Figures, MoneyRow, Row
from reports.statistics import grouped

QUALIFIED = Q(verdict=Verdict.QUALIFIED)
WON = QUALIFIED & (Q(deal__is_won=True) | Q(deal__isnull=True, lead__stage=Stage.CUSTOMER))
UNDECIDED = QUALIFIED & Q(deal__isnull=True, lead__stage__in=[Stage.SQL, Stage.OPPORTUNITY])


@dataclass(frozen=True)
class SourceRow(Row):
    """One source with the spellings that came in, and its campaigns."""

    spellings: frozenset[str]
    campaigns: list[Row]

    @property
    def key(self) -> str:
        """The source, whatever its case."""
        return self.source.casefold()


@dataclass(frozen=True)
class SourcesReport:
    """The whole report; `currencies` are those that there is any money in."""

    cohort: SourceCohort
    at: datetime
    total: Figures
    rows: list[SourceRow]

    @property
    def period(self) -> Period:
        """The period."""
        return self.cohort.period

    @property
    def by(self) -> By:
        """Which source of a lead it goes by."""
        return self.cohort.by

    @property
    def whole(self) -> Row:
        """All sources together."""
        return Row("total", "", "", self.total, self.total.leads if self.has_leads else None)

    @property
    def campaigns(self) -> list[Row]:
        """The campaigns of all sources."""
        return [campaign for row in self.rows for campaign in row.campaigns]

    @property
    def money(self) -> list[MoneyRow]:
        """The money in total, of each source and of each campaign, currency by currency."""
        return [amount for row in (self.whole, *self.rows, *self.campaigns) for amount in row.money()]

    @property
    def has_leads(self) -> bool:
        """Whether leads count that were not handed over."""
        return self.cohort.leads is not None

    @property
    def has_costs(self) -> bool:
        """Whether costs are shown, which are of the whole house."""
        return self.cohort.shows_costs

    @property
    def currencies(self) -> list[str]:
        """Those that there is any money in."""
        return sorted({*self.total.revenue.amounts, *self.total.cost.amounts} - {""})

    def row(self, key: str) -> SourceRow | None:
        """Return the source of that key."""
        return next((row for row in self.rows if row.key == key), None)

    def behind(self, row: SourceRow, figure: Figure, campaign: str | None = None) -> "QuerySet[Any]":
        """Return the leads or handoffs behind a number, newest first."""
        by, of = self.cohort.by, {} if campaign is None else {"campaign": campaign}
        if figure == Figure.LEADS:
            leads = _leads(self.cohort)
            found = (
                leads.filter(**{f"{by.of_lead}__in": row.spellings}, **of) if leads is not None else Lead.objects.none()
            )
            return found.select_related("company").order_by("-created_at", "-id")
        among = {Figure.MQLS: Q(), Figure.SQLS: QUALIFIED, Figure.CUSTOMERS: WON}[figure]
        of = {f"lead__{name}": value for name, value in of.items()}
        handoffs = _handoffs(self.cohort).filter(among, **{f"{by.of_handoff}__in": row.spellings}, **of)
        return handoffs.select_related("lead__company", "deal").order_by("-opened_at", "-id")


@dataclass(frozen=True)
class _Part:
    """Figures of one spelling of a source and one campaign."""

    source: str
    campaign: str
    figures: Figures


def sources_report(cohort: SourceCohort, *, at: datetime) -> SourcesReport:
    """Return what each source brought in the period of `cohort`, as it stands at `at`; five queries."""
    names = Names()
    parts = [*_came(cohort), *_handed_over(cohort, at), *_paid(cohort), *_cost(cohort)]
    sources = grouped(parts, lambda part: names.counted_as(part.source).casefold())
    if cohort.only:
        wanted = names.counted_as(cohort.only).casefold()
        sources = grouped(sources[wanted], lambda _part: wanted)
    has_leads = cohort.leads is not None
    rows = [_row(found, names.counted_as, has_leads) for found in sources.values()]
    rows.sort(key=lambda row: (-row.figures.mqls, -row.figures.leads, row.source.casefold()))
    return SourcesReport(cohort, at, _sum(row.figures for row in rows), rows)


def _row(parts: Sequence[_Part], counted_as: Callable[[str], str], has_leads: bool) -> SourceRow:
    def row(figures: Figures, campaign: str = "") -> Row:
        return Row("campaign", name, campaign, figures, figures.leads if has_leads else None)

    name = min(counted_as(part.source) for part in parts)  # of two spellings, always the same
    # Costs are of sources, not of campaigns.
    campaigns = grouped((part for part in parts if not part.figures.cost), lambda part: part.campaign)
    found = [row(_sum(part.figures for part in group), campaign) for campaign, group in campaigns.items()]
    found.sort(key=lambda each: (-each.figures.mqls, -each.figures.leads, each.campaign))
    whole = row(_sum(part.figures for part in parts))
    spellings = frozenset(part.source for part in parts)
    return SourceRow("source", name, "", whole.figures, whole.leads, spellings, found if any(campaigns) else [])


def _sum(figures: Iterable[Figures]) -> Figures:
    return sum(figures, start=Figures())


def _leads(cohort: SourceCohort) -> "QuerySet[Lead] | None":
    period = cohort.period
    return (
        cohort.leads.filter(created_at__gte=period.start, created_at__lt=period.end)
        if cohort.leads is not None
        else None
    )


def _handoffs(cohort: SourceCohort) -> Handoffs:
    # One that was merged away was no further delivery: the same person's other one counts.
    return cohort.handoffs.exclude(verdict=Verdict.MERGED)


def _came(cohort: SourceCohort) -> Iterable[_Part]:
    leads = _leads(cohort)
    if leads is not None:
        rows = leads.order_by().values_list(cohort.by.of_lead, "campaign").annotate(Count("pk"))
        yield from (_Part(source, campaign, Figures(leads=n)) for source, campaign, n in rows)


def _handed_over(cohort: SourceCohort, at: datetime) -> Iterable[_Part]:
    settled = Q(closed_at__isnull=False) | Q(opened_at__lte=at - LAPSE_WINDOW)
    counts = {
        "mqls": Q(),
        "sqls": QUALIFIED,
        "customers": WON,
        "settled": settled,
        "settled_sqls": settled & QUALIFIED,
        "settled_won": settled & WON,
        "undecided": settled & UNDECIDED,
    }
    named = {"origin": F(cohort.by.of_handoff), "drive": F("lead__campaign")}
    groups = _handoffs(cohort).order_by().values(**named)
    rows: Any = groups.annotate(**{name: Count("pk", filter=among) for name, among in counts.items()})
    for row in rows:
        yield _Part(row.pop("origin"), row.pop("drive"), Figures(**row))


def _paid(cohort: SourceCohort) -> Iterable[_Part]:
    """Yield each customer's revenue: a database may add amounts up as floating point numbers."""
    names = (cohort.by.of_handoff, "lead__campaign", "deal__currency", "deal__value")
    deals = _handoffs(cohort).filter(QUALIFIED, deal__is_won=True, deal__value__isnull=False)
    for source, campaign, currency, value in deals.order_by().values_list(*names):
        yield _Part(source, campaign, Figures(priced=1, revenue=Money({currency: value})))


def _cost(cohort: SourceCohort) -> Iterable[_Part]:
    if not cohort.shows_costs:
        return
    first, last = cohort.period.first, cohort.period.last
    rows = SourceCost.objects.filter(month__gte=first.replace(day=1), month__lte=last)
    for source, month, amount, currency in rows.order_by().values_list("source", "month", "amount", "currency"):
        part: Decimal = share_of_month(amount, month, first, last)
        yield _Part(source, "", Figures(cost=Money({currency: part})))
