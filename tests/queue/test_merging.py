"""Merging: one person of two leads, with everything of both, whatever the order."""

from typing import Any

import pytest

from handoff.leads.consent import object_to_contact, permissions_of
from handoff.leads.models import Activity, Consent, Hold, Lead, LeadAlias, LeadChange, LeadScore, Stage
from handoff.leads.recording import record_leads
from handoff.lib.refusals import AlreadyMerged, Incomplete, NotAllowed, WrongStage
from handoff.outbox.models import AuditEntry, Notice
from handoff.people.models import Role
from handoff.queue.claiming import claim
from handoff.queue.deals import lose
from handoff.queue.disqualification import disqualify
from handoff.queue.enforcement import enforce_due
from handoff.queue.holding import hold
from handoff.queue.merging import merge
from handoff.queue.models import Breach, Clock, Handoff, Merge, Qualification, Recycling, Verdict
from handoff.queue.noting import add_note
from handoff.queue.qualification import qualify
from handoff.queue.receiving import receive_activities, receive_leads
from handoff.queue.recycling import wake_due
from handoff.queue.rescoring import read_one
from handoff.queue.timeline import timeline
from handoff.queue.touching import log_touch
from handoff.queue.undoing import overturn
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
LATER = MONDAY_9AM + HOUR


@pytest.fixture
def agreed() -> None:
    make_calendar()
    make_policy()


def merged(kept: Lead, gone: Lead, at: Any = LATER) -> Lead:
    by = make_marketer(f"max{Merge.objects.count()}")
    merge(kept, gone, by=by, at=at)
    assert list(broken_rows()) == []
    return Lead.objects.get(pk=kept.pk)


def test_the_kept_leads_word_wins_and_its_blanks_are_filled() -> None:
    kept = make_lead("lena@acme.example", title="CTO", traits={"plan": "pro", "interests": ["price"]}, source="web")
    gone = make_lead(
        "l.vogt@acme.example",
        at=MONDAY_9AM - 90 * DAY,
        external_id="crm-7",
        title="Engineer",
        phone="+31201234567",
        company={"name": "Acme"},
        traits={"plan": "free", "size": 9, "interests": ["price", "uptime"]},
        original_source="fair",
    )
    lead = merged(kept, gone)
    assert (lead.email, lead.title, lead.source) == ("lena@acme.example", "CTO", "web")
    assert (lead.external_id, lead.phone, str(lead.company)) == ("crm-7", "+31201234567", "Acme")
    assert lead.traits == {"plan": "pro", "size": 9, "interests": ["price", "uptime"]}
    assert (lead.original_source, lead.created_at) == ("fair", MONDAY_9AM - 90 * DAY)


@pytest.mark.usefixtures("agreed")
def test_everything_of_both_is_the_kept_ones() -> None:
    sam = make_rep()
    kept, gone = make_lead(), make_lead()
    receive_activities([page_view(kept, MONDAY_9AM), page_view(gone, MONDAY_9AM)], at=MONDAY_9AM)
    handoff = make_handoff(gone)
    log_touch(handoff, channel="call", outcome="connected", by=sam, at=MONDAY_9AM)
    add_note(handoff, text="Knows us from the fair", by=sam, at=MONDAY_9AM)
    record_leads([{"email": gone.email, "title": "CTO"}], by=None, at=MONDAY_9AM)
    lead = merged(kept, gone)
    assert lead.activities.count() == Activity.objects.count() == 2
    handoff.refresh_from_db()
    assert (handoff.lead, lead.stage, lead.owner) == (lead, Stage.MQL, sam)
    texts = [event.text for event in timeline(lead)]
    assert {"Knows us from the fair", "Call: reached, we spoke", f"Merged with {gone.name}"} <= set(texts)
    assert LeadChange.objects.filter(lead=lead, of_merged=gone.pk).count() == 1
    row = Merge.objects.get()
    assert (row.kept, row.gone_id, row.was["email"], row.activities) == (lead, gone.pk, gone.email, 2)
    assert AuditEntry.objects.get(act="merged", subject=f"lead {lead.pk}").details["gone"] == gone.pk


