"""Typed fields and the operators that each type knows. Pure: values and columns in, columns out."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

import polars as pl


class BadValue(ValueError):
    """A value that its field's type can't be compared with: `code` says why, wording.py says it in words."""

    def __init__(self, code: str, value: object = "") -> None:
        super().__init__(code, value)
        self.code, self.value = code, value


class FieldType(StrEnum):
    """What a field holds. `CHOICES` is the multi-valued one."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes_no"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"


COLUMN_TYPES: dict[FieldType, pl.DataType] = {
    FieldType.TEXT: pl.String(),
    FieldType.NUMBER: pl.Float64(),
    FieldType.YES_NO: pl.Boolean(),
    FieldType.DATE: pl.Int64(),  # microseconds since 1970, UTC
    FieldType.CHOICE: pl.String(),
    FieldType.CHOICES: pl.List(pl.String()),
}


@dataclass(frozen=True)
class Field:
    """One field of the catalogue: where rules may look, and which values were seen there."""

    name: str  # "title", "company.industry", "traits.city", or a property of an activity
    label: str
    type: FieldType
    seen: tuple[str, ...] = ()


Test = Callable[[pl.Expr, Any], pl.Expr]


@dataclass(frozen=True)
class Operator:
    """One operator: which value it takes, and what it does to a column; wording.py reads it aloud."""

    takes: str  # "none", "one", "many" or "two"
    test: Test
    reads: FieldType | None = None  # the type of its value, where that is not the field's
    turns: Callable[[Any], tuple[int, ...]] | None = None  # how many µs after the field's date its answer changes


def _no(test: Test) -> Test:
    # A blank fails every positive test, so it passes every negative one.
    return lambda column, value: test(column, value).not_()


def _folded(values: list[str]) -> list[str]:
    return [value.lower() for value in values]


def _is_one_of(column: pl.Expr, values: list[str]) -> pl.Expr:
    return column.str.to_lowercase().is_in(_folded(values)).fill_null(value=False)


def _contains(column: pl.Expr, value: str) -> pl.Expr:
    return column.str.to_lowercase().str.contains(value.lower(), literal=True).fill_null(value=False)


def _starts(column: pl.Expr, value: str) -> pl.Expr:
    return column.str.to_lowercase().str.starts_with(value.lower()).fill_null(value=False)


def _ends(column: pl.Expr, value: str) -> pl.Expr:
    return column.str.to_lowercase().str.ends_with(value.lower()).fill_null(value=False)


def _contains_any(column: pl.Expr, values: list[str]) -> pl.Expr:
    return column.str.to_lowercase().str.contains_any(_folded(values)).fill_null(value=False)


def _has_any(column: pl.Expr, values: list[str]) -> pl.Expr:
    # An element-wise test keeps blanks and empty lists false.
    return column.list.eval(pl.element().str.to_lowercase().is_in(_folded(values))).list.any().fill_null(value=False)


def _has_all(column: pl.Expr, values: list[str]) -> pl.Expr:
    return pl.all_horizontal([_has_any(column, [value]) for value in values])


DAY = 86_400_000_000  # µs
NOW = pl.col("$now")  # the instant for which a relative date is asked


def _age(column: pl.Expr) -> pl.Expr:
    return NOW - column


