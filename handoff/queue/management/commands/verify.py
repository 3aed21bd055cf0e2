"""Checks every invariant of the data: `manage.py verify`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from handoff.queue.verifying import INVARIANTS, STORED_SCORE, broken_rows


class Command(BaseCommand):
    """Names each row that breaks an invariant; exits 1 where there is one."""

    help = "Checks every invariant of the data and names each row that breaks one."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the checks."""
        found = 0
        for broken in broken_rows(at=timezone.now()):
            found += 1
            self.stdout.write(f"{broken.invariant}: {broken.row}")
        checked = [*INVARIANTS, STORED_SCORE]
        self.stdout.write(f"{len(checked)} invariants checked, {found} rows break one.")
        if found:
            sys.exit(1)
