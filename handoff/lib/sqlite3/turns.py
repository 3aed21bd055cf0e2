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
        if called.acquire(timeout=seconds):
            return True
        with self._mutex:
            if called in self._waiting:
                self._waiting.remove(called)
                return False
        return True  # called at the last moment

    def give_back(self) -> None:
        """End the turn, and call the next."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
