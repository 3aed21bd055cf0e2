"""Ranges of leads as columns of facts, for work over the whole base: on PostgreSQL by COPY, elsewhere row by row."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from django.db import connection
from psycopg.sql import SQL, Composable, Identifier

from handoff.leads.activity_columns import copied_activities
from handoff.leads.copied_columns import member, micros, read
from handoff.leads.facts import facts_of
from handoff.leads.models import PROFILE_TEXTS, Lead
from scoring.engine import Facts, Needs
from scoring.fields import FieldType, microseconds

COMPANY_TEXTS = ("name", "domain", "industry", "country")
COMPANY_NUMBERS = ("employees", "annual_revenue")
STATE: dict[str, Any] = {
    "id": pl.Int64,
    "stage": pl.String,
    "is_woken": pl.String,
    "created": pl.Int64,
    "scored": pl.Int64,
    "is_mql": pl.String,
}
STATES = SQL(
    "SELECT l.id, l.stage, l.woken_at IS NOT NULL, {created}, {scored}, s.is_mql FROM leads_lead l"
    " LEFT JOIN leads_leadscore s ON s.lead_id = l.id WHERE l.id > {above} AND l.id <= {up_to}"
    " AND s.publication_id IS DISTINCT FROM {publication} ORDER BY l.id"
)


def facts_in(above: int, up_to: int, needs: Needs) -> tuple["np.ndarray[Any, np.dtype[np.int64]]", Facts]:
    """Return the ids in (above, up_to] in order, and the facts about those leads that a model needs.

    Unlike `facts_of` it leaves the ids of activities out.
    """
    if connection.vendor != "postgresql":
        leads = list(Lead.objects.filter(id__gt=above, id__lte=up_to).select_related("company").order_by("id"))
        return np.array([lead.pk for lead in leads], dtype=np.int64), facts_of(leads, needs)
    profiles = read(_profile_query(above, up_to, needs.profile), {"id": pl.Int64, "created": pl.Int64}, needs.profile)
    range_ = SQL("a.lead_id > {} AND a.lead_id <= {}").format(above, up_to)
    acts = copied_activities(range_, needs, with_ids=False)
    # A lead that came in between the two has activities, but is not among these.
    acts = acts.filter(pl.col("lead").is_in(profiles["id"].implode()))
    ids = profiles["id"].to_numpy()
    row = pl.Series("lead", np.searchsorted(ids, acts["lead"].to_numpy()))
    acts = acts.with_columns(row, pl.col("is_machine") == "t")
    return ids, Facts(profiles.drop("id"), acts)


def scored_otherwise(above: int, up_to: int, publication: int) -> pl.DataFrame:
    """Return the leads in (above, up_to] without a score under `publication`: what they are, and the score they have.

    Columns: id, stage, is_woken, created, scored (µs), is_mql; the last two are null where there is none.
    """
    if connection.vendor == "postgresql":
        query = STATES.format(
            created=micros("l.created_at"),
            scored=micros("s.scored_at"),
            above=above,
            up_to=up_to,
            publication=publication,
        )
        frame = read(query, STATE, {})
        return frame.with_columns(pl.col("is_woken", "is_mql") == "t")
    leads = Lead.objects.filter(id__gt=above, id__lte=up_to).exclude(score__publication=publication).order_by("id")
    rows = leads.values_list("id", "stage", "woken_at", "created_at", "score__scored_at", "score__is_mql")
    table = [
        (pk, stage, woken is not None, microseconds(created), microseconds(scored) if scored else None, is_mql)
        for pk, stage, woken, created, scored, is_mql in rows
    ]
    return pl.DataFrame(table, schema={**STATE, "is_woken": pl.Boolean, "is_mql": pl.Boolean}, orient="row")


def _profile_query(above: int, up_to: int, fields: Mapping[str, FieldType]) -> Composable:
    company = SQL("LEFT JOIN leads_company c ON c.id = l.company_id")
    return SQL("SELECT l.id, {created}{fields} FROM leads_lead l {company} WHERE {range} ORDER BY l.id").format(
        created=micros("l.created_at"),
        fields=SQL("").join(SQL(", ") + _profile_column(name, type_) for name, type_ in fields.items()),
        company=company if any(name.startswith("company.") for name in fields) else SQL(""),
        range=SQL("l.id > {} AND l.id <= {}").format(above, up_to),
    )


def _profile_column(name: str, type_: FieldType) -> Composable:
    """Return a fact as text: plain where its type is text, else as JSON."""
    place, _dot, part = name.partition(".")
    if place == "traits":
        return member(SQL("l.traits"), part, type_)
    if place == "company" and part in COMPANY_TEXTS:
        return SQL("c.{}").format(Identifier(part))
    if place == "company" and part in COMPANY_NUMBERS:
        return SQL("c.{}::text").format(Identifier(part))
    if name == "created_on":
        return SQL("to_json((l.created_at AT TIME ZONE 'UTC')::date)::text")
    assert name in PROFILE_TEXTS or type_ is FieldType.YES_NO, name
    column = SQL("l.{}").format(Identifier(name))
    return column + SQL("::text") if type_ is FieldType.YES_NO else column
