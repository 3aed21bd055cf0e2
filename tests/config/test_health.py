"""Whether the site lives, and whether it can serve."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_who_asks_whether_it_lives_needs_no_account_and_no_database() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.fixture
def _migrated(db: None, settings: Any) -> None:
    """Note every migration as applied: tests' tables are made from the models."""
    settings.MIGRATION_MODULES = {}
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE django_migrations (id integer, app text, name text, applied timestamp)")
    known = enumerate(MigrationLoader(None).disk_migrations)
    MigrationRecorder.Migration.objects.bulk_create(
        MigrationRecorder.Migration(id=number, app=app, name=name) for number, (app, name) in known
    )


@pytest.mark.usefixtures("_migrated")
def test_a_migrated_database_is_ready() -> None:
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


@pytest.mark.usefixtures("_migrated")
def test_a_missing_migration_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'queue'")
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "missing": "migrations"})
