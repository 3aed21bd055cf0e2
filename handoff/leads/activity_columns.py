"""Activities as columns: sorted as the engine wants them, whatever the database's collation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from django.db import connection
from psycopg.sql import SQL, Composable

from handoff.leads.copied_columns import member, micros, read
from handoff.leads.fitting import column
from handoff.leads.models import Activity, Lead
from scoring.engine import Needs
from scoring.fields import FieldType, microseconds

COPIED = {"lead": pl.Int64, "at": pl.Int64, "kind": pl.String, "is_machine": pl.String}


def activities_of(leads: Sequence[Lead], needs: Needs) -> pl.DataFrame:
    """Return the activities that may matter, sorted by (lead, time, source, id); `lead` is the row in `leads`."""
    rows = {lead.pk: row for row, lead in enumerate(leads)}
    if connection.vendor != "postgresql" or len(rows) < len(leads):
        return activities_then(leads, needs)
    found = copied_activities(SQL("a.lead_id = ANY({})").format(list(rows)), needs, with_ids=True)
    return found.with_columns(
        pl.col("lead").replace_strict(rows, return_dtype=pl.Int64), pl.col("is_machine") == "t"
    ).sort("lead", maintain_order=True)


def activities_then(leads: Sequence[Lead], needs: Needs, moments: Sequence[datetime] | None = None) -> pl.DataFrame:
    """Return the same row by row; with `moments`, what had happened and been received by that of the lead's row."""
    places = rows_of(leads)
    columns = ("lead_id", "occurred_at", "kind", "is_machine", "properties", "id", "source", "source_id", "received_at")
    found = Activity.objects.filter(lead__in=places)
    if needs.kinds is not None:
        found = found.filter(kind__in=needs.kinds)
    rows = [
        (place, row)
        for row in found.values_list(*columns)
        for place in places[row[0]]
        if moments is None or max(row[1], row[8]) <= moments[place]
    ]
    # Sorted here, because databases differ on which text comes first.
    rows.sort(key=lambda placed: (placed[0], placed[1][1], placed[1][6], placed[1][7]))
    return activity_frame([row for _, row in rows], [place for place, _ in rows], needs.activity)


def rows_of(leads: Sequence[Lead]) -> dict[int, list[int]]:
    """Return where each lead stands."""
    rows: dict[int, list[int]] = {}
    for row, lead in enumerate(leads):
        rows.setdefault(lead.pk, []).append(row)
    return rows


def activity_frame(
    rows: Sequence[tuple[Any, ...]], lead_rows: Sequence[int], fields: Mapping[str, FieldType]
) -> pl.DataFrame:
    """Return rows of (lead id, time, kind, is_machine, properties, id) as the engine's frame of activities."""
    properties = [row[4] for row in rows]
    return pl.DataFrame(
        [
            pl.Series("lead", np.array(lead_rows, dtype=np.int64)),
            pl.Series("at", np.array([microseconds(row[1]) for row in rows], dtype=np.int64)),
            pl.Series("kind", [row[2] for row in rows], pl.String),
            pl.Series("is_machine", [row[3] for row in rows], pl.Boolean),
            pl.Series("id", [row[5] for row in rows], pl.Int64),
            *(column(properties, name, type_) for name, type_ in fields.items() if name != "is_machine"),
        ]
    )


def copied_activities(which: Composable, needs: Needs, *, with_ids: bool) -> pl.DataFrame:
    """Return activities by COPY, sorted by the lead's id, time, source and id; `is_machine` is "t" or "f"."""
    fields, own = stored(needs.activity), {**COPIED, **({"id": pl.Int64} if with_ids else {})}
    kinds = SQL("AND a.kind = ANY({})").format(sorted(needs.kinds)) if needs.kinds is not None else SQL("")
    # Ties are broken as Python would.
    query = SQL(
        "SELECT a.lead_id, {at}, a.kind, a.is_machine{id}{properties} FROM leads_activity a WHERE {which} {kinds}"
        ' ORDER BY a.lead_id, a.occurred_at, a.source COLLATE "C", a.source_id COLLATE "C"'
    ).format(
        at=micros("a.occurred_at"),
        id=SQL(", a.id" if with_ids else ""),
        properties=SQL("").join(SQL(", ") + member(SQL("a.properties"), *field) for field in fields.items()),
        which=which,
        kinds=kinds,
    )
    return read(query, own, fields)


def stored(fields: Mapping[str, FieldType]) -> dict[str, FieldType]:
    """Return the fields that are properties."""
    return {name: type_ for name, type_ in fields.items() if name != "is_machine"}
