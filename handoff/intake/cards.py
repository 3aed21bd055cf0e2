"""A scoring model as a card over any file: what its rules about who somebody is give to each row."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import polars as pl

from handoff.intake.any_file import Table
from scoring.conditions import fields_of, leaves
from scoring.engine import Facts, prepare, score
from scoring.spec import ModelSpec

NO_ACTIVITIES = {"lead": pl.Int64, "at": pl.Int64, "kind": pl.String, "is_machine": pl.Boolean}


def only_profiles(profiles: pl.DataFrame) -> Facts:
    """Return rows of profiles as facts of leads who did nothing that is known."""
    return Facts(profiles.with_columns(pl.lit(0, pl.Int64).alias("created")), pl.DataFrame(schema=NO_ACTIVITIES))


def points_of(card: ModelSpec, table: Table, at: int) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return what `card` gives each row at `at` (µs), and the names of its rules that this file tells nothing about."""
    used = defaultdict[str, set[str]](set)
    for rule in card.rules:
        for leaf in leaves(rule.condition):
            used[leaf["field"]].add(str(leaf.get("op", "")))
    profiles, catalogue = table.compared(used)
    rules = [rule for rule in card.rules if rule.kind == "profile" and fields_of(rule.condition) <= catalogue.keys()]
    known = ModelSpec(card.groups, tuple(rules), card.threshold, time_zone=card.time_zone)
    totals = score(prepare(known, catalogue, {}), only_profiles(profiles)).dimensions(at).sum(axis=1)
    return totals, [rule.name or rule.key for rule in card.rules if rule not in rules]
