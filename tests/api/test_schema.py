"""The API's description of itself."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft4Validator  # type: ignore[import-untyped]

from handoff.leads.models import Lead
from handoff.queue.claiming import claim
from tests.api.calling import API, caller, get, post
from tests.making import MONDAY_9AM, PRICING, make_handoff, make_lead, make_live, make_rep, make_user


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


def with_nulls(schema: Any) -> Any:
    """Return an OpenAPI schema as JSON Schema, which has another word for what may be null."""
    if isinstance(schema, list):
        return [with_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: with_nulls(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


@pytest.mark.django_db
def test_what_lists_details_and_acts_answer_is_what_the_schema_says() -> None:
    make_live(PRICING)
    rep = make_rep()
    bare, full = make_lead(), make_lead(owner=rep)
    Lead.objects.filter(pk=bare.pk).update(team=None, owner=None)
    waiting, taken = make_handoff(bare), make_handoff(full)
    claim(taken, by=rep, at=MONDAY_9AM)
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    client = caller(make_user("ada", "admin"))
    note = {"text": "Call before noon."}
    answers = {
        "leads/": get(client, "leads/"),
        "leads/{id}/": get(client, f"leads/{bare.pk}/"),
        "leads/{id}/score/": get(client, f"leads/{bare.pk}/score/"),
        "leads/{id}/timeline/": get(client, f"leads/{full.pk}/timeline/"),
        "queue/": get(client, "queue/"),
        "queue/{id}/": get(client, f"queue/{waiting.pk}/"),
        "queue/{id}/notes/": post(client, f"queue/{waiting.pk}/notes/", note),
        "queue/{id}/claim/": post(client, f"queue/{taken.pk}/claim/"),
    }
    for path, answer in answers.items():
        operation = schema["paths"][f"{API}{path}"]["post" if path.endswith(("notes/", "claim/")) else "get"]
        status = str(answer.status_code) if answer.status_code < 400 else "4XX"
        described = operation["responses"][status]["content"][answer["Content-Type"]]["schema"]
        whole = with_nulls({**described, "components": schema["components"]})
        Draft4Validator(whole).validate(answer.json())
    assert answers["queue/{id}/claim/"].status_code == 409
