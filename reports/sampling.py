"""What the line misses: sales' verdicts on the samples from below it, beside those on handoffs from above it.

Both are handoffs of the cohort that are older than the lapse window of 42 days; above the line are those that came by
score. A sample stands for the leads of its band that the lot left out too (`SampleQuerySet.weights`): `missed` says how
many SQLs there are among those for whom the samples stand.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from handoff.queue.models import Route, Sample, Verdict
from reports.cohorts import Cohort
from reports.periods import LAPSE_WINDOW
from reports.statistics import Interval, Rate


@dataclass(frozen=True)
class SamplingReport:
    """SQL rates below and above the line. `younger` samples are left out; the others stand for `stands_for` leads."""

    below: Rate
    above: Rate
    younger: int
    stands_for: float

    @property
    def missed(self) -> Interval | None:
        """Between how many SQLs there are among the leads for whom the samples stand, None of none."""
        bounds = self.below.interval
        return Interval(bounds.low * self.stands_for, bounds.high * self.stands_for) if bounds else None


def sampling_report(cohort: Cohort, *, at: datetime) -> SamplingReport:
    """Return what became of the samples of `cohort`, as it stands at `at`, in three queries."""
    handoffs = cohort.handoffs.filter(route=Route.SCORE, is_imported_history=False)
    is_old = Q(opened_at__lte=at - LAPSE_WINDOW)
    sampled = list(handoffs.exclude(sample=None).values_list("pk", "verdict", "opened_at"))
    old = {pk: verdict for pk, verdict, opened_at in sampled if opened_at <= at - LAPSE_WINDOW}
    above = handoffs.filter(is_old, sample=None).aggregate(
        count=Count("pk", filter=Q(verdict=Verdict.QUALIFIED)), of=Count("pk")
    )
    weights = Sample.objects.weights() if old else {}
    return SamplingReport(
        below=Rate(list(old.values()).count(Verdict.QUALIFIED), len(old)),
        above=Rate(**above),
        younger=len(sampled) - len(old),
        stands_for=sum(weights[pk] for pk in old),
    )


def readable_report(cohort: Cohort, *, at: datetime) -> SamplingReport | None:
    """Return what its reader may read: a rep nothing, a manager not before there are too many samples to be guessed."""
    if cohort.reader.is_rep:
        return None
    report = sampling_report(cohort, at=at)
    is_readable = cohort.reader.is_admin or cohort.reader.is_marketer or not report.below.is_too_few
    return report if is_readable and report.below.of + report.younger else None
