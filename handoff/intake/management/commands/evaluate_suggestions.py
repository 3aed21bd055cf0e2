"""Learns points from any file of verdicts: `manage.py evaluate_suggestions FILE.csv --label COLUMN --json`."""

import json
import math
from argparse import ArgumentParser, ArgumentTypeError
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from handoff.intake.any_file import NoTable, Table, read_table
from handoff.intake.cards import only_profiles, points_of
from handoff.intake.remarks import UnreadableFile
from scoring.candidates import single_candidates, where, with_pairs
from scoring.conditions import BadCondition
from scoring.evaluating import Examples, evaluate, folds, newest
from scoring.exchange import Unreadable, spec_in
from scoring.fields import microseconds
from scoring.learning import Floats
from scoring.wording import mistake, said_decline, sentence
from scoring.yardsticks import YARDSTICKS, is_there

LEAKS = 0.93  # an AUC above it is too good to be known beforehand


class Command(BaseCommand):
    """Prints suggested rules, and what they are worth beside a card and other learners; it asks no database."""

    help = "Suggests rules with points from a CSV file with a column of verdicts, and says what they are worth."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--label", required=True, help="the column that says yes or no")
        parser.add_argument("--exclude", nargs="+", action="extend", default=[], help="columns not to learn from")
        parser.add_argument("--rules", type=_whole, default=10, help="how many rules at most (10)")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--folds", type=_whole, default=5, help="judge by cross-validation in so many parts (5)")
        how.add_argument("--newest", type=_share, help="judge by this last share of the rows, such as 0.3")
        parser.add_argument("--card", type=Path, help="an exported scoring model to compare with")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            table, yes = read_table(options["file"]).verdicts(options["label"])
            profiles, catalogue = table.typed([options["label"], *options["exclude"]])
        except (OSError, UnreadableFile, NoTable) as error:
            raise CommandError(str(error)) from error
        if table.skipped:
            said = ngettext(
                "%(n)d row could not be read and was left out.",
                "%(n)d rows could not be read and were left out.",
                table.skipped,
            )
            self.stderr.write(said % {"n": table.skipped})
        base = self._card(options["card"], table) if options["card"] else None
        facts, moments = only_profiles(profiles), np.ones(len(yes), dtype=np.int64)
        single = single_candidates(profiles, catalogue)
        candidates, holds = with_pairs(single, where(single, facts, moments, catalogue, {}))
        learners = YARDSTICKS if is_there() and catalogue else {}
        found = evaluate(
            Examples(candidates, holds, yes, base),
            newest(len(yes), options["newest"]) if options["newest"] else folds(yes, options["folds"]),
            most=options["rules"],
            yardsticks={name: partial(learner, profiles, catalogue, yes) for name, learner in learners.items()},
        )
        rules = [
            {
                "text": sentence(one.rule.condition, catalogue),
                "points": one.points,
                "n": one.n,
                "rate": round(one.accepted / one.n, 4),
            }
            for one in found.rules
        ]
        self._say({"rules": rules, "auc": found.auc, "declined": said_decline(found.declined)}, as_json=options["json"])

    def _card(self, path: Path, table: Table) -> Floats:
        try:
            points, unread = points_of(spec_in(path.read_text(encoding="utf-8")), table, microseconds(timezone.now()))
        except (OSError, UnicodeDecodeError, Unreadable) as error:
            raise CommandError(f"{path}: {error}") from error
        except BadCondition as error:
            raise CommandError(f"{path}: {mistake(error)}") from error
        for name in unread:
            said = _("The card's rule “%(name)s” asks for what this file does not say, and gives no points.")
            self.stderr.write(said % {"name": name})
        return points

    def _say(self, found: dict[str, Any], *, as_json: bool) -> None:
        if (found["auc"]["rules"] or 0) > LEAKS:
            said = _(
                "This is too good to be true: a column may have been written after the verdict. See the first rules."
            )
            self.stderr.write(said)
        if as_json:
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
            return
        for rule in found["rules"]:
            self.stdout.write(f"{rule['points']:+4d}  {rule['text']}  ({rule['rate']:.0%} of {rule['n']})")
        for name, value in found["auc"].items():
            self.stdout.write(f"{name}: {'-' if value is None else format(value, '.3f')}")
        if found["declined"]:
            self.stdout.write(found["declined"])


def _whole(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r}: use a whole number from 1.")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 < share < 1:
        raise ArgumentTypeError(f"{text!r}: use a share between 0 and 1, such as 0.3.")
    return share
