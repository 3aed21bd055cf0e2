"""The alignment meeting: what the two teams look at together, for a period, and what they decided.

- Promises: marketing's and sales' in the period, beside those of the period that it is compared with.
- Five that went well: SQLs of handoffs of the period; won ones first, then the strongest BANT, then the quickest.
- Five that did not: disqualified for a reason that counts against the rules; the highest score first.
- Reasons: the most frequent ones among the disqualified of the period.
- Rules to discuss: the most harmful of those at work in the half-year that ended six weeks before the period's end.
- Decisions: those made in the period, and older ones that were not done before it began.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handoff.feedback.models import Decision
from handoff.queue.models import Disqualification, Handoff, Verdict
from reports.cohorts import Cohort, Handoffs
from reports.periods import LAPSE_WINDOW, Period
from reports.promises import Kept, kept_promises
from reports.rules import RuleRow, rules_report
from reports.statistics import Rate

SHOWN = 5
LOOKED_BACK = timedelta(days=181)


@dataclass(frozen=True)
class Promised:
    """A promise, what came of it, and what came of the same one last time."""

    now: Kept
    before: Kept | None


@dataclass(frozen=True)
class Example:
    """A handoff worth talking about, and why."""

    handoff: Handoff
    why: str

    @property
    def url(self) -> str:
        """Where it opens."""
        return reverse("handoff", args=[self.handoff.pk])


@dataclass(frozen=True)
class ReasonRow:
    """A reason, its share of the disqualified, and its share in the period before."""

    name: str
    rate: Rate
    before: Rate


@dataclass(frozen=True)
class DecisionRow:
    """A decision, and how it stands at a moment."""

    decision: Decision
    is_carried: bool  # it was made before the period
    is_overdue: bool

    @property
    def state(self) -> str:
        """How it stands, in words."""
        if self.decision.done_at:
            return _("done")
        return _("overdue") if self.is_overdue else _("open")


@dataclass(frozen=True)
class MeetingReport:
    """All of it."""

    handed_over: int
    promises: list[Promised]
    well: list[Example]
    badly: list[Example]
    reasons: list[ReasonRow]
    rules: list[RuleRow]
    decisions: list[DecisionRow]


def meeting_report(cohort: Cohort, *, at: datetime) -> MeetingReport:
    """Return what there is to talk about."""
    own = cohort.handoffs.exclude(verdict=Verdict.MERGED)
    return MeetingReport(
        handed_over=own.count(),
        promises=_promises(cohort, at),
        well=list(_well(own)),
        badly=list(_badly(own)),
        reasons=_reasons(own, cohort.other.handoffs),
        rules=_rules(cohort, at),
        decisions=list(_decisions(cohort.period, at)),
    )


def _promises(cohort: Cohort, at: datetime) -> list[Promised]:
    last_time = {_which(kept): kept for kept in kept_promises(cohort.other, at=at)}
    return [Promised(kept, last_time.get(_which(kept))) for kept in kept_promises(cohort, at=at)]


def _which(kept: Kept) -> tuple[int | None, str]:
    return kept.promise.team_id, kept.key


def _well(own: Handoffs) -> Iterator[Example]:
    best = [F("deal__is_won").desc(nulls_last=True), F("qualification__strength").desc(nulls_last=True)]
    found = own.filter(verdict=Verdict.QUALIFIED, closed_at__isnull=False).exclude(deal__is_won=False)
    ranked = found.order_by(*best, F("closed_at") - F("opened_at"), "id")
    for handoff in ranked.select_related("lead__company", "qualification__takes_over", "deal")[:SHOWN]:
        assert handoff.closed_at is not None
        days = max(0, (handoff.closed_at - handoff.opened_at).days)
        won = ngettext("won after %(days)d day", "won after %(days)d days", days)
        said = ngettext("an SQL after %(days)d day", "an SQL after %(days)d days", days)
        yield Example(handoff, (won if hasattr(handoff, "deal") else said) % {"days": days})


def _badly(own: Handoffs) -> Iterator[Example]:
    found = own.filter(verdict=Verdict.DISQUALIFIED, disqualification__reason__counts_against_rules=True)
    ranked = found.select_related("lead__company", "disqualification__reason").order_by("-total", "id")
    for handoff in ranked[:SHOWN]:
        said = handoff.disqualification
        yield Example(handoff, f"{said.why}: {said.note}" if said.note else said.why)


def _reasons(own: Handoffs, before: Handoffs) -> list[ReasonRow]:
    now, then = _counted(own), _counted(before)
    of, of_then = now.total(), then.total()
    return [ReasonRow(name, Rate(n, of), Rate(then[name], of_then)) for name, n in now.most_common(SHOWN)]


def _counted(handoffs: Handoffs) -> "Counter[str]":
    said = Disqualification.objects.filter(handoff__in=handoffs).select_related("reason")
    counted = said.values("reason__name").annotate(n=Count("id")).order_by("-n", "reason__name")
    return Counter({_(row["reason__name"]): row["n"] for row in counted})


def _rules(cohort: Cohort, at: datetime) -> list[RuleRow]:
    last = min(cohort.period.last, cohort.period.local_date(at)) - LAPSE_WINDOW
    settled = replace(cohort, period=Period(last - LOOKED_BACK, last, cohort.period.zone))
    return [row for row in rules_report(settled, at=at).rows if row.harm > 0 and not row.is_too_few][:SHOWN]


def _decisions(period: Period, at: datetime) -> Iterator[DecisionRow]:
    wanted = Q(done_at=None) | Q(done_at__gte=period.start)
    today = period.local_date(at)
    for decision in Decision.objects.filter(wanted, at__lt=period.end).select_related("owner", "done_by"):
        is_overdue = decision.done_at is None and decision.due_on < today
        yield DecisionRow(decision, decision.at < period.start, is_overdue)
