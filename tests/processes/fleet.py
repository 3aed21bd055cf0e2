"""Two beats and some workers of one site, of which one after another is killed and started again."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from handoff.config.serving import site
from tests.processes.living import House, descendants_of, end, is_running

APP, KINDS = "handoff.config.celery", ("beat", "worker", "worker", "hand", "hand")
Process = subprocess.Popen[bytes]


def commands(house: House, app: str) -> dict[str, tuple[str, ...]]:
    """Return the commands of the site's processes by their names, with `app` as the Celery application."""
    return {
        child.name: tuple(app if word == APP else word for word in child.command) for child in site(port=house.port)
    }


class Fleet:
    """The processes of `house`; `app` names their Celery application, `naive` workers enforce with a mistake."""

    def __init__(self, house: House, *, workers: int, app: str = APP, naive: bool = False) -> None:
        self._house, self._commands = house, commands(house, app)
        if naive:
            self._commands["worker"] += ("--include", "tests.processes.naive_worker")
        self._running = [(name, self._begin(name)) for name in ["beat"] * 2 + ["worker"] * workers]

    def _begin(self, name: str) -> Process:
        return self._house.start(self._commands[name], log=name)

    def strike(self, rng: random.Random, *, patience: float, kinds: Sequence[str] = KINDS) -> str:
        """Kill a beat, a worker, or one of a worker's hands: at work, if that comes about within `patience` seconds.

        Returns what was killed. What a dead worker leaves behind may go on for a moment; then all is started again.
        """
        what = rng.choice(kinds)
        pid = rng.choice([process.pid for name, process in self._running if (name == "beat") == (what == "beat")])
        if what != "beat":
            pid = self._one_at_work(patience, rng) or pid
            at_work = " at work" if pid in self._house.at_work() else ""
            hands = [hand for hand in descendants_of(pid) if is_running(hand)]
            pid, what = (rng.choice(hands) if what == "hand" and hands else pid), what + at_work
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        time.sleep(rng.uniform(0, 0.5))
        self._running = [(name, self._raised(name, process)) for name, process in self._running]
        return what

    def _raised(self, name: str, process: Process) -> Process:
        if process.poll() is None:
            return process
        end(process)
        return self._begin(name)

    def _one_at_work(self, patience: float, rng: random.Random) -> int | None:
        gives_up_at, own = time.monotonic() + patience, {process.pid for _name, process in self._running}
        while time.monotonic() < gives_up_at:
            if found := own.intersection(self._house.at_work()):
                # Mostly short, so that work which is soon done is still met; at times long, to meet its end too.
                time.sleep(rng.uniform(0, 0.2) * rng.random())
                return rng.choice(sorted(found))
            time.sleep(0.005)
        return None

    def leave_one(self, *, app: str) -> None:
        """End all but one worker, and ring for it as `app` does."""
        *others, last = self._running
        for _name, process in others:
            end(process)
        self._commands = commands(self._house, app)
        self._running = [("beat", self._begin("beat")), last]

    def end(self) -> None:
        """End all."""
        for _name, process in self._running:
            end(process)
