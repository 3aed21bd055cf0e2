"""The command that makes tokens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from handoff.people.models import ApiToken
from tests.making import make_marketer, make_rep

pytestmark = pytest.mark.django_db


def made(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    call_command("token", *args)
    return capsys.readouterr().out


def test_the_token_stands_alone_on_stdout_and_opens_the_api(capsys: pytest.CaptureFixture[str]) -> None:
    make_marketer()
    out = made(capsys, "max")
    assert out.count("\n") == 1
    answer = Client().get("/api/v1/leads/", headers={"Authorization": f"Bearer {out.strip()}"})
    assert answer.status_code == 200


def test_scopes_narrow_it_however_they_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    make_rep()
    made(capsys, "sam", "--scope", "leads:read", "queue:read", "--scope", "queue:write")
    assert ApiToken.objects.get().scopes == ["leads:read", "queue:read", "queue:write"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param(["nobody"], "no user “nobody”", id="an unknown user"),
        pytest.param(["sam", "--scope", "everything"], "leads:read", id="an unknown scope"),
        pytest.param(["gone"], "not active", id="an inactive user"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(args: list[str], says: str) -> None:
    make_rep()
    make_rep("gone", is_active=False)
    with pytest.raises(CommandError, match=says):
        call_command("token", *args)
    assert not ApiToken.objects.exists()


def test_a_database_without_tables_is_refused_by_saying_what_to_do(tmp_path: Path) -> None:
    command = [sys.executable, str(settings.ROOT / "manage.py"), "token", "sam"]
    environment = {**os.environ, "HANDOFF_DATA": str(tmp_path), "DATABASE_URL": ""}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.endswith("run `manage.py migrate` first.\n")
    assert "Traceback" not in ended.stderr
