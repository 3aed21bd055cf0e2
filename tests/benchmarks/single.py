"""In a child: the score of one lead with 60 activities, explained, under 30 rules and under 500."""

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median

from django.db import transaction
from django.db.models import Max

from handoff.leads.models import Activity, Lead
from handoff.queue.rescoring import read_one
from tests.benchmarks.base import AT
from tests.benchmarks.model import publish_model

TIMES = 50
DID = 60


def read() -> dict[str, float]:
    """Return the median milliseconds by the wall clock and of this process, under each number of rules."""
    figures: dict[str, float] = {}
    with transaction.atomic():
        lead = _busy_lead()
        for rules in (30, 500):
            at = AT + timedelta(hours=rules)
            publish_model(at, rules=rules)
            wall, process = milliseconds(lambda at=at: read_one(lead, at=at), times=TIMES)  # type: ignore[misc]
            figures |= {f"wall_{rules}": wall, f"process_{rules}": process}
        transaction.set_rollback(True)
    return figures


def milliseconds(work: Callable[[], object], *, times: int) -> tuple[float, float]:
    """Return how long `work` takes, by the wall clock and by this process's own: medians of so many times."""
    work()
    taken = []
    for _ in range(times):
        wall, process = time.perf_counter(), time.process_time()
        work()
        taken.append(((time.perf_counter() - wall) * 1000, (time.process_time() - process) * 1000))
    return median(wall for wall, _ in taken), median(process for _, process in taken)


def _busy_lead() -> Lead:
    """Return a lead that did sixty of the things that were done last, in as many hours."""
    lead = Lead.objects.select_related("company").filter(company__isnull=False).order_by("id")[0]
    Activity.objects.filter(lead=lead).delete()
    last = Activity.objects.aggregate(last=Max("id"))["last"]
    copied = list(Activity.objects.filter(lead__isnull=False, is_machine=False).order_by("-id")[:DID])
    for number, activity in enumerate(copied, start=1):
        activity.pk, activity.lead, activity.source = last + number, lead, "bench"
        activity.occurred_at = AT - timedelta(days=number * 2, hours=number)
    Activity.objects.bulk_create(copied)
    return lead
