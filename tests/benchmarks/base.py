"""The measured database: made, migrated, filled once per scale, and put back as it was before each measurement."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # the base stands at this instant, and the measured model is published
LEADS, ACTIVITIES, HANDOFFS = 1_000_000, 10_000_000, 50_000
A_DESK = 5000  # open handoffs of one team
FILLED = ("leads_company", "leads_lead", "leads_activity", "leads_leadscore")
Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Base:
    """A database with a share of the leads."""

    url: str
    scale: float

    @property
    def leads(self) -> int:
        """How many leads there are, with the ids from 1 on."""
        return max(round(LEADS * self.scale), 100)

    @property
    def activities(self) -> int:
        """How many activities there are, with the ids from 1 on."""
        return max(round(ACTIVITIES * self.scale), 1000)

    @property
    def handoffs(self) -> int:
        """How many handoffs are open where sales is part of what is measured."""
        return max(round(HANDOFFS * self.scale), 100)

    @property
    def desks(self) -> int:
        """How many teams share them."""
        return max(self.handoffs // A_DESK, 1)

    @property
    def name(self) -> str:
        """The name of the database."""
        return urlsplit(self.url).path.strip("/")

    @property
    def at(self) -> str:
        """AT as SQL reads it."""
        return f"timestamptz '{AT.isoformat()}'"

    def tenth(self) -> "Base":
        """Return a base of a tenth, in a database of its own."""
        return Base(_renamed(self.url, f"{self.name}_tenth"), self.scale / 10)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Yield a connection in which every statement is its own transaction."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            yield connection

    def ensure(self, *, fresh: bool = False) -> bool:
        """Make the base unless it stands already as the code would fill it; return whether it was made."""
        if not fresh and self._is_filled():
            return False
        with psycopg.connect(_renamed(self.url, "postgres"), autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.name)))
        self.run("manage.py", "migrate", "--verbosity", "0")
        self.child("world", self.desks)
        with self.connection() as connection:
            with _without_indexes(connection, FILLED):
                connection.execute(self.text("fill.sql").encode())
            connection.execute("CREATE TABLE bench_score AS TABLE leads_leadscore")
            connection.execute("CREATE TABLE bench_filled AS SELECT %s::text AS mark", [self._mark()])
            connection.execute("VACUUM ANALYZE")
        return True

    def _is_filled(self) -> bool:
        try:
            with self.connection() as connection:
                row = connection.execute("SELECT mark FROM bench_filled").fetchone()
                return row == (self._mark(),)
        except psycopg.Error:
            return False

    def _mark(self) -> str:
        """Return what the fill depends on: the scale, how it fills, and the tables."""
        read = [HERE / "fill.sql", HERE / "world.py", HERE / "desks.py", *sorted(ROOT.glob("*/**/migrations/*.py"))]
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in read if ".venv" not in path.parts))
        return f"{self.leads} {self.activities} {digest.hexdigest()}"

    def text(self, name: str) -> str:
        """Return a file of SQL with this base's numbers in it."""
        counts = {"leads": self.leads, "activities": self.activities, "handoffs": self.handoffs, "desks": self.desks}
        given = {**{name: str(count) for name, count in counts.items()}, "at": self.at}
        text = (HERE / name).read_text()
        for key, value in given.items():
            text = text.replace(f"{{{key}}}", value)
        return text

    def run(self, *arguments: str) -> str:
        """Run Python with these arguments on this base and return what it prints."""
        environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "DEBUG": "false",
            "DJANGO_SETTINGS_MODULE": "handoff.config.settings",
        }
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout

    def child(self, work: str, *arguments: int) -> dict[str, float]:
        """Do `work` in a process of its own and return its figures."""
        printed = self.run("-m", "tests.benchmarks.child", work, *map(str, arguments))
        figures: dict[str, float] = json.loads(printed.splitlines()[-1])
        return figures

    def reset(self) -> None:
        """Put back the stored scores and everything that opening handoffs and taking in activities has changed."""
        with self.connection() as connection:
            connection.execute("TRUNCATE queue_handoff, outbox_notice CASCADE")
            connection.execute("DELETE FROM leads_activity WHERE id > %s", [self.activities + self.leads])
            connection.execute(self.text("unmoved.sql").encode())
            with _without_indexes(connection, ["leads_leadscore"]):
                connection.execute("TRUNCATE leads_leadscore")
                connection.execute("INSERT INTO leads_leadscore SELECT * FROM bench_score")
            connection.execute("VACUUM ANALYZE leads_leadscore")
            connection.execute("VACUUM leads_lead")
            connection.execute("CHECKPOINT")

    def close_handoffs(self) -> None:
        """Hand every lead over, long ago: what reports read."""
        with self.connection() as connection:
            connection.execute(self.text("closed.sql").encode())
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    def open_handoffs(self) -> None:
        """Open the handoffs that sales works on, for the leads whose scores hold."""
        with self.connection() as connection:
            connection.execute(self.text("open.sql").encode())
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")


def _renamed(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextmanager
def _without_indexes(connection: Connection, tables: "list[str] | tuple[str, ...]") -> Iterator[None]:
    """Take the indexes and constraints off `tables`, and put them on again: much faster than keeping them."""
    with connection.transaction():
        constraints = connection.execute(_CONSTRAINTS, [list(tables), list(tables)]).fetchall()
        for table, name, _definition in reversed(constraints):
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        indexes = connection.execute(_INDEXES, [list(tables)]).fetchall()
        for name, _definition in indexes:
            connection.execute(f"DROP INDEX {name}")
        yield
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for _name, definition in indexes:
            connection.execute(definition)
        for table, name, definition in constraints:
            connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


# Keys come before the foreign keys that need them, also those of other tables.
_CONSTRAINTS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE (conrelid = ANY(%s::regclass[]) OR confrelid = ANY(%s::regclass[])) AND contype IN ('p', 'u', 'f')
    ORDER BY array_position('{p,u,f}', contype::text), conname
"""
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY(%s::regclass[]) ORDER BY 1
"""
