"""Sampling below the line: who is drawn, within what both teams agreed to, and what happens to them afterwards."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from handoff.leads.models import Hold, Lead, LeadScore, Stage
from handoff.lib.refusals import NotAllowed, NotOpen, WrongStage
from handoff.outbox.models import Notice
from handoff.people.models import Team, User
from handoff.queue.excluding import exclude
from handoff.queue.merging import merge
from handoff.queue.models import Clock, Handoff, Route, Sample, Sampling
from handoff.queue.rebasing import rescore_stale
from handoff.queue.receiving import receive_activities
from handoff.queue.rescoring import rescore
from handoff.queue.sampling import end_sampling, hand_over_samples, lot, propose_sampling, sign_sampling
from handoff.queue.verifying import broken_rows
from scoring.models import Persona
from scoring.publishing import publish
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_calendar,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_model,
    make_policy,
    make_rep,
    make_team,
    make_user,
    page_view,
)

pytestmark = pytest.mark.django_db
AGREED = MONDAY_9AM - DAY
POINTS = {"NL": 45, "DE": 40, "FR": 39, "BE": 50}  # where 50 make an MQL, and the band is of 10
RULES = [
    {"condition": {"field": "country", "op": "is", "value": country}, "points": points}
    for country, points in POINTS.items()
]


def agree(team: Team | None = None, *, share: int = 100, weekly_number: int = 100, band: int = 10) -> Sampling:
    """Let a marketer and a manager agree, the day before."""
    team = team or make_team()
    sampling = propose_sampling(
        team, band=band, share=share, weekly_number=weekly_number, by=make_marketer(f"m{team.pk}"), at=AGREED
    )
    sign_sampling(sampling, by=make_manager(f"b{team.pk}", team=team), at=AGREED)
    return Sampling.objects.get(pk=sampling.pk)


def scored(country: str = "NL", **values: Any) -> Lead:
    """Make a new lead with its score, which opens nothing."""
    lead = make_lead(country=country, **{"at": AGREED + HOUR, **values})
    rescore([lead.pk], at=MONDAY_9AM, opens=False)
    return lead


def handed_over() -> set[int]:
    return set(Handoff.objects.values_list("lead_id", flat=True))


@pytest.fixture
def live() -> None:
    make_rep()
    make_live(*RULES, at=AGREED - DAY)


@pytest.mark.usefixtures("live")
def test_a_sample_is_a_handoff_by_score_like_any_other_with_its_clocks_and_its_true_score() -> None:
    make_calendar()
    make_policy()
    sampling, lead = agree(), scored()
    assert hand_over_samples(at=MONDAY_9AM) == 1
    handoff = Handoff.objects.get()
    assert (handoff.lead, handoff.route, handoff.total, handoff.is_paced) == (lead, Route.SCORE, 45.0, False)
    assert handoff.reasons[0]["points"] == 45
    assert Clock.objects.running().filter(handoff=handoff).count() == 2
    sample = Sample.objects.get()
    assert (sample.sampling, sample.lead, sample.handoff, sample.total) == (sampling, lead, handoff, 45.0)
    assert sample.week == MONDAY_9AM.date()
    assert list(broken_rows()) == []


@pytest.mark.usefixtures("live")
def test_nothing_is_drawn_before_both_teams_have_signed_nor_after_one_has_ended_it() -> None:
    marketer, manager = make_marketer(), make_manager()
    sampling = propose_sampling(make_team(), band=10, share=100, weekly_number=5, by=marketer, at=AGREED)
    scored()
    assert hand_over_samples(at=MONDAY_9AM) == 0
    with pytest.raises(WrongStage):
        sign_sampling(sampling, by=marketer, at=AGREED)
    sign_sampling(sampling, by=manager, at=AGREED)
    assert hand_over_samples(at=AGREED - HOUR) == 0
    end_sampling(sampling, by=manager, at=MONDAY_9AM)
    assert hand_over_samples(at=MONDAY_9AM) == 0
    with pytest.raises(NotOpen):
        end_sampling(sampling, by=manager, at=MONDAY_9AM)


def test_only_the_two_sides_sign_and_each_tells_the_other() -> None:
    team, manager, marketer = make_team(), make_manager(), make_marketer()
    elsewhere = make_manager("noel", team=make_team("Nordics"))
    size = {"band": 10, "share": 10, "weekly_number": 3}
    for stranger in (make_rep(), elsewhere, make_user("ada", "admin")):
        with pytest.raises(NotAllowed):
            propose_sampling(team, **size, by=stranger, at=AGREED)
    sampling = propose_sampling(team, **size, by=manager, at=AGREED)
    assert set(Notice.objects.values_list("user__username", flat=True)) == {"max"}
    with pytest.raises(NotAllowed):
        sign_sampling(sampling, by=elsewhere, at=AGREED)
    with pytest.raises(WrongStage):
        propose_sampling(team, **size, by=marketer, at=AGREED)
    sign_sampling(sampling, by=marketer, at=AGREED + HOUR)
    sampling.refresh_from_db()
    assert (sampling.sales_by, sampling.marketing_by, sampling.started_at) == (manager, marketer, AGREED + HOUR)


def _held(lead: Lead) -> None:
    Hold.objects.create(lead=lead, reason=Hold.Reason.BY_HAND, at=AGREED)


def _handed_over_before(lead: Lead) -> None:
    Handoff.objects.create(
        lead=lead, route=Route.SCORE, opened_at=AGREED, closed_at=AGREED, verdict="cooled", total=0, fit=0,
        interest=0, timing=0,
    )  # fmt: skip


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    ("values", "then"),
    [
        pytest.param({"country": "FR"}, None, id="too far below"),
        pytest.param({"country": "BE"}, None, id="on the line"),
        pytest.param({"at": AGREED - HOUR}, None, id="known before"),
        pytest.param({"is_imported_history": True}, None, id="imported"),
        pytest.param({"stage": Stage.NURTURE}, None, id="asleep"),
        pytest.param({"stage": Stage.SQL}, None, id="with sales"),
        pytest.param({}, _held, id="held"),
        pytest.param({}, _handed_over_before, id="handed over before"),
    ],
)
def test_who_is_not_new_and_just_below_and_free_is_not_drawn(values: dict[str, Any], then: Any) -> None:
    agree()
    lead = scored(**values)
    if then:
        then(lead)
    before = Handoff.objects.count()
    assert hand_over_samples(at=MONDAY_9AM) == 0
    assert Handoff.objects.count() == before
    assert not Sample.objects.exists()


def test_a_negative_persona_holds_a_lead_that_would_be_a_sample() -> None:
    make_rep()
    model = make_model(*RULES)
    Persona.objects.create(model=model, key="s", name="Student", standing="negative", condition=RULES[0]["condition"])
    publish(model, by=None, at=AGREED - DAY)
    agree()
    scored()
    assert hand_over_samples(at=MONDAY_9AM) == 0
    assert Hold.objects.get().reason == Hold.Reason.PERSONA
    assert not Sample.objects.exists()


@pytest.mark.usefixtures("live")
def test_what_qualifies_by_the_time_it_is_drawn_comes_by_itself_and_is_no_sample() -> None:
    agree()
    lead = scored()
    Lead.objects.filter(pk=lead.pk).update(country="BE")  # the stored score does not know yet
    assert hand_over_samples(at=MONDAY_9AM) == 0
    assert Handoff.objects.get().total == 50
    assert not Sample.objects.exists()


@pytest.mark.usefixtures("live")
def test_only_the_team_that_agreed_gets_samples_while_it_is_at_work_and_has_room() -> None:
    make_calendar()
    agree()
    scored(team=make_team("Nordics"))
    lead = scored()
    assert hand_over_samples(at=MONDAY_9AM - HOUR) == 0
    rep = User.objects.get(username="sam")
    rep.memberships.update(capacity=0)
    assert hand_over_samples(at=MONDAY_9AM) == 0
    rep.memberships.update(capacity=1)
    assert hand_over_samples(at=MONDAY_9AM) == 1
    assert handed_over() == {lead.pk}


def test_leads_above_the_line_that_wait_for_their_day_go_first() -> None:
    make_rep()
    publish(make_model(*RULES), by=None, at=AGREED, qualifying="paced", pace=1)
    agree()
    scored()
    above = scored("BE")
    rescore_stale(at=MONDAY_9AM)
    assert hand_over_samples(at=MONDAY_9AM) == 0
    rescore([above.pk], at=MONDAY_9AM, is_paced=True)
    assert hand_over_samples(at=MONDAY_9AM) == 1


def test_a_sample_does_not_cool_and_is_not_said_to() -> None:
    make_rep()
    make_live({**PRICING, "points": 45, "half_life": 5}, at=AGREED - DAY)
    agree()
    lead = make_lead(at=AGREED + HOUR)
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    assert hand_over_samples(at=MONDAY_9AM) == 1
    receive_activities([page_view(lead, MONDAY_9AM + HOUR)], at=MONDAY_9AM + HOUR)
    assert LeadScore.objects.get().is_mql
    rescore([lead.pk], at=MONDAY_9AM + 30 * DAY)
    assert not LeadScore.objects.get().is_mql
    assert Handoff.objects.open().count() == 1
    assert not Handoff.objects.cooling().exists()
    assert list(broken_rows()) == []


@pytest.mark.usefixtures("live")
def test_while_its_team_is_sampled_a_rep_reads_no_threshold_beside_the_score(client: Client) -> None:
    sampling = agree()
    scored()
    hand_over_samples(at=MONDAY_9AM)
    address = f"/queue/{Handoff.objects.get().pk}/"
    shown = {}
    for name in ("sam", sampling.sales_by.username):  # type: ignore[union-attr]
        client.force_login(User.objects.get(username=name))
        shown[name] = "MQL at 50" in client.get(address).content.decode()
    assert list(shown.values()) == [False, True]


@pytest.mark.usefixtures("live")
def test_an_entry_of_the_exclusion_list_takes_a_sample_back() -> None:
    agree()
    lead = scored()
    hand_over_samples(at=MONDAY_9AM)
    marketer = User.objects.get(role="marketer")
    exclude(kind="email", value=str(lead.email), why="other", by=marketer, at=MONDAY_9AM + HOUR)
    assert Handoff.objects.get().verdict == "cooled"
    assert list(broken_rows()) == []


@pytest.mark.usefixtures("live")
def test_a_week_that_is_full_hands_over_no_more_and_notes_whom_it_passed_over() -> None:
    sampling = agree(weekly_number=2)
    leads = [scored() for _ in range(5)]
    assert hand_over_samples(at=MONDAY_9AM) == 2
    first = sorted(leads, key=lambda lead: lot(sampling, lead.pk))[:2]
    assert handed_over() == {lead.pk for lead in first}
    assert Sample.objects.count() == 5
    later = scored()
    assert hand_over_samples(at=MONDAY_9AM + 7 * DAY - 10 * HOUR) == 0  # Sunday
    assert Sample.objects.filter(lead=later, handoff=None).exists()
    assert hand_over_samples(at=MONDAY_9AM + 7 * DAY) == 0  # whom a full week passed over has had the lot
    scored()
    assert hand_over_samples(at=MONDAY_9AM + 7 * DAY) == 1
    assert set(Sample.objects.weights().values()) == {7 / 3}


@pytest.mark.usefixtures("live")
def test_a_second_tick_and_a_rescore_draw_nobody_twice() -> None:
    agree(share=50)
    leads = [scored() for _ in range(12)]
    drawn = hand_over_samples(at=MONDAY_9AM)
    assert 0 < drawn < len(leads)
    samples = set(Sample.objects.values_list("lead_id", flat=True))
    rescore([lead.pk for lead in leads], at=MONDAY_9AM + HOUR)
    assert hand_over_samples(at=MONDAY_9AM + HOUR) == 0
    assert samples == set(Sample.objects.values_list("lead_id", flat=True)) == handed_over()
    assert set(Sample.objects.weights().values()) == {2.0}


@pytest.mark.usefixtures("live")
def test_two_samples_that_are_one_person_stay_two_samples() -> None:
    agree()
    one, other = scored(), scored()
    hand_over_samples(at=MONDAY_9AM)
    merge(one, other, by=make_user("ada", "admin"), at=MONDAY_9AM + HOUR)
    assert set(Sample.objects.values_list("drawn", flat=True)) == {one.pk, other.pk}
    assert set(Sample.objects.values_list("lead", flat=True)) == {one.pk}
    assert hand_over_samples(at=MONDAY_9AM + HOUR) == 0


@pytest.mark.parametrize("share", [1, 5, 10, 33, 50, 90, 99])
def test_the_lot_falls_on_the_agreed_share_and_falls_anew_for_each_agreement(share: int) -> None:
    n, chance = 20_000, share / 100
    reach = 5 * (n * chance * (1 - chance)) ** 0.5  # five standard deviations of the binomial distribution
    drawn = [{lead for lead in range(n) if lot(Sampling(pk=agreement), lead) < chance} for agreement in (1, 2)]
    assert all(abs(len(each) - n * chance) <= reach for each in drawn)
    # Two agreements draw apart from each other: in common they have the product of their shares.
    both, rate = len(drawn[0] & drawn[1]), chance * chance
    assert abs(both - n * rate) <= 5 * (n * rate * (1 - rate)) ** 0.5


@given(
    countries=st.lists(st.sampled_from(sorted(POINTS)), max_size=8),
    share=st.integers(1, 100),
    weekly_number=st.integers(1, 4),
    days=st.lists(st.integers(0, 20), min_size=1, max_size=4).map(sorted),
)
def test_who_is_drawn_is_what_plain_arithmetic_says(
    countries: list[str], share: int, weekly_number: int, days: list[int]
) -> None:
    team = make_team(f"Team {Team.objects.count()}")
    make_rep(f"rep{team.pk}", team=team)
    if not Sampling.objects.exists():
        make_live(*RULES, at=AGREED - DAY)
    sampling = agree(team, share=share, weekly_number=weekly_number)
    expected: set[int] = set()
    left: dict[int, int] = {}  # of the weekly number, by week
    for day in days:
        at: datetime = MONDAY_9AM + timedelta(days=day)
        leads = [scored(country, team=team) for country in countries]
        below = [lead for lead in leads if POINTS[lead.country] in (45, 40)]
        drawn = [lead for lead in below if lot(sampling, lead.pk) < share / 100]
        for lead in sorted(drawn, key=lambda lead: lot(sampling, lead.pk)):
            room = left.setdefault(day // 7, weekly_number)
            if room:
                left[day // 7] = room - 1
                expected.add(lead.pk)
        hand_over_samples(at=at)
    assert {row.lead_id for row in Handoff.objects.filter(team=team)} == expected
    assert list(broken_rows()) == []
