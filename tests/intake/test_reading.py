"""A file and a mapping give rows, refusals and notes, whatever programs did to the file."""

import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handoff.intake.cells import country_code
from handoff.intake.mapping import load_mapping, parse_mapping
from handoff.intake.reading import Note, Refusal, Row, UnreadableFile, read_rows

Found = list[Row | Refusal | Note]
Read = Callable[..., Found]
PLAIN = """
[lead]
external_id = "ID"
email = "Email"
[traits]
city = "City"
"""
HEADER = "ID,Email,City\n"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function from a file's content and a mapping's text to what reading yields."""

    def reading(content: str | bytes, mapping: str = PLAIN) -> Found:
        path = tmp_path / "leads.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(read_rows(path, parse_mapping(mapping, name="m")))

    return reading


def rows_of(found: Found) -> list[Row]:
    return [one for one in found if isinstance(one, Row)]


def refusals_of(found: Found) -> list[Refusal]:
    return [one for one in found if isinstance(one, Refusal)]


def notes_of(found: Found) -> list[Note]:
    return [one for one in found if isinstance(one, Note)]


def test_a_row_has_only_the_keys_that_had_a_value(read: Read) -> None:
    assert read(HEADER + "1,eva@example.com, Utrecht \n2,,\n") == [
        Row(2, {"external_id": "1", "email": "eva@example.com", "traits": {"city": "Utrecht"}}),
        Row(3, {"external_id": "2"}),
    ]


def test_the_generic_mapping_reads_a_plain_list_in_three_languages(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("E-Mailadres;VOORNAAM;Firma;land;Source\neva@example.com;Eva;Voorbeeld BV;Nederland;Fair\n")
    assert list(read_rows(path, load_mapping("generic"))) == [
        Row(
            2,
            {
                "email": "eva@example.com",
                "first_name": "Eva",
                "source": "Fair",
                "country": "NL",
                "company": {"name": "Voorbeeld BV"},
            },
        )
    ]


def test_the_example_in_the_documentation_reads_as_it_says(read: Read) -> None:
    text = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
    file = "\n".join(line[4:] for line in text.splitlines() if line.startswith(("    Badge;", "    B-")))
    mapping = text.partition("```toml\n")[2].partition("```")[0]
    eva, jan = read(file, mapping)
    assert isinstance(eva, Row)
    assert isinstance(jan, Row)
    assert eva.lead["company"] == {"name": "Voorbeeld BV", "employees": 1250}
    assert (eva.lead["country"], eva.lead["traits"]) == ("NL", {"interests": ["crm", "erp"]})
    assert [one["occurred_at"] for one in eva.activities] == [datetime(2026, 3, 12, 13, 5, tzinfo=UTC)]
    assert (jan.lead["country"], jan.lead["consent"], jan.activities) == ("DE", {"email": "objection"}, ())


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
def test_the_delimiter_is_the_one_that_finds_the_columns(read: Read, delimiter: str) -> None:
    text = '"Name, in full; or not",ID,City\nEva,1,Utrecht\n'.replace(",ID,", f"{delimiter}ID{delimiter}")
    text = text.replace("Eva,1,", f"Eva{delimiter}1{delimiter}")
    assert [row.lead["external_id"] for row in rows_of(read(text))] == ["1"]


def test_the_hint_that_a_spreadsheet_puts_first_is_no_header(read: Read) -> None:
    assert rows_of(read("sep=;\nID;City\n1;Utrecht\n")) == [Row(3, {"external_id": "1", "traits": {"city": "Utrecht"}})]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"], ids=lambda name: f"written as {name}"
)
def test_the_encoding_is_found(read: Read, encoding: str) -> None:
    assert rows_of(read("ID,City\n1,Köln\n".encode(encoding)))[0].lead["traits"] == {"city": "Köln"}


def test_a_guessed_encoding_is_noted_and_a_stated_one_is_not(read: Read) -> None:
    content = "ID,Email,City\n1,,Köln\n".encode("cp1252")
    assert [(note.line, note.code) for note in notes_of(read(content))] == [(0, "guessed_encoding")]
    assert notes_of(read(content, '[file]\nencoding = "cp1252"\n' + PLAIN)) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CR LF", "CR alone"])
def test_lines_are_counted_as_an_editor_counts_them(read: Read, end: str) -> None:
    text = HEADER + '1,,"Den\nHaag"\n\n,,\n2,no mail,\n'
    found = read(text.replace("\n", end))
    assert rows_of(found)[0].line == 2
    assert [(refusal.line, refusal.column, refusal.value) for refusal in refusals_of(found)] == [
        (6, "Email", "no mail")
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 and so on", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0 and so on", "spreadsheet"),
        (b"", "empty_file"),
        (b"\n \n", "empty_file"),
        ("ID,City\n1,Ede\n".encode("utf-16-le"), "nul_header"),
        (b"ID,City\n1,\x81\x8d\n", "wrong_encoding"),
        (b"\xff\xfeI", "wrong_encoding"),
        (b"I\0D,ID,a,b,c\n", "nul_header"),
        (b'ID,"City\n1,Ede\n', "endless_header"),
        (b"Name,City\nEva,Ede\n", "absent_column"),
        (b"ID,City,City\n1,Ede,\n", "doubled_column"),
    ],
    ids=[
        "xlsx", "xls", "empty", "blank", "UTF-16 without its mark", "neither UTF-8 nor Windows-1252",
        "cut UTF-16", "NUL in the header", "an open quote in the header", "no identity", "a column twice",
    ],
)  # fmt: skip
def test_a_file_of_which_no_row_can_be_read_is_refused_as_a_whole(read: Read, content: bytes, code: str) -> None:
    with pytest.raises(UnreadableFile, match=r"leads\.csv") as refused:
        read(content)
    assert refused.value.code == code


def test_columns_that_nothing_uses_or_that_lack_are_noted_once(read: Read) -> None:
    found = read("ID,Fax,Memo,\n1,a,b,c\n2,d,e,\n", '[file]\nignore = ["Memo"]\n' + PLAIN)
    assert [(note.line, note.code, note.value) for note in notes_of(found)] == [
        (1, "unmapped", "Fax"),
        (1, "unmapped", "(column 4, without a name)"),
        (1, "absent", "Email"),
        (1, "absent", "City"),
    ]


@pytest.mark.parametrize(
    ("row", "reads"),
    [
        ("1,,Ede", True),
        ("1,,Ede,,,", True),
        ("1,,Ede,more", False),
        ("1,", False),
        ("just a footer", False),
    ],
    ids=["as many", "empty surplus", "surplus", "too few", "a footer"],
)
def test_a_row_needs_a_cell_for_each_header(read: Read, row: str, reads: bool) -> None:
    found = read(HEADER + row + "\n2,,Epe\n")
    assert len(rows_of(found)) == 1 + reads
    assert [(refusal.line, refusal.code) for refusal in refusals_of(found)] == [(2, "cell_count")] * (not reads)


def test_headers_that_end_in_a_comma_ask_for_no_cell_there(read: Read) -> None:
    assert [row.line for row in rows_of(read("ID,City,\n1,Ede\n2,Epe,\n"))] == [2, 3]


@pytest.mark.parametrize("padding", ["", ",,"], ids=["alone", "with empty cells after it"])
def test_a_row_put_into_its_first_cell_is_taken_apart_with_a_note(read: Read, padding: str) -> None:
    found = read(HEADER + f'"1,eva@example.com,""Ede, Gld"""{padding}\n')
    assert rows_of(found) == [Row(2, {"external_id": "1", "email": "eva@example.com", "traits": {"city": "Ede, Gld"}})]
    assert [(note.line, note.code) for note in notes_of(found)] == [(2, "repaired")]


