"""The environment, read once and refused at start where it is wrong."""

import re
from collections.abc import Sequence, Set
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError

env = Env()

HOST = re.compile(r"\*|\.?[\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE)
DATABASES_ACCEPTED = "postgresql://USER:PASSWORD@HOST/NAME or sqlite:///PATH, in a folder that exists"
BROKERS_ACCEPTED = "redis://HOST/N, amqp://USER:PASSWORD@HOST// or spool:///FOLDER"
MAIL_ACCEPTED = "smtp://USER:PASSWORD@HOST:PORT, smtp+tls://..., console:// or filemail:///FOLDER"


def refuse(name: str, value: object, accepted: str) -> ImproperlyConfigured:
    """Return the error that names the variable, the value and what is accepted."""
    return ImproperlyConfigured(f"{name}={str(value)!r}: use {accepted}.")


def flag(name: str, *, default: bool) -> bool:
    """Read a yes-no variable."""
    if not env.str(name, ""):
        return default
    try:
        return bool(env.bool(name))
    except EnvValidationError as error:
        raise refuse(name, env.str(name), "'true' or 'false'") from error


def port(name: str, *, default: int) -> int:
    """Read a TCP port."""
    value = env.str(name, "") or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65_536:
        raise refuse(name, value, "a number from 1 to 65535")
    return int(value)


def zone(name: str, *, default: str) -> str:
    """Read the name of a time zone."""
    value = env.str(name, "") or default
    if value not in available_timezones():
        raise refuse(name, value, "a time zone such as 'Europe/Amsterdam'")
    return ZoneInfo(value).key


def folder(name: str, *, default: Path, inside: str) -> Path:
    """Read the name of a folder, and make it and the one `inside` where they are missing."""
    value = env.str(name, "") or str(default)
    try:
        found = Path(value).resolve()
        (found / inside).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=found):
            return found
    except OSError as error:
        raise refuse(name, value, "a folder that can be made and written to") from error


def hosts(name: str, *, default: Sequence[str]) -> list[str]:
    """Read names of hosts, separated by commas."""
    found = [host.strip() for host in env.str(name, "").split(",") if host.strip()] or list(default)
    if not all(HOST.fullmatch(host) for host in found):
        raise refuse(name, env.str(name), "names of hosts separated by commas, such as 'handoff.example,127.0.0.1'")
    return found


def address(name: str, value: str, *, schemes: Set[str], accepted: str) -> SplitResult:
    """Return an address in its parts, or refuse it by the name of its variable."""
    try:
        parts = urlsplit(value)
        is_known = parts.scheme in schemes and (parts.port or 0) >= 0  # reading the port checks it
    except ValueError as error:
        raise refuse(name, value, accepted) from error
    if not is_known:
        raise refuse(name, value, accepted)
    return parts


def database(name: str, *, folder: Path) -> dict[str, Any]:
    """Read the database: SQLite in `folder` unless said otherwise."""
    value = env.str(name, "") or f"sqlite:///{folder / 'handoff.sqlite3'}"
    address(name, value, schemes={"postgres", "postgresql", "sqlite"}, accepted=DATABASES_ACCEPTED)
    try:
        found: dict[str, Any] = dict(dj_database_url.parse(value))
    except ValueError as error:
        raise refuse(name, value, DATABASES_ACCEPTED) from error
    is_file = found["ENGINE"] == "django.db.backends.sqlite3"
    if not found.get("NAME") or (is_file and not Path(found["NAME"]).parent.is_dir()):
        raise refuse(name, value, DATABASES_ACCEPTED)
    if is_file:
        found["ENGINE"] = "handoff.lib.sqlite3"
        # Deferred transactions fail under contention with "database is locked"; immediate ones wait.
        found["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;",
        }
        # Tests use a file, so that threads and processes see one database with the same locking.
        found["TEST"] = {"NAME": str(folder / "test.sqlite3")}
    else:
        found["CONN_MAX_AGE"] = 60
        found["CONN_HEALTH_CHECKS"] = True
    return found


def broker(name: str, *, folder: Path) -> str:
    """Read the broker: a spool of files in `folder` unless said otherwise."""
    value = env.str(name, "") or f"spool://{folder / 'broker'}"
    schemes = {"redis", "rediss", "amqp", "amqps", "pyamqp", "spool", "memory"}
    address(name, value, schemes=schemes, accepted=BROKERS_ACCEPTED)
    return value


def mail(name: str, *, folder: Path) -> dict[str, Any]:
    """Read where mail goes: into files below `folder` unless said otherwise."""
    value = env.str(name, "") or f"filemail://{folder / 'mail'}"
    schemes = {"smtp", "smtp+tls", "smtp+ssl", "smtps", "console", "filemail", "memory"}
    parts = address(name, value, schemes=schemes, accepted=MAIL_ACCEPTED)
    backend = {"filemail": "filebased", "console": "console", "memory": "locmem"}.get(parts.scheme, "smtp")
    if (backend == "smtp" and not parts.hostname) or (backend == "filebased" and not parts.path):
        raise refuse(name, value, MAIL_ACCEPTED)
    return {
        "EMAIL_BACKEND": f"django.core.mail.backends.{backend}.EmailBackend",
        "EMAIL_FILE_PATH": parts.path,
        "EMAIL_HOST": parts.hostname or "",
        "EMAIL_PORT": parts.port or 25,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme in {"smtp+ssl", "smtps"},
        "EMAIL_TIMEOUT": 15,
    }


def secret_key(name: str, *, folder: Path, is_debug: bool) -> str:
    """Read the secret; without one, keep a random one in `folder`."""
    value = env.str(name, "")
    if value:
        if len(value) < 32 and not is_debug:
            raise refuse(name, value[:4] + "...", "at least 32 random characters")
        return value
    from django.core.management.utils import get_random_secret_key  # noqa: PLC0415 (needed once)

    kept = folder / "secret-key"
    try:
        # "x" so that of two processes starting at once only one writes.
        with kept.open("x") as file:
            file.write(get_random_secret_key())
        kept.chmod(0o600)
    except FileExistsError:
        pass
    return kept.read_text()
