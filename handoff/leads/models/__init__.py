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
