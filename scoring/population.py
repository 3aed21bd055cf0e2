"""The port through which scoring sees the world; settings.POPULATION names who stands behind it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
from django.conf import settings
from django.utils.module_loading import import_string

from scoring.conditions import Catalogue
from scoring.engine import Facts, Needs
from scoring.fields import FieldType

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """Some of those who are scored: row by row their id, facts, and what would follow from another score."""

    ids: npt.NDArray[np.int64]
    facts: Facts
    held: Bools  # is an MQL by the stored score
    may_open: Bools  # would be handed over, were they to qualify
    may_fall_back: Bools  # waits untouched in the queue, and leaves it when the score no longer holds
    labels: pl.DataFrame  # "source" and "team", as people read them


@dataclass(frozen=True)
class Known:
    """One of those who are scored, as people know them."""

    id: int
    name: str
    url: str


@dataclass(frozen=True)
class Outcomes:
    """What became of some in a period: row by row their id, profile facts as known now, and what sales said.

    `refused` means no for good, and that the rules were wrong; whoever was ever accepted is not among them.
    """

    ids: npt.NDArray[np.int64]
    profiles: pl.DataFrame
    accepted: Bools
    refused: Bools


@dataclass(frozen=True)
class Judged:
    """Handoffs on which sales said yes, or no against the rules: row by row when, and the lead as it was known then."""

    at: npt.NDArray[np.int64]  # µs
    facts: Facts
    accepted: Bools


@dataclass(frozen=True)
class Verdicts:
    """What was said of the handoffs of a period, and how many leads known at its end were ever judged."""

    handed_over: int
    accepted: int
    refused: int  # against the rules
    sampled: int  # of both: those that stood below the line, and were handed over to learn what it misses
    leads: int
    ever_judged: int


@dataclass(frozen=True)
class Capacity:
    """How many handoffs a week a team can take, None where too few are closed to tell; and how many open at once."""

    team: str
    at_once: int
    a_week: float | None


class Population(Protocol):
    """Those who are scored, as far as scoring has to know."""

    def profile_fields(self) -> Catalogue:
        """Return the fields of a profile, by name."""

    def activity_fields(self) -> Catalogue:
        """Return the fields of an activity, by name."""

    def activity_kinds(self) -> list[tuple[str, str]]:
        """Return the kinds of activities with their labels."""

    def seen_values(self, source: str, field: str) -> list[str]:
        """Return values that were seen lately in the field `field` of "profile" or "activity", most frequent first."""

    def scored(self, publication: int) -> tuple[int, int]:
        """Return how many are scored under that publication, and how many there are."""

    def size(self) -> int:
        """Return how many there are."""

    def batches(self, needs: Needs, persona_fields: dict[str, FieldType]) -> Iterator[Batch]:
        """Yield everybody, some thousands at a time, with the facts that are needed."""

    def some(self, ids: Sequence[int], needs: Needs) -> tuple[list[Known], Facts, list[str]]:
        """Return how people know these, the facts about them in that order, and what their activities are called.

        Who is gone is left out.
        """

    def outcomes(self, fields: dict[str, FieldType], *, since: datetime) -> Outcomes:
        """Return what became of everybody on whom sales decided since then, with these facts of their profiles."""

    def verdicts(self, *, since: datetime, until: datetime) -> Verdicts:
        """Return what was said of those handed over from `since` until before `until`; imported history is left out."""

    def judged(self, needs: Needs, *, since: datetime, until: datetime, most: int) -> Iterator[Judged]:
        """Yield the newest of them on which sales said yes, or no against the rules, some thousands at a time.

        The newest part comes first, and in each part what was handed over first.
        """

    def not_suggested(self) -> frozenset[str]:
        """Return the fields, of one person or firm, and the acts of our own, that no rule is to be suggested from."""

    def looked_up(self, words: str) -> list[Known]:
        """Return a few whose name, address or company begins like `words`; the best known ones without."""

    def capacity(self) -> list[Capacity]:
        """Return what each team can take."""


@lru_cache(maxsize=1)
def population() -> Population:
    """Return the population that settings name."""
    found: Population = import_string(settings.POPULATION)()
    return found
