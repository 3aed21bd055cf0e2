"""The agreement: written down from what is live, signed by both sides, named on handoffs; and what is outside it."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from handoff.feedback import agreeing
from handoff.feedback.agreed_words import sections
from handoff.feedback.models import Agreement, Promise
from handoff.feedback.terms import differing, live_terms
from handoff.lib.refusals import NotAllowed, WrongStage
from handoff.people.models import User
from handoff.queue.models import DisqualificationReason, Handoff
from handoff.sla.models import LadderStep, Metric, Policy
from handoff.sla.versioning import TargetValues, revise
from scoring.publishing import publish
from tests.making import (
    DAY,
    HOUR,
    MONDAY_9AM,
    PRICING,
    make_handoff,
    make_live,
    make_manager,
    make_marketer,
    make_model,
    make_policy,
    make_reason,
    make_rep,
    make_user,
)

pytestmark = pytest.mark.django_db
PAGE = "/agreement/"


@pytest.fixture(autouse=True)
def _something_is_live() -> None:
    make_policy(first_touch_hours=4)
    make_live(PRICING, threshold=50)
    make_reason()


def signed(note: str = "") -> Agreement:
    """Let both sides sign what is live."""
    max_, mia = (User.objects.filter(username=name).first() for name in ("max", "mia"))
    made = agreeing.propose(note=note, by=max_ or make_marketer(), at=MONDAY_9AM)
    agreeing.sign(made, side="marketing", by=User.objects.get(username="max"), at=MONDAY_9AM)
    agreeing.sign(made, side="sales", by=mia or make_manager(), at=MONDAY_9AM + HOUR)
    made.refresh_from_db()
    return made


def raise_threshold() -> None:
    publish(make_model(PRICING, threshold=80), by=None, at=MONDAY_9AM + DAY)


def text(answer: object) -> str:
    said: str = answer.content.decode()  # type: ignore[attr-defined]
    return said


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_it_is_in_force_from_the_second_signature() -> None:
    max_, mia = make_marketer(), make_manager()
    made = agreeing.propose(note="First", by=max_, at=MONDAY_9AM)
    agreeing.sign(made, side="sales", by=mia, at=MONDAY_9AM + HOUR)
    assert not Agreement.objects.in_force()
    agreeing.sign(made, side="marketing", by=max_, at=MONDAY_9AM + DAY)
    [in_force] = Agreement.objects.in_force()
    assert (in_force.version, in_force.signed_at) == (1, MONDAY_9AM + DAY)


def test_nobody_signs_twice_for_the_wrong_side_or_for_both() -> None:
    max_, ada = make_marketer(), make_user("ada", "admin")
    made = agreeing.propose(note="", by=ada, at=MONDAY_9AM)
    with pytest.raises(NotAllowed):
        agreeing.sign(made, side="sales", by=max_, at=MONDAY_9AM)
    with pytest.raises(NotAllowed):
        agreeing.sign(made, side="sales", by=make_rep(), at=MONDAY_9AM)
    with pytest.raises(NotAllowed):
        agreeing.sign(made, side="everybody", by=ada, at=MONDAY_9AM)
    agreeing.sign(made, side="marketing", by=ada, at=MONDAY_9AM)
    with pytest.raises(WrongStage, match="somebody else"):
        agreeing.sign(made, side="sales", by=ada, at=MONDAY_9AM)
    with pytest.raises(WrongStage, match="already"):
        agreeing.sign(made, side="marketing", by=max_, at=MONDAY_9AM)


def test_only_the_newest_version_is_signed() -> None:
    max_ = make_marketer()
    old = agreeing.propose(note="", by=max_, at=MONDAY_9AM)
    with pytest.raises(WrongStage, match="says the same"):
        agreeing.propose(note="", by=max_, at=MONDAY_9AM)
    raise_threshold()
    agreeing.propose(note="", by=max_, at=MONDAY_9AM)
    with pytest.raises(WrongStage, match="newer"):
        agreeing.sign(old, side="marketing", by=max_, at=MONDAY_9AM)


def test_reps_write_nothing_down() -> None:
    with pytest.raises(NotAllowed):
        agreeing.propose(note="", by=make_rep(), at=MONDAY_9AM)


def test_a_version_stays_as_it_was_signed_and_what_changes_is_outside_it() -> None:
    before = signed()
    assert differing(before.terms, live_terms(at=MONDAY_9AM), at=MONDAY_9AM) == []
    raise_threshold()
    revise(
        Policy.objects.in_force().get(),
        targets=[TargetValues(Metric.FIRST_TOUCH, 2, "hours")],
        ladder=[],
        at=MONDAY_9AM,
    )
    DisqualificationReason.objects.filter(slug="no-budget").update(is_active=False)
    before.refresh_from_db()
    assert before.terms["mql"]["threshold"] == 50
    assert differing(before.terms, live_terms(at=MONDAY_9AM), at=MONDAY_9AM) == [
        "mql",
        "policy standard",
        "reason no-budget",
    ]


def test_each_handoff_names_the_version_that_was_in_force_when_it_was_opened() -> None:
    early = make_handoff(at=MONDAY_9AM + HOUR / 2)
    first = signed()
    at_once = make_handoff(at=MONDAY_9AM + HOUR)
    assert agreeing.name_on_handoffs(at=MONDAY_9AM + 2 * HOUR) == 1
    raise_threshold()
    between = make_handoff(at=MONDAY_9AM + 2 * HOUR)
    second = agreeing.propose(note="", by=User.objects.get(username="max"), at=MONDAY_9AM + 3 * HOUR)
    for side, name in (("marketing", "max"), ("sales", "mia")):
        agreeing.sign(second, side=side, by=User.objects.get(username=name), at=MONDAY_9AM + 4 * HOUR)
    late = make_handoff(at=MONDAY_9AM + 5 * HOUR)
    assert agreeing.name_on_handoffs(at=MONDAY_9AM + 6 * HOUR) == 2
    assert agreeing.name_on_handoffs(at=MONDAY_9AM + 6 * HOUR) == 0
    named = dict(Handoff.objects.values_list("pk", "agreement"))
    assert named == {early.pk: None, at_once.pk: first.version, between.pk: first.version, late.pk: second.version}


def test_it_reads_as_sentences() -> None:
    policy = Policy.objects.in_force().get()
    LadderStep.objects.create(policy=policy, metric="first_touch", share=50, action="tell_owner")
    LadderStep.objects.create(policy=policy, metric="first_touch", offset=-30, action="tell_manager")
    said = {line for section in sections(live_terms(at=MONDAY_9AM)) for part in section.parts for line in part.lines}
    assert {
        "A score of at least 50 points, by version 1 of the scoring model.",
        "First touch within 4 hours.",
        "At 50 % of the time for first touch: tell whoever has it.",
        "30 minutes before first touch is due: tell the managers.",
        "Usually back after 180 days.",
        "Of budget, authority, need and timeline at least 2 are answered with yes or partly.",
    } <= said
    with translation.override("nl"):
        parts = [part for section in sections(live_terms(at=MONDAY_9AM)) for part in section.parts]
    dutch = {line for part in parts for line in part.lines}
    assert not dutch & {"First touch within 4 hours.", "Usually back after 180 days."}
    assert "Geen budget" in {part.heading for part in parts}


@pytest.mark.parametrize("role", ["rep", "marketer", "manager", "admin"])
def test_everybody_reads_it_and_only_those_who_sign_find_the_buttons(role: str) -> None:
    agreeing.propose(note="First", by=make_marketer("maria"), at=MONDAY_9AM)
    page = text(as_(make_user("reader", role)).get(PAGE))
    assert "Nothing is signed yet" in page
    assert "First touch within 4 hours." in page
    assert ("Sign for" in page) == (role != "rep")


def test_two_people_sign_it_on_the_page_and_what_is_changed_afterwards_is_marked() -> None:
    max_, mia = as_(make_marketer()), as_(make_manager())
    assert "is written down" in text(max_.post(reverse("propose-agreement"), {"note": "First"}, follow=True))
    sign = reverse("sign-agreement", args=[1])
    assert "the other side is next" in text(max_.post(sign, {"side": "marketing"}, follow=True))
    assert "in force from now on" in text(mia.post(sign, {"side": "sales"}, follow=True))
    page = text(mia.get(PAGE))
    assert "outside the agreement" not in page
    assert "Write down the next version" not in page
    raise_threshold()
    DisqualificationReason.objects.filter(slug="no-budget").update(is_active=False)
    page = text(mia.get(PAGE))
    assert page.count('<span class="pill pill-soon">outside the agreement</span>') == 2
    assert "Signed, but no longer live" in page
    assert "at least 50 points" in text(mia.get(reverse("agreement-version", args=[1])))


def test_what_cannot_be_signed_says_why_on_the_page_and_what_is_not_there_is_not_found() -> None:
    signed()
    page = as_(User.objects.get(username="max")).post(
        reverse("sign-agreement", args=[1]), {"side": "sales"}, follow=True
    )
    assert "Your role does not permit this" in text(page)
    assert as_(make_rep()).get(reverse("agreement-version", args=[7])).status_code == 404
    assert as_(make_rep("noor")).post(reverse("sign-agreement", args=[7])).status_code == 404


def test_promises_stand_in_it_until_they_are_over() -> None:
    Promise.objects.create(first=MONDAY_9AM.date(), last=(MONDAY_9AM + 30 * DAY).date(), mqls=50, in_time_percent=90)
    before = signed()
    said = [line for section in sections(before.terms) for part in section.parts for line in part.lines]
    assert "Marketing: 50 leads handed over." in said
    assert "Sales: 90 % of first touches in time." in said
    later = MONDAY_9AM + 31 * DAY
    assert differing(before.terms, live_terms(at=later), at=later) == []
    Promise.objects.update(mqls=40)
    assert differing(before.terms, live_terms(at=MONDAY_9AM), at=MONDAY_9AM) == [f"promise {Promise.objects.get().pk}"]
