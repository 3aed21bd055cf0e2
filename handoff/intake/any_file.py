"""Any file as a table: its cells by column, whose types are found out, and one column that says yes or no."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from django.utils.translation import gettext as _

from handoff.intake.columns import NO, YES
from handoff.intake.kinds import filled, fitting_type, read_as, type_of
from handoff.intake.records import find_delimiter, find_encoding, opened, read_records, taken_apart
from handoff.intake.remarks import Trouble
from scoring.conditions import Catalogue
from scoring.fields import Field

GOOD = {*YES, "t", "won", "closed won", "converted", "qualified", "sql", "customer", "success", "good", "accepted"} | {
    *("positive", "gewonnen", "gewonnen deal", "klant", "kunde", "bought", "subscribed", "1.0"),
}
BAD = {*NO, "f", "lost", "closed lost", "not converted", "unqualified", "disqualified", "failure", "failed", "bad"} | {
    *("rejected", "negative", "verloren", "churned", "0.0"),
}


class NoTable(ValueError):
    """A file, or a column of it, that can't be learned from: the message says which, and what is accepted."""


@dataclass(frozen=True)
class Table:
    """The filled cells of a file by column, and how many of its rows could not be read."""

    cells: pl.DataFrame
    skipped: int

    def named(self, wanted: str) -> str:
        """Return the column of that name, whatever its case; NoTable where there is none."""
        folded = {_folded(name): name for name in self.cells.columns}
        if wanted in self.cells.columns:
            return wanted
        if _folded(wanted) in folded:
            return folded[_folded(wanted)]
        known = ", ".join(self.cells.columns)
        raise NoTable(_("There is no column “%(name)s”; there are: %(known)s.") % {"name": wanted, "known": known})

    def verdicts(self, label: str) -> tuple["Table", npt.NDArray[np.bool_]]:
        """Return the rows on which the column `label` says yes or no, and where it says yes."""
        words = self.cells[self.named(label)].str.to_lowercase().str.replace(r"^(\d+)\.0+$", "$1")
        said = sorted(words.drop_nulls().unique().to_list())
        if len(said) != 2:
            about = {"name": label, "n": len(said), "some": ", ".join(said[:5]) + (", …" if len(said) > 5 else "")}
            raise NoTable(
                _("“%(name)s” has %(n)d different values (%(some)s); it has to say yes or no in each row.") % about
            )
        bad = [word for word in said if word in BAD]
        yes = [word for word in said if word in GOOD] or [word for word in said if bad and word not in bad]
        if len(yes) != 1:
            about = {"name": label, "one": said[0], "other": said[1]}
            raise NoTable(
                _(
                    "“%(name)s” says “%(one)s” or “%(other)s”, and which of them is a success is not clear; "
                    "use 1 and 0, yes and no, true and false, or won and lost."
                )
                % about
            )
        known = words.is_not_null()
        return Table(self.cells.filter(known), self.skipped), (words.filter(known) == yes[0]).to_numpy()

    def typed(self, but: Iterable[str]) -> tuple[pl.DataFrame, Catalogue]:
        """Return the columns that can be learned from, as their types, and what they are; ids are left out."""
        left_out = {self.named(name) for name in but}
        fields, columns = {}, []
        for cells in self.cells.iter_columns():
            found = None if cells.name in left_out else type_of(cells)
            if found:
                fields[cells.name] = Field(cells.name, cells.name, found)
                columns.append(read_as(cells, found))
        return pl.DataFrame(columns), fields

    def compared(self, ops: Mapping[str, set[str]]) -> tuple[pl.DataFrame, Catalogue]:
        """Return columns for fields of a scoring model, each as a type that has its `ops`; who fits none is left out.

        A field is found by its whole name or by what follows "traits.", whatever its case, blanks and signs.
        """
        fields, columns = {}, [pl.Series("row", range(self.cells.height))]
        folded = {_folded(name): name for name in self.cells.columns}
        for field, used in ops.items():
            name = folded.get(_folded(field)) or folded.get(_folded(field.partition(".")[2]))
            found = fitting_type(self.cells[name], used) if name else None
            if name and found:
                fields[field] = Field(field, name, found)
                columns.append(read_as(self.cells[name], found).alias(field))
        return pl.DataFrame(columns), fields


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def read_table(path: Path) -> Table:
    """Return the cells of a CSV file, whatever its encoding and delimiter; UnreadableFile or NoTable if it is none."""
    encoding, _is_guessed = find_encoding(path, "")
    delimiter = find_delimiter(path, encoding, lambda header: 0)
    with opened(path, encoding) as file:
        records = read_records(file, delimiter)
        _line, header = next(records, (0, list[str]()))
        if isinstance(header, Trouble) or not any(name.strip() for name in header):
            raise NoTable(_("%(file)s has no readable line of headers.") % {"file": path.name})
        names = [name.strip() for name in header]
        rows, skipped = list[Sequence[str]](), 0
        for _line, cells in records:
            row = _fitted(cells, delimiter, names)
            skipped += row is None
            if row is not None:
                rows.append(row)
    doubled = {name for name in names if name and names.count(name) > 1}
    if doubled:
        raise NoTable(_("%(names)s: more than one column has this name.") % {"names": ", ".join(sorted(doubled))})
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return Table(
        pl.DataFrame([
            filled(pl.Series(name, cells, pl.String)) for name, cells in zip(names, columns, strict=True) if name
        ]),
        skipped,
    )  # fmt: skip


def _fitted(cells: list[str] | Trouble, delimiter: str, names: list[str]) -> list[str] | None:
    """Return a cell for each header, None for a row that has another number of them."""
    if isinstance(cells, Trouble):
        return None
    width = max(place for place, name in enumerate(names, 1) if name)
    cells = taken_apart(cells, delimiter, width, len(names)) or cells
    if len(cells) < width or any(cell.strip() for cell in cells[len(names) :]):
        return None
    return (cells + [""] * len(names))[: len(names)]
