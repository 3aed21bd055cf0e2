"""Ranges of leads as columns of facts, for work over the whole base: on PostgreSQL by COPY, elsewhere row by row."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from django.db import connection
from psycopg.sql import SQL, Composable, Identifier, Literal

from handoff.leads.facts import facts_of, fitting
from handoff.leads.models import PROFILE_TEXTS, Lead
from handoff.lib.copying import copied
from scoring.engine import Facts, Needs
from scoring.fields import COLUMN_TYPES, FieldType, microseconds

IN_MICROSECONDS = "round(date_part('epoch', {}) * 1000000)::bigint"  # exact: a double holds 53 bits
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
ACTIVITY = {"lead": pl.Int64, "at": pl.Int64, "kind": pl.String, "is_machine": pl.String}


def facts_in(above: int, up_to: int, needs: Needs) -> tuple["np.ndarray[Any, np.dtype[np.int64]]", Facts]:
    """Return the ids in (above, up_to] in order, and the facts about those leads that a model needs.

    Unlike `facts_of` it leaves the ids of activities out.
    """
    if connection.vendor != "postgresql":
        leads = list(Lead.objects.filter(id__gt=above, id__lte=up_to).select_related("company").order_by("id"))
        return np.array([lead.pk for lead in leads], dtype=np.int64), facts_of(leads, needs)
    profiles = _copied(
        _profile_query(above, up_to, needs.profile), {"id": pl.Int64, "created": pl.Int64}, needs.profile
    )
    acts = _copied(_activity_query(above, up_to, needs), ACTIVITY, _stored(needs.activity))
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
            created=_micros("l.created_at"),
            scored=_micros("s.scored_at"),
            above=above,
            up_to=up_to,
            publication=publication,
        )
        frame = _copied(query, STATE, {})
        return frame.with_columns(pl.col("is_woken", "is_mql") == "t")
    leads = Lead.objects.filter(id__gt=above, id__lte=up_to).exclude(score__publication=publication).order_by("id")
    rows = leads.values_list("id", "stage", "woken_at", "created_at", "score__scored_at", "score__is_mql")
    table = [
        (pk, stage, woken is not None, microseconds(created), microseconds(scored) if scored else None, is_mql)
        for pk, stage, woken, created, scored, is_mql in rows
    ]
    return pl.DataFrame(table, schema={**STATE, "is_woken": pl.Boolean, "is_mql": pl.Boolean}, orient="row")


def _micros(column: str) -> Composable:
    return SQL(IN_MICROSECONDS).format(SQL(column))


def _profile_query(above: int, up_to: int, fields: Mapping[str, FieldType]) -> Composable:
    company = SQL("LEFT JOIN leads_company c ON c.id = l.company_id")
    return SQL("SELECT l.id, {created}{fields} FROM leads_lead l {company} WHERE {range} ORDER BY l.id").format(
        created=_micros("l.created_at"),
        fields=SQL("").join(SQL(", ") + _profile_column(name, type_) for name, type_ in fields.items()),
        company=company if any(name.startswith("company.") for name in fields) else SQL(""),
        range=SQL("l.id > {} AND l.id <= {}").format(above, up_to),
    )


def _profile_column(name: str, type_: FieldType) -> Composable:
    """Return a fact as text: plain where its type is text, else as JSON."""
    place, _dot, member = name.partition(".")
    if place == "traits":
        return _member(SQL("l.traits"), member, type_)
    if place == "company" and member in COMPANY_TEXTS:
        return SQL("c.{}").format(Identifier(member))
    if place == "company" and member in COMPANY_NUMBERS:
        return SQL("c.{}::text").format(Identifier(member))
    if name == "created_on":
        return SQL("to_json((l.created_at AT TIME ZONE 'UTC')::date)::text")
    assert name in PROFILE_TEXTS or type_ is FieldType.YES_NO, name
    column = SQL("l.{}").format(Identifier(name))
    return column + SQL("::text") if type_ is FieldType.YES_NO else column


def _member(column: Composable, name: str, type_: FieldType) -> Composable:
    arrow = SQL("->>") if _is_plain(type_) else SQL("->")
    return SQL("({} {} {})::text").format(column, arrow, Literal(name))


def _is_plain(type_: FieldType) -> bool:
    return type_ in {FieldType.TEXT, FieldType.CHOICE}


def _activity_query(above: int, up_to: int, needs: Needs) -> Composable:
    kinds = SQL("AND a.kind = ANY({})").format(sorted(needs.kinds)) if needs.kinds is not None else SQL("")
    # Ties are broken as Python would, whatever the database's collation.
    return SQL(
        "SELECT a.lead_id, {at}, a.kind, a.is_machine{properties} FROM leads_activity a WHERE {range} {kinds}"
        ' ORDER BY a.lead_id, a.occurred_at, a.source COLLATE "C", a.source_id COLLATE "C"'
    ).format(
        at=_micros("a.occurred_at"),
        properties=SQL("").join(
            SQL(", ") + _member(SQL("a.properties"), name, type_) for name, type_ in _stored(needs.activity).items()
        ),
        range=SQL("a.lead_id > {} AND a.lead_id <= {}").format(above, up_to),
        kinds=kinds,
    )


def _stored(fields: Mapping[str, FieldType]) -> dict[str, FieldType]:
    return {name: type_ for name, type_ in fields.items() if name != "is_machine"}


def _copied(query: Composable, own: Mapping[str, Any], fields: Mapping[str, FieldType]) -> pl.DataFrame:
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
