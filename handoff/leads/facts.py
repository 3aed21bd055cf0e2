"""Leads as columns of facts: what the scoring engine reads."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from handoff.leads.models import Activity, Lead, LeadChange, profile_of
from scoring.engine import Facts, Needs
from scoring.fields import COLUMN_TYPES, FieldType, microseconds


def facts_of(leads: Sequence[Lead], needs: Needs, *, known_at: datetime | None = None) -> Facts:
    """Return the facts about `leads` (with their companies loaded) that a model needs.

    With `known_at`, profiles are as they were recorded then.
    """
    profiles = [profile_of(lead) for lead in leads]
    if known_at is not None:
        _turn_back(leads, profiles, known_at)
    created = pl.Series("created", [microseconds(lead.created_at) for lead in leads], pl.Int64)
    return Facts(pl.DataFrame([created, *_columns(profiles, needs.profile)]), _activities(leads, needs))


def profiles_of(leads: Sequence[Lead], fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """Return these fields of the leads' profiles, row by row."""
    # A row number, so that there are rows even where no field is asked for.
    row = pl.Series("row", range(len(leads)))
    return pl.DataFrame([row, *_columns([profile_of(lead) for lead in leads], fields)])


def _columns(profiles: list[dict[str, Any]], fields: Mapping[str, FieldType]) -> list[pl.Series]:
    return [_column(profiles, name, type_) for name, type_ in fields.items()]


def _turn_back(leads: Sequence[Lead], profiles: list[dict[str, Any]], known_at: datetime) -> None:
    by_lead = {lead.pk: profile for lead, profile in zip(leads, profiles, strict=True)}
    later = LeadChange.objects.filter(lead__in=by_lead, at__gt=known_at, of_merged=None).order_by("-at", "-id")
    for lead_id, before in later.values_list("lead_id", "before"):
        by_lead[lead_id].update(before)


def _column(rows: Iterable[dict[str, Any]], name: str, type_: FieldType) -> pl.Series:
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


def _activities(leads: Sequence[Lead], needs: Needs) -> pl.DataFrame:
    """Return the activities that may matter, sorted by (lead, time, source, id); `lead` is the row in `leads`."""
    order = {lead.pk: row for row, lead in enumerate(leads)}
    columns = ("lead_id", "occurred_at", "kind", "is_machine", "properties", "id", "source", "source_id")
    found = Activity.objects.filter(lead__in=order)
    if needs.kinds is not None:
        found = found.filter(kind__in=needs.kinds)
    rows = list(found.values_list(*columns))
    # Sorted here, because databases differ on which text comes first.
    rows.sort(key=lambda row: (order[row[0]], row[1], row[6], row[7]))
    return activity_frame(rows, [order[row[0]] for row in rows], needs.activity)


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
