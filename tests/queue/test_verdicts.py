"""Verdicts: what each needs, what follows from it, and how it is taken back."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from handoff.leads.models import Consent, Hold, Lead, LeadScore, Stage
from handoff.lib.refusals import Incomplete, NotAllowed, NotOpen, Stale, TooLate, WrongStage
from handoff.outbox.models import Notice
from handoff.people.models import User
from handoff.queue.claiming import claim
from handoff.queue.deals import lose, win
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.models import Assignment, Breach, Clock, Deal, Disqualification, Handoff, Recycling, Verdict
from handoff.queue.next_steps import plan_next_step
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities
from handoff.queue.recycling import wake_due
from handoff.queue.snoozing import snooze
from handoff.queue.touching import log_touch
from handoff.queue.undoing import overturn, undo
from handoff.queue.verifying import broken_rows
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    YES,
    make_calendar,
    make_handoff,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_policy,
    make_reason,
    make_rep,
    make_team,
    make_user,
    page_view,
)

pytestmark = pytest.mark.django_db
LATER = MONDAY_9AM + 2 * HOUR
SECONDS = timedelta(seconds=1)


def claimed(by: User, lead: Lead | None = None) -> Handoff:
    """Make a handoff that `by` took and spoke with."""
    handoff = make_handoff(lead)
    claim(handoff, by=by, at=MONDAY_9AM)
    log_touch(handoff, channel="call", outcome="connected", by=by, at=MONDAY_9AM + HOUR)
    return handoff


def decline(handoff: Handoff, by: User, slug: str = "no-budget", **given: Any) -> Disqualification:
    return disqualify(handoff, reason=make_reason(slug), by=by, at=LATER, **given)


def state(handoff: Handoff) -> list[Any]:
    """Return what a verdict changes and undoing puts back."""
    row = Handoff.objects.filter(pk=handoff.pk).values(
        "closed_at", "verdict", "claimed_by", "claimed_at", "assigned_to", "due_at", "next_step_at", "snoozed_until"
    )
    return [
        row.get(),
        list(Clock.objects.order_by("id").values("stopped_at", "ending", "elapsed")),
        list(Assignment.objects.order_by("id").values("user", "started_at", "ended_at", "ended_because")),
        list(handoff.next_steps.values("ended_at")),
        list(handoff.snoozes.values("ended_at")),
        list(Lead.objects.values("stage", "stage_since", "owner")),
        [Breach.objects.count(), Consent.objects.count(), Hold.objects.count(), Recycling.objects.count()],
    ]


@pytest.mark.parametrize(
    ("slug", "field", "value"),
    [
        pytest.param("not-ready", "wake_at", LATER + 30 * DAY, id="not ready needs a date"),
        pytest.param("wrong-person", "right_person", "the plant director", id="wrong person needs the right one"),
        pytest.param("chose-other", "competitor", "Voltwise", id="chose someone else needs whom"),
        pytest.param("duplicate", "other_lead", "another", id="a duplicate needs the other lead"),
        pytest.param("customer", "owner", "sam", id="already in talks needs with whom"),
    ],
)
def test_a_reason_asks_for_what_it_needs(slug: str, field: str, value: Any) -> None:
    sam = make_rep()
    handoff = claimed(sam)
    with pytest.raises(Incomplete) as refused:
        decline(handoff, sam, slug)
    assert set(refused.value.extra["fields"]) == {field}
    row = make_lead() if field == "other_lead" else sam
    given = {field: row if field in {"other_lead", "owner"} else value}
    assert decline(handoff, sam, slug, **given).reason.slug == slug


@pytest.mark.parametrize(
    ("slug", "given"),
    [
        pytest.param("chose-other", {"competitor": "  "}, id="a blank competitor"),
        pytest.param("not-ready", {"wake_at": LATER}, id="a date that is not ahead"),
        pytest.param("no-budget", {"misleading": ["pricing"]}, id="a signal that was no reason"),
    ],
)
def test_what_makes_no_sense_is_refused_and_the_handoff_stays_open(slug: str, given: dict[str, Any]) -> None:
    sam = make_rep()
    handoff = claimed(sam)
    with pytest.raises(Incomplete):
        decline(handoff, sam, slug, **given)
    handoff.refresh_from_db()
    assert handoff.is_open


def test_the_right_person_becomes_a_lead_of_the_same_company() -> None:
    sam = make_rep()
    handoff = claimed(sam, make_lead(company={"name": "Acme", "domain": "acme.example"}))
    verdict = decline(handoff, sam, "wrong-person", right_person="Ann van Smit <Ann@Acme.example>")
    ann = verdict.right_lead
    assert ann is not None
    assert (ann.name, ann.email, ann.company, ann.source, ann.owner) == (
        "Ann van Smit", "ann@acme.example", handoff.lead.company, "referral", sam
    )  # fmt: skip
    again = claimed(sam)
    assert decline(again, sam, "wrong-person", right_person="ann@acme.example").right_lead == ann


def test_a_right_person_with_half_an_address_is_refused_and_nothing_is_made() -> None:
    sam = make_rep()
    handoff = claimed(sam)
    with pytest.raises(Incomplete, match="no e-mail address"):
        decline(handoff, sam, "wrong-person", right_person="Ann <ann@>")
    assert Lead.objects.count() == 1
    assert Handoff.objects.get().is_open


def test_the_colleague_who_is_in_contact_hears_of_it_unless_it_is_undone() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    handoff = claimed(sam)
    decline(handoff, sam, "customer", owner=sasha, permanent=True)
    assert Notice.objects.get(cause__startswith="in-contact:").user == sasha
    undo(handoff, by=sam, at=LATER + SECONDS)
    assert not Notice.objects.filter(cause__startswith="in-contact:").exists()


def test_whatever_the_reason_an_objection_is_kept() -> None:
    sam = make_rep()
    decline(claimed(sam), sam, "no-budget", objects=True)
    assert (Lead.objects.get().stage, Hold.objects.get().reason) == (Stage.DISQUALIFIED, Hold.Reason.OBJECTION)


def test_that_no_signal_was_wrong_is_an_answer_but_not_beside_one_that_was() -> None:
    make_live({**PRICING, "points": 60})
    sam, lead = make_rep(), make_lead()
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    handoff = Handoff.objects.get()
    with pytest.raises(Incomplete, match="or none"):
        decline(handoff, sam, misleading=["pricing"], none_misleading=True)
    assert decline(handoff, sam, none_misleading=True).none_misleading


def test_a_lead_is_no_duplicate_of_itself() -> None:
    sam = make_rep()
    handoff = claimed(sam)
    with pytest.raises(Incomplete):
        decline(handoff, sam, "duplicate", other_lead=handoff.lead)


def test_out_for_good_has_no_contract_and_needs_no_date() -> None:
    sam = make_rep()
    handoff = claimed(sam)
    decline(handoff, sam, "not-ready", permanent=True)
    assert Lead.objects.get().stage == Stage.DISQUALIFIED
    assert not Recycling.objects.exists()


def test_a_lead_in_nurture_keeps_the_contract_under_which_it_comes_back() -> None:
    make_live({**PRICING, "points": 60})
    sam, lead = make_rep(), make_lead()
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    handoff = Handoff.objects.get()
    claim(handoff, by=sam, at=MONDAY_9AM)
    wake_at = LATER + 30 * DAY
    decline(handoff, sam, misleading=["pricing"], wake_at=wake_at, wake_kinds=["webinar_attended"], wake_points=20)
    contract = Recycling.objects.get()
    assert (contract.wake_at, contract.wake_kinds) == (wake_at, ["webinar_attended"])
    assert (contract.wake_points, contract.points_then) == (20, 60)
    assert Disqualification.objects.get().misleading == ["pricing"]


def test_without_a_date_the_reason_says_when_to_come_back() -> None:
    sam = make_rep()
    decline(claimed(sam), sam, "no-budget")
    contract = Recycling.objects.get()
    assert contract.wake_at == LATER + 180 * DAY
    assert contract.wake_kinds == ["contact_request", "demo_request"]


def nurtured(**given: Any) -> Lead:
    """Return a lead that went back to nurture with 60 points."""
    make_live({**PRICING, "points": 60})
    sam, lead = make_rep(), make_lead()
    receive_activities([page_view(lead, MONDAY_9AM)], at=MONDAY_9AM)
    handoff = Handoff.objects.get()
    claim(handoff, by=sam, at=MONDAY_9AM)
    decline(handoff, sam, wake_at=LATER + 30 * DAY, **given)
    return lead


def test_the_date_wakes_a_lead_once_and_hands_it_over_if_it_qualifies() -> None:
    nurtured()
    assert wake_due(at=LATER + 30 * DAY - SECONDS) == 0
    assert wake_due(at=LATER + 30 * DAY) == 1
    assert wake_due(at=LATER + 30 * DAY) == 0
    assert Recycling.objects.get().woken_by == "date"
    assert Handoff.objects.open().get().opened_at == LATER + 30 * DAY


def test_with_too_few_new_points_the_date_waits_for_them_and_they_wake_at_once() -> None:
    lead = nurtured(wake_points=50)
    assert wake_due(at=LATER + 30 * DAY) == 0
    assert Recycling.objects.get().considered_at == LATER + 30 * DAY
    assert not Handoff.objects.open().exists()
    receive_activities([page_view(lead, LATER + 31 * DAY)], at=LATER + 31 * DAY)
    assert (Recycling.objects.get().woken_by, Recycling.objects.get().woken_at) == ("points", LATER + 31 * DAY)
    assert Handoff.objects.open().get().opened_at == LATER + 31 * DAY


def test_who_must_not_be_contacted_is_held_and_objects_on_every_channel() -> None:
    sam = make_rep()
    decline(claimed(sam), sam, "do-not-contact", permanent=True)
    assert set(Consent.objects.values_list("channel", "basis")) == {("email", "objection"), ("phone", "objection")}
    assert Hold.objects.get().reason == Hold.Reason.OBJECTION


def test_a_verdict_ends_clocks_plans_and_the_assignment() -> None:
    make_calendar()
    make_policy()
    sam = make_rep()
    handoff = claimed(sam)
    plan_next_step(handoff, what="Call back", step_at=LATER + DAY, by=sam, at=MONDAY_9AM + HOUR)
    decline(handoff, sam)
    assert (handoff.verdict, handoff.closed_at, handoff.due_at) == (Verdict.DISQUALIFIED, LATER, None)
    assert not Clock.objects.running().exists()
    assert handoff.next_steps.get().ended_at == LATER
    assert Assignment.objects.get().ended_at == LATER
    assert list(broken_rows()) == []


def test_a_second_verdict_is_refused() -> None:
    sam = make_rep()
    handoff = claimed(sam)
    decline(handoff, sam)
    with pytest.raises(NotOpen):
        qualify(handoff, bant=YES, by=sam, at=LATER)


def test_a_verdict_on_what_changed_meanwhile_is_refused() -> None:
    sam = make_rep()
    handoff = claimed(sam)
    with pytest.raises(Stale):
        decline(handoff, sam, version=handoff.version - 1)


@pytest.mark.parametrize("who", ["marketer", "stranger"])
def test_who_does_not_work_the_lead_gives_no_verdict(who: str) -> None:
    handoff = claimed(make_rep())
    person = make_marketer() if who == "marketer" else make_rep("nina", team=make_team("Nordics"))
    with pytest.raises(Exception, match=r"permit|has this lead"):
        decline(handoff, person)
    assert Handoff.objects.get().is_open


def test_a_manager_judges_for_the_team_and_the_rep_stays_the_holder() -> None:
    mia, sam = make_manager(), make_rep()
    handoff = claimed(sam)
    qualify(handoff, bant=YES, by=mia, at=LATER)
    assert (handoff.claimed_by, handoff.qualification.takes_over, Lead.objects.get().owner) == (sam, sam, sam)


@pytest.mark.parametrize(
    ("answers", "is_enough"),
    [
        pytest.param(("yes", "partly", "no", "unknown"), True, id="two of four"),
        pytest.param(("yes", "no", "no", "unknown"), False, id="one of four"),
        pytest.param(("yes", "yes", "yes", "maybe"), False, id="an answer that is none"),
    ],
)
def test_an_sql_needs_two_of_the_four(answers: tuple[str, ...], is_enough: bool) -> None:
    sam = make_rep()
    handoff = claimed(sam)
    bant = {name: (answer, "") for name, answer in zip(YES, answers, strict=True)}
    if is_enough:
        assert qualify(handoff, bant=bant, by=sam, at=LATER).strength == 6
    else:
        with pytest.raises(Incomplete):
            qualify(handoff, bant=bant, by=sam, at=LATER)


@pytest.mark.parametrize(("value", "currency"), [(Decimal(-1), "EUR"), (Decimal(5), ""), (Decimal(5), "EURO")])
def test_a_value_has_an_amount_and_a_currency(value: Decimal, currency: str) -> None:
    sam = make_rep()
    with pytest.raises(Incomplete, match="EUR"):
        qualify(claimed(sam), bant=YES, value=value, currency=currency, by=sam, at=LATER)


def test_who_takes_it_over_owns_the_lead_and_is_told() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    handoff = claimed(sam)
    qualify(handoff, bant=YES, takes_over=sasha, by=sam, at=LATER)
    lead = Lead.objects.get()
    assert (lead.owner, lead.stage) == (sasha, Stage.SQL)
    notice = Notice.objects.get(cause__startswith="qualified:")
    assert (notice.user, notice.url) == (sasha, f"/leads/{lead.pk}/")
    assert notice.mail_after == LATER + 60 * SECONDS
    assert Handoff.objects.visible_to(sasha).filter(pk=handoff.pk).exists()


def test_who_keeps_it_is_told_nothing() -> None:
    sam = make_rep()
    qualify(claimed(sam), bant=YES, by=sam, at=LATER)
    assert not Notice.objects.filter(cause__startswith="qualified:").exists()


def test_undoing_puts_back_clocks_holder_plans_and_stage_and_withdraws_the_mail() -> None:
    make_calendar()
    make_policy()
    sam, sasha = make_rep("sam"), make_rep("sasha")
    handoff = claimed(sam)
    plan_next_step(handoff, what="Call back", step_at=LATER + DAY, by=sam, at=MONDAY_9AM + HOUR)
    snooze(handoff, until=LATER + DAY, reason="fair", by=sam, at=MONDAY_9AM + HOUR)
    before = state(handoff)
    qualify(handoff, bant=YES, takes_over=sasha, by=sam, at=LATER)
    undo(handoff, by=sam, at=LATER + 10 * SECONDS)
    assert state(handoff) == before
    assert not Notice.objects.filter(user=sasha, cause__startswith="qualified:").exists()
    assert list(broken_rows()) == []


def test_undoing_a_verdict_at_sight_gives_the_lead_back_to_everybody() -> None:
    make_calendar()
    make_policy()
    sam, handoff = make_rep(), make_handoff()
    before = state(handoff)
    decline(handoff, sam, "do-not-contact", permanent=True)
    undo(handoff, by=sam, at=LATER + SECONDS)
    assert state(handoff) == before
    assert list(broken_rows()) == []


def test_undoing_a_verdict_on_an_assigned_lead_leaves_it_assigned() -> None:
    sam, handoff = make_rep(), make_handoff()
    Assignment.objects.create(handoff=handoff, user=sam, how="rotation", started_at=MONDAY_9AM)
    Handoff.objects.update(assigned_to=sam)
    Lead.objects.update(owner=sam)
    before = state(handoff)
    decline(handoff, sam)
    undo(handoff, by=sam, at=LATER + SECONDS)
    assert state(handoff) == before


def test_undoing_a_late_verdict_leaves_its_breach_which_is_true() -> None:
    make_calendar()
    make_policy(verdict_days=1)
    sam = make_rep()
    handoff = claimed(sam)
    late = MONDAY_9AM + 7 * DAY
    disqualify(handoff, reason=make_reason(), by=sam, at=late)
    assert Breach.objects.count() == 1
    undo(handoff, by=sam, at=late + SECONDS)
    enforce_due(at=late + 2 * SECONDS)
    assert Breach.objects.get().clock.metric == "verdict"


def test_a_verdict_can_be_given_again_after_undoing() -> None:
    sam = make_rep()
    handoff = claimed(sam)
    decline(handoff, sam)
    undo(handoff, by=sam, at=LATER + SECONDS)
    qualify(handoff, bant=YES, by=sam, at=LATER + HOUR)
    assert Lead.objects.get().stage == Stage.SQL


def test_after_ten_seconds_it_is_too_late() -> None:
    sam = make_rep()
    handoff = claimed(sam)
    decline(handoff, sam)
    with pytest.raises(TooLate):
        undo(handoff, by=sam, at=LATER + 10 * SECONDS + SECONDS / 1000)
    assert Handoff.objects.get().verdict == Verdict.DISQUALIFIED


def test_only_who_gave_the_verdict_undoes_it() -> None:
    sam = make_rep()
    handoff = claimed(sam)
    decline(handoff, sam)
    with pytest.raises(NotAllowed):
        undo(handoff, by=make_manager(), at=LATER)


def test_an_open_handoff_has_nothing_to_undo() -> None:
    sam = make_rep()
    with pytest.raises(WrongStage):
        undo(claimed(sam), by=sam, at=LATER)


def test_a_verdict_stands_once_the_lead_was_handed_over_again() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    sam = make_rep()
    handoff = claimed(sam)
    decline(handoff, sam)
    receive_activities([page_view(handoff.lead, LATER, kind="contact_request")], at=LATER + SECONDS)
    with pytest.raises(WrongStage):
        undo(handoff, by=sam, at=LATER + 2 * SECONDS)
    with pytest.raises(WrongStage):
        overturn(handoff, reason="wrong", by=make_manager(), at=LATER + HOUR)


def test_a_manager_of_the_team_overturns_with_a_reason() -> None:
    sam, mia = make_rep(), make_manager()
    handoff = claimed(sam)
    decline(handoff, sam)
    with pytest.raises(Incomplete):
        overturn(handoff, reason=" ", by=mia, at=LATER + DAY)
    overturn(handoff, reason="They called me.", by=mia, at=LATER + DAY)
    assert (handoff.is_open, handoff.holder, Lead.objects.get().stage) == (True, sam, Stage.MQL)


@pytest.mark.parametrize("who", ["the rep", "a marketer", "another team's manager"])
def test_nobody_else_overturns(who: str) -> None:
    sam = make_rep()
    handoff = claimed(sam)
    decline(handoff, sam)
    nordics = make_team("Nordics")
    person = {"the rep": sam, "a marketer": make_marketer(), "another team's manager": make_manager(team=nordics)}[who]
    with pytest.raises(NotAllowed):
        overturn(handoff, reason="wrong", by=person, at=LATER + DAY)


def test_a_cooled_handoff_has_no_verdict_to_overturn() -> None:
    handoff = make_handoff()
    Handoff.objects.update(verdict=Verdict.COOLED, closed_at=LATER)
    with pytest.raises(WrongStage):
        overturn(handoff, reason="wrong", by=make_manager(), at=LATER + DAY)


def sql(by: User) -> Handoff:
    handoff = claimed(by)
    qualify(handoff, bant=YES, by=by, at=LATER)
    return handoff


def test_a_won_sql_is_a_customer() -> None:
    sam = make_rep()
    win(sql(sam), value=Decimal(900), currency="EUR", by=sam, at=LATER + DAY)
    assert Lead.objects.get().stage == Stage.CUSTOMER
    assert Deal.objects.get().value == 900


def test_a_lost_sql_needs_a_reason() -> None:
    sam = make_rep()
    handoff = sql(sam)
    with pytest.raises(Incomplete):
        lose(handoff, because="", by=sam, at=LATER + DAY)
    lose(handoff, because="Postponed", by=sam, at=LATER + DAY)
    assert Lead.objects.get().stage == Stage.LOST


def test_a_deal_is_decided_once_and_its_verdict_stands() -> None:
    sam, ada = make_rep(), make_user("ada", "admin")
    handoff = sql(sam)
    lose(handoff, because="Postponed", by=sam, at=LATER + SECONDS)
    with pytest.raises(WrongStage):
        win(handoff, value=None, by=sam, at=LATER + DAY)
    with pytest.raises(WrongStage):
        undo(handoff, by=sam, at=LATER + 2 * SECONDS)
    with pytest.raises(WrongStage):
        overturn(handoff, reason="wrong", by=ada, at=LATER + DAY)


def test_an_earlier_deal_is_not_decided_again_when_the_lead_comes_back() -> None:
    make_live(PRICING, fast_lane_kinds=["contact_request"])
    sam = make_rep()
    first = sql(sam)
    lose(first, because="Postponed", by=sam, at=LATER)
    receive_activities([page_view(first.lead, LATER, kind="contact_request")], at=LATER + HOUR)
    second = Handoff.objects.open().get()
    log_touch(second, channel="call", outcome="connected", by=sam, at=LATER + HOUR)
    qualify(second, bant=YES, by=sam, at=LATER + DAY)
    with pytest.raises(WrongStage):
        win(first, value=None, by=sam, at=LATER + DAY)
    win(second, value=None, by=sam, at=LATER + DAY)


def test_only_who_owns_the_sql_or_leads_the_team_decides_the_deal() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    handoff = sql(sam)
    for person in (sasha, make_marketer(), make_manager("nora", team=make_team("Nordics"))):
        with pytest.raises(NotAllowed):
            win(handoff, value=None, by=person, at=LATER)
    win(handoff, value=None, by=make_manager(), at=LATER)


def test_a_verdict_leaves_the_stored_score_alone() -> None:
    lead = nurtured()
    assert LeadScore.objects.get(lead=lead).total == 60
