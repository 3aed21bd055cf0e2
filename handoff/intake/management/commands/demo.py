"""Makes the demo world: a year of one company, for looking around."""

import gc
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from handoff.intake.demo.life import play
from handoff.leads.models import Lead
from handoff.people.models import User

SIGN_INS = """Sign in with the password handoff-demo as
  rep        a sales rep in the Benelux team
  marketer   who writes the scoring rules
  manager    who leads the teams
  admin      who may do everything"""


class Command(BaseCommand):
    """`manage.py demo [--scale N]`."""

    help = "Makes the demo world in an empty database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", type=float, default=1.0, help="1 is 2,000 leads and about 25,000 activities")
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where there are people or leads already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        is_used = User.objects.exists() or Lead.objects.exists()
        if is_used and not options["if_empty"]:
            raise CommandError("This database holds data; the demo world needs an empty one (another HANDOFF_DATA).")
        if not is_used:
            began = time.monotonic()
            self.stdout.write("Living through a year of the demo world ...")
            # A year in two minutes makes millions of short-lived objects, and hardly a cycle among them.
            gc.disable()
            try:
                play(scale=options["scale"], end=timezone.now().replace(minute=0, second=0, microsecond=0))
            finally:
                gc.enable()
            self.stdout.write(f"{Lead.objects.count()} leads in {time.monotonic() - began:.0f} s.")
        if User.objects.filter(username="rep", email="rep@handoff.example").exists():
            self.stdout.write(SIGN_INS)
