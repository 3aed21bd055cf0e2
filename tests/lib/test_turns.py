"""Turns come in the order in which they were asked for, and only the embedded database has them."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, connections, transaction

from handoff.lib.sqlite3.base import WRITERS
from handoff.lib.sqlite3.turns import Turns
from handoff.people.models import Team
from tests.concurrency.racing import race

only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has many writers")


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


@only_sqlite
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ends", ["commits", "fails", "closes"])
def test_a_transaction_gives_its_turn_back_however_it_ends(ends: str) -> None:
    def fail() -> None:
        with transaction.atomic():
            Team.objects.create(name="A", slug="a")
            assert not WRITERS.take(seconds=0)
            if ends == "fails":
                raise ZeroDivisionError
            if ends == "closes":
                connection.close()

    outcomes = race(fail)
    assert [type(outcome).__name__ for outcome in outcomes] == [{"fails": "ZeroDivisionError"}.get(ends, "NoneType")]
    assert Team.objects.filter(slug="a").exists() is (ends == "commits")
    assert WRITERS.take(seconds=0)
    WRITERS.give_back()


@only_sqlite
@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_who_gets_no_turn_hears_that_the_database_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert WRITERS.take(seconds=0)

    def write() -> None:
        with monkeypatch.context() as impatient:
            impatient.setitem(connections["default"].settings_dict["OPTIONS"], "timeout", 0.05)
            with transaction.atomic():
                Team.objects.create(name="A", slug="a")

    try:
        [outcome] = race(write)
    finally:
        WRITERS.give_back()
    assert isinstance(outcome, OperationalError)
    assert "database is locked" in str(outcome)
    assert [each for each in race(_make("b"), _make("c")) if each] == []
    assert Team.objects.count() == 2


def _make(slug: str) -> Callable[[], None]:
    def make() -> None:
        with transaction.atomic():
            Team.objects.create(name=slug, slug=slug)

    return make
