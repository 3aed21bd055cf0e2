"""Rehearsals: what they say is what publishing does to the same rows."""

import random
from datetime import timedelta
from operator import attrgetter
from typing import Any

import pytest

from handoff.leads.models import Hold, Lead, LeadScore, Stage, TraitField
from handoff.leads.recording import register_traits
from handoff.people.models import Membership
from handoff.queue.claiming import claim
from handoff.queue.models import Handoff, Verdict
from handoff.queue.rebasing import rescore_stale
from handoff.queue.receiving import receive_activities
from scoring.models import Challenge, Persona, Publication, Rehearsal, Rule, ScoringModel
from scoring.publishing import NotPublishable, digest_of, publish
from scoring.rehearsing import ask, latest, run, run_waiting
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_lead,
    make_live,
    make_marketer,
    make_model,
    make_rep,
    make_team,
    page_view,
)

pytestmark = pytest.mark.django_db
DUTCH = {"condition": {"field": "country", "op": "is", "value": "NL"}}
LATER = MONDAY_9AM + DAY


def rehearsed(model: ScoringModel, at: Any = LATER) -> Rehearsal:
    """Return a finished rehearsal of `model`."""
    rehearsal = ask(model, by=None, at=at)
    run(rehearsal, at=at)
    return rehearsal


def populate(chance: random.Random) -> None:
    """Fill the base with leads of every kind, some of them in the queue, some worked on, some asleep or held."""
    teams, rep = [make_team(), make_team("DACH")], make_rep()
    for number in range(60):
        team = chance.choice(teams)
        lead = make_lead(country=chance.choice(["NL", "DE"]), source=chance.choice(["Fair", "Ads", ""]), team=team)
        visits = [MONDAY_9AM - chance.randrange(40) * DAY - number * HOUR for _ in range(chance.randrange(5))]
        receive_activities([page_view(lead, at, url=chance.choice(["/pricing/", "/"])) for at in visits], at=MONDAY_9AM)
    rescore_stale(at=MONDAY_9AM)
    for handoff in Handoff.objects.filter(team=teams[0]).order_by("id")[:4]:
        claim(handoff, by=rep, at=MONDAY_9AM)
    idle = list(Lead.objects.filter(stage=Stage.LEAD).order_by("id"))
    Lead.objects.filter(pk__in=[lead.pk for lead in idle[:4]]).update(stage=Stage.NURTURE)
    Lead.objects.filter(pk__in=[lead.pk for lead in idle[4:6]]).update(stage=Stage.CUSTOMER)
    Hold.objects.create(lead=idle[-1], reason=Hold.Reason.BY_HAND, at=MONDAY_9AM)


@pytest.mark.parametrize("seed", range(4))
def test_publishing_does_on_the_same_rows_what_the_rehearsal_said(seed: int) -> None:
    ads = {"condition": {"field": "source", "op": "is", "value": "Ads"}, "points": 30}
    make_live({**PRICING, "points": 30, "half_life": 10}, {**DUTCH, "points": 20}, ads, threshold=60)
    populate(random.Random(seed))
    falling = make_lead(country="NL", source="Ads", team=make_team())
    receive_activities([page_view(falling, MONDAY_9AM - 14 * DAY)], at=MONDAY_9AM)
    german = {"condition": {"not": DUTCH["condition"]}, "points": 10}
    draft = make_model({**PRICING, "points": 40, "window": 20}, german, threshold=50, hysteresis=5)
    Persona.objects.create(
        model=draft, key="p1", name="Fair visitor", standing="negative",
        condition={"all": [{"field": "source", "op": "is", "value": "Fair"}, german["condition"]]},
    )  # fmt: skip
    before = set(Handoff.objects.values_list("pk", flat=True))
    rehearsal = rehearsed(draft)
    said = rehearsal.findings
    assert said is not None
    publish(draft, by=None, at=LATER, rehearsal=rehearsal)
    rescore_stale(at=LATER)
    opened = Handoff.objects.exclude(pk__in=before).select_related("lead__team")
    cooled = Handoff.objects.filter(pk__in=before, verdict=Verdict.COOLED).select_related("lead__team")
    assert said["become"] == opened.count() > 0
    assert said["fall_back"] == cooled.count() > 0
    for label, of in (("by_source", attrgetter("lead.source")), ("by_team", attrgetter("lead.team.name"))):
        for value, become, fall_back, *_ in said[label]:
            assert become == sum(of(handoff) == value for handoff in opened)
            assert fall_back == sum(of(handoff) == value for handoff in cooled)
    assert said["holding"][1] == LeadScore.objects.filter(is_mql=True).count()
    assert sum(bar[2] for bar in said["histogram"]) == said["leads"] == 61
    assert set(said["changed"]["become"]) <= {handoff.lead_id for handoff in opened}
    assert set(said["changed"]["fall_back"]) <= {handoff.lead_id for handoff in cooled}


