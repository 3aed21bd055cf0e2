"""The command that imports a file."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from handoff.intake.models import Import
from handoff.leads.models import Lead
from tests.making import make_team

pytestmark = pytest.mark.django_db
MAPPING = '[lead]\nemail = "Mail"\ntitle = "Job"\n'


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    make_team()
    path = tmp_path / "leads.csv"
    path.write_text("Email,Title\nann@acme.example,CTO\nno address,CFO\n")
    return path


def said(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    call_command("import_leads", *map(str, args))
    return capsys.readouterr().out


def test_a_file_is_imported_and_its_refused_rows_are_listed(leads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, leads)
    assert "2 leads read, 1 lost: 1 new, 0 changed, 0 unchanged, 0 activities. 1 leads are here now." in out
    assert "refused: line 3, Email, 'no address'" in out
    assert Lead.objects.get().email == "ann@acme.example"
    assert "0 new, 0 changed, 1 unchanged" in said(capsys, leads)


def test_a_dry_run_reports_and_keeps_nothing(leads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, leads, "--dry-run")
    assert "2 leads read, 1 would be lost. Nothing was kept (dry run)." in out
    assert "refused: line 3" in out
    assert not Lead.objects.exists()
    assert not Import.objects.exists()


def test_a_mapping_of_ones_own_reads_other_headers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_team()
    (tmp_path / "own.toml").write_text(MAPPING)
    (tmp_path / "own.csv").write_text("Mail,Job\nann@acme.example,CTO\n")
    said(capsys, tmp_path / "own.csv", "--mapping", tmp_path / "own.toml")
    assert Lead.objects.get().title == "CTO"


@pytest.mark.parametrize("is_dry", [pytest.param(False, id="imported"), pytest.param(True, id="a dry run")])
@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param(["nowhere.csv"], "nowhere.csv: there is no such file", id="no file"),
        pytest.param(["leads.csv", "--format", "nowhere"], "nowhere", id="no such format"),
        pytest.param(["leads.csv", "--mapping", "nowhere.toml"], "nowhere.toml", id="no such mapping"),
        pytest.param(["sheet.csv"], "spreadsheet", id="a spreadsheet"),
        pytest.param(["empty.csv"], "empty", id="an empty file"),
    ],
)
def test_what_can_not_be_imported_ends_with_the_reason(
    args: list[str], says: str, is_dry: bool, leads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(leads.parent)
    Path("sheet.csv").write_bytes(b"PK\x03\x04rest")
    Path("empty.csv").write_text("")
    with pytest.raises(CommandError, match=says):
        call_command("import_leads", *args, *(["--dry-run"] if is_dry else []))
    assert not Lead.objects.exists()
