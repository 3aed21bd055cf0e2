"""A second, slow implementation of the score, written from the words that describe it: the engine has to agree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from scoring.spec import DIMENSIONS, ContentSpec, GroupSpec, ModelSpec, RuleSpec

DAY = 86_400_000_000
VISIT = 30 * 60 * 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Act:
    """One activity; `at` in µs since 1970."""

    source: str
    id: str
    at: int
    kind: str
    is_machine: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Person:
    """One lead: when it came to be (µs), what is known about it, and what it did, in any order."""

    created: int
    profile: Mapping[str, Any]
    acts: Sequence[Act] = ()


@dataclass(frozen=True)
class Reason:
    """What one rule gives, and the activities that count for it."""

    points: float
    fresh: float
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The score at one instant; `clamps` holds what each group's floor or cap adds or takes."""

    dimensions: Mapping[str, float]
    reasons: Mapping[str, Reason]
    clamps: Mapping[str, float]

    @property
    def total(self) -> float:
        """Fit, interest and timing together."""
        return sum(self.dimensions.values())


def answer(model: ModelSpec, person: Person, at: int) -> Answer:
    """Return the score of `person` at `at` with its reasons."""
    dimensions = dict.fromkeys((str(name) for name in DIMENSIONS), 0.0)
    if at < person.created:
        return Answer(dimensions, {}, {})
    reasons = {rule.key: reason for rule in model.rules if (reason := reason_of(rule, model, person, at)) is not None}
    clamps = {}
    for group in model.groups:
        found = sum(reasons[rule.key].points for rule in model.rules if rule.group == group.key and rule.key in reasons)
        held = held_between(group, found)
        dimensions[group.dimension] += held
        clamps[group.key] = held - found
    return Answer(dimensions, reasons, clamps)


def is_mql(model: ModelSpec, found: Answer, *, holds: bool) -> bool:
    """Return whether the threshold and each minimum are reached; hysteresis favours one that holds."""
    return margin(model, found, holds=holds) >= 0


def margin(model: ModelSpec, found: Answer, *, holds: bool) -> float:
    """Return by how much the score passes (or, negative, misses) the least that reads as enough at six decimals."""
    slack = model.hysteresis if holds else 0.0
    gaps = [found.total - round(model.threshold - slack, 6)]
    for name, minimum in model.minimums.items():
        if minimum is not None:
            gaps.append(found.dimensions[name] - round(minimum - slack, 6))
    return min(gaps) + 0.5e-6


def held_between(group: GroupSpec, points: float) -> float:
    """Return `points` between the group's floor and its cap."""
    if group.floor is not None:
        points = max(points, group.floor)
    return points if group.cap is None else min(points, group.cap)


def reason_of(rule: RuleSpec, model: ModelSpec, person: Person, at: int) -> Reason | None:
    """Return what `rule` gives at `at`, None where it gives nothing."""
    if rule.kind == "profile":
        return Reason(rule.points, rule.points) if holds(rule.condition, person.profile, at) else None
    found = sorted((act for act in person.acts if act.at <= at and matches(rule, act, model)), key=in_order)
    if rule.kind == "silence":
        since = max([person.created, *(act.at for act in found)])
        return Reason(rule.points, rule.points) if at >= since + (rule.silence_days or 0) * DAY else None
    zone = ZoneInfo(model.time_zone)
    found = limited(rule, found, zone)
    if rule.at_least:
        return _once(rule, found, zone, at)
    inside = tuple(act for act in found if is_inside(rule, act, at))
    points = sum(rule.points * freshness(rule, act, at) for act in inside)
    return Reason(points, rule.points * len(inside), inside) if inside else None


def _once(rule: RuleSpec, found: Sequence[Act], zone: ZoneInfo, at: int) -> Reason | None:
    units = units_of(rule, found, zone)
    inside = [(act, unit) for act, unit in zip(found, units, strict=True) if is_inside(rule, act, at)]
    inside = [(act, unit) for act, unit in inside if unit is not None]
    if len({unit for _, unit in inside}) < (rule.at_least or 0):
        return None
    acts = tuple(act for act, _ in inside)
    return Reason(rule.points * freshness(rule, acts[-1], at), rule.points, acts)


def in_order(act: Act) -> tuple[int, str, str]:
    """Return what activities are ordered by."""
    return act.at, act.source, act.id


def matches(rule: RuleSpec, act: Act, model: ModelSpec) -> bool:
    """Return whether `act` is what `rule` looks for; machines count only where the rule asks about them."""
    if rule.kinds and act.kind not in rule.kinds:
        return False
    if act.is_machine and "is_machine" not in fields_in(rule.condition):
        return False
    return holds(rule.condition, {**act.properties, **about(act, model), "is_machine": act.is_machine}, act.at)


def about(act: Act, model: ModelSpec) -> dict[str, str | None]:
    """Return what the first line of the content catalogue that fits says of `act`."""
    for line in model.content:
        value = act.properties.get(line.looks_at)
        if value is not None and any(is_like(line.pattern.lower(), one) for one in readings(line, value.lower())):
            said = {"phase": line.phase, "offer": line.offer, "campaign": line.campaign}
            return {f"content.{name}": text or None for name, text in said.items()}
    return {}


def readings(line: ContentSpec, value: str) -> set[str]:
    """Return what may be compared with a pattern: of an address also what is left without host, query and last slash.

    A slash is dropped only where one stands, so the pattern may still ask for it.
    """
    if line.looks_at != "url":
        return {value}
    paths = {value}
    if "://" in value and "://" not in line.pattern:
        _host, slash, path = value.split("://", 1)[1].partition("/")
        paths.add(slash + path)
    cut = {path[:place] for path in paths for place in range(len(path)) if path[place] in "?#"}
    whole = paths | cut
    return whole | {path[:-1] for path in whole if path.endswith("/")}


