"""Back-test: what a version would have said of those handed over in a period, beside what sales said.

Each lead is scored as it was known at its handoff, and only handoffs old enough that sales has decided, or will not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from scoring.engine import Prepared, score
from scoring.judging import Bools, Floats, Judgement, judge
from scoring.models import ScoringModel
from scoring.population import Judged, Verdicts, population
from scoring.publishing import current_publication, prepared_of, published
from scoring.rates import Rate

OLD_ENOUGH = timedelta(days=42)  # the lapse window
MOST = 5_000  # handoffs, the newest: as many as a page can be waited for
FEWEST = 20  # verdicts of either kind, below which nothing is said


@dataclass(frozen=True)
class Backtest:
    """Two versions against the same verdicts, None where there are too few of them."""

    since: datetime
    until: datetime
    verdicts: Verdicts
    draft: Judgement | None
    live: Judgement | None

    @property
    def unjudged(self) -> Rate:
        """Of the leads known at the end of the period, those that nobody ever judged."""
        return Rate(self.verdicts.leads - self.verdicts.ever_judged, self.verdicts.leads)

    @property
    def is_cut(self) -> bool:
        """Whether there are more verdicts than were looked at."""
        return self.verdicts.accepted + self.verdicts.refused > MOST


def backtest(model: ScoringModel, *, since: datetime, until: datetime, at: datetime) -> Backtest:
    """Judge `model` and what is live at `at` by the verdicts on whoever was handed over in the period."""
    until = min(until, at - OLD_ENOUGH)
    since = min(since, until)
    found = population().verdicts(since=since, until=until)
    if min(found.accepted, found.refused) < FEWEST:
        return Backtest(since, until, found, None, None)
    publication = current_publication(at)
    versions = [prepared_of(model), *([published(publication)] if publication else [])]
    judgements = _judged(versions, since, until)
    return Backtest(since, until, found, judgements[0], judgements[1] if publication else None)


def _judged(versions: list[Prepared], since: datetime, until: datetime) -> list[Judgement]:
    needs = versions[0].needs
    for version in versions[1:]:
        needs = needs | version.needs
    yes: list[Bools] = []
    found: list[list[tuple[Floats, Bools]]] = [[] for _ in versions]
    for part in population().judged(needs, since=since, until=until, most=MOST):
        yes.append(part.accepted)
        for version, read in zip(versions, found, strict=True):
            read.append(scored_then(version, part))
    whole = [[np.concatenate(columns) for columns in zip(*read, strict=True)] for read in found]
    return [judge(totals, over, np.concatenate(yes)) for totals, over in whole]


def scored_then(version: Prepared, part: Judged) -> tuple[Floats, Bools]:
    """Return what `version` would have given each lead at its handoff, and whether that reaches its line."""
    scores, nobody = score(version, part.facts), np.zeros(len(part.at), dtype=np.bool_)
    return np.round(scores.dimensions(part.at).sum(axis=1), 6), scores.holds(part.at, nobody)
