"""A site of its own, lived in real processes: an empty folder, a free port, the embedded broker and database."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = ("DATABASE_URL", "CELERY_BROKER_URL", "EMAIL_URL", "BASE_URL", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS")


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class House:
    """The folder and the port of one site, and its database where that is not in the folder.

    Whatever else the environment says about a site is left out.
    """

    folder: Path
    port: int
    database: str = ""

    @property
    def url(self) -> str:
        """Where the site answers."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the environment of the site's processes."""
        kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        own = {"DATABASE_URL": self.database} if self.database else {}
        return {**kept, **own, "HANDOFF_DATA": str(self.folder), "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}

    def at_work(self) -> list[int]:
        """Return the ids of the workers that have a message in their hands."""
        return [int(file.name.partition("-")[0]) for file in self.folder.glob("broker/taken/*/*")]

    def run(self, *command: str) -> str:
        """Run a Python command of the site to its end and return what it wrote."""
        done = subprocess.run(
            (sys.executable, *command),
            cwd=ROOT,
            env=self.environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def start(self, command: tuple[str, ...], *, log: str) -> "subprocess.Popen[bytes]":
        """Start a process of the site as the leader of a group of its own; its lines go to the file `log`."""
        with (self.folder / f"{log}.log").open("ab") as lines:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows that the site's database has."""
        with closing(sqlite3.connect(self.folder / "handoff.sqlite3", timeout=20)) as connection, connection:
            return connection.execute(sql, values).fetchall()


def answer(url: str) -> int:
    """Return the status of the answer, 0 where nobody answers."""
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as response:
        return int(response.status)
    return 0


def end(process: "subprocess.Popen[bytes]", number: int = signal.SIGKILL) -> None:
    """Send a signal to the whole group of `process` and wait until its leader is gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    process.wait(timeout=20)


def descendants_of(pid: int) -> set[int]:
    """Return the ids of all processes below `pid`."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def is_running(pid: int) -> bool:
    """Return whether the process exists and is no mere entry that nobody has collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait until `condition` holds; fails after `seconds`, saying `what` did not come about."""
    gives_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < gives_up_at, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)
