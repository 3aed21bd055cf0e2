"""A lock that is given in the order in which it was asked for."""

from collections import deque
from threading import Lock


class Turns:
    """One at a time, first come first served. Whoever has the turn may give it back from another thread."""

    def __init__(self) -> None:
        self._mutex, self._is_taken = Lock(), False
        self._waiting: deque[Lock] = deque()

    def take(self, *, seconds: float) -> bool:
        """Wait for a turn, and return whether it came within `seconds`."""
        with self._mutex:
            if not self._is_taken:
                self._is_taken = True
                return True
            called = Lock()
            called.acquire()
            self._waiting.append(called)
        try:
            if called.acquire(timeout=seconds):
                return True
        except BaseException:
            if not self._give_up(called):
                self.give_back()
            raise
        return not self._give_up(called)

    def _give_up(self, called: Lock) -> bool:
        """Wait no longer, and return whether the turn had not come yet."""
        with self._mutex:
            still_waits = called in self._waiting
            if still_waits:
                self._waiting.remove(called)
        return still_waits

    def give_back(self) -> None:
        """End the turn, and call the next."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
