"""The environment: unset means the default, and a wrong value is refused by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from handoff.config import environment

Read = Callable[[Path], Any]
READERS: dict[str, Read] = {
    "DEBUG": lambda _folder: environment.flag("DEBUG", default=False),
    "PORT": lambda _folder: environment.port("PORT", default=8000),
    "TIME_ZONE": lambda _folder: environment.zone("TIME_ZONE", default="Europe/Amsterdam"),
    "HANDOFF_DATA": lambda folder: environment.folder("HANDOFF_DATA", default=folder / "var", inside="static"),
    "ALLOWED_HOSTS": lambda _folder: environment.hosts("ALLOWED_HOSTS", default=["localhost"]),
    "DATABASE_URL": lambda folder: environment.database("DATABASE_URL", folder=folder),
    "CELERY_BROKER_URL": lambda folder: environment.broker("CELERY_BROKER_URL", folder=folder),
    "EMAIL_URL": lambda folder: environment.mail("EMAIL_URL", folder=folder),
    "SECRET_KEY": lambda folder: environment.secret_key("SECRET_KEY", folder=folder, is_debug=False),
}


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in READERS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("DEBUG", "maybe", "'true' or 'false'"),
        ("PORT", "http", "a number from 1 to 65535"),
        ("PORT", "0", "a number from 1 to 65535"),
        ("PORT", "65536", "a number from 1 to 65535"),
        ("PORT", "-1", "a number from 1 to 65535"),
        ("TIME_ZONE", "Amsterdam", "Europe/Amsterdam"),
        ("HANDOFF_DATA", "/dev/null/x", "a folder that can be made"),
        ("HANDOFF_DATA", "/etc/passwd", "a folder that can be made"),
        ("HANDOFF_DATA", "/proc/foo", "a folder that can be made"),
        ("HANDOFF_DATA", "/proc", "a folder that can be made"),
        ("ALLOWED_HOSTS", "http://handoff.example/", "names of hosts"),
        ("ALLOWED_HOSTS", "handoff.example 127.0.0.1", "names of hosts"),
        ("ALLOWED_HOSTS", "handoff.example:8000", "names of hosts"),
        ("DATABASE_URL", "sqlite:////no/such/folder/handoff.sqlite3", "in a folder that exists"),
        ("DATABASE_URL", "mysql://user@localhost/handoff", "postgresql://"),
        ("DATABASE_URL", "postgresql://localhost", "postgresql://"),
        ("DATABASE_URL", "postgresql://localhost:port/handoff", "postgresql://"),
        ("DATABASE_URL", "postgresql://[localhost/handoff", "postgresql://"),
        ("DATABASE_URL", "handoff.sqlite3", "sqlite:///PATH"),
        ("CELERY_BROKER_URL", "localhost:6379", "redis://"),
        ("CELERY_BROKER_URL", "sqs://queue", "amqp://"),
        ("CELERY_BROKER_URL", "redis://localhost:port/0", "redis://"),
        ("CELERY_BROKER_URL", "redis://[localhost/0", "redis://"),
        ("EMAIL_URL", "mail.example.com", "smtp://"),
        ("EMAIL_URL", "smtp://localhost:port", "smtp://"),
        ("EMAIL_URL", "smtp://[localhost", "smtp://"),
        ("EMAIL_URL", "smtp://", "HOST"),
        ("EMAIL_URL", "smtp+tls://ann:pw@", "HOST"),
        ("EMAIL_URL", "filemail://", "filemail:///FOLDER"),
        ("SECRET_KEY", "short", "at least 32"),
    ],
)
def test_a_wrong_value_is_refused_naming_the_variable_the_value_and_what_is_accepted(
    name: str, value: str, accepted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as refused:
        READERS[name](tmp_path)
    said = str(refused.value)
    assert said.startswith(f"{name}=")
    assert value[:4] in said
    assert accepted in said


def test_a_short_secret_is_not_written_out_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2-hunter2")
    with pytest.raises(ImproperlyConfigured) as refused:
        READERS["SECRET_KEY"](tmp_path)
    assert "hunter2-" not in str(refused.value)


@pytest.mark.parametrize("is_empty", [False, True], ids=["unset", "empty"])
def test_unset_or_empty_means_the_embedded_default(
    is_empty: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in READERS if is_empty else ():
        monkeypatch.setenv(name, "")
    read = {name: reader(tmp_path) for name, reader in READERS.items()}
    assert (read["DEBUG"], read["PORT"], read["TIME_ZONE"]) == (False, 8000, "Europe/Amsterdam")
    assert (read["HANDOFF_DATA"], read["ALLOWED_HOSTS"]) == (tmp_path / "var", ["localhost"])
    assert read["DATABASE_URL"]["NAME"] == str(tmp_path / "handoff.sqlite3")
    assert read["DATABASE_URL"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert read["CELERY_BROKER_URL"] == f"spool://{tmp_path / 'broker'}"
    assert read["EMAIL_URL"]["EMAIL_FILE_PATH"] == str(tmp_path / "mail")


def test_the_secret_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    first = READERS["SECRET_KEY"](tmp_path)
    assert len(first) >= 50
    assert READERS["SECRET_KEY"](tmp_path) == first
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("value", "is_on"), [("true", True), ("1", True), ("False", False), ("0", False)])
def test_yes_and_no_are_read_in_their_usual_spellings(
    value: str, is_on: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DEBUG", value)
    assert READERS["DEBUG"](tmp_path) is is_on


def test_a_postgresql_address_is_read_with_its_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:s%40crt@db.example:5433/handoff")
    found = READERS["DATABASE_URL"](tmp_path)
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", 5433, "handoff")
    assert (found["USER"], found["PASSWORD"]) == ("ann", "s@crt")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("smtp://localhost", (25, False, False), id="plain"),
        pytest.param("smtp+tls://ann:pw@mail.example:587", (587, True, False), id="with STARTTLS"),
        pytest.param("smtps://mail.example:465", (465, False, True), id="with TLS from the start"),
    ],
)
def test_a_mail_address_says_how_to_encrypt(
    value: str, expected: tuple[int, bool, bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMAIL_URL", value)
    found = READERS["EMAIL_URL"](tmp_path)
    assert (found["EMAIL_PORT"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == expected


def test_hosts_may_be_names_with_their_subdomains_addresses_or_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "handoff.example, .acme.example,10.0.0.7,[::1],*")
    assert READERS["ALLOWED_HOSTS"](Path()) == ["handoff.example", ".acme.example", "10.0.0.7", "[::1]", "*"]


def test_the_folder_is_made_with_what_is_inside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HANDOFF_DATA", str(tmp_path / "new" / "data"))
    assert (READERS["HANDOFF_DATA"](tmp_path) / "static").is_dir()


def test_a_mail_password_may_hold_any_sign(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMAIL_URL", "smtp://ann%40acme.example:s%3Acrt@mail.example")
    found = READERS["EMAIL_URL"](tmp_path)
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("ann@acme.example", "s:crt")
