"""What marketing does with verdicts: reads them by what they share, answers, and changes the rule in question."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.feedback.answering import answer
from handoff.feedback.models import FeedbackAnswer, RuleReview
from handoff.feedback.reviewing import review_rule
from handoff.lib.refusals import Incomplete, NotAllowed, WrongStage
from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.disqualification import disqualify
from handoff.queue.models import Disqualification, Handoff
from handoff.queue.receiving import receive_activities
from scoring.drafting import copy_to_draft
from scoring.models import Rule, ScoringModel
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_lead,
    make_live,
    make_marketer,
    make_reason,
    make_rep,
    make_team,
    page_view,
)  # fmt: skip
from tests.queue.test_pages import signed_in, text

pytestmark = pytest.mark.django_db
LATER = MONDAY_9AM + DAY
FEEDBACK = "/feedback/"


@pytest.fixture
def sam() -> User:
    return make_rep("sam")


@pytest.fixture
def max_() -> User:
    return make_marketer("max")


@pytest.fixture
def live() -> ScoringModel:
    return make_live({**PRICING, "points": 60}).model


def judged(by: User, slug: str = "no-budget", *, wrong: bool = False, **lead: str) -> Disqualification:
    person = make_lead(**lead)
    receive_activities([page_view(person, MONDAY_9AM)], at=MONDAY_9AM)
    handoff = Handoff.objects.get(lead=person)
    claim(handoff, by=by, at=MONDAY_9AM)
    reason = make_reason(slug)
    return disqualify(handoff, reason=reason, misleading=["pricing"] if wrong else [], by=by, at=MONDAY_9AM + HOUR)


def test_an_answer_reaches_who_gave_the_verdict_and_counts_as_read(live: ScoringModel, sam: User, max_: User) -> None:
    verdict = judged(sam)
    answer(verdict, text="They only compare tariffs", by=max_, at=LATER)
    verdict.refresh_from_db()
    assert (verdict.acknowledged_at, verdict.acknowledged_by) == (LATER, max_)
    notice = Notice.objects.get(cause__startswith="answer:")
    assert (notice.user, notice.url) == (sam, f"/feedback/?verdict={verdict.pk}")
    assert "They only compare tariffs" in notice.text
    page = text(signed_in(sam).get(notice.url))
    assert "They only compare tariffs" in page
    assert "Your answer to" not in page


def test_an_answer_has_words_and_comes_from_marketing(live: ScoringModel, sam: User, max_: User) -> None:
    verdict = judged(sam)
    with pytest.raises(Incomplete):
        answer(verdict, text="  ", by=max_, at=LATER)
    with pytest.raises(NotAllowed):
        answer(verdict, text="Me too", by=sam, at=LATER)
    verdict.refresh_from_db()
    assert verdict.acknowledged_at is None
    assert not FeedbackAnswer.objects.exists()


def test_a_rule_in_question_opens_in_a_draft_that_the_next_verdict_finds_too(
    live: ScoringModel, sam: User, max_: User
) -> None:
    first, second = judged(sam, wrong=True), judged(sam, wrong=True)
    rule = review_rule(first, rule="pricing", by=max_, at=LATER)
    assert (rule.key, rule.model.state, rule.model.version > live.version) == ("pricing", "draft", True)
    assert review_rule(second, rule="pricing", by=max_, at=LATER) == rule
    assert RuleReview.objects.count() == 2
    assert ScoringModel.objects.filter(state="draft").count() == 1


def test_a_rule_that_a_draft_dropped_is_not_brought_back(live: ScoringModel, sam: User, max_: User) -> None:
    verdict = judged(sam, wrong=True)
    Rule.objects.filter(model=copy_to_draft(live, by=max_, at=LATER)).delete()
    with pytest.raises(WrongStage):
        review_rule(verdict, rule="pricing", by=max_, at=LATER)
    assert not RuleReview.objects.exists()


def test_from_a_verdict_to_the_rule_is_one_click(live: ScoringModel, sam: User, max_: User) -> None:
    verdict, client = judged(sam, wrong=True), signed_in(max_)
    assert reverse("change-rule", args=[verdict.pk]) in text(client.get(FEEDBACK))
    there = client.post(reverse("change-rule", args=[verdict.pk]), {"rule": "pricing"}).headers["Location"]
    rule = Rule.objects.get(model__state="draft")
    assert there == reverse("admin:scoring_rule_change", args=[rule.pk])
    assert client.get(there).status_code == 200
    assert "led to" in text(client.get(f"{FEEDBACK}?show=all"))


@pytest.mark.parametrize(
    ("by", "value", "label"),
    [
        pytest.param("reason", "bad-fit", "Bad fit", id="by reason"),
        pytest.param("source", "webinar", "webinar", id="by source"),
        pytest.param("campaign", "spring", "spring", id="by campaign"),
        pytest.param("rule", "pricing", "Visited pricing", id="by rule"),
    ],
)
def test_verdicts_are_grouped_by_what_they_share(
    live: ScoringModel, sam: User, max_: User, by: str, value: str, label: str
) -> None:
    judged(sam, "bad-fit", wrong=True, source="webinar", campaign="spring", first_name="Wanted")
    judged(sam, source="fair", campaign="", first_name="Other")
    client = signed_in(max_)
    assert f"{label} <b>1</b>" in text(client.get(FEEDBACK, {"by": by}))
    page = text(client.get(FEEDBACK, {"by": by, "is": value}))
    assert "Wanted" in page
    assert "Other" not in page


def test_what_was_read_leaves_the_new_ones_and_stays_among_all(live: ScoringModel, sam: User, max_: User) -> None:
    verdicts, client = [judged(sam), judged(sam)], signed_in(max_)
    chosen = {"verdict": [verdict.pk for verdict in verdicts], "query": "by=source"}
    assert client.post(reverse("acknowledge"), chosen).headers["Location"] == f"{FEEDBACK}?by=source"
    assert "You have read every verdict" in text(client.get(FEEDBACK))
    assert text(client.get(f"{FEEDBACK}?show=all")).count("<article") == 2


def test_a_rep_reads_own_verdicts_only_and_a_stranger_answers_none(live: ScoringModel, sam: User) -> None:
    verdict = judged(sam, first_name="Mine")
    nina = make_rep("nina", team=make_team("Nordics"))
    assert "Mine" in text(signed_in(sam).get(FEEDBACK))
    assert "Mine" not in text(signed_in(nina).get(FEEDBACK))
    for name in ("answer-verdict", "change-rule"):
        assert signed_in(nina).post(reverse(name, args=[verdict.pk]), {"text": "x"}).status_code == 404
    refused: Client = signed_in(sam)
    refused.post(reverse("answer-verdict", args=[verdict.pk]), {"text": "x"})
    assert not FeedbackAnswer.objects.exists()


def test_the_page_costs_the_same_for_one_verdict_and_for_many(live: ScoringModel, sam: User, max_: User) -> None:
    client = signed_in(max_)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(FEEDBACK, {"by": "rule"})
        return len(queries)

    answer(judged(sam, wrong=True), text="Thanks", by=max_, at=LATER)
    judged(sam, wrong=True)
    cost()
    one = cost()
    for _ in range(5):
        judged(sam, wrong=True)
    assert cost() == one


def test_an_empty_group_does_not_say_that_every_verdict_is_read(live: ScoringModel, sam: User, max_: User) -> None:
    verdict, client = judged(sam), signed_in(max_)
    page = text(client.get(f"{FEEDBACK}?is=zzz"))
    assert "Nothing in this group" in page
    assert "You have read every verdict" not in page
    answer(verdict, text="Read.", by=max_, at=LATER)
    assert "You have read every verdict" in text(client.get(f"{FEEDBACK}?is=no-budget"))


def test_a_group_is_called_as_its_rule_is_in_what_was_published(live: ScoringModel, sam: User, max_: User) -> None:
    judged(sam, wrong=True)
    copy_to_draft(live, by=None, at=LATER).rules.filter(key="pricing").update(name="Tried out")
    assert "Tried out" not in text(signed_in(max_).get(f"{FEEDBACK}?by=rule"))
