"""In a child: the queue as a rep, a manager and an open page ask for it, beside the bare queries of its rows."""

import time
from functools import partial
from importlib import import_module

import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from handoff.people.models import User
from handoff.queue.models import Handoff
from tests.benchmarks.desks import NOW

TIMES = 60
QUEUE, EMPTY = "/queue/", "/notices/"
MOST_QUERIES = 15
OPEN_PAGE = {"HX-Request": "true"}
# Which 25 come first, and then what a row shows of them: the least that must be asked.
ALL = "closed_at IS NULL"
MINE = "closed_at IS NULL AND (claimed_by_id = %(user)s OR (claimed_by_id IS NULL AND assigned_to_id = %(user)s))"
TEAM = "closed_at IS NULL AND team_id IN (SELECT team_id FROM people_membership WHERE user_id = %(user)s)"
IDS = """
SELECT id FROM queue_handoff WHERE {} AND (snoozed_until IS NULL OR snoozed_until <= %(now)s)
ORDER BY priority DESC, due_at, total DESC, id LIMIT 25
"""
ROWS = """
SELECT handoff.*, lead.*, company.name, score.*, holder.first_name, holder.last_name, team.name
FROM queue_handoff handoff JOIN leads_lead lead ON lead.id = handoff.lead_id
LEFT JOIN leads_company company ON company.id = lead.company_id
LEFT JOIN leads_leadscore score ON score.lead_id = lead.id
LEFT JOIN people_user holder ON holder.id = coalesce(claimed_by_id, assigned_to_id)
LEFT JOIN people_team team ON team.id = handoff.team_id
WHERE handoff.id = ANY(%s)
"""
CLOCKS = "SELECT * FROM queue_clock WHERE stopped_at IS NULL AND handoff_id = ANY(%s)"
STEPS = "SELECT * FROM queue_nextstep WHERE ended_at IS NULL AND handoff_id = ANY(%s)"


def look() -> dict[str, float]:
    """Return milliseconds and queries of each page, and milliseconds of the bare queries of its rows."""
    import_module("handoff.config.wsgi")  # loaded as the server loads it
    rep, manager, marketer = (User.objects.get(username=name) for name in ("desk0rep0", "desk0", "max"))
    figures: dict[str, float] = {"open": Handoff.objects.open().count()}
    with time_machine.travel(NOW, tick=True):
        for name, user, address, headers, rows in (
            ("rep", rep, f"{QUEUE}?view=mine", {}, MINE),
            ("manager", manager, f"{QUEUE}?view=team", {}, TEAM),
            ("live", manager, f"{QUEUE}?view=team", OPEN_PAGE, TEAM),
            ("all", marketer, f"{QUEUE}?view=team", {}, ALL),
        ):
            client = Client(headers=headers, SERVER_NAME="127.0.0.1")
            client.force_login(user)
            found = _beside(client, address, IDS.format(rows), user)
            figures |= {f"{name}_{figure}": value for figure, value in found.items()}
    return figures


def _beside(client: Client, address: str, ids: str, user: User) -> dict[str, float]:
    """Ask for the page, for an empty one and for the bare rows in turn, so that a busy moment meets all of them."""
    asked = {
        "page": partial(_get, client, address),
        "empty": partial(_get, client, EMPTY),
        "bare": partial(_bare, ids, user),
    }
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(TIMES + 1):
        for name, ask in asked.items():
            begun = time.perf_counter()
            ask()
            taken[name].append((time.perf_counter() - begun) * 1000)
    with CaptureQueriesContext(connection) as queries:
        _get(client, address)
    assert len(queries) <= MOST_QUERIES, f"{address}: {len(queries)} queries"
    figures: dict[str, float] = {"queries": len(queries)}
    for name, times in taken.items():
        ordered = sorted(times[1:])  # the first time warms the caches
        figures |= {f"{name}_p50": ordered[len(ordered) // 2], f"{name}_p95": ordered[len(ordered) * 95 // 100]}
    return figures


def _get(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content


def _bare(ids: str, user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ids, {"user": user.pk, "now": NOW})
        chosen = [row[0] for row in cursor.fetchall()]
        for statement in (ROWS, CLOCKS, STEPS):
            cursor.execute(statement, [chosen])
            cursor.fetchall()
    assert len(chosen) == 25
