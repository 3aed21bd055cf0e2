"""JSON values as columns hold them: what does not fit a field's type counts as blank."""

import json
import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import polars as pl

from scoring.fields import COLUMN_TYPES, FieldType, microseconds


def column(rows: Iterable[dict[str, Any]], name: str, type_: FieldType) -> pl.Series:
    """Return one field of these JSON objects."""
    return pl.Series(name, [fitting(row.get(name), type_) for row in rows], COLUMN_TYPES[type_], strict=False)


def fitting(value: Any, type_: FieldType) -> Any:
    """Return a JSON value as its column holds it; what does not fit its type counts as blank."""
    if value is None or value == "":
        return None
    if type_ is FieldType.CHOICES:
        return [_text(item) for item in value] if isinstance(value, list) else [_text(value)]
    if type_ is FieldType.YES_NO:
        return value if isinstance(value, bool) else None
    if type_ is FieldType.NUMBER:
        return _number(value)
    if type_ is FieldType.DATE:
        return _instant(value)
    return _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and not isinstance(value, bool) else None


def _instant(value: Any) -> int | None:
    try:
        return microseconds(datetime.fromisoformat(str(value)).date())
    except ValueError:
        return None