def test_what_the_profile_said_before_is_what_the_kept_ones_said() -> None:
    make_live({"points": 40, "condition": {"field": "title", "op": "is", "value": "CTO"}})
    kept, gone = make_lead(title=""), make_lead(title="Engineer")
    record_leads([{"email": gone.email, "title": "CTO"}], by=None, at=MONDAY_9AM)
    lead = merged(kept, Lead.objects.get(pk=gone.pk))
    now, before = read_one(lead, at=LATER), read_one(lead, at=LATER - HOUR / 2, past=True)
    assert now is not None
    assert before is not None
    assert (now.reading.total, before.reading.total) == (40, 0)


def test_both_together_may_be_handed_over_at_once() -> None:
    make_live({**PRICING, "points": 30}, threshold=50)
    make_rep()
    kept, gone = make_lead(), make_lead()
    receive_activities([page_view(kept, MONDAY_9AM), page_view(gone, MONDAY_9AM)], at=MONDAY_9AM)
    assert not Handoff.objects.exists()
    lead = merged(kept, gone)
    assert (lead.stage, lead.score.total, Handoff.objects.get().lead) == (Stage.MQL, 60, lead)


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize(
    ("claimed", "stays"),
    [
        pytest.param([], "first", id="nobody: the earlier"),
        pytest.param(["second"], "second", id="one is claimed"),
        pytest.param(["second", "first"], "second", id="the one claimed first"),
    ],
)
@pytest.mark.parametrize("is_kept", ["first", "second"])
def test_of_two_open_handoffs_one_goes_on(claimed: list[str], stays: str, is_kept: str) -> None:
    sam = make_rep()
    leads = {"first": make_lead(), "second": make_lead()}
    handoffs = {name: make_handoff(lead, at=MONDAY_9AM + n * HOUR) for n, (name, lead) in enumerate(leads.items())}
    for n, name in enumerate(claimed):
        claim(handoffs[name], by=sam, at=MONDAY_9AM + (2 + n) * HOUR)
    gone = leads["second" if is_kept == "first" else "first"]
    lead = merged(leads[is_kept], gone, at=MONDAY_9AM + 4 * HOUR)
    ended = Handoff.objects.get(verdict=Verdict.MERGED)
    [going_on] = Handoff.objects.open()
    assert (going_on, lead.stage) == (handoffs[stays], Stage.MQL)
    assert lead.owner == (sam if claimed else None)
    assert {ended.lead, going_on.lead} == {lead}
    assert not Clock.objects.running().filter(handoff=ended).exists()


@pytest.mark.usefixtures("agreed")
def test_ending_makes_up_no_breach_and_keeps_those_that_stand() -> None:
    early, late = make_handoff(), make_handoff(at=MONDAY_9AM + 2 * DAY)
    enforce_due(at=MONDAY_9AM + DAY)
    [breach] = Breach.objects.all()
    claim(late, by=make_rep(), at=MONDAY_9AM + 2 * DAY)
    merged(early.lead, late.lead, at=MONDAY_9AM + 2 * DAY + HOUR)
    early.refresh_from_db()
    assert early.verdict == Verdict.MERGED
    assert [(b.pk, b.due_at, b.annulled_at) for b in Breach.objects.all()] == [(breach.pk, breach.due_at, None)]


