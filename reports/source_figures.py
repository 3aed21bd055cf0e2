"""What a source or a campaign brought: the numbers, and by which source they go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy

from reports.money import Money
from reports.statistics import Rate


class By(models.TextChoices):
    """Which source of a lead a report goes by."""

    ORIGINAL = "original", gettext_lazy("original source")
    LATEST = "latest", gettext_lazy("latest source")
    TRIGGERING = "triggering", gettext_lazy("triggering source")

    @property
    def of_lead(self) -> str:
        """Where a lead has it."""
        return "original_source" if self == By.ORIGINAL else "source"

    @property
    def of_handoff(self) -> str:
        """Where a handoff has it."""
        return "source" if self == By.TRIGGERING else f"lead__{self.of_lead}"


class Figure(models.TextChoices):
    """A number that opens the rows behind it."""

    LEADS = "leads", gettext_lazy("Leads")
    MQLS = "mqls", gettext_lazy("MQLs")
    SQLS = "sqls", gettext_lazy("SQLs")
    CUSTOMERS = "customers", gettext_lazy("Customers")


@dataclass(frozen=True)
class Figures:
    """What a source or campaign brought. All numbers add up, so that a total is the sum of its parts."""

    leads: int = 0
    mqls: int = 0
    sqls: int = 0
    customers: int = 0
    settled: int = 0
    settled_sqls: int = 0
    settled_won: int = 0
    undecided: int = 0
    priced: int = 0  # customers of whom the revenue is known
    revenue: Money = field(default_factory=Money)
    cost: Money = field(default_factory=Money)

    def __add__(self, other: Self) -> Self:
        return type(self)(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})

    @property
    def sql_rate(self) -> Rate:
        """The SQLs of the settled MQLs."""
        return Rate(self.settled_sqls, self.settled)

    @property
    def win_rate(self) -> Rate:
        """The customers of the settled MQLs whose deal is decided."""
        return Rate(self.settled_won, self.settled - self.undecided)

    @property
    def unpriced(self) -> int:
        """How many customers nobody gave the revenue of."""
        return self.customers - self.priced

    @property
    def revenue_per_mql(self) -> Money | None:
        """The revenue so far for each MQL."""
        return self.revenue.per(self.mqls)

    @property
    def costs(self) -> dict[str, Money | None]:
        """The cost of each lead, MQL, SQL and customer."""
        return {figure.value: self.cost.per(getattr(self, figure)) for figure in Figure}

    @property
    def return_(self) -> float | None:
        """The revenue as a multiple of the cost, None unless both are in one and the same currency."""
        return self.revenue.times(self.cost)


@dataclass(frozen=True)
class Row:
    """A source or a campaign of one; `leads` are None where the question is about handoffs only."""

    group: str  # total, source or campaign
    source: str
    campaign: str
    figures: Figures
    leads: int | None

    def money(self) -> "Iterable[MoneyRow]":
        """Yield its money, a row for each currency."""
        figures = self.figures
        amounts = {"revenue": figures.revenue, "revenue_per_mql": figures.revenue_per_mql, "cost": figures.cost}
        amounts |= {f"cost_per_{name[:-1]}": each for name, each in figures.costs.items()}
        for currency in sorted({*figures.revenue.amounts, *figures.cost.amounts}):
            known = {name: each.amounts.get(currency) if each else None for name, each in amounts.items()}
            yield MoneyRow(self.group, self.source, self.campaign, currency, known, figures.return_)


@dataclass(frozen=True)
class MoneyRow:
    """The money of a source or campaign in one currency; the return only where there is no other."""

    group: str
    source: str
    campaign: str
    currency: str
    amounts: Mapping[str, Decimal | None]
    return_: float | None
