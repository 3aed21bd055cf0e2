"""Both sides of the agreement: what marketing and sales promised for a team and a time, beside what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Min, Q
from django.utils.translation import gettext as _

from handoff.feedback.models import Promise
from handoff.queue.models import Clock, Disqualification, Verdict
from handoff.sla.models import Metric
from reports.cohorts import Cohort, Handoffs, reads_own_only
from reports.periods import LAPSE_WINDOW, Period
from reports.statistics import Rate


@dataclass(frozen=True)
class Kept:
    """One promise: whose, what, and how far it was kept."""

    promise: Promise
    side: str  # "marketing" or "sales"
    key: str
    what: str
    promised: int
    count: int | None
    rate: Rate | None

    @property
    def side_label(self) -> str:
        """Whose promise it is, in words."""
        return _("Marketing") if self.side == "marketing" else _("Sales")

    @property
    def team(self) -> str:
        """For which team."""
        return self.promise.team.name if self.promise.team else _("All teams")

    @property
    def is_kept(self) -> bool | None:
        """Whether it was kept so far; None where nothing can be said yet."""
        if self.rate is None:
            return self.count is not None and self.count >= self.promised
        return None if self.rate.share is None else 100 * self.rate.share >= self.promised

    @property
    def kept_label(self) -> str:
        """Whether it was kept so far, in words."""
        return {True: _("kept"), False: _("not kept"), None: _("too early to say")}[self.is_kept]


def kept_promises(cohort: Cohort, *, at: datetime) -> list[Kept]:
    """Return the promises of the reader's teams for times that touch the period, each beside what came of it."""
    period, reader = cohort.period, cohort.reader
    if reads_own_only(reader):
        return []
    found = Promise.objects.filter(first__lte=period.last, last__gte=period.first).select_related("team")
    if not (reader.is_admin or reader.is_marketer):
        found = found.filter(team__in=reader.team_ids())
    return [kept for promise in found for kept in _kept(promise, cohort, at)]


def _kept(promise: Promise, cohort: Cohort, at: datetime) -> Iterator[Kept]:
    meant = Period(promise.first, promise.last, cohort.period.zone)
    own = cohort.among.filter(opened_at__gte=meant.start, opened_at__lt=meant.end).exclude(verdict=Verdict.MERGED)
    own = own.filter(team=promise.team) if promise.team else own
    if promise.mqls is not None:
        yield Kept(promise, "marketing", "mqls", _("leads handed over"), promise.mqls, own.count(), None)
    if promise.sql_percent is not None:
        settled = own.filter(Q(closed_at__isnull=False) | Q(opened_at__lte=at - LAPSE_WINDOW))
        sqls = Rate(settled.filter(verdict=Verdict.QUALIFIED).count(), settled.count())
        yield Kept(promise, "marketing", "sql", _("became SQLs, in percent"), promise.sql_percent, None, sqls)
    if promise.answer_days is not None:
        what = _("answered within %(days)d days, in percent") % {"days": promise.answer_days}
        yield Kept(promise, "marketing", "answers", what, 100, None, _answered(own, promise.answer_days, at))
    for key, metric, percent, what in (
        ("in_time", Metric.FIRST_TOUCH, promise.in_time_percent, _("first touches in time, in percent")),
        ("verdicts", Metric.VERDICT, promise.verdict_percent, _("verdicts in time, in percent")),
    ):
        if percent is not None:
            yield Kept(promise, "sales", key, what, percent, None, _in_time(own, metric, at))
    if promise.attempts is not None:
        lapsed = own.silent().filter(is_imported_history=False)
        enough = Rate(lapsed.filter(touches_count__gte=promise.attempts).count(), lapsed.count())
        what = _("“no response” only after %(n)d attempts, in percent") % {"n": promise.attempts}
        yield Kept(promise, "sales", "attempts", what, 100, None, enough)


def _answered(own: Handoffs, days: int, at: datetime) -> Rate:
    """Return how many of the verdicts that are old enough were answered or read within so many days."""
    allowed = timedelta(days=days)
    said = Disqualification.objects.filter(handoff__in=own, at__lte=at - allowed)
    answers = said.annotate(first_answer=Min("answers__at"))
    in_time = Q(first_answer__lte=F("at") + allowed) | Q(acknowledged_at__lte=F("at") + allowed)
    return Rate(answers.filter(in_time).count(), said.count())


def _in_time(own: Handoffs, metric: Metric, at: datetime) -> Rate:
    """Return the share in time as the SLA report counts it."""
    clocks = Clock.objects.filter(handoff__in=own.filter(is_imported_history=False), metric=metric, round=1)
    done = clocks.filter(ending=Clock.Ending.MET)
    in_time = done.filter(stopped_at__lte=F("due_at")).count()
    missed = clocks.filter(Q(stopped_at=None, due_at__lt=at) | Q(stopped_at__gt=F("due_at"))).count()
    return Rate(in_time, in_time + missed)
