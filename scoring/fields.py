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
    is_negative: bool = False  # it holds where the test fails
    reads: FieldType | None = None  # the type of its value, where that is not the field's
    turns: Callable[[Any], tuple[int, ...]] | None = None  # how many µs after the field's date its answer changes

    def holds(self, column: pl.Expr, value: Any) -> pl.Expr:
        """Return where it holds; a blank fails every positive test, so it passes every negative one."""
        found = self.test(column, value).fill_null(value=False)
        return found.not_() if self.is_negative else found


def _folded(values: list[str]) -> list[str]:
    return [value.lower() for value in values]


def _is_one_of(column: pl.Expr, values: list[str]) -> pl.Expr:
    return column.str.to_lowercase().is_in(_folded(values))


def _contains(column: pl.Expr, value: str) -> pl.Expr:
    return column.str.to_lowercase().str.contains(value.lower(), literal=True)


def _has_any(column: pl.Expr, values: list[str]) -> pl.Expr:
    # An element-wise test keeps blanks and empty lists false.
    return column.list.eval(pl.element().str.to_lowercase().is_in(_folded(values))).list.any()


def _has_all(column: pl.Expr, values: list[str]) -> pl.Expr:
    return pl.all_horizontal([_has_any(column, [value]) for value in values])


def _has_some(column: pl.Expr, _value: None) -> pl.Expr:
    # An empty list says as little as none at all.
    return column.list.len() > 0


DAY = 86_400_000_000  # µs
NOW = pl.col("$now")  # the instant for which a relative date is asked


def _days(test: Test, turns: Callable[[int], tuple[int, ...]]) -> Operator:
    """Return an operator on the age of a date: `test` and `turns` take its number of days in µs."""
    return Operator(
        "one",
        lambda column, days: test(NOW - column, round(days * DAY)),
        reads=FieldType.NUMBER,
        turns=lambda days: turns(round(days * DAY)),
    )


FILLED: dict[str, Operator] = {
    "is_blank": Operator("none", lambda column, _value: column.is_null()),
    "is_filled": Operator("none", lambda column, _value: column.is_not_null()),
}
TEXTS: dict[str, Operator] = {
    "is": Operator("one", lambda c, v: _is_one_of(c, [v])),
    "is_not": Operator("one", lambda c, v: _is_one_of(c, [v]), is_negative=True),
    "is_one_of": Operator("many", _is_one_of),
    "is_none_of": Operator("many", _is_one_of, is_negative=True),
    "contains": Operator("one", _contains),
    "contains_any_of": Operator("many", lambda c, v: c.str.to_lowercase().str.contains_any(_folded(v))),
    "does_not_contain": Operator("one", _contains, is_negative=True),
    "starts_with": Operator("one", lambda c, v: c.str.to_lowercase().str.starts_with(v.lower())),
    "ends_with": Operator("one", lambda c, v: c.str.to_lowercase().str.ends_with(v.lower())),
    **FILLED,
}
OPERATORS: dict[FieldType, dict[str, Operator]] = {
    FieldType.TEXT: TEXTS,
    FieldType.NUMBER: {
        "is": Operator("one", lambda c, v: c == v),
        "is_not": Operator("one", lambda c, v: c == v, is_negative=True),
        "at_least": Operator("one", lambda c, v: c >= v),
        "at_most": Operator("one", lambda c, v: c <= v),
        "more_than": Operator("one", lambda c, v: c > v),
        "less_than": Operator("one", lambda c, v: c < v),
        "between": Operator("two", lambda c, v: c.is_between(v[0], v[1])),
        **FILLED,
    },
    FieldType.YES_NO: {
        "is_yes": Operator("none", lambda c, _v: c),
        "is_no": Operator("none", lambda c, _v: c.not_()),
        **FILLED,
    },
    FieldType.DATE: {
        "on_or_after": Operator("one", lambda c, v: c >= v),
        "before": Operator("one", lambda c, v: c < v),
        "in_last_days": _days(lambda age, v: age.is_between(0, v, closed="left"), lambda v: (0, v)),
        "days_ago": _days(lambda age, v: age >= v, lambda v: (v,)),
        "in_next_days": _days(lambda age, v: age.is_between(-v, 0, closed="left"), lambda v: (-v, 0)),
        **FILLED,
    },
    FieldType.CHOICE: TEXTS,
    FieldType.CHOICES: {
        "has_any_of": Operator("many", _has_any),
        "has_all_of": Operator("many", _has_all),
        "has_none_of": Operator("many", _has_any, is_negative=True),
        "is_blank": Operator("none", _has_some, is_negative=True),
        "is_filled": Operator("none", _has_some),
    },
}


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
    try:
        if type_ is FieldType.DATE:
            return microseconds(date.fromisoformat(text))
        if type_ is FieldType.NUMBER:
            return _finite(float(text.replace(" ", "")))
    except ValueError as error:
        raise BadValue("no_date" if type_ is FieldType.DATE else "no_number", raw) from error
    return text


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


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