def test_handoffs_a_week_are_the_risings_of_the_last_four_weeks() -> None:
    make_live({**PRICING, "points": 50}, threshold=50)
    for days in (3, 10, 24, 40):
        receive_activities([page_view(make_lead(at=LATER - 60 * DAY), LATER - days * DAY)], at=LATER)
    said = rehearsed(make_model({**PRICING, "points": 30}, {"points": 20}, threshold=50)).findings
    assert said is not None
    assert said["a_week"] == [0.75, 0.75]
    assert said["by_team"][0][3:] == [0.75, 0.75]
    nothing = rehearsed(make_model({**PRICING, "points": 30}, threshold=50)).findings
    assert nothing is not None
    assert nothing["a_week"] == [0.75, 0]


def test_capacity_is_what_a_team_carries_over_how_long_a_lead_stays() -> None:
    rep = make_rep()
    Membership.objects.update(capacity=20)
    make_live(PRICING)
    make_lead()
    said = rehearsed(make_model(PRICING)).findings
    assert said is not None
    assert said["capacity"] == [{"team": "Benelux", "at_once": 20, "a_week": None}]
    for _ in range(20):
        Handoff.objects.create(
            lead=make_lead(), team=make_team(), route="score", opened_at=LATER - 14 * DAY, closed_at=LATER,
            verdict="lapsed", claimed_by=rep, total=0, fit=0, interest=0, timing=0,
        )  # fmt: skip
    said = rehearsed(make_model(PRICING)).findings
    assert said is not None
    assert said["capacity"][0]["a_week"] == 10


def test_the_first_version_is_rehearsed_against_nothing() -> None:
    make_lead(country="NL")
    said = rehearsed(make_model({**DUTCH, "points": 60})).findings
    assert said is not None
    assert (said["become"], said["holding"], said["thresholds"], said["live"]) == (1, [0, 1], [None, 50], None)


def test_a_version_with_mistakes_is_not_rehearsed() -> None:
    with pytest.raises(NotPublishable, match="colour"):
        ask(make_model({"points": 5, "condition": {"field": "colour", "op": "is", "value": 1}}), by=None, at=LATER)


def test_asking_twice_waits_for_one() -> None:
    draft = make_model(PRICING)
    assert ask(draft, by=None, at=LATER) == ask(draft, by=make_marketer(), at=LATER + HOUR)


def test_a_version_changed_since_is_not_published_on_the_old_rehearsal() -> None:
    draft = make_model(PRICING)
    rehearsal = rehearsed(draft)
    Rule.objects.update(points=31)
    assert latest(draft) is None
    with pytest.raises(NotPublishable, match="changed after rehearsal"):
        publish(draft, by=None, at=LATER, rehearsal=rehearsal)
    with pytest.raises(NotPublishable, match="of another version"):
        publish(make_model(PRICING), by=None, at=LATER, rehearsal=rehearsal)


