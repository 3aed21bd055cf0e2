"""A model made ready for the engine: its conditions as expressions over columns, and what it needs to read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scoring.conditions import Catalogue, expression, fields_of, turning_points
from scoring.content import ABOUT, LOOKED_AT, with_content
from scoring.fields import FieldType
from scoring.spec import ContentSpec, ModelSpec, PersonaSpec, RuleSpec

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Needs:
    """Which columns a model reads. `kinds` names the only kinds of activities that matter, None where all may."""

    profile: dict[str, FieldType]
    activity: dict[str, FieldType]
    kinds: frozenset[str] | None = None

    def __or__(self, other: "Needs") -> "Needs":
        kinds = None if self.kinds is None or other.kinds is None else self.kinds | other.kinds
        return Needs(self.profile | other.profile, self.activity | other.activity, kinds)


@dataclass(frozen=True)
class ProfileRule:
    """A profile rule, by its number: where it holds, and the instants at which that may change by itself."""

    number: int
    rule: RuleSpec
    mask: pl.Expr
    turns: list[pl.Expr]


@dataclass(frozen=True)
class Prepared:
    """A model made ready for scoring: its conditions as expressions over columns, built once."""

    model: ModelSpec
    profile: list[ProfileRule]
    activity: list[tuple[int, RuleSpec, pl.Expr]]
    personas: list[tuple[PersonaSpec, pl.Expr]]
    needs: Needs
    persona_fields: dict[str, FieldType]
    reads_content: bool


def prepare(model: ModelSpec, profile: Catalogue, activity: Catalogue) -> Prepared:
    """Make `model` ready for scoring; BadCondition where a rule looks at what the catalogues do not have."""
    numbered = list(enumerate(model.rules))
    profile_rules = [
        ProfileRule(n, rule, expression(rule.condition, profile), turning_points(rule.condition, profile))
        for n, rule in numbered
        if rule.kind == "profile"
    ]
    activity_rules = [(n, rule, _activity_mask(rule, activity)) for n, rule in numbered if rule.kind != "profile"]
    wanted = {name for entry in profile_rules for name in fields_of(entry.rule.condition)}
    properties = {name for _, rule, _ in activity_rules for name in fields_of(rule.condition)}
    properties |= {rule.values_of for _, rule, _ in activity_rules if rule.values_of}
    in_personas = {name for persona in model.personas for name in fields_of(persona.condition)}
    return Prepared(
        model,
        profile_rules,
        activity_rules,
        [(persona, expression(persona.condition, profile)) for persona in model.personas],
        Needs(
            {name: profile[name].type for name in sorted(wanted)},
            {name: activity[name].type for name in with_looked_at(properties)},
            _kinds([rule for _, rule, _ in activity_rules]),
        ),
        {name: profile[name].type for name in sorted(in_personas)},
        not properties.isdisjoint(ABOUT),
    )


def with_looked_at(properties: set[str]) -> list[str]:
    """Return the properties to read: for what the content catalogue says, those that its patterns look at."""
    own = properties.difference(ABOUT)
    return sorted(own if own == properties else own.union(LOOKED_AT))


def _kinds(rules: list[RuleSpec]) -> frozenset[str] | None:
    return frozenset(kind for rule in rules for kind in rule.kinds) if all(rule.kinds for rule in rules) else None


def _activity_mask(rule: RuleSpec, fields: Catalogue) -> pl.Expr:
    mask = expression(rule.condition, fields)
    if rule.kinds:
        mask = pl.col("kind").is_in(list(rule.kinds)) & mask
    if "is_machine" not in fields_of(rule.condition):
        mask = mask & pl.col("is_machine").not_()
    return mask


def true_rows(frame: pl.DataFrame, masks: Sequence[pl.Expr]) -> list[Ints]:
    """Return, for each mask, the row numbers at which it is true."""
    if frame.is_empty() or not masks:
        return [np.empty(0, np.int64) for _ in masks]
    # A literal mask has one row; beside a column it is as long as the frame.
    found = frame.select(pl.first(), *[mask.alias(str(number)) for number, mask in enumerate(masks)])
    return [np.flatnonzero(found[str(number)].to_numpy()).astype(np.int64) for number in range(len(masks))]


def matching(
    kinds: Sequence[str],
    condition: Mapping[str, Any],
    activities: pl.DataFrame,
    fields: Catalogue,
    content: Sequence[ContentSpec] = (),
) -> list[int]:
    """Return the rows of `activities` of one of these kinds on which `condition` holds; no kinds match nothing."""
    if not kinds or activities.is_empty():
        return []
    mask = pl.col("kind").is_in(list(kinds)) & pl.col("is_machine").not_() & expression(condition, fields)
    activities = activities.with_columns(pl.col("at").alias("$now"))
    if not fields_of(condition).isdisjoint(ABOUT):
        activities = with_content(activities, content)
    return true_rows(activities, [mask])[0].tolist()


def personas_of(prepared: Prepared, profiles: pl.DataFrame, at: int) -> list[list[PersonaSpec]]:
    """Return, for each row of `profiles` (with the columns `persona_fields` names), the personas that fit at `at`."""
    found: list[list[PersonaSpec]] = [[] for _ in range(profiles.height)]
    moments = profiles.with_columns(pl.lit(at).alias("$now"))
    in_force = {persona.key for persona in prepared.model.personas_at(at)}
    personas = [(persona, mask) for persona, mask in prepared.personas if persona.key in in_force]
    for (persona, _), rows in zip(personas, true_rows(moments, [mask for _, mask in personas]), strict=True):
        for row in rows.tolist():
            found[row].append(persona)
    return found