@pytest.mark.parametrize(
    "cell",
    ['"1,eva@example.com"', '"1,eva@example.com,Ede,more"', '"1,,""Ede"', '"1, and, so on"'],
    ids=["too few cells", "too many cells", "an open quote", "prose"],
)
def test_a_first_cell_that_is_no_whole_row_is_refused(read: Read, cell: str) -> None:
    found = read(HEADER + cell + "\n")
    assert [(refusal.line, refusal.code) for refusal in refusals_of(found)] == [(2, "cell_count")]


def test_prose_in_the_first_of_otherwise_empty_cells_stays_one_value(read: Read) -> None:
    assert rows_of(read(HEADER + '"Smith, John, Dr",,\n'))[0].lead == {"external_id": "Smith, John, Dr"}


def test_a_quote_that_never_closes_is_refused_in_the_line_where_its_row_begins(read: Read) -> None:
    found = read(HEADER + '1,,Ede\n2,"a\nb@","Epe\n3,,Lochem\n')
    assert [row.line for row in rows_of(found)] == [2]
    assert [(one.line, one.code) for one in refusals_of(found)] == [(3, "unclosed_quote")]


def test_a_quote_out_of_place_refuses_the_lines_it_makes_doubtful_and_no_others(read: Read) -> None:
    found = read(HEADER + '1,,"Ede\n2,,"Epe"\n3,,Lochem\n')
    assert [row.line for row in rows_of(found)] == [4]
    (refusal,) = refusals_of(found)
    assert (refusal.line, refusal.code) == (2, "bad_quote")
    assert "lines 2 to 3" in refusal.reason