IN_LAST = Operator(
    "one",
    lambda c, v: _age(c).is_between(0, round(v * DAY), closed="left").fill_null(value=False),
    FieldType.NUMBER,
    lambda v: (0, round(v * DAY)),
)
LONGER_AGO = Operator(
    "one",
    lambda c, v: (_age(c) >= round(v * DAY)).fill_null(value=False),
    FieldType.NUMBER,
    lambda v: (round(v * DAY),),
)
IN_NEXT = Operator(
    "one",
    lambda c, v: _age(c).is_between(-round(v * DAY), 0, closed="left").fill_null(value=False),
    FieldType.NUMBER,
    lambda v: (-round(v * DAY), 0),
)
BLANK = Operator("none", lambda column, _value: column.is_null())
FILLED = Operator("none", lambda column, _value: column.is_not_null())
# An empty list says as little as none at all.
NONE_OF_MANY = Operator("none", lambda column, _value: (column.list.len() == 0).fill_null(value=True))
SOME_OF_MANY = Operator("none", _no(NONE_OF_MANY.test))
NUMBERS: dict[str, Operator] = {
    "is": Operator("one", lambda c, v: (c == v).fill_null(value=False)),
    "is_not": Operator("one", _no(lambda c, v: (c == v).fill_null(value=False))),
    "at_least": Operator("one", lambda c, v: (c >= v).fill_null(value=False)),
    "at_most": Operator("one", lambda c, v: (c <= v).fill_null(value=False)),
    "more_than": Operator("one", lambda c, v: (c > v).fill_null(value=False)),
    "less_than": Operator("one", lambda c, v: (c < v).fill_null(value=False)),
    "between": Operator("two", lambda c, v: c.is_between(v[0], v[1]).fill_null(value=False)),
}
CHOOSING: dict[str, Operator] = {
    "is": Operator("one", lambda c, v: _is_one_of(c, [v])),
    "is_not": Operator("one", _no(lambda c, v: _is_one_of(c, [v]))),
    "is_one_of": Operator("many", _is_one_of),
    "is_none_of": Operator("many", _no(_is_one_of)),
}
TEXTS: dict[str, Operator] = {
    **CHOOSING,
    "contains": Operator("one", _contains),
    "contains_any_of": Operator("many", _contains_any),
    "does_not_contain": Operator("one", _no(_contains)),
    "starts_with": Operator("one", _starts),
    "ends_with": Operator("one", _ends),
}
OPERATORS: dict[FieldType, dict[str, Operator]] = {
    FieldType.TEXT: {**TEXTS},
    FieldType.NUMBER: NUMBERS,
    FieldType.YES_NO: {
        "is_yes": Operator("none", lambda c, _v: c.fill_null(value=False)),
        "is_no": Operator("none", lambda c, _v: c.not_().fill_null(value=False)),
    },
    FieldType.DATE: {
        "on_or_after": Operator("one", lambda c, v: (c >= v).fill_null(value=False)),
        "before": Operator("one", lambda c, v: (c < v).fill_null(value=False)),
        "in_last_days": IN_LAST,
        "days_ago": LONGER_AGO,
        "in_next_days": IN_NEXT,
    },
    FieldType.CHOICE: {**TEXTS},
    FieldType.CHOICES: {
        "has_any_of": Operator("many", _has_any),
        "has_all_of": Operator("many", _has_all),
        "has_none_of": Operator("many", _no(_has_any)),
    },
}
for _operators in OPERATORS.values():
    _operators.update(is_blank=BLANK, is_filled=FILLED)
OPERATORS[FieldType.CHOICES].update(is_blank=NONE_OF_MANY, is_filled=SOME_OF_MANY)


def column_of(field: Field) -> pl.Expr:
    """Return the field's column in its type; what is no number is a blank there."""
    column = pl.col(field.name).cast(COLUMN_TYPES[field.type])
    return column.fill_nan(None) if field.type is FieldType.NUMBER else column


def microseconds(moment: datetime | date) -> int:
    """Return `moment` as whole microseconds since 1970; a date is its midnight in UTC."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), UTC)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def instant(moment: int | None) -> datetime | None:
    """Return an instant in µs since 1970 as a datetime."""
    return None if moment is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)


def read_value(type_: FieldType, raw: object) -> Any:
    """Turn one stored or typed value into what the type's operators compare; ValueError says what is accepted."""
    text = "" if raw is None else str(raw).strip()
    if not text:
        raise BadValue("missing")
    if type_ is FieldType.NUMBER:
        try:
            number = float(text.replace(" ", ""))
        except ValueError as error:
            raise BadValue("no_number", raw) from error
        if not math.isfinite(number):
            raise BadValue("no_number", raw)
        return number
    if type_ is FieldType.DATE:
        try:
            return microseconds(date.fromisoformat(text))
        except ValueError as error:
            raise BadValue("no_date", raw) from error
    return text


def read_operand(type_: FieldType, operator: Operator, raw: object) -> Any:
    """Turn the value of a leaf into what its operator takes: nothing, one, many or two values."""
    type_, takes = operator.reads or type_, operator.takes
    if takes == "none":
        return None
    if takes == "one":
        return read_value(type_, raw)
    values = [read_value(type_, item) for item in (raw if isinstance(raw, list | tuple) else [raw])]
    if takes == "two" and (len(values) != 2 or values[0] > values[1]):
        raise BadValue("no_range", raw)
    if not values:
        raise BadValue("missing")
    return values
