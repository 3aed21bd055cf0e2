"""Whole lives of leads, lived at random: whatever comes in, whoever acts, however well or badly the ticks run.

Short in the suite; HANDOFF_LONG=1 lives 4,000 lives of 100 steps, or as many as LIVES says.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.life.keeping import Keeping
from tests.life.lining_up import LiningUp
from tests.life.world import make_world

pytestmark = [pytest.mark.django_db, pytest.mark.properties]
LONG = os.environ.get("HANDOFF_LONG") == "1"
LIVES, STEPS = (int(os.environ.get("LIVES", "4000")), 100) if LONG else (10, 30)
EVER_THE_SAME = settings(
    max_examples=LIVES,
    stateful_step_count=STEPS,
    derandomize=not LONG,
    deadline=None,
    database=None,
    phases=[Phase.generate] if os.environ.get("UNSHRUNK") else list(Phase),
    suppress_health_check=list(HealthCheck),
)


class LifeOfLeads(Keeping, LiningUp):
    """Everything that can happen to leads.

    Rules of further acts are one more mixin here: what they may change by themselves is said in `byitself`, what an
    act changes in its own rule.
    """


def test_whatever_happens_to_leads_every_invariant_holds_and_nobody_is_lost() -> None:
    LifeOfLeads.world = make_world()
    run_state_machine_as_test(LifeOfLeads, settings=EVER_THE_SAME)
