"""The tables of scoring."""

from scoring.models.patterns import ContentEntry, NotScorable, Persona, Phase
from scoring.models.publications import Challenge, Publication, Rehearsal
from scoring.models.versions import Rule, RuleGroup, ScoringModel, points_field
