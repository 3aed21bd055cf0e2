"""In a child: publishing the measured model, and rescoring everybody after it."""

import time
from datetime import timedelta

from django.db.models import Min

from handoff.leads.models import LeadScore
from handoff.queue.rebasing import rescore_stale
from scoring.models import Publication, Rule, ScoringModel
from tests.benchmarks.base import AT
from tests.benchmarks.model import publish_model


def publish_anew() -> dict[str, int]:
    """Forget what earlier runs published and publish the thirty rules; everybody's score is stale from then on."""
    first = Publication.objects.aggregate(first=Min("id"))["first"]
    Publication.objects.exclude(id=first).delete()
    later = ScoringModel.objects.exclude(publications=first)
    Rule.objects.filter(model__in=later).delete()
    later.delete()
    ScoringModel.objects.update(state=ScoringModel.State.LIVE)
    return {"publication": publish_model(AT).pk}


def rescore() -> dict[str, float]:
    """Rescore everybody; return how many, and how long it took."""
    begun, worked = time.perf_counter(), time.process_time()
    done = rescore_stale(at=AT + timedelta(minutes=1))
    assert done == LeadScore.objects.count(), f"{done} leads were rescored"
    return {"leads": done, "seconds": time.perf_counter() - begun, "process": time.process_time() - worked}
