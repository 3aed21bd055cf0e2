"""The floor under a rescore: reading the columns that it needs and writing the scores, and nothing between the two."""

import time

from tests.benchmarks.base import AT, Base, Connection

RANGE = 50_000  # leads at a time
# Times stay the eight bytes that they are: binary COPY of a time is its microseconds.
ACTIVITIES = """
COPY (SELECT lead_id, occurred_at, kind, is_machine,
             properties ->> 'url', properties ->> 'seconds', properties ->> 'topic'
      FROM leads_activity WHERE lead_id >= {low} AND lead_id < {high}) TO STDOUT (FORMAT binary)
"""
LEADS = """
COPY (SELECT lead.id, created_at, title, lead.country, email_is_free, traits -> 'team_size', traits -> 'plan',
             traits -> 'interests', industry, employees, company.country, is_mql
      FROM leads_lead lead LEFT JOIN leads_company company ON company.id = lead.company_id
      LEFT JOIN leads_leadscore score ON score.lead_id = lead.id
      WHERE lead.id >= {low} AND lead.id < {high}) TO STDOUT (FORMAT binary)
"""
COLUMNS = "publication_id, total, fit, interest, timing, grade, is_mql, is_moving, scored_at, crosses_at"
UPDATE = f"""
UPDATE leads_leadscore SET ({COLUMNS}) = ROW(fresh.publication_id, fresh.total, fresh.fit, fresh.interest, fresh.timing,
    fresh.grade, fresh.is_mql, fresh.is_moving, fresh.scored_at, fresh.crosses_at)
FROM bench_fresh fresh WHERE fresh.lead_id = leads_leadscore.lead_id
"""


def seconds_of_floor(base: Base, publication: int) -> tuple[float, float]:
    """Return how long the bare reading takes, and the bare writing."""
    reading = writing = 0.0
    with base.connection() as connection:
        connection.execute("CREATE TEMPORARY TABLE bench_fresh (LIKE leads_leadscore)")
        for low in range(1, base.leads + 1, RANGE):
            high = min(low + RANGE, base.leads + 1)
            begun = time.perf_counter()
            _drain(connection, LEADS, low, high)
            _drain(connection, ACTIVITIES, low, high)
            reading += time.perf_counter() - begun
            rows = "".join(_row(lead, publication) for lead in range(low, high))
            begun = time.perf_counter()
            _write(connection, rows)
            writing += time.perf_counter() - begun
    return reading, writing


def _drain(connection: Connection, statement: str, low: int, high: int) -> None:
    text = statement.format(low=low, high=high)
    with connection.cursor().copy(text) as copy:
        for _bytes in copy:
            pass


def _row(lead: int, publication: int) -> str:
    moment = AT.isoformat()
    crosses = moment if lead % 10 == 0 else "\\N"
    points = (lead * 7919 % 1000) / 16
    values = (lead, points, points / 2, points / 4, points / 4, "B3", "f", "t", moment, crosses, publication)
    return "\t".join(map(str, values)) + "\n"


def _write(connection: Connection, rows: str) -> None:
    with connection.transaction():
        connection.execute("TRUNCATE bench_fresh")
        with connection.cursor().copy("COPY bench_fresh FROM STDIN") as copy:
            copy.write(rows)
        connection.execute(UPDATE)
