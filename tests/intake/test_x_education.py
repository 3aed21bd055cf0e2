"""The real file of the online school, where this machine has it. None of its content is kept here."""

from pathlib import Path

import pytest

from handoff.intake.mapping import load_mapping
from handoff.intake.reading import Note, Refusal, Row, read_rows

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "x_education"


def read(name: str) -> tuple[list[Row], list[Refusal], list[Note]]:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"The public file {name} is not beside this repository (shared/data/x_education).")
    found = list(read_rows(path, load_mapping("x_education")))
    return (
        [one for one in found if isinstance(one, Row)],
        [one for one in found if isinstance(one, Refusal)],
        [one for one in found if isinstance(one, Note)],
    )


def test_every_row_of_the_real_file_is_read_and_only_two_regions_are_no_country() -> None:
    rows, refusals, notes = read("Leads.csv")
    assert (len(rows), refusals) == (6468, [])
    assert {(note.column, note.value) for note in notes} == {("Country", "unknown"), ("Country", "Asia/Pacific Region")}
    assert len({row.lead["external_id"] for row in rows}) == 6468
    assert sum(row.lead.get("consent") == {"email": "objection"} for row in rows) >= 610
    assert all("Select" not in str(row.lead) for row in rows)


def test_the_file_that_a_spreadsheet_broke_gives_the_same_leads() -> None:
    mended, refusals, notes = read("Leads_excel_mangled.csv")
    assert refusals == []
    assert sum(note.code == "repaired" for note in notes) == 232
    whole, _, _ = read("Leads.csv")
    assert [row.lead for row in mended] == [row.lead for row in whole]