def test_an_open_quote_in_a_long_file_stops_the_reading_in_little_memory(read: Read) -> None:
    content = HEADER + '1,,"Ede\n' + "2,,Epe\n" * 600_000
    tracemalloc.start()
    found = read(content)
    assert tracemalloc.get_traced_memory()[1] < 64 * 1_048_576
    tracemalloc.stop()
    assert [(one.line, one.code) for one in found if not isinstance(one, Row)] == [(2, "unclosed_quote")]


def test_a_cell_that_no_field_can_hold_refuses_its_row_only(read: Read) -> None:
    found = read(HEADER + f"1,,E\0e\n2,,{'x' * 200_000}\n")
    assert [row.line for row in rows_of(found)] == [3]
    (refusal,) = refusals_of(found)
    assert (refusal.line, refusal.column, refusal.code) == (2, "City", "nul")
    assert "\0" not in refusal.value + refusal.reason


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",,Ede", "ID / Email"),
        ("1,eva at example.com,", "Email"),
        ("1,a@example.com; b@example.com,", "Email"),
    ],
    ids=["neither id nor address", "no address", "two addresses"],
)
def test_a_row_without_a_sound_identity_is_refused(read: Read, row: str, column: str) -> None:
    (refusal,) = read(HEADER + row + "\n")
    assert isinstance(refusal, Refusal)
    assert (refusal.line, refusal.column) == (2, column)


def test_a_lead_that_comes_twice_is_read_twice_with_a_note(read: Read) -> None:
    found = read(HEADER + ",Eva@example.com,Ede\n,eva@example.com,Epe\n")
    assert [row.line for row in rows_of(found)] == [2, 3]
    (note,) = notes_of(found)
    assert (note.line, note.code) == (3, "repeated")
    assert "line 2" in note.reason


def trait(read: Read, options: str, cell: str, style: str = "") -> tuple[object, list[str]]:
    """Return what one cell gives under a trait's options, and the codes of the notes."""
    mapping = f'[file]\n{style}\n[lead]\nexternal_id = "ID"\n[traits]\nx = {{column = "X", {options}}}\n'
    found = read(f'ID,X\n1,"{cell}"\n', mapping)
    (row,) = rows_of(found)
    traits = row.lead.get("traits", {})
    assert isinstance(traits, dict)
    return traits.get("x"), [note.code for note in notes_of(found)]


@pytest.mark.parametrize(
    ("options", "cell", "value"),
    [
        ('type = "number"', "3", 3),
        ('type = "number"', "-1.50", -1.5),
        ('type = "number"', "1e3", 1000.0),
        ('type = "number", decimal = ","', "1.234,5", 1234.5),
        ('type = "number", decimal = "."', "12,345", 12345),
        ('type = "number"', str(2**60), float(2**60)),
        ('type = "boolean"', "Yes", True),
        ('type = "boolean"', "nein", False),
        ('type = "boolean", true = ["done"], false = ["open"]', "Done", True),
        ('type = "date"', "2026-03-31", "2026-03-31"),
        ('type = "date", format = ["%d.%m.%Y", "%m/%d/%Y"]', "12/31/2026", "2026-12-31"),
        ('type = "choice"', "Mumbai", "Mumbai"),
        ('type = "choices"', "crm; erp;;crm", ["crm", "erp"]),
        ('type = "choices", separator = "|", values = {"c" = "crm"}', "c|erp", ["crm", "erp"]),
        ('type = "text", empty = ["Select"]', "Select", None),
        ('type = "number", empty = ["?"]', "?", None),
        ('values = {"NC_EDM" = "Mail"}', "NC_EDM", "Mail"),
        ('values = {"?" = ""}', "?", None),
    ],
    ids=[
        "whole number", "fraction", "exponent", "decimal comma", "grouped thousands", "too large to be exact",
        "yes", "no in German", "own words", "ISO date", "second format", "choice", "choices", "choices with names",
        "means empty", "empty before type", "renamed", "renamed to nothing",
    ],
)  # fmt: skip
def test_a_trait_reads_by_its_type(read: Read, options: str, cell: str, value: object) -> None:
    found, codes = trait(read, options, cell)
    assert (found, type(found), codes) == (value, type(value), [])


