"""Imports leads from a file: `manage.py import_leads FILE --format x_education`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from handoff.intake.importing import plan_import, run_import
from handoff.intake.mapping import MappingError, load_mapping, shipped_mappings
from handoff.intake.models import Import
from handoff.intake.reading import Note, Refusal, Row, UnreadableFile, read_rows


class Command(BaseCommand):
    """Exits 0 when the file was read; rows that were refused are listed with line, column, value and reason."""

    help = "Imports leads from a CSV file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--format", default="generic", help=f"a shipped mapping: {', '.join(shipped_mappings())}")
        how.add_argument("--mapping", type=Path, help="a mapping file of your own")
        parser.add_argument("--dry-run", action="store_true", help="read and report, keep nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        mapping = str(options["mapping"] or options["format"])
        try:
            load_mapping(mapping)
        except (MappingError, OSError) as error:
            raise CommandError(str(error)) from error
        if not path.is_file():
            raise CommandError(f"{path}: there is no such file.")
        if options["dry_run"]:
            self._only_read(path, mapping)
        else:
            self._import(path.resolve(), mapping)

    def _import(self, path: Path, mapping: str) -> None:
        now = timezone.now()
        run = plan_import(path, mapping=mapping, by=None, at=now)
        Import.objects.filter(pk=run.pk).update(state=Import.State.RUNNING, started_at=now, alive_at=now)
        run_import(run, at=now)
        for remark in run.remarks.all():
            self._say(remark.line, remark.column, remark.value, remark.reason, is_refusal=remark.is_refusal)
        if run.state == Import.State.FAILED:
            raise CommandError(run.error)
        kept = run.created + run.updated + run.unchanged
        how, told = load_mapping(mapping), ""
        what = "rows" if how.is_log or how.cost else "leads"
        if run.handoffs or run.touches:
            told = f", {run.handoffs} past handoffs, {run.touches} past touches"
        self.stdout.write(
            f"{run.rows} {what} read, {run.refused} lost: {run.created} new, "
            f"{run.updated} changed, {run.unchanged} unchanged, {run.activities} activities{told}. "
            f"{kept} {what} are here now."
        )

    def _only_read(self, path: Path, mapping: str) -> None:
        rows = refused = 0
        try:
            for item in read_rows(path, load_mapping(mapping)):
                rows += isinstance(item, Row | Refusal)
                refused += isinstance(item, Refusal)
                if isinstance(item, Refusal | Note):
                    self._say(item.line, item.column, item.value, item.reason, is_refusal=isinstance(item, Refusal))
        except UnreadableFile as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{rows} leads read, {refused} would be lost. Nothing was kept (dry run).")

    def _say(self, line: int, column: str, value: str, reason: str, *, is_refusal: bool) -> None:
        where = ", ".join(filter(None, [f"line {line}" if line else "", column, repr(value) if value else ""]))
        self.stdout.write(f"{'refused' if is_refusal else 'note'}: {where}: {reason}")
