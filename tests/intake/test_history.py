"""Files that tell of the past: what a row says of a handoff, how a column's dates are read, and what comes of it."""

import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.intake.columns import Column, ColumnType
from handoff.intake.dates import Formats
from handoff.intake.importing import plan_import, run_import
from handoff.intake.mapping import MappingError, parse_mapping
from handoff.intake.models import Import
from handoff.intake.reading import Note, Refusal, Row, UnreadableFile, read_rows
from handoff.leads.models import Activity, Lead, Stage
from handoff.queue.models import Deal, Handoff, Touch
from tests.making import MONDAY_9AM, make_team

STORY = """
people = "crm"
[lead]
external_id = "ID"
[handoff]
opened_at = { column = "Came", zone = "UTC", format = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y"] }
closed_at = { column = "Done", zone = "UTC" }
is_won = { column = "What", true = ["won"], false = ["lost"], empty = ["open"] }
by = "Rep"
"""
LOG = """
[lead]
external_id = "ID"
[[touches]]
when = { Step = ["work"], State = ["begun"] }
at = "At"
by = "Who"
channel = { column = "How", values = { "phone" = "call" } }
[[activities]]
when = { Step = ["asked"] }
kind = "form_submission"
at = "At"
id = "{ID}-{At}"
"""
HEADER = "ID,Came,Done,What,Rep\n"
LOGGED = """ID,At,Step,State,Who,How
1,2025-03-01T10:00:00+01:00,asked,,,
1,2025-03-01T11:00:00+01:00,work,begun,Eva,phone
1,2025-03-01T11:10:00+01:00,work,done,Eva,phone
1,2025-03-02T11:00:00+01:00,work,begun,,smoke
"""
FIRST = datetime(2025, 3, 1, tzinfo=UTC)


def read(folder: Path, content: str, mapping: str = STORY) -> list[Row | Refusal | Note]:
    path = folder / "past.csv"
    path.write_text(content)
    return list(read_rows(path, parse_mapping(mapping, name="m")))


def imported(folder: Path, content: str, mapping: str) -> Import:
    (folder / "past.csv").write_text(content)
    (folder / "own.toml").write_text(mapping)
    run = plan_import(folder / "past.csv", mapping=str(folder / "own.toml"), by=None, at=MONDAY_9AM)
    run_import(run, at=MONDAY_9AM)
    return run


def test_a_row_tells_of_a_handoff_as_far_as_its_cells_do(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + "1,2025-03-01,2025-03-09,won,Eva\n2,2025-03-01,,open,\n3,,,,Eva\n")
    assert [row.handoff for row in found if isinstance(row, Row)] == [
        {"opened_at": FIRST, "closed_at": FIRST + timedelta(days=8), "is_won": True, "by": "Eva"},
        {"opened_at": FIRST},
        {},
    ]


def test_a_win_without_a_date_and_a_beginning_that_is_no_date_are_refused(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER + "1,2025-03-01,,won,\n2,soon,,,\n3,2025-03-01,,maybe,\n")
    assert [(one.line, one.code) for one in found if not isinstance(one, Row)] == [
        (2, "no_win_date"), (3, "no_time"), (4, "no_boolean"),
    ]  # fmt: skip
    assert [row.line for row in found if isinstance(row, Row)] == [4]


def test_only_the_rows_that_are_meant_tell_of_a_touch_or_an_activity(tmp_path: Path) -> None:
    found = read(tmp_path, LOGGED, LOG)
    rows = [one for one in found if isinstance(one, Row)]
    ten = datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert [row.touches for row in rows] == [
        (), ({"at": ten, "by": "Eva", "channel": "call"},), (), ({"at": ten + timedelta(days=1)},),
    ]  # fmt: skip
    assert [len(row.activities) for row in rows] == [1, 0, 0, 0]
    assert [(one.line, one.code, one.value) for one in found if isinstance(one, Note)] == [(5, "no_known", "smoke")]


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        pytest.param(["2025-03-01", "2025-04-13"], FIRST, id="ISO"),
        pytest.param(["01/03/2025", "13/04/2025"], FIRST, id="day first, as one row shows"),
        pytest.param(["3/1/2025", "4/13/2025"], FIRST, id="month first, as one row shows"),
        pytest.param(["01/01/2025", "", "07/07/2025"], datetime(2025, 1, 1, tzinfo=UTC), id="the same either way"),
        pytest.param(["13/04/2025", "2025-04-13"], datetime(2025, 4, 13, tzinfo=UTC), id="mixed, each of them plain"),
    ],
)
def test_the_whole_column_says_how_its_dates_are_written(tmp_path: Path, cells: list[str], first: datetime) -> None:
    content = HEADER + "".join(f"{number},{cell},,,\n" for number, cell in enumerate(cells))
    rows = [row for row in read(tmp_path, content) if isinstance(row, Row)]
    assert rows[0].handoff == {"opened_at": first}
    assert len(rows) == len(cells)


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["01/03/2025", "02/03/2025"], id="every row may be either"),
        pytest.param(["01/03/2025", "13/04/2025", "04/13/2025"], id="both are there"),
        pytest.param(["01/03/2025", "2025-04-13"], id="mixed with another format"),
    ],
)
def test_a_file_whose_dates_may_be_either_is_refused(tmp_path: Path, cells: list[str]) -> None:
    content = HEADER + "".join(f"{number},{cell},,,\n" for number, cell in enumerate(cells))
    with pytest.raises(UnreadableFile, match=r"“01/03/2025” in past.csv is another date by 31/03/2026 / 03/31/2026"):
        read(tmp_path, content)


