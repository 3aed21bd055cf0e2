"""Runs every due tick once: `manage.py tick [--at ISO-TIME]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from handoff.config.ticking import run_all


class Command(BaseCommand):
    """As if a worker had run once, now or as if now were another time."""

    help = "Runs every due tick once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", help="as if now were this time, such as 2026-11-22T10:00:00+01:00")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        if options["at"]:
            try:
                given = parse_datetime(options["at"])
            except ValueError:
                given = None
            if given is None or given.tzinfo is None:
                raise CommandError(
                    f"--at {options['at']!r}: use a time with an offset, such as 2026-11-22T10:00:00+01:00."
                )
            at = given
        for name, changed in run_all(at=at).items():
            self.stdout.write(f"{name}: {changed}")
