"""Fields that PostgreSQL sends by COPY, as columns of their types: plain where the type is text, else as JSON."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
from psycopg.sql import SQL, Composable, Literal

from handoff.leads.fitting import fitting
from handoff.lib.copying import copied
from scoring.fields import COLUMN_TYPES, FieldType

IN_MICROSECONDS = "round(date_part('epoch', {}) * 1000000)::bigint"  # exact: a double holds 53 bits


def micros(column: str) -> Composable:
    """Return the expression of an instant in microseconds."""
    return SQL(IN_MICROSECONDS).format(SQL(column))


def member(column: Composable, name: str, type_: FieldType) -> Composable:
    """Return the expression of a member of a JSON column, as text."""
    arrow = SQL("->>") if _is_plain(type_) else SQL("->")
    return SQL("({} {} {})::text").format(column, arrow, Literal(name))


def _is_plain(type_: FieldType) -> bool:
    return type_ in {FieldType.TEXT, FieldType.CHOICE}


def read(query: Composable, own: Mapping[str, Any], fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """Return the rows of `query`: columns of their `own` types, then `fields`, each in the type of its column."""
    text, schema = copied(query), {**own, **dict.fromkeys(fields, pl.String)}
    if not text:
        return pl.DataFrame(schema=schema).with_columns(_typed(pl.DataFrame(schema=schema), fields))
    frame = pl.read_csv(text, has_header=False, new_columns=list(schema), schema=schema)
    return frame.with_columns(_typed(frame, fields))


def _typed(frame: pl.DataFrame, fields: Mapping[str, FieldType]) -> list[pl.Series]:
    return [
        frame[name].replace("", None) if _is_plain(type_) else _decoded(frame[name], type_)
        for name, type_ in fields.items()
    ]


def _decoded(texts: pl.Series, type_: FieldType) -> pl.Series:
    """Return JSON texts as their column holds them; each distinct text is read once, by the one reader of values."""
    distinct = texts.drop_nulls().unique()
    values = pl.Series([fitting(json.loads(text), type_) for text in distinct], dtype=COLUMN_TYPES[type_], strict=False)
    return values.gather(texts.cast(pl.Enum(distinct)).to_physical()).alias(texts.name)
