"""Importing a file: rows read, leads recorded, remarks kept. Running the same file again changes nothing."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone, translation

from handoff.intake.columns import ColumnType
from handoff.intake.mapping import Mapping, MappingError, load_mapping
from handoff.intake.models import Import, ImportRemark
from handoff.intake.reading import Note, Refusal, Row, UnreadableFile, read_rows
from handoff.leads.models import Stage
from handoff.leads.recording import register_traits
from handoff.people.models import User
from handoff.queue.receiving import receive_activities, receive_leads

AT_ONCE = 500
SILENT = timedelta(minutes=5)
REMARKS_KEPT = 10_000


def plan_import(path: Path, *, mapping: str, by: User | None, at: datetime, file_name: str = "") -> Import:
    """Put a file in line; a worker's tick imports it."""
    return Import.objects.create(
        file_name=file_name or path.name, path=str(path), mapping=mapping, by=by, created_at=at
    )


def run_waiting(*, at: datetime) -> int:
    """Run the imports that wait, and those whose worker fell silent; return how many."""
    silent = Q(state=Import.State.RUNNING, alive_at__lt=at - SILENT)
    done = 0
    for run in Import.objects.filter(Q(state=Import.State.WAITING) | silent).order_by("id"):
        # Of two workers, one matches the row as it was read.
        same = Import.objects.filter(pk=run.pk, state=run.state, alive_at=run.alive_at)
        if same.update(state=Import.State.RUNNING, started_at=at, alive_at=at):
            run_import(run, at=at)
            done += 1
    return done


def run_import(run: Import, *, at: datetime) -> None:
    """Import the file of `run` and keep on it what came of each row."""
    with translation.override(run.by.language if run.by else None):
        Import.objects.filter(pk=run.pk).update(
            state=Import.State.RUNNING, rows=0, created=0, updated=0, unchanged=0, refused=0, activities=0, alive_at=at
        )
        run.remarks.all().delete()
        try:
            mapping = load_mapping(run.mapping)
            kinds = {ColumnType.BOOLEAN: "yes_no"}  # the others have the same name there
            traits = mapping.traits.items()
            register_traits({name: (trait.label, kinds.get(trait.type, trait.type.value)) for name, trait in traits})
            for batch in _batches(read_rows(Path(run.path), mapping)):
                _take(run, batch, mapping, at)
        except (MappingError, UnreadableFile, OSError) as error:
            Import.objects.filter(pk=run.pk).update(state=Import.State.FAILED, error=str(error), finished_at=at)
        else:
            Import.objects.filter(pk=run.pk).update(state=Import.State.DONE, finished_at=at)
    run.refresh_from_db()


def _batches(rows: Iterator[Row | Refusal | Note]) -> Iterator[list[Row | Refusal | Note]]:
    while batch := list(itertools.islice(rows, AT_ONCE)):
        yield batch


@transaction.atomic
def _take(run: Import, batch: list[Row | Refusal | Note], mapping: Mapping, at: datetime) -> None:
    rows = [item for item in batch if isinstance(item, Row)]
    results = receive_leads([row.lead for row in rows], by=run.by, at=at, stage=Stage.LEAD)
    remarks = [_remark(run, item) for item in batch if not isinstance(item, Row)]
    remarks += [
        ImportRemark(run=run, line=row.line, reason=result.detail[:300])
        for row, result in zip(rows, results, strict=True)
        if result.outcome == "rejected"
    ]
    accepted = {id(row) for row, result in zip(rows, results, strict=True) if result.outcome != "rejected"}
    activities = [_for_lead(activity, row) for row in rows if id(row) in accepted for activity in row.activities]
    received = receive_activities(activities, at=at, is_history=True) if activities else None
    room = REMARKS_KEPT - run.remarks.count()
    ImportRemark.objects.bulk_create(remarks[: max(room, 0)])
    outcomes = [result.outcome for result in results]
    refused = outcomes.count("rejected") + sum(isinstance(item, Refusal) for item in batch)
    Import.objects.filter(pk=run.pk).update(
        rows=F("rows") + len(rows) + sum(isinstance(item, Refusal) for item in batch),
        created=F("created") + outcomes.count("created"),
        updated=F("updated") + outcomes.count("updated"),
        unchanged=F("unchanged") + outcomes.count("unchanged"),
        refused=F("refused") + refused,
        activities=F("activities") + (received.accepted if received else 0),
        alive_at=max(at, timezone.now()),  # a sign of life, never a fact of the domain
    )


def _for_lead(activity: dict[str, Any], row: Row) -> dict[str, Any]:
    identity = {name: row.lead[name] for name in ("external_id", "email") if row.lead.get(name)}
    return {**activity, "lead": identity}


def _remark(run: Import, item: Refusal | Note) -> ImportRemark:
    return ImportRemark(
        run=run,
        line=item.line,
        column=item.column,
        value=item.value,
        reason=item.reason,
        is_refusal=isinstance(item, Refusal),
    )
