"""Makes the demo world: a year of one company, for looking around."""

import gc
import time
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from handoff.intake.demo.life import LEADS, live_on, lives, play
from handoff.leads.models import Lead
from handoff.lib.tables import make_tables
from handoff.people.models import User

SIGN_INS = """Sign in with the password handoff-demo as
  rep        a sales rep in the Benelux team
  marketer   who writes the scoring rules
  manager    who leads the teams
  admin      who may do everything"""


class Command(BaseCommand):
    """`manage.py demo [--scale N] [--advance]`."""

    help = "Makes the demo world in an empty database, or lives on in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", type=float, default=1.0, help="1 is 2,000 leads and about 25,000 activities")
        parser.add_argument("--advance", action="store_true", help="live on in the demo world to the current hour")
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where there are people or leads already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        scale = options["scale"]
        if not 1 / LEADS <= scale <= 1000:
            raise CommandError(f"--scale {scale:g}: use a number from {1 / LEADS:g} (one lead) to 1000.")
        make_tables()
        now = timezone.now().replace(minute=0, second=0, microsecond=0)
        lived, is_used = lives(), User.objects.exists() or Lead.objects.exists()
        if not is_used:
            self._live("Living through a year of the demo world ...", partial(play, scale=scale, end=now))
        elif not lived and not options["if_empty"]:
            raise CommandError("This database holds data; the demo world needs an empty one (another HANDOFF_DATA).")
        elif lived and options["advance"] and lived[-1].at < now:
            self._live(f"Living on from {lived[-1].at:%Y-%m-%d %H:%M} UTC ...", partial(live_on, end=now))
        elif lived:
            self.stdout.write(f"The demo world is there, and lived until {lived[-1].at:%Y-%m-%d %H:%M} UTC.")
        if User.objects.filter(username="rep", email="rep@handoff.example").exists():
            self.stdout.write(SIGN_INS)

    def _live(self, said: str, live: Callable[[], None]) -> None:
        began = time.monotonic()
        self.stdout.write(said)
        # A year in two minutes makes millions of short-lived objects, and hardly a cycle among them.
        gc.disable()
        try:
            live()
        finally:
            gc.enable()
        self.stdout.write(f"{Lead.objects.count()} leads in {time.monotonic() - began:.0f} s.")
