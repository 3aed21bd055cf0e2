"""Writing leads' scores: some by the ORM, a whole range by COPY."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from django.db import connection

from handoff.leads.models import LeadScore
from scoring.engine import Scores
from scoring.fields import instant, microseconds
from scoring.models import Publication

Rows = npt.NDArray[np.int64]
OWN = ("total", "fit", "interest", "timing", "grade", "is_mql", "is_moving", "crosses_at")
FIELDS = ["publication", "scored_at", *OWN]
INSTANT = "%Y-%m-%d %H:%M:%S%.6f+00"
FRESH = f"""CREATE TEMPORARY TABLE IF NOT EXISTS fresh_score ON COMMIT DELETE ROWS AS
    SELECT lead_id, {", ".join(OWN)}, scored_at AS was_scored_at FROM leads_leadscore WITH NO DATA"""
COPIED = f"COPY fresh_score (lead_id, {', '.join(OWN)}, was_scored_at) FROM STDIN (FORMAT csv)"
# In order, as every act locks them, so that nobody waits in a circle.
LOCKED = """SELECT count(*) FROM (SELECT 1 FROM leads_leadscore
    WHERE lead_id BETWEEN %s AND %s AND publication_id <> %s ORDER BY lead_id FOR UPDATE) locked"""
UPDATED = f"""UPDATE leads_leadscore s
    SET publication_id = %s, scored_at = %s, {", ".join(f"{name} = f.{name}" for name in OWN)}
    FROM fresh_score f WHERE s.lead_id = f.lead_id AND s.scored_at = f.was_scored_at AND s.publication_id <> %s"""
INSERTED = f"""INSERT INTO leads_leadscore (publication_id, scored_at, lead_id, {", ".join(OWN)})
    SELECT %s, %s, lead_id, {", ".join(OWN)} FROM fresh_score WHERE was_scored_at IS NULL
    ORDER BY lead_id ON CONFLICT (lead_id) DO NOTHING"""


@dataclass(frozen=True)
class Found:
    """Scores with the ids of their leads, and by row: who is an MQL, and when who crosses (µs)."""

    scores: Scores
    ids: Rows
    holds: npt.NDArray[np.bool_]
    crossings: dict[int, int]


def store_scores(found: Found, publication: Publication, at: datetime) -> None:
    """Write everybody's scores at `at`; the caller has locked the leads."""
    if len(found.ids):
        _write(_columns(found, np.arange(len(found.ids)), at), publication, at)


def store_range(found: Found, rows: Rows, publication: Publication, at: datetime, *, was: pl.Series) -> None:
    """Write the scores of some `rows`, except where another score than that of `was` was stored meanwhile.

    `was` holds when each of them was scored before (µs), null for never.
    """
    if not len(rows):
        return
    columns = _columns(found, rows, at)
    if connection.vendor == "postgresql":
        _copy_in(pl.DataFrame({**columns, "was": was}, schema_overrides={"crosses_at": pl.Int64}), publication, at)
    else:
        # Whoever writes is alone there, so what is stored now stays until this is written.
        ids = columns["lead_id"].tolist()
        stored = dict(LeadScore.objects.filter(lead__gte=ids[0], lead__lte=ids[-1]).values_list("lead_id", "scored_at"))
        same = [instant(before) == stored.get(pk) for pk, before in zip(ids, was, strict=True)]
        _write(_columns(found, rows[np.array(same)], at), publication, at)


def _columns(found: Found, rows: Rows, at: datetime) -> dict[str, Any]:
    now = microseconds(at)
    dimensions = found.scores.dimensions(now)[rows]
    return {
        "lead_id": found.ids[rows],
        "total": dimensions.sum(axis=1),
        **dict(zip(("fit", "interest", "timing"), dimensions.T, strict=True)),
        "grade": found.scores.grades(dimensions),
        "is_mql": found.holds[rows],
        "is_moving": found.scores.moving(now)[rows],
        "crosses_at": [found.crossings.get(row) for row in rows.tolist()],
    }


def _write(columns: dict[str, Any], publication: Publication, at: datetime) -> None:
    columns["crosses_at"] = [instant(moment) for moment in columns["crosses_at"]]
    plain = [column.tolist() if isinstance(column, np.ndarray) else column for column in columns.values()]
    fresh = [
        LeadScore(publication=publication, scored_at=at, **dict(zip(columns, row, strict=True)))
        for row in zip(*plain, strict=True)
    ]
    LeadScore.objects.bulk_create(
        fresh, update_conflicts=True, unique_fields=["lead"], update_fields=FIELDS, batch_size=500
    )


def _copy_in(frame: pl.DataFrame, publication: Publication, at: datetime) -> None:
    frame = frame.with_columns(pl.col("crosses_at", "was").cast(pl.Datetime("us")))
    with connection.cursor() as cursor:
        cursor.execute(FRESH)
        with cursor.copy(COPIED) as copy:
            copy.write(frame.write_csv(include_header=False, datetime_format=INSTANT))
        cursor.execute(LOCKED, [frame["lead_id"][0], frame["lead_id"][-1], publication.pk])
        cursor.execute(UPDATED, [publication.pk, at, publication.pk])
        if frame["was"].null_count():
            cursor.execute(INSERTED, [publication.pk, at])
        cursor.execute("TRUNCATE fresh_score")
