"""Writing many rows: inserting without making an object of each, updating without one statement for all."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Model

AT_ONCE = 1000


def insert_new(model: type[Model], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert `rows` of `columns` into the table of `model`, but none that a constraint knows already."""
    if connection.vendor != "postgresql":
        objects = (model(**dict(zip(columns, row, strict=True))) for row in rows)
        model._default_manager.bulk_create(objects, ignore_conflicts=True, batch_size=AT_ONCE)
        return
    quote = connection.ops.quote_name
    fields = [field for name in columns for field in model._meta.concrete_fields if name in {field.name, field.attname}]
    names = ", ".join(quote(field.column or field.name) for field in fields)
    arrays = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
    insert = (
        f"INSERT INTO {quote(model._meta.db_table)} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        for first in range(0, len(rows), AT_ONCE):
            cursor.execute(insert, [list(column) for column in zip(*rows[first : first + AT_ONCE], strict=True)])


def update_each(objects: Sequence[Model], columns: Sequence[str]) -> None:
    """Write these columns of `objects` (of one model), a short statement for each: several times faster than CASE."""
    if not objects:
        return
    meta, quote = objects[0]._meta, connection.ops.quote_name
    fields = [field for name in columns for field in meta.concrete_fields if field.name == name]
    setting = ", ".join(f"{quote(field.column or field.name)} = %s" for field in fields)
    rows = [
        [*(field.get_db_prep_save(getattr(each, field.attname), connection) for field in fields), each.pk]
        for each in objects
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {quote(meta.db_table)} SET {setting} WHERE id = %s", rows)
