"""Dates in one of several formats: which of them a file is written in is decided over all of its rows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

from handoff.intake.columns import Column


class Doubt(NamedTuple):
    """A cell that is a different date by two formats, of which nothing says which is meant."""

    cell: str
    formats: tuple[str, str]


class Formats:
    """What the cells of one column say about which of its formats is meant."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.failing: set[str] = set()
        self.differing: dict[tuple[str, str], str] = {}  # two formats -> a cell that differs by them

    def look_at(self, cell: str) -> None:
        """Take one more cell into account; one that none of the formats reads says nothing about them."""
        text = cell.strip()
        if text in self.column.empty:
            return
        found = {form: moment for form in self.column.formats if (moment := _read(text, form))}
        if found:
            self.failing.update(form for form in self.column.formats if form not in found)
            for one, other in combinations(found, 2):
                if found[one] != found[other]:
                    self.differing.setdefault((one, other), text)

    def possible(self) -> tuple[str, ...]:
        """Return the formats that read every cell; all of them where the column mixes some."""
        return tuple(form for form in self.column.formats if form not in self.failing) or self.column.formats

    def doubt(self) -> Doubt | None:
        """Return what is left in doubt between the possible formats."""
        possible = self.possible()
        doubts = (Doubt(cell, pair) for pair, cell in self.differing.items() if set(pair) <= set(possible))
        return next(doubts, None)


def _read(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 (compared with its like only)
    except ValueError:
        return None


def settle(several: Sequence[tuple[Column, int]], rows: Iterable[Sequence[str]]) -> dict[str, Column] | Doubt:
    """Return these columns (each with where it stands) by their keys, with the formats that can be meant."""
    found = [(place, Formats(column)) for column, place in several]
    for cells in rows:
        for place, formats in found:
            if place < len(cells):
                formats.look_at(cells[place])
    doubts = filter(None, (formats.doubt() for _place, formats in found))
    settled = {each.column.key: replace(each.column, formats=each.possible()) for _place, each in found}
    return next(doubts, None) or settled
