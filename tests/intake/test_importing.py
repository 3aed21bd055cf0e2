"""Imports: what comes of a file, again, after a stop, and of one that can't be read."""

from datetime import timedelta
from pathlib import Path

import pytest

from handoff.intake import importing
from handoff.intake.importing import SILENT, plan_import, run_import, run_waiting
from handoff.intake.models import Import
from handoff.leads.models import Activity, Consent, Lead, LeadScore, Stage, TraitField
from handoff.queue.models import Handoff
from tests.making import DAY, HOUR, MONDAY_9AM, make_live, make_marketer, make_team

pytestmark = pytest.mark.django_db
HEADER = "Prospect ID,Lead Number,Lead Source,Country,Do Not Email,Do Not Call,Converted,TotalVisits,Tags"
ROWS = (
    "p-1,1,Google,India,No,No,0,5,Busy",
    "p-2,2,Referral,unknown,Yes,No,1,many,Select",
    "p-3,3,Chat,India,No,No,0,0,",
)
VISITS = """
[lead]
email = "Email"
[[activities]]
kind = "webinar_attended"
at = { column = "Seen", type = "time" }
id = "{Email}-seen"
source = "fair"
"""


@pytest.fixture(autouse=True)
def _team() -> None:
    make_team()


def slice_of(folder: Path, *rows: str) -> Path:
    """Write a small file in the shape of the online school's; columns that it lacks are not mapped."""
    path = folder / "slice.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def mapping_of(folder: Path) -> str:
    """Write a mapping of just these columns, taken from the shipped one."""
    shipped = (Path(importing.__file__).parent / "mappings" / "x_education.toml").read_text()
    known = {name.strip() for name in HEADER.split(",")}
    kept = [
        line for line in shipped.splitlines()
        if not line.strip() or line.startswith("[") or " = [" in line
        or any(f'"{name}"' in line.split(", type")[0].split(", label")[0] for name in known)
    ]  # fmt: skip
    path = folder / "x_education_slice.toml"
    path.write_text("\n".join(kept))
    return str(path)


def imported(folder: Path, *rows: str, by: bool = False) -> Import:
    run = plan_import(
        slice_of(folder, *rows), mapping=mapping_of(folder), by=make_marketer() if by else None, at=MONDAY_9AM
    )
    assert run_waiting(at=MONDAY_9AM) == 1
    run.refresh_from_db()
    return run


def counts(run: Import) -> tuple[int, int, int, int, int]:
    return run.rows, run.created, run.updated, run.unchanged, run.refused


def test_a_file_becomes_leads_with_typed_traits_consent_and_remarks(tmp_path: Path) -> None:
    run = imported(tmp_path, *ROWS, by=True)
    assert (run.state, run.finished_at, counts(run)) == ("done", MONDAY_9AM, (3, 3, 0, 0, 0))
    first = Lead.objects.get(external_id="p-1")
    assert (first.stage, first.source, first.country) == (Stage.LEAD, "Google", "IN")
    assert first.traits["total_visits"] == 5
    assert first.traits["converted"] is False
    assert Consent.objects.get(basis="objection").lead.external_id == "p-2"
    assert TraitField.objects.get(name="total_visits").type == "number"
    remarks = {(remark.line, remark.column, remark.value) for remark in run.remarks.all()}
    assert {(3, "Country", "unknown"), (3, "TotalVisits", "many")} <= remarks


def test_a_row_without_anybody_is_refused_with_its_line_and_the_rest_is_kept(tmp_path: Path) -> None:
    run = imported(tmp_path, ROWS[0], ",9,Google,India,No,No,0,1,Busy", ROWS[2])
    assert counts(run) == (3, 2, 0, 0, 1)
    assert run.remarks.get(is_refusal=True).line == 3


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    imported(tmp_path, *ROWS)
    before = list(Lead.objects.order_by("id").values())
    assert counts(imported(tmp_path, *ROWS)) == (3, 0, 0, 3, 0)
    assert list(Lead.objects.order_by("id").values()) == before


def test_a_changed_row_changes_its_lead_only(tmp_path: Path) -> None:
    imported(tmp_path, *ROWS)
    assert counts(imported(tmp_path, *ROWS[:2], ROWS[2].replace("Chat", "Fair"))) == (3, 0, 1, 2, 0)
    assert Lead.objects.get(external_id="p-3").source == "Fair"


