"""Suggestions over public files, beside other learners and cards of our own writing.

Short in the suite: fewer rows, and no other learners. HANDOFF_LONG=1 takes the whole files. What counts as known
before sales' contact in X Education: how and from where a lead came, what it filled in and did on the website, whether
mail and calls are welcome. Left out are ids; Tags, Lead Quality and Lead Profile, which a rep writes after talking
("Ringing", "Will revert after reading the email"); the Asymmetrique scores, which another program worked out at a time
unknown; and Last Activity and Last Notable Activity, which go on being written while sales works ("SMS Sent").
"""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from handoff.intake.any_file import Table, read_table
from handoff.intake.cards import only_profiles, points_of
from scoring.candidates import single_candidates, where, with_pairs
from scoring.evaluating import Decline, Evaluation, Examples, Split, evaluate, folds, learn, newest
from scoring.exchange import spec_in
from scoring.learning import Bools
from scoring.yardsticks import YARDSTICKS, is_there

pytestmark = pytest.mark.long
LONG = os.environ.get("HANDOFF_LONG") == "1"
DATA = Path(__file__).parents[2].parent / "shared" / "data"
LEADS = DATA / "x_education" / "Leads.csv"
CALLS = DATA / "bank_marketing" / "bank-additional-full.csv"
CARDS = Path(__file__).parent / "cards"
AFTER_CONTACT = [
    *("Prospect ID", "Lead Number", "Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity"),
    *("Asymmetrique Activity Index", "Asymmetrique Profile Index"),
    *("Asymmetrique Activity Score", "Asymmetrique Profile Score"),
]
LEAK = 0.93  # no honest column tells so much before anybody spoke to them


class Public:
    """A public file with its verdicts: what can be learned from it, and what our card for it gives."""

    def __init__(self, path: Path, label: str, but: list[str], card: str, every: int) -> None:
        if not path.exists():
            pytest.skip(f"The public file is not beside this repository ({path.name}).")
        table = read_table(path)
        cells = table.cells.gather_every(1 if LONG else every)
        self.table, self.yes = Table(cells, table.skipped).verdicts(label)
        self.profiles, self.catalogue = self.table.typed([label, *but])
        single, moments = single_candidates(self.profiles, self.catalogue), np.ones(len(self.yes), dtype=np.int64)
        found = where(single, only_profiles(self.profiles), moments, self.catalogue, {})
        self.candidates, self.holds = with_pairs(single, found)
        self.card, unread = points_of(spec_in((CARDS / card).read_text()), self.table, 1)
        assert unread == []

    def evaluated(self, splits: list[Split], *, most: int = 10, learners: bool = False) -> Evaluation:
        """Return what is suggested and what it is worth."""
        learned = {
            name: lambda old, new, learner=learner: learner(self.profiles, self.catalogue, self.yes, old, new)
            for name, learner in YARDSTICKS.items()
            if learners and is_there()
        }
        examples = Examples(self.candidates, self.holds, self.yes, self.card)
        return evaluate(examples, splits, most=most, yardsticks=learned)

    def without_sense(self, seed: int) -> tuple[Examples, Bools]:
        """Return the same leads with verdicts that were shuffled among them."""
        shuffled = np.random.default_rng(seed).permutation(self.yes)
        return Examples(self.candidates, self.holds, shuffled), shuffled


@pytest.fixture(scope="module")
def leads() -> Public:
    return Public(LEADS, "Converted", AFTER_CONTACT, "x_education.json", every=4)


@pytest.fixture(scope="module")
def calls() -> Public:
    # How long the call took is known after it only.
    return Public(CALLS, "y", ["duration"], "bank_marketing.json", every=4)


def test_ten_readable_rules_are_worth_nearly_as_much_as_other_learners(leads: Public) -> None:
    found = leads.evaluated(folds(leads.yes, 5 if LONG else 2), learners=LONG)
    auc = {name: value or 0.0 for name, value in found.auc.items()}
    assert 0.80 < auc["rules"] < LEAK, "A column from after the contact leaked in."
    assert found.declined is None
    assert 5 <= len(found.rules) <= 10
    assert auc["card_plus_three"] - auc["card"] >= 0.10
    if LONG and is_there():
        assert max(auc.values()) < LEAK, "A column from after the contact leaked in."
        assert auc["rules"] >= auc["logistic"] - 0.02
        assert auc["rules"] >= auc["boosting"] - 0.03


def test_a_column_from_after_the_contact_would_be_seen(leads: Public) -> None:
    """The bound is worth something: with what reps write, ten rules pass it."""
    tagged, fields = leads.table.typed(["Converted", "Prospect ID", "Lead Number"])
    single, moments = single_candidates(tagged, fields), np.ones(len(leads.yes), dtype=np.int64)
    holds = where(single, only_profiles(tagged), moments, fields, {})
    found = evaluate(Examples(single, holds, leads.yes), folds(leads.yes, 2), most=10, yardsticks={})
    assert (found.auc["rules"] or 0.0) > LEAK


def test_where_the_world_changed_and_the_card_is_better_nothing_is_suggested(calls: Public) -> None:
    found = calls.evaluated(newest(len(calls.yes), 0.3))
    assert (found.auc["card"] or 0.0) > (found.auc["rules"] or 0.0)
    assert found.declined is not None
    assert found.declined.why == (Decline.BASE_IS_BETTER if LONG else Decline.NOTHING)
    assert found.rules == []


def test_of_shuffled_verdicts_nothing_is_made(leads: Public) -> None:
    numbers, aucs = [], []
    for seed in range(60 if LONG else 8):
        examples, shuffled = leads.without_sense(seed)
        numbers.append(len(learn(examples, np.arange(len(shuffled)), 10)))
        aucs.append(evaluate(examples, folds(shuffled, 2), most=10, yardsticks={}).auc["rules"] or 0.0)
    assert np.mean(numbers) < 0.5
    assert np.mean(aucs) == pytest.approx(0.5, abs=0.03)


def test_the_file_that_a_spreadsheet_mangled_says_the_same() -> None:
    mangled = LEADS.with_name("Leads_excel_mangled.csv")
    if not mangled.exists():
        pytest.skip("The public file is not beside this repository (shared/data/x_education).")
    one, other = read_table(LEADS), read_table(mangled)
    assert (one.skipped, other.skipped) == (0, 0)
    assert one.cells.select(pl.col("Converted", "City")).equals(other.cells.select(pl.col("Converted", "City")))
