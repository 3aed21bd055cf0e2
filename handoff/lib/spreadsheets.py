"""Tables that leave the house as files. Columns are named in English, so that other programs can rely on them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from django.http import HttpResponse
from xlsxwriter import Workbook

FORMULA = ("=", "+", "-", "@", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS, MOST_LETTERS = 1_048_575, 32_767  # of a sheet below its head, and of a cell
# A text stays a text, whatever it looks like.
AS_WRITTEN = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class Sheet(NamedTuple):
    """One table of a workbook."""

    name: str
    columns: Sequence[str]
    rows: Iterable[Mapping[str, Any]]


def csv_answer(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], name: str) -> HttpResponse:
    """Return `rows` as a download."""
    answer = _download(f"{name}.csv", "text/csv; charset=utf-8")
    writer = csv.writer(answer)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return answer


def xlsx_answer(sheets: Iterable[Sheet], name: str) -> HttpResponse:
    """Return a workbook as a download; its texts are never run."""
    content = BytesIO()
    with Workbook(content, AS_WRITTEN) as book:
        bold = book.add_format({"bold": True})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name[:31])
            page.freeze_panes(1, 0)
            page.write_row(0, 0, sheet.columns, bold)
            for number, row in zip(range(1, MOST_ROWS + 1), sheet.rows, strict=False):
                for place, column in enumerate(sheet.columns):
                    value = row.get(column)
                    if value is not None:
                        page.write(number, place, value[:MOST_LETTERS] if isinstance(value, str) else value)
    answer = _download(f"{name}.xlsx", XLSX)
    answer.write(content.getvalue())
    return answer


def _download(name: str, kind: str) -> HttpResponse:
    return HttpResponse(content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _cell(value: Any) -> Any:
    # A spreadsheet would run a name that looks like a formula.
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
