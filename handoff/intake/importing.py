"""Importing a file: rows read, leads recorded, remarks kept. Running the same file again changes nothing."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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
from handoff.intake.remarks import Trouble
from handoff.leads.models import Stage
from handoff.leads.recording import Recorded, register_traits
from handoff.leads.sources import record_costs
from handoff.people.models import User
from handoff.queue.history import Kept, Past, keep_history
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
            state=Import.State.RUNNING, rows=0, created=0, updated=0, unchanged=0, refused=0, activities=0, handoffs=0,
            touches=0, alive_at=at,
        )  # fmt: skip
        run.remarks.all().delete()
        try:
            mapping = load_mapping(run.mapping)
            kinds = {ColumnType.BOOLEAN: "yes_no"}  # the others have the same name there
            traits = mapping.traits.items()
            register_traits({name: (trait.label, kinds.get(trait.type, trait.type.value)) for name, trait in traits})
            for batch in _batches(read_rows(Path(run.path), mapping)):
                _take(run, batch, mapping, at)
        except (MappingError, UnreadableFile, OSError) as error:
            said = error.about(run.file_name) if isinstance(error, UnreadableFile) else str(error)
            Import.objects.filter(pk=run.pk).update(state=Import.State.FAILED, error=said, finished_at=at)
        else:
            Import.objects.filter(pk=run.pk).update(state=Import.State.DONE, finished_at=at)
    run.refresh_from_db()


def _batches(rows: Iterator[Row | Refusal | Note]) -> Iterator[list[Row | Refusal | Note]]:
    while batch := list(itertools.islice(rows, AT_ONCE)):
        yield batch


@dataclass(frozen=True)
class _Taken:
    """A row and what became of it."""

    row: Row
    recorded: Recorded
    kept: Kept

    @property
    def outcome(self) -> str:
        """What became of the lead, or of its history where only that changed."""
        is_news = self.recorded.outcome == "unchanged" and self.kept.is_news
        return "updated" if is_news else self.recorded.outcome

    def remarks(self, run: Import) -> Iterator[ImportRemark]:
        """Yield what there is to say about it."""
        if self.outcome == "rejected":
            yield ImportRemark(run=run, line=self.row.line, reason=self.recorded.detail[:300])
        if self.kept.trouble:
            yield _remark(run, Trouble(self.kept.trouble).remark(self.row.line, Note))


@transaction.atomic
def _take(run: Import, batch: list[Row | Refusal | Note], mapping: Mapping, at: datetime) -> None:
    rows = [item for item in batch if isinstance(item, Row)]
    taken = _record_costs(rows) if mapping.cost else _record(rows, run.by, mapping, at)
    activities = [_for_lead(activity, one.row) for one in taken if one.recorded.lead for activity in one.row.activities]
    opens = not mapping.tells_history
    received = receive_activities(activities, at=at, is_history=True, opens=opens) if activities else None
    remarks = [_remark(run, item) for item in batch if not isinstance(item, Row)]
    remarks += [remark for one in taken for remark in one.remarks(run)]
    room = REMARKS_KEPT - run.remarks.count()
    ImportRemark.objects.bulk_create(remarks[: max(room, 0)])
    refused, outcomes = sum(isinstance(item, Refusal) for item in batch), Counter(one.outcome for one in taken)
    Import.objects.filter(pk=run.pk).update(
        rows=F("rows") + len(taken) + refused,
        created=F("created") + outcomes["created"],
        updated=F("updated") + outcomes["updated"],
        unchanged=F("unchanged") + outcomes["unchanged"],
        refused=F("refused") + refused + outcomes["rejected"],
        activities=F("activities") + (received.accepted if received else 0),
        handoffs=F("handoffs") + sum(one.kept.is_news and bool(one.row.handoff) for one in taken),
        touches=F("touches") + sum(one.kept.touches for one in taken),
        alive_at=max(at, timezone.now()),  # a sign of life, never a fact of the domain
    )


def _record_costs(rows: list[Row]) -> list[_Taken]:
    outcomes = record_costs([row.cost for row in rows if row.cost])
    return [_Taken(row, Recorded(outcome), Kept()) for row, outcome in zip(rows, outcomes, strict=True)]


def _record(rows: list[Row], by: User | None, mapping: Mapping, at: datetime) -> list[_Taken]:
    """Record the leads of `rows`, and what is told of their past."""
    # Whom only history knows rests, so that nothing of it enters the queue.
    stage = Stage.NURTURE if mapping.tells_history else Stage.LEAD
    found = receive_leads([row.lead for row in rows], by=by, at=at, stage=stage, only_known=mapping.is_of_known)
    pasts = {
        row.line: Past(one.lead, one.outcome == "created", row.handoff, row.touches)
        for row, one in zip(rows, found, strict=True)
        if one.lead and mapping.tells_history
    }
    kept = dict(zip(pasts, keep_history(list(pasts.values()), people=mapping.people, at=at), strict=True))
    return [_Taken(row, one, kept.get(row.line, Kept())) for row, one in zip(rows, found, strict=True)]


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
