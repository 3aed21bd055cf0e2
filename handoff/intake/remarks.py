"""What reading a file tells: rows, refusals, notes, and files that can't be read at all."""

from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext_lazy

from handoff.leads.sources import Cost

REASONS = {
    "no_number": gettext_lazy("“%(value)s” is not a number: write it as %(accepted)s."),
    "no_boolean": gettext_lazy("“%(value)s” is neither yes nor no: use one of %(accepted)s."),
    "no_date": gettext_lazy("“%(value)s” is not a date: write it as %(accepted)s."),
    "no_time": gettext_lazy("“%(value)s” is not a date and time: write it as %(accepted)s."),
    "no_offset": gettext_lazy("“%(value)s” has no time zone: add `zone` to the mapping, or an offset here."),
    "no_email": gettext_lazy("“%(value)s” is not one e-mail address: correct it, or leave the cell empty."),
    "no_country": gettext_lazy("“%(value)s” is no country, so it was left out: use a name or a code of two letters."),
    "no_consent": gettext_lazy("The mapping does not say what “%(value)s” means, so it was left out: name it there."),
    "no_known": gettext_lazy("“%(value)s” is none of the values known here: use one of %(accepted)s."),
    "no_domain": gettext_lazy("“%(value)s” is no domain: use one such as acme.example."),
    "no_company": gettext_lazy("The row names no company, so what it says of one was left out: fill in its name."),
    "no_kind": gettext_lazy("This activity has a time but no kind, so it was left out: fill in its kind."),
    "no_activity_id": gettext_lazy("An activity needs this cell for its id: fill it in."),
    "no_identity": gettext_lazy("Nothing tells whose row this is: fill in %(accepted)s."),
    "no_win_date": gettext_lazy("A handoff that was won needs the date of it: fill in this cell."),
    "no_handoff": gettext_lazy(
        "No imported handoff of this lead is known, so nothing was kept of it: import the file that tells of it first."
    ),
    "contradiction": gettext_lazy(
        "It ends or is touched before it begins: the dates are kept, and left out of every duration."
    ),
    "in_future": gettext_lazy("Something here has not happened yet, so nothing of the handoff was kept."),
    "no_part": gettext_lazy("A cost needs its source, month, amount and currency: fill in this cell."),
    "no_amount": gettext_lazy("“%(value)s” is no amount of zero or more, up to %(accepted)s: correct it."),
    "no_currency": gettext_lazy("“%(value)s” is no currency: use three letters, such as EUR."),
    "nul": gettext_lazy("The cell holds a NUL character: save the file again as CSV in UTF-8."),
    "cell_count": gettext_lazy("The row has %(found)d cells, the header %(expected)d: correct its commas and quotes."),
    "unclosed_quote": gettext_lazy(
        "A quote in the row that begins here is not closed, so nothing after it was read: close it, and import again."
    ),
    "bad_quote": gettext_lazy(
        "A quote is wrong in lines %(first)d to %(last)d, so they were not read: double a quote inside a quoted cell."
    ),
    "repaired": gettext_lazy("A spreadsheet had put the whole row into one cell; it was taken apart again."),
    "repeated": gettext_lazy("“%(value)s” is already in line %(earlier)d: the later row wins."),
    "guessed_encoding": gettext_lazy(
        "The file is not UTF-8 and was read as Windows-1252: check names with accents, or state the encoding."
    ),
    "unmapped": gettext_lazy("The mapping does not use the column “%(value)s”, so it was not read."),
    "absent": gettext_lazy("The file lacks the column “%(value)s”, so %(accepted)s stays as it is."),
    "spreadsheet": gettext_lazy("%(file)s is a spreadsheet: save it as CSV (UTF-8) and import that."),
    "empty_file": gettext_lazy("%(file)s is empty: export it again with a line of headers and a row for each lead."),
    "wrong_encoding": gettext_lazy("%(file)s can't be read as %(value)s: save it as CSV (UTF-8)."),
    "nul_header": gettext_lazy("The header of %(file)s is not plain text: save the file as CSV (UTF-8)."),
    "endless_header": gettext_lazy("The header of %(file)s has a quote that is not closed: close it."),
    "absent_column": gettext_lazy(
        "%(file)s lacks the column “%(value)s”, without which no row can be read; it has %(accepted)s."
    ),
    "broken_archive": gettext_lazy("%(file)s is compressed and can't be taken apart: compress it again with gzip."),
    "ambiguous_dates": gettext_lazy(
        "“%(value)s” in %(file)s is another date by %(accepted)s, and no other row says which is meant: "
        "keep only the right one of them in the mapping."
    ),
    "doubled_column": gettext_lazy("%(file)s has the column “%(value)s” more than once: rename or remove one."),
}


@dataclass(frozen=True)
class Row:
    """One lead as `POST leads/` takes it, with only the keys that had a value, and what the row tells of it."""

    line: int
    lead: dict[str, object]
    activities: tuple[dict[str, object], ...] = ()
    handoff: dict[str, object] = field(default_factory=dict)
    touches: tuple[dict[str, object], ...] = ()
    cost: Cost | None = None


@dataclass(frozen=True)
class _Remark:
    line: int
    column: str
    value: str
    reason: str
    code: str = ""


class Refusal(_Remark):
    """A row that was not read: where, what stood there, and what to do about it."""


class Note(_Remark):
    """Something to know about a row that was read, the header, or (line 0) the whole file."""


class UnreadableFile(ValueError):
    """A file of which no row can be read: `code` says why, the text also what to do."""

    def __init__(self, code: str, path: Path, value: str = "", accepted: str = "") -> None:
        self.code, self.value, self.accepted = code, value, accepted
        super().__init__(self.about(path.name))

    def about(self, name: str) -> str:
        """Return what is wrong, with the name by which people know the file."""
        return str(REASONS[self.code]) % {"file": name, "value": self.value, "accepted": self.accepted}


class Trouble(ValueError):
    """A cell, row or column that can't be taken as it is; `words` fill its text in REASONS."""

    def __init__(self, code: str, value: str = "", column: str = "", **words: object) -> None:
        super().__init__(code, value, column)
        self.code, self.value, self.column, self.words = code, value, column, words

    def remark(self, line: int, kind: type[Refusal] | type[Note]) -> Refusal | Note:
        reason = str(REASONS[self.code]) % {"value": _brief(self.value, 60), **self.words}
        return kind(line, _brief(self.column, 199), _brief(self.value, 199), _brief(reason, 299), self.code)


def _brief(text: str, limit: int) -> str:
    # PostgreSQL takes no NUL in a text, and what is said about a row is stored.
    text = text.replace("\0", "\N{SYMBOL FOR NULL}")
    return text if len(text) <= limit else f"{text[:limit]}…"
