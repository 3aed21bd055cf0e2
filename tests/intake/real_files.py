"""The real files that this machine may have beside the repository. None of their content is kept here."""

import csv
import gzip
from pathlib import Path

import pytest
from django.core.management import call_command

FOLDER = Path(__file__).parents[2].parent / "shared" / "data"


def real_file(name: str) -> Path:
    """Return the path of a public file, or skip the test."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"The public file {name} is not beside this repository (shared/data).")
    return path


def rows_in(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file as they are, by nothing of ours."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(content.decode().splitlines()))


def bring_in(path: Path, name: str) -> None:
    """Import a file by a shipped mapping."""
    call_command("import_leads", str(path), "--format", name)
