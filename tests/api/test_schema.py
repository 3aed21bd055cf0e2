"""The API's description of itself."""

import re

import pytest
from django.core.management import call_command
from django.test import Client

from tests.api.calling import API


def test_the_schema_is_valid_and_complete(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--fail-on-warn", "--validate")
    schema = capsys.readouterr().out
    for path in ("leads/{id}/score/", "activities/", "queue/{id}/next-step/", "models/{id}/publish/"):
        assert f"/api/v1/{path}" in schema


@pytest.mark.django_db
def test_the_documentation_keeps_scripts_strict() -> None:
    page = Client().get(f"{API}docs/")
    policy = page["Content-Security-Policy"]
    assert page.status_code == 200
    assert "script-src" not in policy
    assert "default-src 'self'" in policy
    assert not re.search(rb"<script>|<script [^>]*>[^<]", page.content)
    assert "unsafe-inline" not in Client().get("/login/")["Content-Security-Policy"]
