"""In a child: the tick that acts on crossings which have come."""

import time
from datetime import timedelta
from statistics import median

from django.db import connection
from django.db.models import Count

from handoff.leads.models import Lead, LeadScore, Stage
from handoff.queue.rescoring import act_on_crossings
from tests.benchmarks.base import AT

TIMES = 5


def cross(due: int) -> dict[str, float]:
    """Let `due` leads come to their crossing, several times; return the median of the tick's seconds.

    They hold until then, each has between five and fifteen activities, and none opens a handoff.
    """
    chosen = _alike(due)
    Lead.objects.filter(id__in=chosen).update(stage=Stage.CUSTOMER)
    taken = []
    for _ in range(TIMES + 1):
        crosses_at = AT - timedelta(minutes=1)
        LeadScore.objects.update(crosses_at=None)
        LeadScore.objects.filter(lead__in=chosen).update(is_mql=True, crosses_at=crosses_at)
        connection.cursor().execute("VACUUM ANALYZE leads_leadscore")
        begun = time.perf_counter()
        done = act_on_crossings(at=AT)
        taken.append(time.perf_counter() - begun)
        assert done == len(chosen), f"{done} of {len(chosen)} leads crossed"
    return {"seconds": median(taken[1:]), "due": len(chosen)}  # the first time warms the caches


def _alike(due: int) -> list[int]:
    """Return leads from all over the base that did about as much as each other."""
    counted = Lead.objects.filter(score__total__lt=25).annotate(did=Count("activities"))
    alike = list(counted.filter(did__gte=5, did__lte=15).order_by("id").values_list("id", flat=True))
    assert len(alike) >= due, f"only {len(alike)} leads are alike; {due} are wanted"
    return alike[:: len(alike) // due][:due]
