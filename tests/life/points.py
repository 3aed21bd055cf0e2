"""A second opinion on scores: versions of a model as plain values, and what they give, one rule at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

DAY = timedelta(days=1)
ENOUGH = 1e-6


@dataclass(frozen=True)
class Deed:
    """One activity as it was accepted."""

    kind: str
    at: datetime
    received_at: datetime
    url: str = ""
    is_machine: bool = False


@dataclass(frozen=True)
class Gives:
    """A rule: points for a word in the title, or for each activity of a kind (on a page with a word in its address)."""

    name: str
    points: float
    kind: str = ""
    word: str = ""
    half_life: float | None = None
    window: float | None = None

    def row(self) -> dict[str, Any]:
        """Return the rule as `make_model` takes it."""
        condition = {"field": "url" if self.kind else "title", "op": "contains", "value": self.word}
        row: dict[str, Any] = {"name": self.name, "key": self.name, "points": self.points}
        row |= {"condition": condition if self.word else {}}
        if self.kind:
            row |= {"kind": "activity", "dimension": "interest", "activity_kinds": [self.kind]}
            row |= {"half_life": self.half_life, "window": self.window}
        return row

    def points_at(self, at: datetime, deeds: Iterable[Deed], title: str) -> float:
        """Return what it gives at `at`."""
        if not self.kind:
            return self.points if self.word in title.lower() else 0.0
        counted = (d for d in deeds if d.kind == self.kind and self.word in d.url and not d.is_machine and d.at <= at)
        ages = [(at - deed.at) / DAY for deed in counted]
        inside = [age for age in ages if self.window is None or age < self.window]
        return sum(self.points * (0.5 ** (age / self.half_life) if self.half_life else 1.0) for age in inside)


@dataclass(frozen=True)
class Version:
    """One version of the scoring model."""

    threshold: int
    rules: tuple[Gives, ...]
    never: str = ""  # whoever has this word in their title is never a customer

    def total(self, at: datetime, deeds: Iterable[Deed], title: str) -> float:
        """Return the whole score at `at`."""
        known = list(deeds)
        return sum(rule.points_at(at, known, title) for rule in self.rules)

    def is_negative(self, title: str) -> bool:
        """Return whether the negative persona fits."""
        return bool(self.never) and self.never in title.lower()


HYSTERESIS = 5
HEAD = Gives("head", 20, word="head")
UNSUBSCRIBED = Gives("unsubscribed", -40, "unsubscribed", window=20)
VERSIONS = (
    Version(50, (HEAD, Gives("pricing", 30, "page_view", "pricing", half_life=30),
                 Gives("webinar", 34, "webinar_attended"), UNSUBSCRIBED)),
    Version(40, (HEAD, Gives("pricing", 26, "page_view", "pricing", window=25),
                 Gives("webinar", 20, "webinar_attended", half_life=60), UNSUBSCRIBED)),
    Version(60, (HEAD, Gives("pricing", 30, "page_view", "pricing", half_life=10),
                 Gives("webinar", 45, "webinar_attended", half_life=90)), never="student"),
)  # fmt: skip
