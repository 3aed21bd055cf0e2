"""What sources cost, as a row of a file says it."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from handoff.intake.remarks import Trouble
from handoff.leads.sources import Cost

MOST = 10**11  # in any currency


def read_cost(values: Mapping[str, Any]) -> Cost:
    """Return the cost that these values make, which are all needed; Trouble names the field as its column."""
    for name, value in values.items():
        if value is None:
            raise Trouble("no_part", "", name)
    amount, currency = Decimal(str(values["amount"])), values["currency"].upper()
    if not 0 <= amount <= MOST:
        raise Trouble("no_amount", str(amount), "amount", accepted=f"{MOST:,}")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise Trouble("no_currency", currency, "currency")
    return {
        "source": values["source"][:120],
        "month": date.fromisoformat(values["month"]).replace(day=1),
        "amount": amount.quantize(Decimal("0.01")),
        "currency": currency,
    }
