"""Runs every due tick once: `manage.py tick [--at ISO-TIME]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from handoff.config.ticking import run_all
from handoff.lib.bodies import YEARS, BadInstant, instant


class Command(BaseCommand):
    """As if a worker had run once, now or as if now were another time; exits with 1 where a tick failed."""

    help = "Runs every due tick once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", help="as if now were this time, such as 2026-11-22T10:00:00+01:00")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        if options["at"]:
            try:
                at = instant(options["at"])
            except BadInstant as error:
                years = f"of the years {YEARS[0]} to {YEARS[-1]}, such as 2026-11-22T10:00:00+01:00"
                raise CommandError(f"--at {options['at']!r}: use a time with an offset, {years}.") from error
        changed = run_all(at=at)
        for name, count in changed.items():
            self.stdout.write(f"{name}: {'failed' if count is None else count}")
        if failed := [name for name, count in changed.items() if count is None]:
            raise CommandError(f"Failed, as the log above says: {', '.join(failed)}.")
