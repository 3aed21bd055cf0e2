"""Ticks that draw at once draw nobody twice and no more than a week has room for; signing happens once."""

import pytest
from django.db import transaction

from handoff.lib.refusals import WrongStage
from handoff.queue.models import Handoff, Sample, Sampling
from handoff.queue.receiving import receive_activities
from handoff.queue.rescoring import rescore
from handoff.queue.sampling import end_sampling, hand_over_samples, propose_sampling, sign_sampling
from handoff.queue.verifying import broken_rows
from tests.concurrency.racing import race
from tests.making import (
    DAY,
    MONDAY_9AM,
    PRICING,
    make_lead,
    make_live,
    make_manager,
    make_marketer,
    make_rep,
    make_team,
    page_view,
)

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
ROUNDS = 8
EVERYBODY = {"condition": {"field": "email", "op": "is_filled"}, "points": 45}


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_ticks_at_once_keep_to_the_week_while_a_lead_crosses_by_itself_and_one_side_ends_it(round_: int) -> None:
    make_rep()
    make_live(EVERYBODY, PRICING)
    manager, agreed = make_manager(), {"band": 10, "share": 100, "weekly_number": 3}
    sampling = propose_sampling(make_team(), **agreed, by=make_marketer(), at=MONDAY_9AM - DAY)
    sign_sampling(sampling, by=manager, at=MONDAY_9AM - DAY)
    leads = [make_lead(at=MONDAY_9AM) for _ in range(6)]
    with transaction.atomic():
        rescore([lead.pk for lead in leads], at=MONDAY_9AM)
    ends = [lambda: end_sampling(sampling, by=manager, at=MONDAY_9AM)] if round_ % 2 else []
    outcomes = race(
        lambda: hand_over_samples(at=MONDAY_9AM),
        lambda: hand_over_samples(at=MONDAY_9AM),
        lambda: receive_activities([page_view(lead, MONDAY_9AM) for lead in leads[:2]], at=MONDAY_9AM),
        *ends,
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    handed = Sample.objects.handed_over().count()
    assert handed <= 3 if ends else handed == 3
    assert Handoff.objects.open().filter(lead__in=leads[:2]).count() == 2
    assert list(broken_rows()) == []


def test_of_two_who_sign_for_one_side_one_signs() -> None:
    sampling = propose_sampling(
        make_team(), band=10, share=10, weekly_number=3, by=make_marketer(), at=MONDAY_9AM - DAY
    )
    managers = [make_manager("mia"), make_manager("mo")]
    outcomes = race(*(lambda by=by: sign_sampling(sampling, by=by, at=MONDAY_9AM) for by in managers))
    assert [type(outcome) for outcome in outcomes if outcome] == [WrongStage]
    assert Sampling.objects.get().sales_by in managers
