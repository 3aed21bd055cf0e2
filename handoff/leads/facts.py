"""Leads as columns of facts: what the scoring engine reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from handoff.leads.activity_columns import activities_of, activities_then, rows_of
from handoff.leads.fitting import column
from handoff.leads.models import Lead, LeadChange, profile_of
from scoring.engine import Facts, Needs
from scoring.fields import FieldType, microseconds


def facts_of(leads: Sequence[Lead], needs: Needs, *, known_at: datetime | None = None) -> Facts:
    """Return the facts about `leads` (with their companies loaded) that a model needs.

    With `known_at`, profiles are as they were recorded then.
    """
    profiles = [profile_of(lead) for lead in leads]
    if known_at is not None:
        _turn_back(leads, profiles, [known_at] * len(leads))
    created = pl.Series("created", [microseconds(lead.created_at) for lead in leads], pl.Int64)
    return Facts(pl.DataFrame([created, *_columns(profiles, needs.profile)]), activities_of(leads, needs))


def facts_then(leads: Sequence[Lead], moments: Sequence[datetime], needs: Needs) -> Facts:
    """Return the facts about each of `leads` (which may repeat) as they were known at its own moment.

    Profiles are as recorded then; of the activities, those that had happened and had been received.
    """
    profiles = [profile_of(lead) for lead in leads]
    _turn_back(leads, profiles, moments)
    created = pl.Series("created", [microseconds(lead.created_at) for lead in leads], pl.Int64)
    return Facts(pl.DataFrame([created, *_columns(profiles, needs.profile)]), activities_then(leads, needs, moments))


def profiles_of(leads: Sequence[Lead], fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """Return these fields of the leads' profiles, row by row."""
    # A row number, so that there are rows even where no field is asked for.
    row = pl.Series("row", range(len(leads)))
    return pl.DataFrame([row, *_columns([profile_of(lead) for lead in leads], fields)])


def _columns(profiles: list[dict[str, Any]], fields: Mapping[str, FieldType]) -> list[pl.Series]:
    return [column(profiles, name, type_) for name, type_ in fields.items()]


def _turn_back(leads: Sequence[Lead], profiles: list[dict[str, Any]], moments: Sequence[datetime]) -> None:
    if not leads:
        return
    rows = rows_of(leads)
    later = LeadChange.objects.filter(lead__in=rows, at__gt=min(moments), of_merged=None).order_by("-at", "-id")
    for lead_id, at, before in later.values_list("lead_id", "at", "before"):
        for row in rows[lead_id]:
            if at > moments[row]:
                profiles[row].update(before)