@pytest.mark.usefixtures("agreed")
def test_whose_handoff_ends_hears_it() -> None:
    sam, sasha = make_rep("sam"), make_rep("sasha")
    first, second = make_handoff(), make_handoff()
    claim(first, by=sam, at=MONDAY_9AM)
    claim(second, by=sasha, at=LATER)
    merged(second.lead, first.lead, at=LATER + HOUR)
    assert set(Notice.objects.filter(cause__startswith="merged:").values_list("user__username", flat=True)) == {"sasha"}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("subscriber", "lead", "lead"),
        ("lead", "nurture", "nurture"),
        ("nurture", "lost", "lost"),
        ("lost", "disqualified", "disqualified"),
        ("disqualified", "sql", "sql"),
        ("sql", "opportunity", "opportunity"),
        ("opportunity", "customer", "customer"),
    ],
)
def test_the_furthest_stage_is_the_merged_ones(one: str, other: str, both: str) -> None:
    for kept, gone in ((one, other), (other, one)):
        assert merged(make_lead(stage=kept), make_lead(stage=gone)).stage == both


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize("customer_is_kept", [True, False], ids=["the customer is kept", "the MQL is kept"])
def test_who_is_a_customer_already_is_no_mql(customer_is_kept: bool) -> None:
    customer, handoff = make_lead(stage=Stage.CUSTOMER, owner=make_rep("cora")), make_handoff()
    pair = (customer, handoff.lead) if customer_is_kept else (handoff.lead, customer)
    lead = merged(*pair)
    handoff.refresh_from_db()
    assert (lead.stage, lead.owner, handoff.verdict) == (Stage.CUSTOMER, customer.owner, Verdict.MERGED)


@pytest.mark.usefixtures("agreed")
def test_that_one_was_a_duplicate_says_nothing_of_the_person() -> None:
    other, handoff = make_lead(), make_handoff()
    disqualify(handoff, reason=make_reason("duplicate"), permanent=True, other_lead=other, by=make_rep(), at=MONDAY_9AM)
    assert merged(other, Lead.objects.get(pk=handoff.lead_id)).stage == Stage.LEAD


def test_a_takeover_that_waits_is_called_off_where_they_bought_already() -> None:
    make_calendar()
    make_policy().targets.create(metric="takeover", amount=1, unit="days")
    sam, sasha, handoff = make_rep("sam"), make_rep("sasha"), make_handoff()
    log_touch(handoff, channel="call", outcome="connected", by=sam, at=MONDAY_9AM)
    qualify(handoff, bant=YES, takes_over=sasha, by=sam, at=MONDAY_9AM)
    assert Clock.objects.running().filter(metric="takeover").exists()
    merged(make_lead(stage=Stage.CUSTOMER), Lead.objects.get(pk=handoff.lead_id))
    assert not Clock.objects.running().exists()


@pytest.mark.usefixtures("agreed")
def test_a_sleeper_wakes_by_what_the_other_one_did_since() -> None:
    make_live(PRICING)
    sam, handoff, other = make_rep(), make_handoff(), make_lead()
    disqualify(handoff, reason=make_reason("no-budget"), wake_kinds=["page_view"], by=sam, at=MONDAY_9AM)
    receive_activities([page_view(other, LATER)], at=LATER)
    lead = merged(Lead.objects.get(pk=handoff.lead_id), other, at=LATER + HOUR)
    assert (lead.stage, lead.woken_at) == (Stage.NURTURE, LATER + HOUR)


@pytest.mark.usefixtures("agreed")
def test_a_contract_ends_where_the_other_one_is_at_sales() -> None:
    handoff, open_one = make_handoff(), make_handoff()
    disqualify(handoff, reason=make_reason("no-budget"), by=make_rep(), at=MONDAY_9AM)
    merged(Lead.objects.get(pk=handoff.lead_id), open_one.lead)
    assert Recycling.objects.get().woken_by == "merged"


@pytest.mark.usefixtures("agreed")
def test_where_one_of_the_two_is_awake_the_other_contract_ends() -> None:
    awake, asleep = make_handoff(), make_handoff()
    sam = make_rep()
    disqualify(awake, reason=make_reason("no-budget"), by=sam, at=MONDAY_9AM, wake_at=MONDAY_9AM + DAY)
    disqualify(asleep, reason=make_reason("no-budget"), by=sam, at=MONDAY_9AM)
    wake_due(at=MONDAY_9AM + DAY)
    lead = merged(Lead.objects.get(pk=asleep.lead_id), Lead.objects.get(pk=awake.lead_id))
    assert lead.woken_at == MONDAY_9AM + DAY
    assert not Recycling.objects.filter(woken_at=None).exists()


