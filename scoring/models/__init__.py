"""The tables of scoring."""

from scoring.models.patterns import ContentEntry, NotScorable, Persona, Phase
from scoring.models.publications import Publication, Rehearsal
from scoring.models.versions import Rule, RuleGroup, ScoringModel, points_field

__all__ = [
    "ContentEntry", "NotScorable", "Persona", "Phase", "Publication", "Rehearsal", "Rule", "RuleGroup", "ScoringModel",
    "points_field",
]  # fmt: skip
