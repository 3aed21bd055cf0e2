"""Threads that start together, each with a database connection of its own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections


def race(*runners: Callable[[], Any]) -> list[Any]:
    """Run all `runners` at once and return what each returned, or the exception that it ended with, in their order."""
    outcomes: list[Any] = [None] * len(runners)
    start = threading.Barrier(len(runners), timeout=30)

    def run(number: int) -> None:
        try:
            start.wait()
            outcomes[number] = runners[number]()
        except Exception as error:  # noqa: BLE001 (the test says which outcomes are right)
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(runners))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
        assert not thread.is_alive(), "a thread hangs"
    return outcomes
