"""Sources: which names mean the same one, and what each cost by month."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, TypedDict

from django.db import transaction

from handoff.leads.models import SourceAlias, SourceCost, plain


class Cost(TypedDict):
    """What a source cost in the month of a date."""

    source: str
    month: date
    amount: Decimal
    currency: str


class Names:
    """The names that sources come under, read once, and what they count as."""

    def __init__(self) -> None:
        self.meant = {alias.name.casefold(): alias.source for alias in SourceAlias.objects.all()}

    def counted_as(self, name: str) -> str:
        """Return the source that `name` counts as, in one of its spellings: case and blanks make no other source."""
        name = plain(name)
        return self.meant.get(name.casefold(), name)


@transaction.atomic
def record_costs(costs: Sequence[Cost]) -> list[Literal["created", "updated", "unchanged"]]:
    """Keep what sources cost, each in place of what was known of its source, month and currency; say what was news."""
    months = {cost["month"].replace(day=1) for cost in costs}
    known = {_key(row): row for row in SourceCost.objects.filter(month__in=months).select_for_update()}
    outcomes: list[Literal["created", "updated", "unchanged"]] = []
    for cost in costs:
        row = SourceCost(**{**cost, "month": cost["month"].replace(day=1), "source": plain(cost["source"])})
        before = known.get(_key(row))
        row.pk = before.pk if before else None
        is_same = before is not None and before.amount == row.amount
        outcomes.append("unchanged" if is_same else "updated" if before else "created")
        if not is_same:
            row.save(force_update=before is not None)
        known[_key(row)] = row
    return outcomes


def _key(cost: SourceCost) -> tuple[str, date, str]:
    return cost.source.casefold(), cost.month, cost.currency
