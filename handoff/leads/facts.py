"""Leads as columns of facts: what the scoring engine reads."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from handoff.leads.models import Activity, Lead, LeadChange, profile_of
from scoring.engine import Facts, Prepared
from scoring.fields import COLUMN_TYPES, FieldType, microseconds


def facts_of(leads: Sequence[Lead], prepared: Prepared, *, known_at: datetime | None = None) -> Facts:
    """Return the facts about `leads` (with their companies loaded) that a prepared model needs.

    With `known_at`, profiles are as they were recorded then.
    """
    profiles = [profile_of(lead) for lead in leads]
    if known_at is not None:
        _turn_back(leads, profiles, known_at)
    columns = [_column(profiles, name, type_) for name, type_ in prepared.profile_fields.items()]
    created = pl.Series("created", [microseconds(lead.created_at) for lead in leads], pl.Int64)
    return Facts(pl.DataFrame([created, *columns]), _activities(leads, prepared.activity_fields))


def _turn_back(leads: Sequence[Lead], profiles: list[dict[str, Any]], known_at: datetime) -> None:
    by_lead = {lead.pk: profile for lead, profile in zip(leads, profiles, strict=True)}
    later = LeadChange.objects.filter(lead__in=by_lead, at__gt=known_at).order_by("-at", "-id")
    for lead_id, before in later.values_list("lead_id", "before"):
        by_lead[lead_id].update(before)


def _column(rows: Iterable[dict[str, Any]], name: str, type_: FieldType) -> pl.Series:
    return pl.Series(name, [fitting(row.get(name), type_) for row in rows], COLUMN_TYPES[type_], strict=False)


def fitting(value: Any, type_: FieldType) -> Any:
    """Return a JSON value as its column holds it; what does not fit its type counts as blank."""
    if value is None or value == "":
        return None
    if type_ is FieldType.CHOICES:
        return [str(item) for item in value] if isinstance(value, list) else [str(value)]
    if type_ is FieldType.YES_NO:
        return value if isinstance(value, bool) else None
    if type_ is FieldType.NUMBER:
        return _number(value)
    if type_ is FieldType.DATE:
        return _instant(value)
    return str(value)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _instant(value: Any) -> int | None:
    try:
        return microseconds(datetime.fromisoformat(str(value)).date())
    except ValueError:
        return None


def _activities(leads: Sequence[Lead], fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """Return the leads' activities sorted by (lead, time, source, id), `lead` being the row number in `leads`."""
    order = {lead.pk: row for row, lead in enumerate(leads)}
    found = Activity.objects.filter(lead__in=order).order_by("lead_id", "occurred_at", "source", "source_id")
    rows = list(found.values_list("lead_id", "occurred_at", "kind", "is_machine", "properties", "id"))
    rows.sort(key=lambda row: order[row[0]])  # stable: the order in time stays
    return activity_frame(rows, [order[row[0]] for row in rows], fields)


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
            *(_column(properties, name, type_) for name, type_ in fields.items() if name != "is_machine"),
        ]
    )
