"""The control: the machine can fail. With a mistake made on purpose it does, for nearly every one of them.

HANDOFF_LONG=1 makes three alone, and then every one and prints what found it (pytest -s shows the table).
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.life.mutants import MUTANTS, Mutant
from tests.life.test_life import LifeOfLeads
from tests.life.world import make_world

pytestmark = pytest.mark.django_db
LONG = os.environ.get("HANDOFF_LONG") == "1"
ALONE = ("undoing leaves the contract", "at due is late", "points are counted from the total")
LIVES, STEPS = 150, 60
MISSED_AT_MOST = 2


def what_finds(mutant: Mutant) -> str:
    """Return what the machine says of a mistake, nothing where it does not notice it."""
    often = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with mutant.at_work():
        try:
            run_state_machine_as_test(LifeOfLeads, settings=often)
        except Exception as fault:  # noqa: BLE001 (any fault at all is what we hope for)
            return f"{type(fault).__name__}: {str(fault).splitlines()[0][:90]}" if str(fault) else type(fault).__name__
    return ""


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="takes minutes; make long runs it")
@pytest.mark.parametrize("name", ALONE)
def test_a_mistake_does_not_go_unnoticed(name: str) -> None:
    LifeOfLeads.world = make_world()
    assert what_finds(next(mutant for mutant in MUTANTS if mutant.name == name))


def test_every_mistake_can_still_be_made() -> None:
    for mutant in MUTANTS:
        with mutant.at_work():
            pass


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="takes minutes; make long runs it")
def test_of_all_mistakes_hardly_one_goes_unnoticed() -> None:
    LifeOfLeads.world = make_world()
    missed = []
    for mutant in MUTANTS:
        fault = what_finds(mutant)
        print(f"{'caught' if fault else 'MISSED'}  {mutant.name:60} {fault}", flush=True)  # noqa: T201 (what one runs it for)
        missed += [] if fault else [mutant.name]
    assert len(missed) <= MISSED_AT_MOST, missed
