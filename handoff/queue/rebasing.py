"""Scoring the whole base anew after a publication, range by range, each in a transaction of its own.

A killed worker loses at most one range, and the next run goes on: who is still scored under another publication is
what there is to do. Most leads only get a new score; who is handed over or cools goes through the same act as ever.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.db import connection, connections, transaction
from django.db.models import Max, Q, QuerySet

from handoff.leads.columns import facts_in, scored_otherwise
from handoff.leads.models import HANDED_OVER_FROM, Lead, LeadScore, Stage
from handoff.leads.stored_scores import Found, store_range
from handoff.queue.rescoring import rescore
from handoff.queue.working import lock_leads
from scoring.engine import Facts, score
from scoring.fields import microseconds
from scoring.models import Publication
from scoring.publishing import current_publication, published, running_challenge

RANGE = 25_000  # leads: an activity of one of them may wait until the range is written
ROW_RANGE = 5_000  # where they are read row by row
FEW = 500  # where no more than these are left in a range, they are scored with all that follows
AT_ONCE = 500
LATE_COMERS = timedelta(minutes=10)


def rescore_stale(*, at: datetime) -> int:
    """Rescore everybody not yet scored under what is live, as of the publication; return how many."""
    publication = current_publication(at)
    # A challenge begins once all of the base has its score, and nothing is published before it ends.
    if publication is None or running_challenge(at) or not _is_behind(publication, at):
        return 0
    done = sum(_rescore_range(publication, found, at) for found in _read_ahead(publication))
    if not _stale(publication).exists():
        Publication.objects.filter(pk=publication.pk, rescored_at=None).update(rescored_at=at)
    return done


@dataclass(frozen=True)
class _Range:
    """Some leads: how they were scored, and then, unless they are few, the facts about them."""

    states: pl.DataFrame
    ids: "np.ndarray[Any, np.dtype[np.int64]]"
    facts: Facts | None


def _read(publication: Publication, above: int, up_to: int) -> _Range:
    # First the scores: whatever comes in after them is seen by its newer score.
    states = scored_otherwise(above, up_to, publication.pk)
    if states.height <= FEW:
        return _Range(states, states["id"].to_numpy(), None)
    ids, facts = facts_in(above, up_to, published(publication).needs)
    return _Range(states.filter(pl.col("id").is_in(ids)), ids, facts)


def _read_ahead(publication: Publication) -> Iterator[_Range]:
    """Yield the base range by range; where another connection may read, it reads the next while one is worked on."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        for above, up_to in ranges():
            yield _read(publication, above, up_to)
        return
    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting: Future[_Range] | None = None
        try:
            for above, up_to in ranges():
                following = reader.submit(_read, publication, above, up_to)
                if waiting:
                    yield waiting.result()
                waiting = following
            if waiting:
                yield waiting.result()
        finally:
            reader.submit(connections.close_all)  # the reader's, not ours


def ranges() -> Iterator[tuple[int, int]]:
    """Yield the base as ranges of ids, above one and up to another, of so many leads each."""
    size = RANGE if connection.vendor == "postgresql" else min(RANGE, ROW_RANGE)
    above, last = 0, Lead.objects.aggregate(last=Max("id"))["last"] or 0
    while above < last:
        ids = Lead.objects.filter(id__gt=above).order_by("id").values_list("id", flat=True)
        up_to = next(iter(ids[size - 1 : size]), last)
        yield above, up_to
        above = up_to


def _stale(publication: Publication) -> "QuerySet[LeadScore]":
    # Two ranges instead of "not equal", so that the index answers.
    return LeadScore.objects.filter(Q(publication__lt=publication.pk) | Q(publication__gt=publication.pk))


def _is_behind(publication: Publication, at: datetime) -> bool:
    if publication.rescored_at is None or _stale(publication).exists():
        return True
    # A lead that was coming in when the first version went live may have seen none.
    return at - publication.rescored_at < LATE_COMERS and Lead.objects.filter(score=None).exists()


def _rescore_range(publication: Publication, found: _Range, at: datetime) -> int:
    follow = found.states["id"]
    if found.facts:
        with transaction.atomic():
            follow = _store_range(publication, found.states, found.ids, found.facts)
    for first in range(0, len(follow), AT_ONCE):
        _follow(publication, follow[first : first + AT_ONCE].to_list(), at)
    return found.states.height


def _store_range(publication: Publication, states: pl.DataFrame, ids: Any, facts: Facts) -> pl.Series:
    """Store the scores of those for whom nothing follows from it; return the ids of the others."""
    prepared = published(publication)
    scores, now = score(prepared, facts), microseconds(publication.at)
    rows = np.searchsorted(ids, states["id"].to_numpy())
    held = np.zeros(len(ids), dtype=bool)
    held[rows] = states["is_mql"].fill_null(value=False).to_numpy()
    holds, qualifies = scores.holds(now, held), scores.holds(now, np.zeros(len(ids), dtype=bool))
    later = (states["created"] > now) | (states["scored"] > now).fill_null(value=False)
    awake = ~states["stage"].is_in([Stage.NURTURE, Stage.LOST]) | states["is_woken"]
    may_open = states["stage"].is_in(list(HANDED_OVER_FROM)) & awake & pl.Series(qualifies[rows])
    opens = publication.qualifying == Publication.Qualifying.NOW
    follows = later | (may_open & opens) | ((states["stage"] == Stage.MQL) & ~pl.Series(holds[rows]))
    was = states["scored"].filter(~follows)
    found = Found(scores, ids, holds, scores.first_crossings(now, holds))
    store_range(found, rows[~follows.to_numpy()], publication, publication.at, was=was)
    return states["id"].filter(follows)


def _follow(publication: Publication, ids: list[int], at: datetime) -> None:
    """Score these leads with all that follows; who came or was scored after the publication, as of now."""
    opens = publication.qualifying == Publication.Qualifying.NOW
    with transaction.atomic():
        lock_leads(ids)
        stale = Lead.objects.filter(id__in=ids).exclude(score__publication=publication)
        later = Q(created_at__gt=publication.at) | Q(score__scored_at__gt=publication.at)
        before = list(stale.exclude(later).values_list("id", flat=True))
        after = list(stale.filter(later).values_list("id", flat=True))
        rescore(before, at=at, scored_at=publication.at, opens=opens, publication=publication)
        rescore(after, at=at, publication=publication)
