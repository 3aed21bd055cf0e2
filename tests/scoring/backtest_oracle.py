"""A second back-test, row by row in plain Python from what the tables say: the one on the page has to agree."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from handoff.leads.models import Lead, LeadChange, profile_of
from handoff.queue.models import Handoff
from scoring.backtesting import Backtest
from scoring.fields import microseconds
from scoring.judging import Judgement
from scoring.models import ScoringModel
from scoring.spec import ModelSpec
from tests.scoring.oracle import Act, Person, answer, is_mql


@dataclass(frozen=True)
class Verdict:
    """One handoff with a verdict: the points it would have had, whether they reach the line, and what sales said."""

    total: float
    is_over: bool
    is_sql: bool


def assert_equals_the_oracle(found: Backtest, draft: ScoringModel, live: ScoringModel | None) -> None:
    """Compare every figure of `found`, for both versions."""
    assert_counts(found)
    for model, judgement in ((draft, found.draft), (live, found.live)):
        if model is None:
            assert judgement is None
        else:
            assert judgement is not None
            assert_judgement(judgement, verdicts(ScoringModel.objects.get(pk=model.pk).spec(), found))


def handed_over(found: Backtest) -> list[Handoff]:
    rows = Handoff.objects.select_related("lead__company", "disqualification__reason").order_by("opened_at", "id")
    return [row for row in rows if found.since <= row.opened_at < found.until and not row.is_imported_history]


def said(handoff: Handoff) -> bool | None:
    """Return what sales said of the lead, None for nothing that speaks for or against the rules."""
    if handoff.verdict == "disqualified":
        return False if handoff.disqualification.reason.counts_against_rules else None
    return True if handoff.verdict == "qualified" else None


def assert_counts(found: Backtest) -> None:
    rows = handed_over(found)
    assert found.verdicts.handed_over == len(rows)
    assert found.verdicts.accepted == sum(said(row) is True for row in rows)
    assert found.verdicts.refused == sum(said(row) is False for row in rows)
    known = [lead for lead in Lead.objects.all() if lead.created_at < found.until and not lead.is_imported_history]
    judged = {row.lead_id for row in Handoff.objects.all() if row.verdict in {"qualified", "disqualified"}}
    assert (found.unjudged.of, found.unjudged.count) == (len(known), sum(lead.pk not in judged for lead in known))


def verdicts(model: ModelSpec, found: Backtest) -> list[Verdict]:
    rows = []
    for handoff in handed_over(found):
        if said(handoff) is not None:
            at = microseconds(handoff.opened_at)
            points = answer(model, person(handoff.lead, handoff.opened_at), at)
            rows.append(Verdict(round(points.total, 6), is_mql(model, points, holds=False), bool(said(handoff))))
    return rows


def person(lead: Lead, at: datetime) -> Person:
    """Return the lead as it was known at `at`."""
    profile: dict[str, Any] = profile_of(lead)
    changes = [row for row in LeadChange.objects.filter(lead=lead) if row.of_merged is None and row.at > at]
    for change in sorted(changes, key=lambda row: (row.at, row.pk), reverse=True):
        profile.update(change.before)
    acts = [
        Act(row.source, row.source_id, microseconds(row.occurred_at), row.kind, row.is_machine, row.properties)
        for row in lead.activities.all()
        if row.occurred_at <= at and row.received_at <= at
    ]
    return Person(microseconds(lead.created_at), profile, acts)


def assert_judgement(found: Judgement, rows: list[Verdict]) -> None:
    sqls = [row for row in rows if row.is_sql]
    others = [row for row in rows if not row.is_sql]
    both = sum(row.is_over for row in sqls)
    assert (found.n, found.accepted) == (len(rows), len(sqls))
    assert (found.precision.count, found.precision.of) == (both, sum(row.is_over for row in rows))
    assert (found.kept.count, found.kept.of) == (both, len(sqls))
    for parts, figure in ((10, found.top_tenth), (5, found.top_fifth)):
        assert figure is not None
        assert figure.value == pytest.approx(lift(rows, parts))
    wins = sum((one.total > other.total) + (one.total == other.total) / 2 for one in sqls for other in others)
    assert found.auc is not None
    assert found.auc.value == pytest.approx(wins / (len(sqls) * len(others)))
    above = [[row for row in rows if row.total >= one.total] for one in sqls]
    shares = [sum(row.is_sql for row in some) / len(some) for some in above]
    assert found.average_precision is not None
    assert found.average_precision.value == pytest.approx(sum(shares) / len(shares))


def lift(rows: list[Verdict], parts: int) -> float:
    top = -(-len(rows) // parts)
    edge = sorted((row.total for row in rows), reverse=True)[top - 1]
    above, level = [row for row in rows if row.total > edge], [row for row in rows if row.total == edge]
    room = (top - len(above)) / len(level)
    hits = sum(row.is_sql for row in above) + room * sum(row.is_sql for row in level)
    return hits / top / (sum(row.is_sql for row in rows) / len(rows))