@pytest.mark.usefixtures("agreed")
@pytest.mark.parametrize("lost_is_kept", [True, False], ids=["the kept one", "the other one"])
def test_who_was_lost_comes_back_as_was_agreed_then(lost_is_kept: bool) -> None:
    recycled, lost = make_handoff(), make_handoff()
    sam = make_rep()
    disqualify(recycled, reason=make_reason("no-budget"), by=sam, at=MONDAY_9AM)
    log_touch(lost, channel="call", outcome="connected", note="Rang", by=sam, at=MONDAY_9AM)
    qualify(lost, bant=YES, by=sam, at=MONDAY_9AM)
    lose(lost, because="Too dear", by=sam, at=MONDAY_9AM, wake_at=LATER + 30 * DAY)
    leads = [Lead.objects.get(pk=handoff.lead_id) for handoff in (lost, recycled)]
    lead = merged(*(leads if lost_is_kept else leads[::-1]))
    assert lead.stage == Stage.LOST
    assert Recycling.objects.get(woken_at=None).handoff == lost


@pytest.mark.parametrize("objector_is_kept", [True, False], ids=["the kept one", "the other one"])
def test_a_withdrawal_wins_whoever_said_yes_later(objector_is_kept: bool) -> None:
    kept, gone = make_lead(), make_lead()
    objector, agreeing = (kept, gone) if objector_is_kept else (gone, kept)
    object_to_contact(objector, by=None, at=MONDAY_9AM - 9 * DAY)
    record_leads([{"email": agreeing.email, "consent": {"email": "opt_in"}}], by=None, at=MONDAY_9AM)
    lead = merged(kept, gone)
    assert not any(permission.is_allowed for permission in permissions_of(lead).values())
    assert Consent.objects.filter(lead=lead, basis="opt_in", at=MONDAY_9AM).exists()
    assert Hold.objects.get(released_at=None).reason == Hold.Reason.OBJECTION
    record_leads([{"email": agreeing.email, "consent": {"email": "opt_in"}}], by=None, at=LATER + HOUR)
    assert not permissions_of(lead)["email"].is_allowed


def test_the_earliest_proof_of_consent_is_kept() -> None:
    kept, gone = make_lead(), make_lead()
    for lead, at in ((kept, MONDAY_9AM), (gone, MONDAY_9AM - 100 * DAY)):
        record_leads([{"email": lead.email, "consent": {"email": "opt_in"}}], by=None, at=at)
    first = merged(kept, gone).consents.all()[0]
    assert (first.basis, first.at) == ("opt_in", MONDAY_9AM - 100 * DAY)


def test_two_half_objections_are_a_whole_one() -> None:
    kept, gone = make_lead(), make_lead()
    record_leads([{"email": kept.email, "consent": {"email": "objection"}}], by=None, at=MONDAY_9AM)
    record_leads([{"email": gone.email, "consent": {"phone": "objection"}}], by=None, at=MONDAY_9AM)
    assert merged(kept, gone).holds.get().reason == Hold.Reason.OBJECTION


@pytest.mark.usefixtures("agreed")
def test_who_objected_under_another_address_is_contacted_no_more() -> None:
    make_rep()
    objector, handoff = make_lead(), make_handoff()
    object_to_contact(objector, by=None, at=MONDAY_9AM)
    lead = merged(objector, handoff.lead)
    handoff.refresh_from_db()
    assert (handoff.verdict, handoff.disqualification.reason.slug) == (Verdict.DISQUALIFIED, "do-not-contact")
    assert lead.stage == Stage.DISQUALIFIED


