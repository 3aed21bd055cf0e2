"""The hand-written statement of score.sql: how long it takes, and whether its totals are the stored ones."""

import time
from dataclasses import dataclass

from tests.benchmarks.base import Base, Connection

NEAR = 1e-6
# What its author would set: room to sort in, and no compiling, which costs more here than it saves.
SETTINGS = "SET work_mem = '256MB'; SET jit = off"
COMPUTES = "SELECT count(*), sum(total) FROM scored"
WRITES = """
UPDATE leads_leadscore stored
SET publication_id = %s, total = scored.total, fit = scored.fit, interest = scored.interest, timing = scored.timing,
    grade = CASE WHEN scored.fit >= 30 THEN 'A' WHEN scored.fit >= 20 THEN 'B'
                 WHEN scored.fit >= 10 THEN 'C' ELSE 'D' END
         || CASE WHEN scored.interest + scored.timing >= 60 THEN '1' WHEN scored.interest + scored.timing >= 40 THEN '2'
                 WHEN scored.interest + scored.timing >= 20 THEN '3' ELSE '4' END,
    is_mql = scored.total >= 36 - CASE WHEN is_mql THEN 5 ELSE 0 END
         AND scored.fit >= 10 - CASE WHEN is_mql THEN 5 ELSE 0 END,
    is_moving = true, scored_at = {at}, crosses_at = NULL
FROM scored
WHERE scored.lead_id = stored.lead_id
"""
COMPARED = """
SELECT count(*) FILTER (WHERE abs(scored.total - stored.total) <= 1e-6), count(*), count(*) FILTER (WHERE is_mql),
       count(crosses_at)
FROM leads_leadscore stored LEFT JOIN scored ON scored.lead_id = stored.lead_id
"""


@dataclass(frozen=True)
class Agreement:
    """In how many of the stored scores the statement finds the same total; how many hold, and how many will cross."""

    same: int
    leads: int
    holding: int
    crossing: int


def seconds_to_compute(base: Base) -> float:
    """Return how long the statement takes to compute every total, and to add them up."""
    with base.connection() as connection:
        return _timed(connection, base.text("score.sql") + COMPUTES)


def seconds_to_write(base: Base, publication: int) -> float:
    """Return how long it takes to compute them and to write them into the stored scores."""
    tail = WRITES.replace("{at}", base.at).replace("%s", str(publication))
    with base.connection() as connection:
        return _timed(connection, base.text("score.sql") + tail)


def agreement(base: Base) -> Agreement:
    """Compare the stored totals with the statement's."""
    with base.connection() as connection:
        connection.execute(SETTINGS)
        row = connection.execute(base.text("score.sql") + COMPARED).fetchone()
    assert row is not None
    return Agreement(*row)


def _timed(connection: Connection, statement: str) -> float:
    connection.execute(SETTINGS)
    begun = time.perf_counter()
    connection.execute(statement)
    return time.perf_counter() - begun
