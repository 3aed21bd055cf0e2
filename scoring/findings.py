"""What a version would do to everybody, counted batch by batch. Pure: facts and two models in, plain JSON out.

{"leads", "activities", "become", "fall_back", "holding": [live, draft], "by_source": [[label, become, fall back]],
 "by_team": [[label, become, fall back, handoffs a week live, draft]], "a_week": [live, draft],
 "histogram": [[from, live, draft]], "thresholds": [live, draft], "changed": {"become": [id], "fall_back": [id]}}
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.engine import Prepared, Scores, personas_of, score
from scoring.fields import DAY
from scoring.population import Batch

WEEKS = 4  # looked back for handoffs a week
BAR = 10  # points a bar of the histogram is wide
SAMPLE = 10
CHANGES = ("become", "fall_back")
Bools = npt.NDArray[np.bool_]


@dataclass
class Findings:
    """The counts so far of what `draft` would do at `at` (µs) where `live` scores now."""

    draft: Prepared
    live: Prepared | None
    at: int
    leads: int = 0
    activities: int = 0
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # of (change, what label, label)
    holding: list[int] = field(default_factory=lambda: [0, 0])
    a_week: list[Counter[str]] = field(default_factory=lambda: [Counter(), Counter()])
    bars: list[Counter[int]] = field(default_factory=lambda: [Counter(), Counter()])
    changed: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {change: [] for change in CHANGES})

    def add(self, batch: Batch) -> None:
        """Count these too."""
        self.leads += len(batch.ids)
        self.activities += batch.facts.activities.height
        scores = score(self.draft, batch.facts)
        nobody = np.zeros(len(batch.ids), dtype=bool)
        holds = scores.holds(self.at, batch.held)
        become = scores.holds(self.at, nobody) & batch.may_open & ~self._kept_out(batch)
        for change, which in zip(CHANGES, (become, batch.may_fall_back & ~holds), strict=True):
            for label in batch.labels.columns:
                self.counts.update((change, label, value) for value in batch.labels[label].filter(which))
            self._draw(change, batch, which)
        self._weigh(1, batch, scores, holds)
        if self.live:
            self._weigh(0, batch, score(self.live, batch.facts), batch.held)

    def _kept_out(self, batch: Batch) -> Bools:
        if all(persona.standing != "negative" for persona, _ in self.draft.personas):
            return np.zeros(len(batch.ids), dtype=bool)
        fitting = personas_of(self.draft, batch.facts.leads, self.at)
        return np.array([any(persona.standing == "negative" for persona in found) for found in fitting], dtype=bool)

    def _draw(self, change: str, batch: Batch, which: Bools) -> None:
        """Keep a few at random, but the same ones each time: those with the least hash."""
        hashes = (batch.ids[which].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(1)
        drawn = [*self.changed[change], *zip(hashes.tolist(), batch.ids[which].tolist(), strict=True)]
        self.changed[change] = sorted(drawn)[:SAMPLE]

    def _weigh(self, model: int, batch: Batch, scores: Scores, holds: Bools) -> None:
        self.holding[model] += int(holds.sum())
        totals = scores.dimensions(self.at).sum(axis=1)
        places, numbers = np.unique(np.floor(np.round(totals, 6) / BAR).astype(np.int64), return_counts=True)
        self.bars[model].update(dict(zip((places * BAR).tolist(), numbers.tolist(), strict=True)))
        teams = batch.labels["team"]
        for risen in _risings(scores, self.at):
            self.a_week[model].update(teams.filter(risen))

    def as_json(self) -> dict[str, Any]:
        """Return the whole as plain values."""
        bars = sorted(set(self.bars[0]) | set(self.bars[1]))
        models = [self.live.model if self.live else None, self.draft.model]
        sources = self._split("source")
        teams = self._split("team", {*self.a_week[0], *self.a_week[1]})
        return {
            "leads": self.leads,
            "activities": self.activities,
            "become": sum(row[1] for row in sources),
            "fall_back": sum(row[2] for row in sources),
            "holding": self.holding,
            "by_source": sources,
            "by_team": [[*row, *(counter[row[0]] / WEEKS for counter in self.a_week)] for row in teams],
            "a_week": [counter.total() / WEEKS for counter in self.a_week],
            "histogram": [[bar, self.bars[0][bar], self.bars[1][bar]] for bar in bars],
            "thresholds": [model.threshold if model else None for model in models],
            "changed": {change: [pk for _, pk in drawn] for change, drawn in self.changed.items()},
        }

    def _split(self, label: str, more: Collection[str] = ()) -> list[list[Any]]:
        values = {value for _, known, value in self.counts if known == label}.union(more)
        rows = [[value, *(self.counts[change, label, value] for change in CHANGES)] for value in values]
        return sorted(rows, key=lambda row: (-row[1] - row[2], row[0]))


def _risings(scores: Scores, at: int) -> list[Bools]:
    """Return, for each of the last days, who rose over the line in it, as the facts of today tell it."""
    nobody = np.zeros(len(scores.created), dtype=bool)
    days = [scores.holds(at - day * DAY, nobody) for day in range(WEEKS * 7, -1, -1)]
    return [now & ~before for before, now in pairwise(days)]
