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
        _turn_back(leads, profiles, [known_at] * len(leads))
    created = pl.Series("created", [microseconds(lead.created_at) for lead in leads], pl.Int64)
    return Facts(pl.DataFrame([created, *_columns(profiles, needs.profile)]), _activities(leads, needs))


def facts_then(leads: Sequence[Lead], moments: Sequence[datetime], needs: Needs) -> Facts:
    """Return the facts about each of `leads` (which may repeat) as they were known at its own moment.

    Profiles are as recorded then; of the activities, those that had happened and had been received.
    """
    profiles = [profile_of(lead) for lead in leads]
    _turn_back(leads, profiles, moments)
    created = pl.Series("created", [microseconds(lead.created_at) for lead in leads], pl.Int64)
    return Facts(pl.DataFrame([created, *_columns(profiles, needs.profile)]), _activities(leads, needs, moments))


def profiles_of(leads: Sequence[Lead], fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """Return these fields of the leads' profiles, row by row."""
    # A row number, so that there are rows even where no field is asked for.
    row = pl.Series("row", range(len(leads)))
    return pl.DataFrame([row, *_columns([profile_of(lead) for lead in leads], fields)])


def _columns(profiles: list[dict[str, Any]], fields: Mapping[str, FieldType]) -> list[pl.Series]:
    return [_column(profiles, name, type_) for name, type_ in fields.items()]


def _turn_back(leads: Sequence[Lead], profiles: list[dict[str, Any]], moments: Sequence[datetime]) -> None:
    if not leads:
        return
    rows = _rows_of(leads)
    later = LeadChange.objects.filter(lead__in=rows, at__gt=min(moments), of_merged=None).order_by("-at", "-id")
    for lead_id, at, before in later.values_list("lead_id", "at", "before"):
        for row in rows[lead_id]:
            if at > moments[row]:
                profiles[row].update(before)


def _rows_of(leads: Sequence[Lead]) -> dict[int, list[int]]:
    """Return where each lead stands."""
    rows: dict[int, list[int]] = {}
    for row, lead in enumerate(leads):
        rows.setdefault(lead.pk, []).append(row)
    return rows


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


def _activities(leads: Sequence[Lead], needs: Needs, moments: Sequence[datetime] | None = None) -> pl.DataFrame:
    """Return the activities that may matter, sorted by (lead, time, source, id); `lead` is the row in `leads`.

    With `moments`, those that had happened and been received by that of the lead's row.
    """
    places = _rows_of(leads)
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
