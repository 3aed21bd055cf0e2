"""Reads the workbooks that the reports write, as far as tests look at them."""

import io
import zipfile
from typing import Any
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets_of(answer: Any) -> dict[str, list[list[str]]]:
    """Return the cells of each sheet as texts, row by row; formulas would be missing, and are refused."""
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        names = [sheet.attrib["name"] for sheet in _root(book, "workbook").iter(f"{MAIN}sheet")]
        return {name: _rows(_root(book, f"worksheets/sheet{place}")) for place, name in enumerate(names, 1)}


def _root(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(book.read(f"xl/{name}.xml"))


def _rows(page: ElementTree.Element) -> list[list[str]]:
    assert not list(page.iter(f"{MAIN}f"))
    rows = []
    for row in page.iter(f"{MAIN}row"):
        cells = {_place(cell.attrib["r"]): "".join(cell.itertext()) for cell in row.iter(f"{MAIN}c")}
        rows.append([cells.get(place, "") for place in range(max(cells) + 1)])
    width = len(rows[0])
    return [row + [""] * (width - len(row)) for row in rows]


def _place(address: str) -> int:
    letters = address.rstrip("0123456789")
    return sum(26**power * (ord(letter) - 64) for power, letter in enumerate(reversed(letters))) - 1