@pytest.mark.parametrize(
    ("options", "cell", "code"),
    [
        ('type = "number"', "many", "no_number"),
        ('type = "number"', "1,234", "no_number"),
        ('type = "number", decimal = ","', "1.23", "no_number"),
        ('type = "number"', "nan", "no_number"),
        ('type = "number"', "1e999", "no_number"),
        ('type = "number"', "٣", "no_number"),
        ('type = "boolean"', "maybe", "no_boolean"),
        ('type = "date"', "31-03-2026", "no_date"),
        ('type = "date", format = "%d-%m-%Y"', "30-02-2026", "no_date"),
    ],
    ids=[
        "a word", "grouping nobody declared", "a point where a comma is due", "nan", "infinite", "other digits",
        "neither yes nor no", "another form of date", "a day that is not",
    ],
)  # fmt: skip
def test_a_trait_that_cannot_be_read_is_left_out_with_a_note(read: Read, options: str, cell: str, code: str) -> None:
    assert trait(read, options, cell) == (None, [code])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("India", "IN"),
        ("united states", "US"),
        ("Duitsland", "DE"),
        ("Niederlande", "NL"),
        ("The Netherlands", "NL"),
        ("Vietnam", "VN"),
        ("UK", "GB"),
        ("de", "DE"),
        ("DEU", "DE"),
        ("unknown", None),
        ("Asia/Pacific Region", None),
        ("", None),
    ],
)
def test_a_country_is_known_by_code_or_name(text: str, code: str | None) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("cells", "company", "code"),
    [
        pytest.param("1,,https://www.acme.example/,", {"domain": "acme.example"}, "", id="the address of its site"),
        pytest.param("1,Acme,unknown,", {"name": "Acme"}, "no_domain", id="a domain that is none"),
        pytest.param("1,,,Energy", None, "no_company", id="a company that nothing names"),
    ],
)
def test_what_is_said_of_a_company_is_kept_as_far_as_it_can_be(
    read: Read, cells: str, company: dict[str, str] | None, code: str
) -> None:
    mapping = '[lead]\nexternal_id = "ID"\n[company]\nname = "Firm"\ndomain = "Site"\nindustry = "Branch"\n'
    found = read(f"ID,Firm,Site,Branch\n{cells}\n", mapping)
    assert [one.lead.get("company") for one in found if isinstance(one, Row)] == [company]
    assert [one.code for one in found if isinstance(one, Note)] == [code] * bool(code)


def test_a_country_that_is_none_is_left_out_with_a_note(read: Read) -> None:
    mapping = '[lead]\nexternal_id = "ID"\ncountry = "Country"\n[company]\nname = {constant = "Acme"}\n'
    row, note = sorted(read("ID,Country\n1,unknown\n", mapping), key=lambda one: type(one).__name__, reverse=True)
    assert row == Row(2, {"external_id": "1", "company": {"name": "Acme"}})
    assert isinstance(note, Note)
    assert (note.line, note.column, note.value, note.code) == (2, "Country", "unknown", "no_country")


CONSENT = """
[lead]
external_id = "ID"
[consent]
email = {column = "Mail", objection = ["Stop"], basis = {"Opt-in" = "consent"}}
post = {constant = "legitimate_interest"}
"""


@pytest.mark.parametrize(
    ("cell", "basis", "codes"),
    [
        ("STOP", "objection", []),
        ("opt-in", "consent", []),
        ("No", None, []),
        ("", None, []),
        ("perhaps", None, ["no_consent"]),
    ],
    ids=["objects in capitals", "has a basis", "says no", "says nothing", "says something unknown"],
)
def test_consent_is_an_objection_a_basis_or_nothing(read: Read, cell: str, basis: str | None, codes: list[str]) -> None:
    found = read(f"ID,Mail\n1,{cell}\n", CONSENT)
    expected = {"post": "legitimate_interest"} | ({"email": basis} if basis else {})
    assert rows_of(found)[0].lead["consent"] == expected
    assert [note.code for note in notes_of(found)] == codes