def test_of_two_holds_for_one_reason_the_earlier_stands() -> None:
    max_, kept, gone = make_marketer(), make_lead(), make_lead()
    hold(kept, reason="ours", by=max_, at=MONDAY_9AM)
    hold(gone, reason="theirs", by=max_, at=MONDAY_9AM - DAY)
    lead = merged(kept, gone)
    assert [(h.note, h.released_at is None) for h in lead.holds.order_by("at")] == [("theirs", True), ("ours", False)]


@pytest.fixture
def pair() -> tuple[Lead, Lead]:
    kept, gone = make_lead("lena@acme.example", external_id="crm-1"), make_lead("old@acme.example", external_id="crm-2")
    merge(kept, gone, by=make_marketer(), at=LATER)
    return kept, gone


@pytest.mark.parametrize("name", [{"external_id": "crm-2"}, {"email": "old@acme.example"}, {"id": "gone"}])
def test_activities_find_the_kept_lead_by_what_the_other_was_known_by(pair: Any, name: dict[str, Any]) -> None:
    kept, gone = pair
    name = {"id": gone.pk} if "id" in name else name
    receive_activities([{**page_view(kept, LATER), "lead": name}], at=LATER + HOUR)
    assert Activity.objects.get().lead == kept


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"external_id": "crm-2"}, id="by its id"),
        pytest.param({"email": "old@acme.example"}, id="by its address"),
        pytest.param({"external_id": "crm-2", "email": "old@acme.example"}, id="by both"),
        pytest.param({"external_id": "crm-2", "email": "newest@acme.example"}, id="by its id with a new address"),
        pytest.param({"external_id": "crm-2", "email": None}, id="by its id without an address"),
        pytest.param({"external_id": "crm-2", "email": "lena@acme.example"}, id="by either's"),
    ],
)
def test_a_record_of_the_old_one_changes_the_kept_one_but_for_what_it_is_known_by(pair: Any, row: Any) -> None:
    [found] = receive_leads([{**row, "title": "CTO"}], by=None, at=LATER + HOUR)
    assert (found.outcome, found.lead) == ("updated", pair[0])
    lead = Lead.objects.get()
    assert (lead.external_id, lead.email, lead.title) == ("crm-1", "lena@acme.example", "CTO")
    assert list(broken_rows()) == []


def test_nobody_else_can_take_what_a_merge_freed(pair: Any) -> None:
    other = make_lead("other@acme.example")
    [found] = receive_leads([{"email": "old@acme.example"}], by=None, at=LATER, about=other)
    assert (found.code, Lead.objects.count()) == ("identity_conflict", 2)
    [found] = receive_leads([{"external_id": "crm-2", "email": "other@acme.example"}], by=None, at=LATER)
    assert found.code == "identity_conflict"


def test_a_blank_id_is_filled_and_needs_no_former_one() -> None:
    kept, gone = make_lead("lena@acme.example"), make_lead("old@acme.example", external_id="crm-2")
    lead = merged(kept, gone)
    assert lead.external_id == "crm-2"
    assert set(LeadAlias.objects.values_list("key", flat=True)) == {f"pk:{gone.pk}", "email:old@acme.example"}


def test_chains_lead_to_their_end() -> None:
    first, second, third = make_lead(), make_lead(), make_lead()
    merged(second, first)
    merged(third, second)
    assert set(LeadAlias.objects.values_list("lead", flat=True)) == {third.pk}
    receive_activities([page_view(first, LATER)], at=LATER + HOUR)
    assert Activity.objects.get().lead == third
    assert [merge.was["into"] for merge in third.merges.all()] == [second.pk, third.pk]


def test_merging_again_in_a_circle_or_with_itself_is_refused(pair: Any) -> None:
    (kept, gone), manager = pair, make_user("adam", Role.ADMIN)
    with pytest.raises(AlreadyMerged, match="was merged into another lead already"):
        merge(kept, gone, by=manager, at=LATER)
    with pytest.raises(AlreadyMerged):
        merge(gone, kept, by=manager, at=LATER)
    with pytest.raises(Incomplete, match="with itself"):
        merge(kept, kept, by=manager, at=LATER)
    assert Merge.objects.count() == 1