def test_imported_leads_are_scored_and_handed_over(tmp_path: Path) -> None:
    make_live({"points": 60, "condition": {"field": "source", "op": "is", "value": "Google"}})
    imported(tmp_path, *ROWS)
    assert LeadScore.objects.count() == 3
    assert Handoff.objects.get().lead.external_id == "p-1"


def test_a_large_file_is_taken_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "AT_ONCE", 2)
    assert counts(imported(tmp_path, *ROWS)) == (3, 3, 0, 0, 0)


def test_imported_activities_count_as_received_when_they_happened(tmp_path: Path) -> None:
    mapping, path = tmp_path / "visits.toml", tmp_path / "visits.csv"
    mapping.write_text(VISITS)
    path.write_text("Email,Seen\nann@acme.example,2026-01-05T10:00:00+01:00\nbo@acme.example,\n")
    run = plan_import(path, mapping=str(mapping), by=None, at=MONDAY_9AM)
    for _ in range(2):
        run_import(run, at=MONDAY_9AM)
    activity = Activity.objects.get()
    assert activity.received_at == activity.occurred_at
    assert activity.lead
    assert activity.lead.email == "ann@acme.example"
    assert (run.activities, run.unchanged) == (0, 2)


def test_a_running_import_is_left_alone_until_its_worker_has_been_silent(tmp_path: Path) -> None:
    run = plan_import(slice_of(tmp_path, *ROWS), mapping=mapping_of(tmp_path), by=None, at=MONDAY_9AM)
    Import.objects.update(state="running", started_at=MONDAY_9AM, alive_at=MONDAY_9AM, rows=2, created=2)
    assert run_waiting(at=MONDAY_9AM + SILENT) == 0
    assert run_waiting(at=MONDAY_9AM + SILENT + timedelta(seconds=1)) == 1
    run.refresh_from_db()
    assert (run.state, counts(run)) == ("done", (3, 3, 0, 0, 0))


@pytest.mark.parametrize("state", ["done", "failed"])
def test_what_is_over_is_not_run_again(state: str, tmp_path: Path) -> None:
    plan_import(slice_of(tmp_path, *ROWS), mapping="x_education", by=None, at=MONDAY_9AM)
    Import.objects.update(state=state, alive_at=MONDAY_9AM)
    assert run_waiting(at=MONDAY_9AM + DAY) == 0


@pytest.mark.parametrize("trouble", ["no file", "a spreadsheet", "no such mapping", "a missing column"])
def test_a_file_that_can_not_be_read_fails_with_the_reason(trouble: str, tmp_path: Path) -> None:
    path = slice_of(tmp_path, *ROWS)
    if trouble == "no file":
        path.unlink()
    elif trouble == "a spreadsheet":
        path.write_bytes(b"PK\x03\x04rest")
    elif trouble == "a missing column":
        path.write_text("Name\nAnn\n")
    mapping = "nowhere" if trouble == "no such mapping" else "x_education"
    run = plan_import(path, mapping=mapping, by=None, at=MONDAY_9AM)
    other = plan_import(slice_of(tmp_path / "..", *ROWS), mapping="generic", by=None, at=MONDAY_9AM)
    assert run_waiting(at=MONDAY_9AM) == 2
    run.refresh_from_db()
    other.refresh_from_db()
    assert (run.state, run.finished_at) == ("failed", MONDAY_9AM)
    assert ("nowhere" if trouble == "no such mapping" else path.name) in run.error
    assert other.state == "done"


def test_a_file_is_called_as_whoever_sent_it_calls_it(tmp_path: Path) -> None:
    path = tmp_path / "6WzYugcU-blank.csv"
    path.write_text("")
    run = plan_import(path, mapping="generic", file_name="blank.csv", by=None, at=MONDAY_9AM)
    run_import(run, at=MONDAY_9AM)
    assert run.error.startswith("blank.csv is empty")


def test_a_date_that_is_none_is_answered_with_one_that_is(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text("Source,Month,Amount,Currency\nGoogle,Oct 2026,100,EUR\n")
    run = plan_import(path, mapping="source_costs", by=None, at=MONDAY_9AM)
    run_import(run, at=MONDAY_9AM)
    assert "write it as 2026-03 / 2026-03-31" in run.remarks.get().reason


def test_the_reasons_are_written_in_the_language_of_who_imports(tmp_path: Path) -> None:
    marketer = make_marketer(language="de")
    path = tmp_path / "empty.csv"
    path.write_text("")
    run = plan_import(path, mapping="generic", by=marketer, at=MONDAY_9AM + HOUR)
    run_import(run, at=MONDAY_9AM + HOUR)
    assert run.state == "failed"
    assert run.error
