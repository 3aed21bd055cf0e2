"""The feedback report and the promises of both sides, worked out by hand."""

from datetime import date

import pytest

from handoff.feedback.models import FeedbackAnswer, Promise
from handoff.people.models import User
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Disqualification
from handoff.queue.touching import log_touch
from reports.feedback import FeedbackReport
from reports.statistics import Rate, Spread
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    make_calendar,
    make_handoff,
    make_lead,
    make_manager,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    make_team,
)
from tests.reports.asking import report_of

pytestmark = pytest.mark.django_db
AT = MONDAY_9AM + 10 * DAY


def feedback_of(reader: User, query: str = "") -> FeedbackReport:
    report: FeedbackReport = report_of("feedback", reader, AT, query)
    return report


@pytest.fixture
def said_no() -> list[Disqualification]:
    """Three of five were disqualified a day later: two without a budget, one a student, by two sources."""
    make_calendar()
    make_policy()
    sam = make_rep()
    for source, slug in (
        ("Google", "no-budget"),
        ("Google", "no-budget"),
        ("Fair", "bad-fit"),
        ("Fair", ""),
        ("", ""),
    ):
        handoff = make_handoff(make_lead(source=source))
        if slug:
            disqualify(handoff, reason=make_reason(slug), by=sam, at=MONDAY_9AM + DAY)
    return list(Disqualification.objects.order_by("id"))


def test_reasons_by_source_and_week_and_the_days_to_an_answer(said_no: list[Disqualification]) -> None:
    max_ = make_marketer()
    FeedbackAnswer.objects.create(verdict=said_no[0], text="Right.", by=max_, at=MONDAY_9AM + 3 * DAY)
    report = feedback_of(max_)
    assert report.disqualified == Rate(3, 5)
    assert [(row.reason.slug, row.rate) for row in report.reasons] == [
        ("no-budget", Rate(2, 3)),
        ("bad-fit", Rate(1, 3)),
    ]
    groups = [(row.group.key, row.reason.slug, row.rate) for row in report.groups]
    assert groups == [("Google", "no-budget", Rate(2, 2)), ("Fair", "bad-fit", Rate(1, 1))]
    assert [(row.group.key, row.rate) for row in report.weeks] == [("2026-W10", Rate(2, 3)), ("2026-W10", Rate(1, 3))]
    # One answer after two days; two still wait after nine: two thirds are left.
    assert (report.answers.answered, report.answers.after) == (Rate(1, 3), Spread(1, None, None, 2))


def test_both_sides_of_the_agreement_stand_beside_what_came(said_no: list[Disqualification]) -> None:
    max_ = make_marketer()
    log_touch(make_handoff(), channel="call", outcome="voicemail", by=make_rep("sasha"), at=MONDAY_9AM + HOUR)
    FeedbackAnswer.objects.create(verdict=said_no[0], text="Right.", by=max_, at=MONDAY_9AM + 3 * DAY)
    Promise.objects.create(
        first=date(2026, 3, 1), last=date(2026, 3, 31), mqls=6, sql_percent=20, answer_days=3, in_time_percent=50
    )
    found = {row.key: row for row in feedback_of(max_).promises}
    assert (found["mqls"].count, found["mqls"].is_kept) == (6, True)
    # None of the three that are closed became an SQL.
    assert (found["sql"].rate, found["sql"].is_kept) == (Rate(0, 3), False)
    assert (found["answers"].rate, found["answers"].is_kept) == (Rate(1, 3), False)
    # One touch in time; the two others that are open are past due, the three rejected after a day were never touched.
    assert (found["in_time"].rate, found["in_time"].is_kept) == (Rate(1, 6), False)


def test_a_manager_reads_the_promises_of_own_teams_only() -> None:
    for team in (make_team(), make_team("Nordics")):
        Promise.objects.create(team=team, first=date(2026, 3, 1), last=date(2026, 3, 31), mqls=1)
    assert [row.team for row in feedback_of(make_manager()).promises] == ["Benelux"]
    assert feedback_of(make_rep()).promises == []
