"""The course of one lead's score: its terms, and what they are worth at any instant. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from scoring.spec import DIMENSIONS, Dimension, ModelSpec

FOREVER = 2**62  # µs
NOISE = 1e-9  # points that are a matter of rounding only


class Term(NamedTuple):
    """Points of one rule, from `start` until before `end` (µs), fading by `half_life` (µs, 0 = not) from `anchor`."""

    rule: int
    start: int
    end: int
    points: float
    anchor: int
    half_life: float
    activity: int

    def value(self, at: int) -> float:
        """Return what the term would be worth at `at`, were it active then."""
        return self.points * 0.5 ** ((at - self.anchor) / self.half_life) if self.half_life else self.points


@dataclass(frozen=True)
class Entry:
    """One reason: a rule (or a group's clamp) with its points now, when fresh, and the activities counted."""

    rule: str
    name: str
    dimension: Dimension
    points: float
    fresh_points: float
    count: int
    activities: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """The score at one instant. `entries` always sum to `total`."""

    total: float
    dimensions: Mapping[Dimension, float]
    grade: str
    is_mql: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Course:
    """All that is known about one lead's score over time, as long as no new activity comes."""

    model: ModelSpec
    created: int
    terms: list[Term]
    counted: Callable[[int, int], tuple[int, ...] | None] = lambda _rule, _at: None  # what an "at least" counts then

    def active(self, at: int) -> list[Term]:
        """Return the terms that count at `at`."""
        return [term for term in self.terms if term.start <= at < term.end] if at >= self.created else []

    def group_sums(self, at: int) -> dict[str, float]:
        """Return each group's unclamped sum at `at`."""
        sums = {group.key: 0.0 for group in self.model.groups}
        for term in self.active(at):
            sums[self.model.rules[term.rule].group] += term.value(at)
        return sums

    def dimensions(self, at: int) -> dict[Dimension, float]:
        """Return fit, interest and timing at `at`."""
        found = dict.fromkeys(DIMENSIONS, 0.0)
        sums = self.group_sums(at)
        for group in self.model.groups:
            found[group.dimension] += clamp(sums[group.key], group.floor, group.cap) if at >= self.created else 0.0
        return found

    def total(self, at: int) -> float:
        """Return the score at `at`."""
        return sum(self.dimensions(at).values())

    def is_mql(self, at: int, *, holds: bool) -> bool:
        """Return whether the lead is an MQL at `at`; one that already `holds` has the hysteresis in its favour."""
        return passes(self.model, self.dimensions(at), holds=holds)

    def reading(self, at: int) -> Reading:
        """Return the whole explanation at `at`."""
        dimensions = self.dimensions(at)
        return Reading(
            total=sum(dimensions.values()),
            dimensions=dimensions,
            grade=self.model.grade(dimensions["fit"], dimensions["interest"], dimensions["timing"]),
            is_mql=passes(self.model, dimensions, holds=False),
            entries=tuple(self._entries(at)),
        )

    def _entries(self, at: int) -> list[Entry]:
        groups = {group.key: group for group in self.model.groups}
        by_rule: dict[int, list[Term]] = {}
        for term in self.active(at):
            by_rule.setdefault(term.rule, []).append(term)
        entries = []
        for number, terms in by_rule.items():
            rule = self.model.rules[number]
            points = sum(term.value(at) for term in terms)
            fresh = sum(term.points for term in terms)
            rows = self.counted(number, at) or tuple(term.activity for term in terms if term.activity >= 0)
            entries.append(
                Entry(rule.key, rule.name, groups[rule.group].dimension, points, fresh, max(len(rows), 1), rows)
            )
        for key, total in self.group_sums(at).items():
            group = groups[key]
            clipped = clamp(total, group.floor, group.cap) - total if at >= self.created else 0.0
            if abs(clipped) > NOISE:
                entries.append(Entry(f"group:{key}", group.name, group.dimension, clipped, clipped, 0, ()))
        return sorted(entries, key=lambda entry: -abs(entry.points))


def clamp(value: float, floor: float | None, cap: float | None) -> float:
    """Hold `value` between a group's floor and cap."""
    if cap is not None and value > cap:
        return cap
    return floor if floor is not None and value < floor else value


class Line(NamedTuple):
    """One comparison: what the score in these dimensions has to reach."""

    dimensions: tuple[Dimension, ...]
    limit: float

    def is_reached(self, found: Mapping[Dimension, float]) -> bool:
        """Return whether these dimensions reach the limit, at six decimals."""
        return round(sum(found[name] for name in self.dimensions), 6) >= round(self.limit, 6)


def lines_of(model: ModelSpec, *, holds: bool) -> list[Line]:
    """Return what an MQL has to reach: the threshold, and each minimum."""
    slack = model.hysteresis if holds else 0.0
    minimums = [
        Line((name,), minimum - slack) for name in DIMENSIONS if (minimum := model.minimums.get(name)) is not None
    ]
    return [Line(DIMENSIONS, model.threshold - slack), *minimums]


def passes(model: ModelSpec, dimensions: Mapping[Dimension, float], *, holds: bool) -> bool:
    """Return whether these dimensions reach the threshold and every minimum."""
    return all(line.is_reached(dimensions) for line in lines_of(model, holds=holds))
