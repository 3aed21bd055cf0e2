"""Reading: a file and a mapping in; rows, refusals and notes out. It streams and knows no database."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext

from handoff.intake.cells import examples_of, read_cell
from handoff.intake.columns import ActivityColumns, Column, Condition, Mapping, TouchColumns
from handoff.intake.costs import read_cost
from handoff.intake.dates import Doubt, settle
from handoff.intake.records import find_delimiter, find_encoding, opened, read_records, taken_apart
from handoff.intake.remarks import Note, Refusal, Row, Trouble, UnreadableFile

__all__ = ["Note", "Refusal", "Row", "UnreadableFile", "read_rows"]


def read_rows(path: Path, mapping: Mapping) -> Iterator[Row | Refusal | Note]:
    """Yield what each row of the file says, in order, with the notes on a row before it.

    Lines are physical ones, counted from 1. Memory does not grow with the file, but for one number per row that
    finds repeated ids. Raises UnreadableFile at the first item, before any row. Texts are in the active language.
    """
    encoding, is_guessed = find_encoding(path, mapping.file.encoding)
    if is_guessed:
        yield Trouble("guessed_encoding", encoding).remark(0, Note)
    wanted = {_folded(header) for column in mapping.columns() for header in column.headers}
    delimiter = mapping.file.delimiter or find_delimiter(
        path, encoding, lambda header: len(wanted.intersection(map(_folded, header)))
    )
    with opened(path, encoding) as file:
        records = read_records(file, delimiter)
        header_line, header = next(records, (0, list[str]()))
        if isinstance(header, Trouble):
            raise UnreadableFile("endless_header", path)
        sheet = _Sheet(path, mapping, delimiter, header)
        sheet.settle_dates(encoding)
        for trouble in sheet.column_troubles():
            yield trouble.remark(header_line, Note)
        for line, cells in records:
            yield from sheet.read(line, cells)


def _folded(header: str) -> str:
    """Return the header without case, blanks and signs: `E-Mail` is `email`."""
    return "".join(letter for letter in header.casefold() if letter.isalnum()) or header


class _Sheet:
    """A header under a mapping: it knows in which cell each column of the mapping stands."""

    def __init__(self, path: Path, mapping: Mapping, delimiter: str, header: list[str]) -> None:
        if any("\0" in name for name in header):
            raise UnreadableFile("nul_header", path)
        self.path, self.mapping, self.delimiter = path, mapping, delimiter
        self.header = [name.strip() for name in header]
        self.width = max((place for place, name in enumerate(self.header, 1) if name), default=0)
        backwards = list(enumerate(self.header))[::-1]
        self.named = {_folded(name): place for place, name in backwards} | {name: place for place, name in backwards}
        self.places = {column.key: self._place(column) for column in mapping.columns()}
        self.activities = [one for one in mapping.activities if self.places[one.at.key] is not None]
        self.touches = [one for one in mapping.touches if self.places[one.at.key] is not None]
        self.settled: dict[str, Column] = {}  # with those of several formats that can be meant
        self.seen: dict[int, int] = {}  # the hash of an identity -> its line
        if mapping.identity:
            self._require(list(mapping.identity.values()))
        for activity in self.activities:
            for column in (activity.kind, *activity.id_parts.values()):
                if column.headers:
                    self._require([column])
        for when in (*(one.when for one in self.activities), *(one.when for one in self.touches)):
            for condition in when:
                self._require([condition.column])
        needed = [mapping.handoff[name] for name in ("opened_at",) if name in mapping.handoff]
        for column in (*needed, *mapping.cost.values()):
            if column.headers:
                self._require([column])

    def _place(self, column: Column) -> int | None:
        """Return where the first of the column's headers stands that the file has."""
        for name in column.headers:
            if (place := self.named.get(name, self.named.get(_folded(name)))) is not None:
                if self.header.count(self.header[place]) > 1:
                    raise UnreadableFile("doubled_column", self.path, self.header[place])
                return place
        return None

    def _require(self, columns: list[Column]) -> None:
        if all(self.places[column.key] is None for column in columns):
            wanted = " / ".join(name for column in columns for name in column.headers)
            there = ", ".join(name for name in self.header if name)
            raise UnreadableFile("absent_column", self.path, wanted, there[:500])

    def settle_dates(self, encoding: str) -> None:
        """Find out, over the whole file, which of several formats the dates of each column are written in."""
        columns = [one for one in self.mapping.columns() if len(one.formats) > 1]
        several = [(one, place) for one in columns if (place := self.places[one.key]) is not None]
        if several:
            with opened(self.path, encoding) as file:
                rows = itertools.islice(read_records(file, self.delimiter), 1, None)
                found = settle(several, (cells for _line, cells in rows if not isinstance(cells, Trouble)))
            if isinstance(found, Doubt):
                raise UnreadableFile("ambiguous_dates", self.path, found.cell, examples_of(found.formats))
            self.settled = found

    def column_troubles(self) -> Iterator[Trouble]:
        """Yield the columns that the mapping does not use, then those that the file lacks."""
        ignored = {_folded(name) for name in self.mapping.file.ignore}
        for place, name in enumerate(self.header):
            if place not in self.places.values() and _folded(name) not in ignored:
                shown = name or gettext("(column %(number)d, without a name)") % {"number": place + 1}
                yield Trouble("unmapped", shown, shown)
        for column in self.mapping.columns():
            if column.headers and self.places[column.key] is None and not self.mapping.file.optional_columns:
                shown = self._name(column)
                yield Trouble("absent", shown, shown, accepted=column.key)

    def read(self, line: int, cells: list[str] | Trouble) -> Iterator[Row | Refusal | Note]:
        """Yield the row with its notes, or the one reason why it is refused."""
        notes: list[Trouble] = []
        try:
            if isinstance(cells, Trouble):
                raise cells
            fitted = self._fitted(cells, notes)
            row = self._cost(line, fitted, notes) if self.mapping.cost else self._row(line, fitted, notes)
        except Trouble as trouble:
            yield trouble.remark(line, Refusal)
            return
        yield from (note.remark(line, Note) for note in notes)
        yield row

    def _fitted(self, cells: list[str], notes: list[Trouble]) -> list[str]:
        """Return a cell for each header, taking a row apart that a spreadsheet had put into one."""
        if (apart := taken_apart(cells, self.delimiter, self.width, len(self.header))) is not None:
            notes.append(Trouble("repaired"))
            cells = apart
        if len(cells) < self.width or any(cell.strip() for cell in cells[len(self.header) :]):
            shown = self.delimiter.join(cells)
            raise Trouble("cell_count", shown, found=len(cells), expected=len(self.header))
        for cell, name in zip(cells, self.header, strict=False):
            if "\0" in cell:
                raise Trouble("nul", cell, name)
        return cells + [""] * (len(self.header) - len(cells))

    def _row(self, line: int, cells: list[str], notes: list[Trouble]) -> Row:
        lead = {name: self._value(column, cells) for name, column in self.mapping.identity.items()}
        identity = next((str(value) for value in lead.values() if value is not None), None)
        if identity is None:
            wanted = " / ".join(self._name(column) for column in self.mapping.identity.values())
            raise Trouble("no_identity", "", wanted, accepted=wanted)
        self._note_repetition(line, identity, notes)
        rest = {name: column for name, column in self.mapping.lead.items() if name not in lead}
        lead |= self._values(rest, cells, notes)
        lead["consent"] = self._values(self.mapping.consent, cells, notes) or None
        lead["company"] = self._company(cells, notes)
        lead["traits"] = self._values(self.mapping.traits, cells, notes) or None
        told = [one for one in self.activities if self._is_about(one.when, cells)]
        touches = [one for one in self.touches if self._is_about(one.when, cells)]
        return Row(
            line=line,
            lead={name: value for name, value in lead.items() if value is not None},
            activities=tuple(filter(None, (self._activity(one, cells, notes) for one in told))),
            handoff=self._handoff(cells, notes),
            touches=tuple(filter(None, (self._touch(one, cells, notes) for one in touches))),
        )

    def _is_about(self, when: tuple[Condition, ...], cells: list[str]) -> bool:
        return all(self._value(condition.column, cells) in condition.values for condition in when)

    def _company(self, cells: list[str], notes: list[Trouble]) -> dict[str, object] | None:
        """Return what the row says of a company, None where it does not say of which."""
        said = self._values(self.mapping.company, cells, notes)
        if {"name", "domain"} & said.keys():
            return said
        # What the mapping says of every row is no word of this one.
        if any(self.mapping.company[name].headers for name in said):
            notes.append(Trouble("no_company"))
        return None

    def _handoff(self, cells: list[str], notes: list[Trouble]) -> dict[str, object]:
        """Return what the row tells of a handoff that is over; empty where it should say when it began and does not."""
        columns = self.mapping.handoff
        # Without the right times the rest would be told of another handoff, or of none.
        times = {name: self._value(columns[name], cells) for name in ("opened_at", "closed_at") if name in columns}
        rest = {name: column for name, column in columns.items() if name not in times}
        found = {name: value for name, value in times.items() if value} | self._values(rest, cells, notes)
        if found.get("is_won") and "closed_at" not in found:
            raise Trouble("no_win_date", "", self._name(columns["closed_at"]))
        return found if "opened_at" in found or "opened_at" not in columns else {}

    def _touch(self, columns: TouchColumns, cells: list[str], notes: list[Trouble]) -> dict[str, object]:
        at = self._value(columns.at, cells)
        return {"at": at, **self._values(columns.fields, cells, notes)} if at else {}

    def _cost(self, line: int, cells: list[str], notes: list[Trouble]) -> Row:
        columns = self.mapping.cost
        try:
            cost = read_cost({name: self._value(column, cells) for name, column in columns.items()})
        except Trouble as trouble:
            trouble.column = self._name(columns[trouble.column]) if trouble.column in columns else trouble.column
            raise
        self._note_repetition(line, f"{cost['source']} {cost['month']:%Y-%m} {cost['currency']}", notes)
        return Row(line, {}, cost=cost)

    def _note_repetition(self, line: int, identity: str, notes: list[Trouble]) -> None:
        # In a log a lead has many rows, and that is worth no note.
        if not self.mapping.is_log:
            key = hash(identity.casefold())
            if key in self.seen:
                notes.append(Trouble("repeated", identity, earlier=self.seen[key]))
            self.seen[key] = line

    def _name(self, column: Column) -> str:
        place = self.places[column.key]
        return " / ".join(column.headers) if place is None else self.header[place]

    def _value(self, column: Column, cells: list[str]) -> object:
        """Return what the column says in this row, None for nothing; raise Trouble."""
        place = self.places[column.key]
        try:
            return read_cell(self.settled.get(column.key, column), column.constant if place is None else cells[place])
        except Trouble as trouble:
            trouble.column = self._name(column)
            raise

    def _values(self, columns: dict[str, Column], cells: list[str], notes: list[Trouble]) -> dict[str, object]:
        """Return the values that can be read; the others become notes."""
        values = {}
        for name, column in columns.items():
            try:
                if (value := self._value(column, cells)) is not None:
                    values[name] = value
            except Trouble as trouble:
                notes.append(trouble)
        return values

    def _activity(self, columns: ActivityColumns, cells: list[str], notes: list[Trouble]) -> dict[str, object]:
        """Return the activity that the row tells of; empty where its time is."""
        occurred_at = self._value(columns.at, cells)
        if occurred_at is None:
            return {}
        kind = self._value(columns.kind, cells)
        if kind is None:
            notes.append(Trouble("no_kind", "", self._name(columns.kind)))
            return {}
        return {
            "source": columns.source,
            "id": re.sub(r"\{([^{}]+)\}", lambda found: self._id_part(columns.id_parts[found[1]], cells), columns.id),
            "kind": kind,
            "occurred_at": occurred_at,
            "properties": self._values(columns.properties, cells, notes),
        }

    def _id_part(self, column: Column, cells: list[str]) -> str:
        part = self._value(column, cells)
        if part is None:
            raise Trouble("no_activity_id", "", self._name(column))
        return str(part)
