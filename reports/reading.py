"""Many rows of the database as columns: on PostgreSQL by COPY, elsewhere row by row."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Expression, F, Func, QuerySet
from psycopg import ClientCursor
from psycopg.sql import SQL

from handoff.lib.copying import copied
from handoff.sla.timeline import MICROSECOND, microseconds

Wanted = Mapping[str, tuple[Any, str | Expression]]  # name -> its type, and the path or expression that gives it
INSTANT, LENGTH = pl.Datetime("us", "UTC"), pl.Duration("us")


class Microseconds(Func):
    """An instant since 1970, or a length of time, as a whole number."""

    template = "round(date_part('epoch', %(expressions)s) * 1000000)::bigint"  # exact: a double holds 53 bits
    arity = 1
    output_field = BigIntegerField()


def read(rows: "QuerySet[Any]", wanted: Wanted) -> pl.DataFrame:
    """Return `rows` with the `wanted` columns, in no order. An empty text may come as null."""
    types = {name: type_ for name, (type_, _path) in wanted.items()}
    given = {f"read_{name}": F(path) if isinstance(path, str) else path for name, (_type, path) in wanted.items()}
    if connection.vendor != "postgresql":
        found = rows.order_by().annotate(**given).values_list(*given)
        return pl.DataFrame([tuple(map(_plain, row)) for row in found], schema=_stored(types), orient="row").cast(types)  # type: ignore[arg-type]
    given = {
        name: Microseconds(path) if type_ in {INSTANT, LENGTH} else path
        for (name, path), type_ in zip(given.items(), types.values(), strict=True)
    }
    try:
        asked_rows = rows.order_by().annotate(**given).values_list(*given)
        query, values = asked_rows.query.get_compiler(connection.alias).as_sql()
    except EmptyResultSet:
        return pl.DataFrame(schema=types)
    connection.ensure_connection()
    asked = ClientCursor(connection.connection).mogrify(query, values)
    text, stored = copied(SQL(asked)), _stored(types)
    if not text:
        return pl.DataFrame(schema=types)
    as_sent = {name: pl.String if type_ == pl.Boolean else type_ for name, type_ in stored.items()}
    frame = pl.read_csv(text, has_header=False, schema=as_sent)
    return frame.with_columns(pl.col(name) == "t" for name, type_ in stored.items() if type_ == pl.Boolean).cast(types)  # type: ignore[arg-type]


def _stored(types: Mapping[str, Any]) -> dict[str, Any]:
    return {name: pl.Int64 if type_ in {INSTANT, LENGTH} else type_ for name, type_ in types.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return microseconds(value)
    return value // MICROSECOND if isinstance(value, timedelta) else value
