"""Turns come in the order in which they were asked for, and only the embedded database has them."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction

from handoff.lib.sqlite3.base import WRITERS
from handoff.lib.sqlite3.turns import Turns


def test_who_asked_first_goes_first() -> None:
    turns, order = Turns(), list[int]()
    assert turns.take(seconds=1)

    def wait(number: int) -> None:
        assert turns.take(seconds=10)
        order.append(number)
        turns.give_back()

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(8)]
    for count, thread in enumerate(threads, start=1):
        thread.start()
        while len(turns._waiting) < count:
            time.sleep(0.001)
    turns.give_back()
    for thread in threads:
        thread.join(timeout=10)
    assert order == list(range(8))
    assert turns.take(seconds=0)


def test_who_gives_up_waiting_is_passed_over() -> None:
    turns = Turns()
    assert turns.take(seconds=0)
    assert not turns.take(seconds=0.01)
    turns.give_back()
    assert turns.take(seconds=0)


def test_who_is_interrupted_while_waiting_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def acquire(self, timeout: float | None = None) -> bool:
            if timeout is not None:
                raise KeyboardInterrupt
            return True

    turns = Turns()
    assert turns.take(seconds=0)
    with monkeypatch.context() as patched:
        patched.setattr("handoff.lib.sqlite3.turns.Lock", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            turns.take(seconds=1)
    turns.give_back()
    assert turns.take(seconds=0)


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any) -> Iterator[Any]:
    """Return a connection to an embedded database of its own, whatever database the tests run on; it waits a moment."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": 0.05}
    named = {"ENGINE": "handoff.lib.sqlite3", "NAME": str(tmp_path / "embedded.sqlite3"), "OPTIONS": options}
    settings = connections.configure_settings({"default": named})["default"]
    monkeypatch.setitem(connections.settings, "embedded", settings)
    with django_db_blocker.unblock():
        connection = connections["embedded"]
        connection.cursor().execute("CREATE TABLE row (id integer)")
        yield connection
        connection.close()
        del connections["embedded"]


def written(connection: Any) -> int:
    """Return how many rows are there."""
    return int(connection.cursor().execute("SELECT count(*) FROM row").fetchone()[0])


@pytest.mark.parametrize("ends", ["commits", "fails", "closes"])
def test_a_transaction_gives_its_turn_back_however_it_ends(embedded: Any, ends: str) -> None:
    with suppress(ZeroDivisionError), transaction.atomic(using="embedded"):
        with transaction.atomic(using="embedded"):
            embedded.cursor().execute("INSERT INTO row VALUES (1)")
        assert not WRITERS.take(seconds=0)
        if ends == "fails":
            raise ZeroDivisionError
        if ends == "closes":
            embedded.close()
    assert WRITERS.take(seconds=0)
    WRITERS.give_back()
    assert written(embedded) == (ends == "commits")


def test_who_gets_no_turn_hears_that_the_database_is_locked(embedded: Any) -> None:
    assert WRITERS.take(seconds=0)
    try:
        with pytest.raises(OperationalError, match="database is locked"), transaction.atomic(using="embedded"):
            pass
    finally:
        WRITERS.give_back()
    with transaction.atomic(using="embedded"):
        embedded.cursor().execute("INSERT INTO row VALUES (1)")
    assert written(embedded) == 1