def is_like(pattern: str, text: str) -> bool:
    """Return whether `text` is `pattern`, where * stands for anything."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(is_like(pattern[1:], text[skipped:]) for skipped in range(len(text) + 1))
    return text[:1] == pattern[0] and is_like(pattern[1:], text[1:])


def limited(rule: RuleSpec, found: Sequence[Act], zone: ZoneInfo) -> list[Act]:
    """Return the matches that count: the earliest of each period, or the latest ever."""
    if not rule.limit or not rule.limit_per:
        return list(found)
    if rule.limit_per == "ever":
        return list(found)[-rule.limit :]
    periods: dict[object, list[Act]] = {}
    for act in found:
        periods.setdefault(period_of(act, rule.limit_per, zone), []).append(act)
    return sorted((act for acts in periods.values() for act in acts[: rule.limit]), key=in_order)


def period_of(act: Act, per: str, zone: ZoneInfo) -> object:
    """Return the local day, ISO week or month in which `act` happened."""
    local = (EPOCH + timedelta(microseconds=act.at)).astimezone(zone)
    if per == "week":
        return tuple(local.isocalendar())[:2]
    return local.date() if per == "day" else (local.year, local.month)


def units_of(rule: RuleSpec, found: Sequence[Act], zone: ZoneInfo) -> list[object]:
    """Return, for each counted match, what it counts as: itself, its visit, its day, or its value (None for blank)."""
    if rule.at_least_of == "days":
        return [period_of(act, "day", zone) for act in found]
    if rule.at_least_of == "values":
        return [act.properties.get(rule.values_of) for act in found]
    if rule.at_least_of == "matches":
        return [(act.source, act.id) for act in found]
    visits: list[object] = []
    visit, last = 0, -10 * DAY
    for act in found:
        visit += act.at - last >= VISIT
        visits.append(visit)
        last = act.at
    return visits


def is_inside(rule: RuleSpec, act: Act, at: int) -> bool:
    """Return whether `act` lies inside the rule's window at `at`."""
    return not rule.window or 0 <= at - act.at < Fraction(str(rule.window)) * DAY


def freshness(rule: RuleSpec, act: Act, at: int) -> float:
    """Return the part of the points that is left."""
    return float(0.5 ** ((at - act.at) / (rule.half_life * DAY))) if rule.half_life else 1.0


# Conditions


def fields_in(tree: Mapping[str, Any]) -> set[str]:
    """Return the fields that a condition asks about."""
    branches = [*tree.get("all", []), *tree.get("any", []), *([tree["not"]] if "not" in tree else [])]
    return {tree["field"]} if "field" in tree else set().union(*(fields_in(branch) for branch in branches))


def holds(tree: Mapping[str, Any], values: Mapping[str, Any], at: int = 0) -> bool:
    """Return whether a condition is true of these values at `at`."""
    if "field" in tree:
        return leaf_holds(tree["op"], values.get(tree["field"]), tree.get("value"), at)
    if "not" in tree:
        return not holds(tree["not"], values, at)
    if tree.get("any"):
        return any(holds(branch, values, at) for branch in tree["any"])
    return all(holds(branch, values, at) for branch in tree.get("all", []))


NEGATIVES = {"is_not": "is", "is_none_of": "is_one_of", "does_not_contain": "contains", "has_none_of": "has_any_of"}
TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda fact, said: said == fact,
    "is_one_of": lambda fact, said: fact in said,
    "contains": lambda fact, said: said in fact,
    "contains_any_of": lambda fact, said: any(one in fact for one in said),
    "starts_with": lambda fact, said: fact[: len(said)] == said,
    "ends_with": lambda fact, said: fact[-len(said) :] == said,
    "at_least": lambda fact, said: fact >= said,
    "at_most": lambda fact, said: fact <= said,
    "more_than": lambda fact, said: fact > said,
    "less_than": lambda fact, said: fact < said,
    "between": lambda fact, said: said[0] <= fact <= said[1],
    "is_yes": lambda fact, _said: fact is True,
    "is_no": lambda fact, _said: fact is False,
    "on_or_after": lambda fact, said: fact >= midnight(said),
    "before": lambda fact, said: fact < midnight(said),
    "has_any_of": lambda fact, said: any(one in fact for one in said),
    "has_all_of": lambda fact, said: all(one in fact for one in said),
}


RELATIVE: dict[str, Callable[[int, float], bool]] = {
    "in_last_days": lambda age, days: 0 <= age < days * DAY,
    "days_ago": lambda age, days: age >= days * DAY,
    "in_next_days": lambda age, days: 0 < -age <= days * DAY,
}


def leaf_holds(op: str, fact: Any, said: Any, at: int = 0) -> bool:
    """Return whether one comparison is true; blank is neither this nor that, and capitals make no difference."""
    blank = fact is None or fact == []
    if op in {"is_blank", "is_filled"}:
        return blank == (op == "is_blank")
    if op in NEGATIVES:
        return not leaf_holds(NEGATIVES[op], fact, said)
    if op in RELATIVE:
        return not blank and RELATIVE[op](at - fact, said)
    return not blank and TESTS[op](_in_lower_case(fact), _in_lower_case(said))


def _in_lower_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_lower_case(one) for one in value]
    return value.lower() if isinstance(value, str) else value


def midnight(day: str) -> int:
    """Return the start of a written day, in UTC (µs)."""
    return (date.fromisoformat(day) - EPOCH.date()).days * DAY
