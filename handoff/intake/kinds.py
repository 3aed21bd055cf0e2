"""What the columns of any file hold, found out from their cells: numbers, yes or no, dates, one of many, or words."""

import re
from collections.abc import Callable

import numpy as np
import polars as pl

from handoff.intake.columns import NO, YES
from scoring.fields import COLUMN_TYPES, OPERATORS, FieldType

BLANKS = ("", "-", "--", "?", "na", "n/a", "#n/a", "nan", "null", "select", "please select")
ENOUGH = 0.95  # of the cells that are filled in have to read as what the column is said to hold
MANY = 50  # different values from which texts are searched for words
FEW_ROWS = 30  # below which nothing is taken for an id
KEYS = {"id", "uuid", "guid", "key", "number", "no", "nr", "nummer", "code", "index", "row", "ref", "reference"}
CURRENCY = r"[\s\u00a0\u202f€$£%]"
DECIMAL_COMMA, GROUPED = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+$", r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"
DAYS = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d", "%d %b %Y", "%b %d, %Y")
CLOCK = r"[T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s?([AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$"


def filled(texts: pl.Series) -> pl.Series:
    """Return the cells trimmed, null where nothing is filled in."""
    trimmed = texts.str.strip_chars()
    return trimmed.set(trimmed.str.to_lowercase().is_in(BLANKS), None)


def as_numbers(texts: pl.Series) -> pl.Series:
    """Return the cells as numbers, null where one is none; thousands may be grouped where most cells show how."""
    plain = texts.str.replace_all(CURRENCY, "")
    english, other = plain.str.replace_all(",", ""), plain.str.replace_all(".", "", literal=True).str.replace(",", ".")
    commas, points = plain.str.contains(DECIMAL_COMMA).sum(), plain.str.contains(GROUPED).sum()
    # A leading nought is part of a code: 0031.
    codes = plain.str.contains(r"^0\d")
    chosen = other if (commas or 0) > (points or 0) else english
    numbers = chosen.cast(pl.Float64, strict=False)
    return numbers.set(codes | numbers.is_infinite() | numbers.is_nan(), None)


def as_yes_or_no(texts: pl.Series) -> pl.Series:
    """Return the cells as true or false, null where one is neither."""
    words = texts.str.to_lowercase().str.replace(r"^([01])\.0+$", "$1")
    known = words.is_in([*YES, "t"]).cast(pl.Int8) - words.is_in([*NO, "f"]).cast(pl.Int8)
    return (known == 1).set(known == 0, None)


def as_dates(texts: pl.Series) -> pl.Series:
    """Return the cells as midnights (µs), null where one is no date, by the form that most of them have."""
    days = texts.str.replace(CLOCK, "")
    read = [days.str.to_date(form, strict=False) for form in DAYS if form != "%Y%m%d" or _are_days(days)]
    best = max(read, key=lambda dates: dates.count())
    return best.cast(pl.Datetime("us")).cast(pl.Int64)


def _are_days(texts: pl.Series) -> bool:
    return bool(texts.drop_nulls().str.contains(r"^(19|20)\d{6}$").all())


READERS: dict[FieldType, Callable[[pl.Series], pl.Series]] = {
    FieldType.YES_NO: as_yes_or_no,
    FieldType.DATE: as_dates,
    FieldType.NUMBER: as_numbers,
    FieldType.CHOICES: lambda texts: texts.str.split(";").list.eval(pl.element().str.strip_chars()),
}


def type_of(texts: pl.Series) -> FieldType | None:
    """Return what a column (of `filled` cells) holds; None for an id, or where all cells say the same."""
    known = texts.drop_nulls()
    different = known.n_unique()
    if different < 2 and len(known) in {0, len(texts)}:
        return None
    for type_ in (FieldType.YES_NO, FieldType.DATE, FieldType.NUMBER):
        values = READERS[type_](known).drop_nulls()
        # A third answer beside yes and no is one of many, however seldom it is given.
        if len(values) >= (1 if type_ is FieldType.YES_NO else ENOUGH) * len(known):
            return None if type_ is FieldType.NUMBER and _is_id(texts.name, values, len(texts)) else type_
    if different > MANY or different > len(known) / 2:
        # A word that stands in no other cell says nothing about the next lead.
        return FieldType.TEXT if known.str.contains(r"[^\W\d_]{3,}").any() else None
    return FieldType.CHOICE


def _is_id(name: str, values: pl.Series, rows: int) -> bool:
    """Say whether numbers only tell the rows apart: whole, all different, and called, ordered or packed like ids."""
    is_whole = values.floor().equals(values)
    if not is_whole or rows < FEW_ROWS or values.n_unique() < len(values) or len(values) < ENOUGH * rows:
        return False
    words = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()))
    is_packed = float(np.ptp(values.to_numpy())) < 2 * len(values)
    return bool(words & KEYS) or is_packed or values.is_sorted() or values.is_sorted(descending=True)


def fitting_type(texts: pl.Series, ops: set[str]) -> FieldType | None:
    """Return the type as which a column can be compared by all of `ops`: what it holds, or else as it is written."""
    found = type_of(texts)
    order = (*((found,) if found else ()), FieldType.TEXT, FieldType.NUMBER, FieldType.YES_NO, FieldType.DATE)
    return next((type_ for type_ in (*order, FieldType.CHOICES) if ops <= set(OPERATORS[type_])), None)


def read_as(texts: pl.Series, type_: FieldType) -> pl.Series:
    """Return a column (of `filled` cells) as its type."""
    read = READERS.get(type_)
    return (read(texts) if read else texts).cast(COLUMN_TYPES[type_])
