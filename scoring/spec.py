"""A scoring model as plain values: what the engine computes with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

Dimension = Literal["fit", "interest", "timing"]
DIMENSIONS: tuple[Dimension, ...] = ("fit", "interest", "timing")
RuleKind = Literal["profile", "activity", "silence"]
Period = Literal["", "day", "week", "month", "ever"]
Unit = Literal["matches", "visits", "days", "values"]
Phase = Literal["", "awareness", "consideration", "decision"]
PHASES: tuple[Phase, ...] = ("awareness", "consideration", "decision")


@dataclass(frozen=True)
class GroupSpec:
    """Rules that share a dimension, a floor and a cap (points)."""

    key: str
    name: str
    dimension: Dimension
    floor: float | None = None
    cap: float | None = None


@dataclass(frozen=True)
class RuleSpec:
    """One rule. `half_life` and `window` are in days; 0 and None mean "none"."""

    key: str
    name: str
    group: str
    kind: RuleKind
    points: float
    condition: Mapping[str, Any] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    half_life: float | None = None
    window: float | None = None
    limit: int | None = None
    limit_per: Period = ""
    at_least: int | None = None
    at_least_of: Unit = "matches"
    values_of: str = ""
    silence_days: int | None = None


@dataclass(frozen=True)
class ContentSpec:
    """A line of the content catalogue: what `looks_at` is like (* stands for anything), and what that is about."""

    looks_at: Literal["url", "content", "form"]
    pattern: str
    phase: Phase = ""
    offer: str = ""
    campaign: str = ""


@dataclass(frozen=True)
class PersonaSpec:
    """A named pattern over profile fields, with what a rep should know."""

    key: str
    name: str
    standing: Literal["ideal", "usual", "negative"]
    condition: Mapping[str, Any] = field(default_factory=dict)
    pains: str = ""
    goals: str = ""
    until: date | None = None  # the last day, in the model's time zone, on which it fits anybody


@dataclass(frozen=True)
class ModelSpec:
    """One version of the whole rule set with its thresholds."""

    groups: tuple[GroupSpec, ...]
    rules: tuple[RuleSpec, ...]
    threshold: float
    minimums: Mapping[Dimension, float | None] = field(default_factory=dict)
    hysteresis: float = 0.0
    fit_cuts: tuple[float, float, float] = (30.0, 20.0, 10.0)  # at least: A, B, C
    engagement_cuts: tuple[float, float, float] = (60.0, 40.0, 20.0)  # at least: 1, 2, 3
    time_zone: str = "UTC"
    content: tuple[ContentSpec, ...] = ()
    personas: tuple[PersonaSpec, ...] = ()

    def grade(self, fit: float, interest: float, timing: float) -> str:
        """Return the reading beside the total, such as "B1"."""
        letter = "ABCD"[sum(round(fit, 6) < cut for cut in self.fit_cuts)]
        number = "1234"[sum(round(interest + timing, 6) < cut for cut in self.engagement_cuts)]
        return letter + number

    def personas_at(self, at: int) -> list[PersonaSpec]:
        """Return the personas that have not expired at `at` (µs)."""
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
        today = moment.astimezone(ZoneInfo(self.time_zone)).date()
        return [persona for persona in self.personas if persona.until is None or today <= persona.until]
