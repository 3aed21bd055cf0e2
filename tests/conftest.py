"""Settings that every test shares."""

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]

from scoring.publishing import forget_specs


class ByModule(LoadGroupScheduling):
    """Gives each process whole modules, or whole groups, so that what a module shares is made once."""

    def _split_scope(self, nodeid: str) -> str:
        found: str = super()._split_scope(nodeid)
        return found.split("::", maxsplit=1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    """Return who hands out the tests."""
    return ByModule(config, log)


hypothesis_settings.register_profile(
    "default", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile(
    "long", max_examples=4000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Give each run a file of its own, so that two can go on beside each other."""
    for database in settings.DATABASES.values():
        if database["ENGINE"].endswith("sqlite3"):
            database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _rare_collections() -> None:
    """What is loaded by now stays: looking through it for garbage again and again took a tenth of the time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _plain_static_files() -> Iterator[None]:
    """Pages in tests name static files as they are, without a collected manifest; passwords cost nothing."""
    files = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(STORAGES=settings.STORAGES | files, PASSWORD_HASHERS=hashers):
        yield


@pytest.fixture(scope="module")
def shared_rows(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let a fixture of a whole module make rows: they are there for each of its tests, as they were, and then gone."""
    forget_specs()
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _fresh_specs() -> None:
    """Rolled-back tests reuse ids, so what was published before is forgotten."""
    forget_specs()
