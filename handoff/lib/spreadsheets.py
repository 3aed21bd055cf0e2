"""Tables that leave the house as files."""

import csv
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_answer(rows: Iterable[Mapping[str, Any]], columns: list[str], name: str) -> HttpResponse:
    """Return `rows` as a download; their columns are named in English, so that other programs can rely on them."""
    answer = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}.csv"'}
    )
    writer = csv.writer(answer)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return answer


def _cell(value: Any) -> Any:
    # A spreadsheet would run a name that looks like a formula.
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