ACTIVITY = """
[lead]
external_id = "ID"
[[activities]]
source = "crm"
kind = {column = "Kind", values = {"2" = "form_submission"}}
at = {column = "At", zone = "Europe/Amsterdam"}
id = "{ID}-{No}"
properties = {seconds = {column = "Seconds", type = "number"}, via = {constant = "export"}}
"""
ACTIVITY_HEADER = "ID,No,Kind,At,Seconds\n"


def test_a_row_with_a_time_tells_of_an_activity(read: Read) -> None:
    (row,) = read(ACTIVITY_HEADER + "7,1,2,2026-07-01 14:00,30\n", ACTIVITY)
    assert isinstance(row, Row)
    assert row.activities == (
        {
            "source": "crm",
            "id": "7-1",
            "kind": "form_submission",
            "occurred_at": datetime(2026, 7, 1, 12, tzinfo=UTC),
            "properties": {"seconds": 30, "via": "export"},
        },
    )


@pytest.mark.parametrize(
    ("at", "hour"),
    [("2026-07-01T14:00:00Z", 14), ("2026-07-01T14:00+05:00", 9), ("2026-01-01 14:00", 13)],
    ids=["UTC", "an offset", "winter time of the zone"],
)
def test_an_offset_in_the_cell_wins_over_the_zone(read: Read, at: str, hour: int) -> None:
    (row,) = rows_of(read(ACTIVITY_HEADER + f"7,1,call,{at},\n", ACTIVITY))
    occurred_at = row.activities[0]["occurred_at"]
    assert isinstance(occurred_at, datetime)
    assert (occurred_at.hour, occurred_at.tzinfo) == (hour, UTC)


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("7,1,call,yesterday,", "At", "no_time"),
        ("7,1,call,0001-01-01T00:00:00+14:00,", "At", "no_time"),
        ("7,,call,2026-07-01,", "No", "no_activity_id"),
    ],
    ids=["no time", "before the calendar begins", "no id"],
)
def test_an_activity_without_a_sound_time_or_id_refuses_the_row(read: Read, row: str, column: str, code: str) -> None:
    (refusal,) = read(ACTIVITY_HEADER + row + "\n", ACTIVITY)
    assert isinstance(refusal, Refusal)
    assert (refusal.column, refusal.code) == (column, code)


def test_a_time_without_zone_or_offset_refuses_the_row(read: Read) -> None:
    mapping = ACTIVITY.replace(', zone = "Europe/Amsterdam"', "")
    (refusal,) = read(ACTIVITY_HEADER + "7,1,call,2026-07-01 14:00,\n", mapping)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "no_offset"


def test_an_empty_time_tells_of_no_activity_and_an_empty_kind_is_noted(read: Read) -> None:
    found = read(ACTIVITY_HEADER + "7,1,call,,\n8,1,,2026-07-01,\n", ACTIVITY)
    assert [row.activities for row in rows_of(found)] == [(), ()]
    assert [(note.line, note.code) for note in notes_of(found)] == [(3, "no_kind")]


def test_many_rows_of_one_lead_are_no_repetition_when_they_tell_of_activities(read: Read) -> None:
    found = read(ACTIVITY_HEADER + "7,1,call,2026-07-01,\n7,2,call,2026-07-02,\n", ACTIVITY)
    assert [len(row.activities) for row in rows_of(found)] == [1, 1]
    assert notes_of(found) == []


def test_a_file_without_the_time_of_an_activity_still_gives_its_leads(read: Read) -> None:
    found = read("ID,No,Kind,Seconds\n7,1,call,3\n", ACTIVITY)
    assert rows_of(found) == [Row(2, {"external_id": "7"})]
    assert [note.code for note in notes_of(found)][-1] == "absent"


def test_rows_come_before_the_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + "1,,Ede\n" + '2,,"open')
    found = read_rows(path, parse_mapping(PLAIN, name="m"))
    assert isinstance(next(found), Row)
    assert isinstance(next(found), Refusal)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.sampled_from("1a@,;\"'\n\r\t \0é"), max_size=60))
def test_no_content_makes_reading_fail_or_exceeds_what_can_be_stored(read: Read, content: str) -> None:
    for one in read(HEADER + content):
        if not isinstance(one, Row):
            assert len(one.column) <= 200
            assert len(one.value) <= 200
            assert len(one.reason) <= 300
        assert "\0" not in str(one)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=80))
def test_bytes_that_are_no_text_are_refused_and_nothing_worse(read: Read, content: bytes) -> None:
    with suppress(UnreadableFile):
        assert all(isinstance(one, Row | Refusal | Note) for one in read(content))
