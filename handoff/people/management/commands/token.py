"""The command that makes an API token."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from handoff.lib.tables import require_tables
from handoff.people.models import User
from handoff.people.tokens import SCOPES, UnknownScope, make_token


class Command(BaseCommand):
    """Make an API token and print it alone on stdout; it is shown this once."""

    help = "Make an API token for USER and print it, alone, on stdout. It is not kept and can't be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="USER", help="whose rights it has")
        parser.add_argument(
            "--scope",
            metavar="S",
            action="extend",
            nargs="+",
            default=[],
            help=f"narrows the rights; one or more of {', '.join(SCOPES)}",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_tables()
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user “{options['user']}”; name one who can sign in.")
        if not user.is_active:
            raise CommandError(f"“{user.username}” is not active, so a token would open nothing.")
        try:
            self.stdout.write(make_token(user, at=timezone.now(), scopes=options["scope"], name="command line"))
        except UnknownScope as error:
            raise CommandError(str(error)) from error
