"""In a child: activities through the API, in lists of 1000 and one by one, beside the bare INSERT of the same rows."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import time_machine
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from handoff.leads.models import Activity, Lead, Stage
from handoff.people.models import User
from handoff.people.tokens import make_token
from handoff.queue.models import Handoff
from tests.benchmarks.base import AT
from tests.benchmarks.single import milliseconds

ADDRESS = "/api/v1/activities/"
A_LIST = 1000
SINGLES = 50
COLUMNS = "lead_id, source, source_id, kind, occurred_at, received_at, properties, is_machine, waits_key"
Row = tuple[Any, ...]


def take_in(lists: int, opens: int) -> dict[str, float]:
    """Post so many lists; return activities a second, those of the bare INSERT, and milliseconds of a single one.

    Unless it `opens`, everybody is a customer already, so that nobody is handed over.
    """
    # Who holds was handed over before; what comes in now finds them with sales.
    known = Lead.objects.filter(score__is_mql=True) if opens else Lead.objects.all()
    known.exclude(stage=Stage.CUSTOMER).update(stage=Stage.CUSTOMER)
    with time_machine.travel(AT + timedelta(hours=2), tick=True):
        client = _client()
        rows = list(_copies((lists + 1) * A_LIST))
        posted = [rows[first : first + A_LIST] for first in range(0, len(rows), A_LIST)]
        bodies = [json.dumps([_as_json(row, "posted") for row in batch]) for batch in posted]
        bare = _seconds_of_insert(posted[1:])
        _post(client, bodies[0])  # warms up
        begun = time.perf_counter()
        for body in bodies[1:]:
            _post(client, body)
        taken = time.perf_counter() - begun
        singles = iter([json.dumps(_as_json(row, "single")) for row in rows[: SINGLES + 1]])
        wall, process = milliseconds(lambda: _post(client, next(singles)), times=SINGLES)
    many = lists * A_LIST
    return {
        "rate": many / taken,
        "bare": many / bare,
        "wall": wall,
        "process": process,
        "handoffs": Handoff.objects.count(),
    }


def _client() -> APIClient:
    marketer = User.objects.get(username="max")
    client = APIClient(raise_request_exception=True, SERVER_NAME="127.0.0.1")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_token(marketer, at=timezone.now())}")
    return client


def _post(client: APIClient, body: str) -> None:
    answer = client.post(ADDRESS, body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert not answer.json()["rejected"], answer.json()


def _copies(many: int) -> Iterator[Row]:
    """Yield rows for the table like the last ones in it, by the same leads, done again just now."""
    now = timezone.now()
    kept = Activity.objects.order_by("-id").values_list("lead_id", "kind", "properties", "is_machine")[:many]
    for number, (lead, kind, properties, is_machine) in enumerate(kept):
        yield lead, str(number), kind, now - timedelta(seconds=many - number), now, properties, is_machine


def _as_json(row: Row, source: str) -> dict[str, Any]:
    lead, number, kind, happened, _now, properties, is_machine = row
    return {
        "source": source,
        "id": number,
        "lead": {"external_id": f"crm-{lead}"},
        "kind": kind,
        "occurred_at": happened.isoformat(),
        "properties": {**properties, "machine": True} if is_machine else properties,
    }


def _seconds_of_insert(batches: list[list[Row]]) -> float:
    """Return how long it takes to insert the rows as they are stored, a list in a statement and a transaction."""
    taken = 0.0
    for batch in batches:
        values = [
            value
            for lead, number, kind, happened, now, properties, is_machine in batch
            for value in (lead, "bare", number, kind, happened, now, json.dumps(properties), is_machine, "")
        ]
        places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s)"] * len(batch))
        begun = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO leads_activity ({COLUMNS}) VALUES {places}", values)
        taken += time.perf_counter() - begun
    return taken