def test_an_act_on_what_was_merged_meanwhile_is_refused(pair: Any) -> None:
    with pytest.raises(AlreadyMerged):
        hold(pair[1], reason="why", by=make_user("adam", Role.ADMIN), at=LATER)


def test_managers_merge_within_their_teams_and_reps_do_not() -> None:
    nordics, sam = make_team("Nordics"), make_rep()
    here, there = make_lead(team=make_team("Benelux"), owner=sam), make_lead(team=nordics)
    for by in (make_manager(), sam, make_manager("nina", team=nordics)):
        with pytest.raises(NotAllowed):
            merge(here, there, by=by, at=LATER)
    with pytest.raises(NotAllowed):
        merge(here, make_lead(owner=sam), by=sam, at=LATER)
    merge(there, make_lead(team=nordics), by=make_manager("nils", team=nordics), at=LATER)


@pytest.mark.usefixtures("agreed")
def test_with_an_overturned_verdict_the_contract_of_the_other_lead_ends_too() -> None:
    kept, gone, sam = make_lead(), make_lead(), make_rep()
    budget = make_reason("no-budget")
    disqualify(make_handoff(gone), reason=budget, wake_at=LATER + 5 * DAY, by=sam, at=MONDAY_9AM)
    last = make_handoff(kept)
    disqualify(last, reason=budget, wake_at=LATER + 90 * DAY, by=sam, at=MONDAY_9AM + HOUR / 2)
    merged(kept, gone)
    assert Recycling.objects.get(woken_at=None).wake_at == LATER + 5 * DAY
    overturn(Handoff.objects.get(pk=last.pk), reason="They do have money", by=make_manager(), at=LATER + HOUR)
    assert not Recycling.objects.filter(woken_at=None).exists()
    assert list(broken_rows()) == []


@pytest.mark.usefixtures("agreed")
def test_two_sqls_of_one_person_are_with_whoever_has_the_lead() -> None:
    kept, gone, sam, sasha = make_lead(), make_lead(), make_rep("sam"), make_rep("sasha")
    for lead, rep, takes_over in ((kept, sam, sam), (gone, sam, sasha)):
        handoff = make_handoff(lead)
        log_touch(handoff, channel="call", outcome="connected", by=rep, at=MONDAY_9AM)
        qualify(handoff, bant=YES, takes_over=takes_over, by=rep, at=MONDAY_9AM)
    lead = merged(Lead.objects.get(pk=kept.pk), Lead.objects.get(pk=gone.pk))
    assert lead.owner == sam
    assert [(sql.takes_over, sql.accepted_at is None) for sql in Qualification.objects.all()] == [(sam, False)] * 2
    [told] = Notice.objects.filter(user=sasha, read_at=None)
    assert told.text == f"{lead.name} was known twice: Sam has both SQLs now."
    assert not Clock.objects.running().exists()


@pytest.mark.usefixtures("agreed")
def test_a_verdict_is_not_overturned_while_another_handoff_of_theirs_is_open() -> None:
    mia, open_one, judged = make_manager(), make_handoff(), make_handoff()
    disqualify(judged, reason=make_reason(), by=make_rep(), at=MONDAY_9AM)
    merged(open_one.lead, Lead.objects.get(pk=judged.lead_id))
    with pytest.raises(WrongStage):
        overturn(judged, reason="They do have money", by=mia, at=LATER + HOUR)


def test_who_held_as_an_mql_still_does() -> None:
    make_live({**PRICING, "points": 45}, threshold=50, hysteresis=10)
    kept, gone = make_lead(), make_lead()
    receive_activities([page_view(gone, MONDAY_9AM)], at=MONDAY_9AM)
    receive_activities([page_view(kept, MONDAY_9AM, url="/blog/")], at=MONDAY_9AM)
    LeadScore.objects.filter(lead=gone).update(is_mql=True)
    assert merged(kept, gone).score.is_mql
