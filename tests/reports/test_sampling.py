"""What the line misses: the samples' verdicts beside those from above the line, and who reads them."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from django.test import Client

from handoff.people.models import User
from handoff.queue.models import Handoff, Sample, Sampling, Verdict
from reports.filters import ReportFilter
from reports.rules import rules_report
from reports.sampling import SamplingReport, sampling_report
from reports.statistics import Rate, wilson
from scoring.models import Publication
from tests.making import DAY, MONDAY_9AM, make_lead, make_live, make_manager, make_marketer, make_rep, make_team
from tests.reports.carrying import RULES, carry, end, say_no

pytestmark = pytest.mark.django_db
NOW = MONDAY_9AM + 60 * DAY
QUESTION = {"from": "2026-02-01", "to": "2026-04-30"}


@pytest.fixture(autouse=True)
def _later() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def live() -> Publication:
    return make_live(*RULES)


def agreement(*, share: int = 25) -> Sampling:
    signed = {"marketing_at": MONDAY_9AM, "sales_at": MONDAY_9AM, "started_at": MONDAY_9AM, "proposed_at": MONDAY_9AM}
    return Sampling.objects.create(team=make_team(), band=20, share=share, weekly_number=99, **signed)


def sample(
    sampling: Sampling, live: Publication, verdict: Verdict | None = None, opened_at: datetime = MONDAY_9AM
) -> Handoff:
    handoff = carry(live, {"size": 40})
    Handoff.objects.filter(pk=handoff.pk).update(opened_at=opened_at)
    drawn = {"lead": handoff.lead, "drawn": handoff.lead_id, "at": opened_at, "week": opened_at.date(), "total": 40}
    Sample.objects.create(sampling=sampling, handoff=handoff, **drawn)
    if verdict:
        end(handoff, verdict)
    return handoff


def passed_over(sampling: Sampling) -> None:
    lead = make_lead()
    Sample.objects.create(sampling=sampling, lead=lead, drawn=lead.pk, at=MONDAY_9AM, week=MONDAY_9AM.date(), total=40)


def asked() -> SamplingReport:
    question = ReportFilter(QUESTION, user=make_marketer(f"m{User.objects.count()}"), at=NOW)
    assert question.is_valid()
    return sampling_report(question.cohort(), at=NOW)


def test_samples_old_enough_stand_beside_what_came_by_score_from_above(live: Publication) -> None:
    sampling = agreement()
    for verdict in (Verdict.QUALIFIED, Verdict.LAPSED, None):
        sample(sampling, live, verdict)
    sample(sampling, live, Verdict.QUALIFIED, opened_at=NOW - 41 * DAY)
    for verdict in (Verdict.QUALIFIED, Verdict.QUALIFIED, Verdict.COOLED, Verdict.DISQUALIFIED, Verdict.LAPSED):
        end(carry(live, {"size": 60}), verdict)
    end(carry(live, {"size": 60}, route="fast_lane"), Verdict.QUALIFIED)
    report = asked()
    assert (report.below, report.above, report.younger) == (Rate(1, 3), Rate(2, 5), 1)


def test_a_sample_stands_for_what_the_lot_left_out(live: Publication) -> None:
    sampling, other = agreement(share=25), agreement_that_ended(share=50)
    for _ in range(2):
        sample(sampling, live, Verdict.QUALIFIED)
    for _ in range(2):
        passed_over(sampling)  # the week was full: half of the drawn
    sample(other, live, Verdict.LAPSED)
    report = asked()
    assert report.stands_for == 8 + 8 + 2
    bounds = wilson(2, 3)
    assert report.missed is not None
    assert (report.missed.low, report.missed.high) == (18 * bounds.low, 18 * bounds.high)


def agreement_that_ended(*, share: int) -> Sampling:
    Sampling.objects.update(ended_at=MONDAY_9AM)
    return agreement(share=share)


def test_nothing_is_said_of_nobody() -> None:
    report = asked()
    assert (report.below, report.missed, report.stands_for) == (Rate(0, 0), None, 0)


def test_the_usual_rate_among_handoffs_by_score_leaves_samples_out(live: Publication) -> None:
    say_no(sample(agreement(), live), make_rep())
    end(carry(live, {"size": 60}), Verdict.QUALIFIED)
    question = ReportFilter(QUESTION, user=make_marketer(), at=NOW)
    assert question.is_valid()
    report = rules_report(question.cohort(), at=NOW)
    assert (report.against, report.judged) == (Rate(0, 1), 2)


def test_marketing_reads_it_managers_once_it_tells_of_nobody_and_reps_never(live: Publication) -> None:
    sampling, said, rep = agreement(), "What the line misses", make_rep("rita")

    def shown(user: User) -> str:
        client = Client()
        client.force_login(user)
        page = client.get("/reports/rules/", QUESTION)
        assert page.status_code == 200
        return str(page.content.decode())

    marketer, manager = make_marketer(), make_manager()
    end(carry(live, {"size": 60}), Verdict.QUALIFIED)
    assert said not in shown(marketer)
    for _ in range(9):
        sample(sampling, live, Verdict.LAPSED)
    Handoff.objects.update(claimed_by=rep)
    assert said in shown(marketer)
    assert "0 of 9" in shown(marketer)
    assert said not in shown(manager)
    sample(sampling, live, Verdict.QUALIFIED)
    Handoff.objects.update(claimed_by=rep)
    assert said in shown(manager)
    assert "Rules at work" in shown(rep)
    assert said not in shown(rep)
