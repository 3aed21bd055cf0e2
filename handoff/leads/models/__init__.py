"""Leads, their companies, what they did, what may be done with them, and their stored score."""

from handoff.leads.models.activities import MAIL_KINDS, Activity, Kind
from handoff.leads.models.people import (
    HANDED_OVER_FROM,
    PROFILE_TEXTS,
    Company,
    Lead,
    LeadAlias,
    LeadChange,
    LeadQuerySet,
    Stage,
    TraitField,
    called,
    profile_of,
)
from handoff.leads.models.permission import Basis, Channel, Consent, Exclusion, ExclusionQuerySet, Hold
from handoff.leads.models.scores import LeadScore
from handoff.leads.models.sources import SourceAlias, SourceCost, plain

__all__ = [
    "HANDED_OVER_FROM",
    "MAIL_KINDS",
    "PROFILE_TEXTS",
    "Activity",
    "Basis",
    "Channel",
    "Company",
    "Consent",
    "Exclusion",
    "ExclusionQuerySet",
    "Hold",
    "Kind",
    "Lead",
    "LeadAlias",
    "LeadChange",
    "LeadQuerySet",
    "LeadScore",
    "SourceAlias",
    "SourceCost",
    "Stage",
    "TraitField",
    "called",
    "plain",
    "profile_of",
]
