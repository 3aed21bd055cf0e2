"""A challenger scores whom it drew, from their first score on; everybody else is scored by what is live."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from handoff.leads.challenging import lot, publications_for
from handoff.leads.models import Lead, LeadScore
from handoff.queue.merging import merge
from handoff.queue.models import Handoff
from handoff.queue.rebasing import rescore_stale
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.rescoring import act_on_crossings, read_one, refresh_moving
from handoff.queue.verifying import broken_rows
from scoring.challenging import end_challenge, start_challenge
from scoring.models import Challenge, Publication, ScoringModel
from scoring.publishing import NotPublishable, current_publication, publish
from scoring.rehearsing import ask, run_waiting
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_lead,
    make_live,
    make_model,
    make_rep,
    make_user,
    page_view,
)

pytestmark = pytest.mark.django_db
BEFORE = MONDAY_9AM - DAY
HIGHER = {**PRICING, "points": 60}


def rehearsed(model: ScoringModel) -> ScoringModel:
    ask(model, by=None, at=BEFORE)
    run_waiting(at=BEFORE)
    return model


@pytest.fixture
def challenge() -> Challenge:
    """Return one whose version hands over at the first look at the prices, where what is live wants two."""
    make_rep()
    make_live(PRICING, at=BEFORE - DAY)
    make_lead("known@acme.example")
    rescore_stale(at=BEFORE)
    return start_challenge(rehearsed(make_model(HIGHER)), share=50, weeks=4, by=None, at=MONDAY_9AM)


def come_in(number: int = 12) -> list[Lead]:
    """Let so many leads come in and look at the prices."""
    receive_leads([{"email": f"lead{n}@acme.example"} for n in range(number)], by=None, at=MONDAY_9AM + HOUR)
    leads = list(Lead.objects.exclude(email="known@acme.example").order_by("id"))
    receive_activities([page_view(lead, MONDAY_9AM + HOUR) for lead in leads], at=MONDAY_9AM + HOUR)
    return list(Lead.objects.filter(pk__in=[lead.pk for lead in leads]).order_by("id"))


def test_the_lot_decides_who_is_scored_by_which_and_each_is_handed_over_by_its_own(challenge: Challenge) -> None:
    leads = come_in()
    drawn = {lead.pk for lead in leads if lot(challenge, lead.pk) < 0.5}
    assert 0 < len(drawn) < len(leads)
    assert {lead.pk for lead in leads if lead.challenge_id == challenge.pk} == drawn
    for score in LeadScore.objects.filter(lead__in=leads):
        by = challenge.publication_id if score.lead_id in drawn else challenge.against_id
        assert (score.publication_id, score.total) == (by, 60 if score.lead_id in drawn else 30)
    assert set(Handoff.objects.values_list("lead_id", flat=True)) == drawn
    assert set(Handoff.objects.values_list("publication", flat=True)) == {challenge.publication_id}
    assert current_publication(MONDAY_9AM + HOUR) == challenge.against
    assert list(broken_rows()) == []


def test_who_was_known_before_or_comes_later_or_is_history_is_not_drawn(challenge: Challenge) -> None:
    Challenge.objects.update(ends_at=MONDAY_9AM + 2 * HOUR)
    known = Lead.objects.get()
    receive_activities([page_view(known, MONDAY_9AM + HOUR)], at=MONDAY_9AM + HOUR)
    rows = [{"email": f"late{n}@acme.example"} for n in range(12)]
    receive_leads(rows, by=None, at=MONDAY_9AM + 2 * HOUR)
    assert not Lead.objects.exclude(challenge=None).exists()


def test_no_tick_takes_a_lead_from_its_challenger_nor_does_the_end_of_the_draw(challenge: Challenge) -> None:
    come_in()
    before = dict(LeadScore.objects.values_list("lead", "publication"))
    LeadScore.objects.update(is_moving=True, crosses_at=MONDAY_9AM + 40 * DAY)
    later = MONDAY_9AM + 40 * DAY
    assert rescore_stale(at=later) == 0
    assert act_on_crossings(at=later) == len(before)
    refresh_moving(at=later + 2 * DAY)
    assert dict(LeadScore.objects.values_list("lead", "publication")) == before
    assert list(broken_rows()) == []


def test_pages_read_the_score_of_the_version_that_scores_the_lead(challenge: Challenge, client: Client) -> None:
    leads, now = come_in(), MONDAY_9AM + 2 * HOUR
    drawn = next(lead for lead in leads if lead.challenge_id)
    other = next(lead for lead in leads if not lead.challenge_id)
    read = {lead.pk: read_one(lead, at=now) for lead in (drawn, other)}
    assert [found.reading.total for found in read.values() if found] == [60, 30]
    client.force_login(make_user("ada", "admin"))
    row = Handoff.objects.get(lead=drawn)
    LeadScore.objects.update(is_moving=True)
    page = client.get(f"/queue/?view=team&handoff={row.pk}")
    shown = {each.handoff.lead_id: round(each.strength.total) for each in page.context["rows"]}
    assert set(shown.values()) == {60}


def test_the_queue_costs_the_same_queries_with_and_without_a_challenge(challenge: Challenge, client: Client) -> None:
    come_in()
    client.force_login(make_user("ada", "admin"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get("/queue/?view=team").status_code == 200
        return len(found)

    with_it = queries()
    end_challenge(challenge, by=None, at=MONDAY_9AM + 2 * HOUR)
    assert queries() <= with_it + 1


def test_ending_it_gives_its_leads_back_and_what_no_longer_holds_falls_back(challenge: Challenge) -> None:
    leads, end = come_in(), MONDAY_9AM + 3 * HOUR
    drawn = [lead.pk for lead in leads if lead.challenge_id]
    assert end_challenge(challenge, by=None, at=end)
    assert not end_challenge(challenge, by=None, at=end + HOUR)
    assert rescore_stale(at=end) == len(drawn)
    assert set(LeadScore.objects.values_list("publication", flat=True)) == {challenge.against_id}
    assert set(Handoff.objects.values_list("verdict", flat=True)) == {"cooled"}
    assert ScoringModel.objects.get(pk=challenge.publication.model_id).state == "retired"
    # What was so then stays so.
    lead = Lead.objects.get(pk=drawn[0])
    past = [read_one(lead, at=at, past=True) for at in (end - HOUR, end)]
    assert [read.publication for read in past if read] == [challenge.publication, challenge.against]
    assert list(broken_rows()) == []


def test_nothing_is_published_while_it_runs_and_a_challenger_is_no_draft(challenge: Challenge) -> None:
    with pytest.raises(NotPublishable, match="end it first"):
        publish(make_model(PRICING), by=None, at=MONDAY_9AM + HOUR)
    assert not ScoringModel.objects.get(pk=challenge.publication.model_id).is_draft
    end_challenge(challenge, by=None, at=MONDAY_9AM + HOUR)
    publish(challenge.publication.model, by=None, at=MONDAY_9AM + 2 * HOUR)
    assert current_publication(MONDAY_9AM + 2 * HOUR) == Publication.objects.latest("id")


def test_a_merged_lead_keeps_its_own_version(challenge: Challenge) -> None:
    leads = come_in()
    drawn = next(lead for lead in leads if lead.challenge_id)
    other = next(lead for lead in leads if not lead.challenge_id)
    merge(drawn, other, by=make_user("ada", "admin"), at=MONDAY_9AM + 2 * HOUR)
    assert LeadScore.objects.get(lead=drawn).publication == challenge.publication
    assert list(broken_rows()) == []


def test_it_starts_rehearsed_alone_beside_a_scored_base_and_differs_in_points_only() -> None:
    make_rep()
    with pytest.raises(NotPublishable, match="Nothing is live"):
        start_challenge(make_model(HIGHER), share=50, weeks=4, by=None, at=MONDAY_9AM)
    make_live(PRICING, at=BEFORE - DAY)
    make_lead()
    model = make_model(HIGHER)

    def refused(model: ScoringModel, **values: int) -> str:
        with pytest.raises(NotPublishable) as refusal:
            start_challenge(model, by=None, at=MONDAY_9AM, **{"share": 50, "weeks": 4, **values})
        return " ".join(refusal.value.problems)

    assert "Rehearse the version first" in refused(model)
    assert "wait until all leads are scored" in refused(model)
    rescore_stale(at=MONDAY_9AM)
    lane = make_model(HIGHER, fast_lane_kinds=["contact_request"])
    assert refused(rehearsed(lane)) == (
        "Lanes, content, personas and time zone must be those of what is live: a challenger differs in points."
    )
    assert "from 4 to 8 weeks" in refused(rehearsed(model), weeks=3)
    start_challenge(model, share=50, weeks=8, by=None, at=MONDAY_9AM)
    assert "runs already" in refused(rehearsed(make_model(HIGHER)))


@pytest.mark.parametrize("share", [1, 10, 33, 50])
def test_the_lot_falls_on_the_share_and_apart_from_other_challenges(share: int) -> None:
    n, chance = 20_000, share / 100
    drawn = [{lead for lead in range(n) if lot(Challenge(pk=key), lead) < chance} for key in (1, 2)]
    assert all(abs(len(each) - n * chance) <= 5 * (n * chance * (1 - chance)) ** 0.5 for each in drawn)
    rate = chance * chance
    assert abs(len(drawn[0] & drawn[1]) - n * rate) <= 5 * (n * rate * (1 - rate)) ** 0.5


def test_what_scores_whom_is_one_question_before_during_and_after_a_challenge(challenge: Challenge) -> None:
    leads = come_in()
    mine = [challenge.publication if lead.challenge_id else challenge.against for lead in leads]
    with CaptureQueriesContext(connection) as queries:
        assert publications_for(leads, MONDAY_9AM + HOUR) == mine
    assert len(queries) == 1
    ended_at = MONDAY_9AM + 3 * HOUR
    end_challenge(challenge, by=None, at=ended_at)
    assert publications_for(leads, ended_at - HOUR) == mine
    for at in (MONDAY_9AM - HOUR, ended_at):
        assert publications_for(leads, at) == [challenge.against] * len(leads)
    assert publications_for(leads, BEFORE - 2 * DAY) == [None] * len(leads)
