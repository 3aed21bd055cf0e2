"""Django's SQLite backend, but that the threads of a process wait for its one writer in a queue (decision 0016).

SQLite lets who waits ask again and again, less and less often, so that under load newcomers go first and one who came
early waits until the timeout: "database is locked".
"""

from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from handoff.lib.sqlite3.turns import Turns

WRITERS = Turns()  # of the one embedded database that a process has


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions wait for their turn to begin."""

    _has_turn = False

    def _start_transaction_under_autocommit(self) -> None:
        patience = float(self.settings_dict["OPTIONS"].get("timeout", 20))
        if not self._has_turn and not WRITERS.take(seconds=patience):
            raise OperationalError(f"database is locked: others of this process have written for {patience:g} s")
        self._has_turn = True
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._give_back()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._give_back()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._give_back()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            self._give_back()

    def _give_back(self) -> None:
        if self._has_turn:
            self._has_turn = False
            WRITERS.give_back()