@given(st.lists(st.dates(date(2000, 1, 1), date(2030, 1, 1)), min_size=1), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_dates_are_read_as_they_were_written_or_not_at_all(dates: list[date], written: str) -> None:
    formats = Formats(Column("x", ("X",), ColumnType.TIME, formats=("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y")))
    cells = [day.strftime(written) for day in dates]
    for cell in cells:
        formats.look_at(cell)
    first, *others = formats.possible()
    read_back = [datetime.strptime(cell, first).date() for cell in cells]
    assert (formats.doubt() is None) == (read_back == dates and all(
        [datetime.strptime(cell, other).date() for cell in cells] == dates for other in others
    ))  # fmt: skip


@pytest.mark.django_db
def test_a_log_goes_on_about_what_another_file_told_of(tmp_path: Path) -> None:
    make_team()
    early = imported(tmp_path, LOGGED, LOG)
    assert (early.refused, Lead.objects.count(), Activity.objects.count()) == (4, 0, 0)
    story = imported(tmp_path, HEADER + "1,2025-03-01,2025-03-09,won,Eva\n", STORY)
    assert (story.created, story.handoffs) == (1, 1)
    log = imported(tmp_path, LOGGED, LOG)
    assert (log.rows, log.updated, log.unchanged, log.activities, log.handoffs, log.touches) == (4, 2, 2, 1, 0, 2)
    again = imported(tmp_path, LOGGED, LOG)
    assert (again.unchanged, again.activities, again.touches) == (4, 0, 0)
    assert Lead.objects.get().stage == Stage.CUSTOMER
    assert [touch.by.username for touch in Touch.objects.all()] == ["own-Eva", "own"]
    assert Deal.objects.get().by.username == "crm-Eva"


@pytest.mark.django_db
def test_contradictions_are_reported_with_their_line(tmp_path: Path) -> None:
    make_team()
    run = imported(tmp_path, HEADER + "1,2025-03-01,2025-03-09,won,Eva\n2,2025-03-01,2025-02-09,won,Eva\n", STORY)
    assert [(remark.line, remark.is_refusal) for remark in run.remarks.all()] == [(3, False)]
    assert Handoff.objects.count() == 2


def test_a_compressed_file_is_read_like_any_other_and_a_broken_one_refused(tmp_path: Path) -> None:
    mapping, path = parse_mapping(STORY, name="m"), tmp_path / "past.csv.gz"
    content = HEADER + "1,2025-03-01,,,Zoë\n"
    packed = gzip.compress(content.encode())
    path.write_bytes(packed)
    assert list(read_rows(path, mapping)) == read(tmp_path, content)
    path.write_bytes(packed[:-9])
    with pytest.raises(UnreadableFile, match="compress it again"):
        list(read_rows(path, mapping))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param('[handoff]\nis_won = { constant = "yes" }', "handoff.closed_at", id="won, but when"),
        pytest.param('[handoff]\nroute = { constant = "pigeon" }', "handoff.route.constant", id="no such route"),
        pytest.param('[handoff]\ncolour = "C"', "handoff.colour", id="no such field"),
        pytest.param('[[touches]]\nat = "At"', r"touches\[1\].channel", id="by which channel"),
        pytest.param('[[touches]]\nchannel = { constant = "call" }', r"touches\[1\].at", id="a touch at no time"),
        pytest.param('[[touches]]\nwhen = { A = 3 }', r"touches\[1\].when.A", id="a condition that is none"),
    ],
)  # fmt: skip
def test_a_mapping_of_the_past_that_is_not_right_is_refused(text: str, says: str) -> None:
    with pytest.raises(MappingError, match=says):
        parse_mapping(f'[lead]\nexternal_id = "ID"\n{text}\n', name="m")
