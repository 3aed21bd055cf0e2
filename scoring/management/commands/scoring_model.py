"""The command that writes a scoring model to a file and reads it back."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from scoring.exchange import Unreadable, read, written
from scoring.models import ScoringModel
from scoring.publishing import NotPublishable, publish
from scoring.rehearsing import rehearsed


class Command(BaseCommand):
    """Export a version as JSON to standard output, or import such a file as a new draft."""

    help = "scoring_model export VERSION|live > FILE, or scoring_model import FILE [--name NAME] [--publish]."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the two ways to call it."""
        ways = parser.add_subparsers(dest="way", required=True)
        export = ways.add_parser("export", help="Write one version as JSON.")
        export.add_argument("version", help="Its number, or “live”.")
        reading = ways.add_parser("import", help="Make a new draft of such a file.")
        reading.add_argument("file", help="The file, or - for standard input.")
        reading.add_argument("--publish", action="store_true", help="Make it the live version at once.")
        reading.add_argument("--name", default="", help="What to call the draft; as in the file unless given.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked for; the file alone goes to standard output."""
        if options["way"] == "export":
            self.stdout.write(written(_version(options["version"])), ending="")
            return
        try:
            draft = read(_text(options["file"]), by=None, at=timezone.now(), name=options["name"])
        except Unreadable as error:
            raise CommandError(f"{options['file']}: {error}") from error
        self.stdout.write(f"{draft} is a new draft with {draft.rules.count()} rules.")
        if options["publish"]:
            try:
                rehearsal = rehearsed(draft, by=None, at=timezone.now())
                publish(draft, by=None, at=timezone.now(), rehearsal=rehearsal)
            except NotPublishable as error:
                raise CommandError(f"It stays a draft: {error}") from error
            found = rehearsal.result
            self.stdout.write(
                f"Of {found['leads']} leads {found['become']} become MQL, {found['fall_back']} fall back."
            )
            self.stdout.write(f"{draft} is live; the worker rescores everybody (or: manage.py tick).")


def _version(named: str) -> ScoringModel:
    if named != "live" and not named.isdecimal():
        raise CommandError(f"VERSION={named!r}: use a number or “live”.")
    found = ScoringModel.objects.live() if named == "live" else ScoringModel.objects.filter(version=int(named))
    model = found.first()
    if model is None:
        numbers = ", ".join(str(number) for number in ScoringModel.objects.values_list("version", flat=True))
        raise CommandError(f"There is no version {named}; there are: {numbers or 'none'}.")
    return model


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"FILE={file!r} can't be read: {error}") from error