def test_a_rehearsal_against_what_was_live_before_publishes_nothing() -> None:
    first = make_live(PRICING).model
    draft, other = make_model({**PRICING, "points": 31}), make_model({**PRICING, "points": 32})
    rehearsal, rollback = rehearsed(draft), rehearsed(other)
    publish(other, by=None, at=LATER, rehearsal=rollback)
    assert latest(draft) is None
    with pytest.raises(NotPublishable, match=r"Test v3 went live after rehearsal \d+"):
        publish(draft, by=None, at=LATER + DAY, rehearsal=rehearsal)
    publish(first, by=None, at=LATER + DAY, rehearsal=rehearsed(first, at=LATER + DAY))
    with pytest.raises(NotPublishable, match="went live after"):
        publish(other, by=None, at=LATER + DAY, rehearsal=rollback)
    assert latest(first) is None
    again = rehearsed(draft, at=LATER + DAY)
    assert latest(draft) == again
    publish(draft, by=None, at=LATER + DAY, rehearsal=again)


def test_a_challenger_voids_no_rehearsal() -> None:
    live, draft = make_live(PRICING), make_model({**PRICING, "points": 31})
    rehearsal = rehearsed(draft)
    beside = Publication.objects.create(model=make_model(PRICING), at=LATER)
    until = LATER + 28 * DAY
    Challenge.objects.create(
        publication=beside, against=live, share=50, started_at=LATER, ends_at=until, ended_at=LATER
    )
    assert latest(draft) == rehearsal
    publish(draft, by=None, at=LATER + DAY, rehearsal=rehearsal)


def test_a_version_is_the_same_before_and_after_it_is_read_back() -> None:
    lane = {"op": "is", "value": "support", "field": "topic", "id": "x"}
    draft = make_model(PRICING, fast_lane_kinds=["contact_request"], fast_lane_condition={"not": lane, "id": "y"})
    rehearsal = rehearsed(draft)
    assert digest_of(ScoringModel.objects.get()) == rehearsal.content_digest
    publish(ScoringModel.objects.get(), by=None, at=LATER, rehearsal=rehearsal)


def test_an_unfinished_rehearsal_publishes_nothing() -> None:
    draft = make_model(PRICING)
    with pytest.raises(NotPublishable, match="not finished"):
        publish(draft, by=None, at=LATER, rehearsal=ask(draft, by=None, at=LATER))
    assert not Publication.objects.exists()


def test_a_draft_changed_while_its_rehearsal_waited_is_said_so() -> None:
    draft = make_model(PRICING)
    rehearsal = ask(draft, by=None, at=LATER)
    Rule.objects.update(points=31)
    assert run_waiting(at=LATER) == 1
    rehearsal.refresh_from_db()
    assert (rehearsal.error, rehearsal.findings) == ("changed", None)


def test_a_rehearsal_whose_worker_died_is_taken_over() -> None:
    rehearsal = ask(make_model(PRICING), by=None, at=LATER)
    Rehearsal.objects.update(alive_at=LATER)
    assert run_waiting(at=LATER + timedelta(seconds=30)) == 0
    assert run_waiting(at=LATER + timedelta(seconds=90)) == 1
    rehearsal.refresh_from_db()
    assert rehearsal.findings is not None
    assert run_waiting(at=LATER + DAY) == 0


def test_a_rehearsal_that_fails_says_so_and_the_next_one_is_still_worked_out() -> None:
    register_traits({"city": ("City", "choice")})
    lost = ask(make_model({"points": 5, "condition": {"field": "traits.city", "op": "is_filled"}}), by=None, at=LATER)
    fine = ask(make_model(PRICING), by=None, at=LATER)
    TraitField.objects.all().delete()
    assert run_waiting(at=LATER) == 2
    lost.refresh_from_db()
    fine.refresh_from_db()
    assert (lost.error, lost.findings) == ("failed", None)
    assert fine.findings is not None


def test_rehearsing_changes_no_lead_and_no_handoff() -> None:
    make_live({**PRICING, "points": 60})
    populate(random.Random(9))
    before = [list(model.objects.order_by("pk").values()) for model in (Lead, LeadScore, Handoff, Hold)]
    rehearsed(make_model({**PRICING, "points": 10}))
    assert [list(model.objects.order_by("pk").values()) for model in (Lead, LeadScore, Handoff, Hold)] == before
