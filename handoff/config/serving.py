"""Running web server, worker and beat as children of one process that start together and end together.

All children share one process group with a guard, a small process that only waits for the end of a pipe. Nothing but
this process holds the other end, so when it is gone, however it went, the guard ends the group: no child outlives it.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import IO

HOST = "127.0.0.1"
GRACE = 10.0  # seconds between asking to stop and killing
PATIENCE = 3.0  # seconds for one child to end before the next is asked
GUARD_GRACE = 2.0  # seconds; nobody waits for a clean end any more


@dataclass(frozen=True)
class Child:
    """A command to run, and the name that stands before each line it writes."""

    name: str
    command: tuple[str, ...]


class PortNotFree(Exception):
    """The web server cannot listen on the chosen port."""


def site(*, port: int, host: str = HOST) -> tuple[Child, ...]:
    """Return worker, web server and beat: in the order of starting, the reverse of that of stopping."""
    celery = (sys.executable, "-m", "celery", "--quiet", "-A", "handoff.config.celery")
    # Processes, not threads: only they keep the time limit, end with a task that crashes and give memory back. Two, so
    # that a long import does not hold up the ticks, and no more, because the embedded database has one writer.
    worker = (
        *("worker", "--pool=prefork", "--concurrency=2"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )
    # The base scheduler keeps its times in memory: there is no file that could be stale, locked or broken.
    beat = ("beat", "--scheduler=celery.beat:Scheduler", "--pidfile=")
    web = (
        *(sys.executable, "-m", "gunicorn", "handoff.config.wsgi:application", f"--bind={host}:{port}"),
        *("--workers=1", "--threads=8", "--graceful-timeout=3", "--no-control-socket"),
    )
    return Child("worker", (*celery, *worker)), Child("web", web), Child("beat", (*celery, *beat))


def ensure_port_is_free(port: int, host: str = HOST) -> None:
    """Return when a server can listen on `port`; raises PortNotFree otherwise."""
    with socket.socket() as probe:
        # As the web server does it: connections that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            raise PortNotFree(
                f"PORT={port}: cannot listen on {host}:{port} ({error.strerror}). "
                f"Stop what listens there, or use another port: PORT={8000 if port != 8000 else 8001}."
            ) from error


def run(children: Sequence[Child], *, grace: float = GRACE, out: IO[bytes] | None = None) -> int:
    """Run `children` until a signal comes or one of them ends, stop the others in reverse order, return the exit code.

    It is 0 after SIGINT, SIGTERM or SIGHUP, and 1 when a child ended by itself. What does not stop within `grace`
    seconds is killed. Must be called from the main thread.
    """
    events: SimpleQueue[str | signal.Signals] = SimpleQueue()
    lines = _Lines(out or sys.stdout.buffer, width=max(len(child.name) for child in children))
    threading.Thread(target=_tell_of_caller, args=(os.getppid(), events), daemon=True).start()
    with _signals_put_into(events), _guarded_group(events) as group:
        running: list[_Running] = []
        try:
            for child in children:
                running.append(_Running(child, group, lines, events))
            event = events.get()
            lines.write("serve", f"{getattr(event, 'name', event)}: stopping.")
        finally:
            _stop(running[::-1], lines, ends_at=time.monotonic() + grace)
    for one in running:
        one.reader.join(timeout=1)
    return 0 if isinstance(event, signal.Signals) else 1


def _tell_of_caller(caller: int, events: "SimpleQueue[str | signal.Signals]") -> None:
    """Say so when the process that called this one is gone, or is a make that was told to stop.

    make passes SIGTERM on, but of a SIGINT it only waits for its children to end, with the signal blocked meanwhile.
    """
    while os.getppid() == caller and not _is_interrupted_make(caller):
        time.sleep(0.5)
    events.put(signal.SIGHUP)


def _is_interrupted_make(pid: int) -> bool:
    with suppress(OSError, ValueError, KeyError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        return status["Name"] == "make" and bool(int(status["SigBlk"], 16) & 1 << (signal.SIGINT - 1))
    return False


class _Lines:
    """The one output that all children share, line by line."""

    def __init__(self, out: IO[bytes], *, width: int) -> None:
        self._out, self._width, self._lock = out, width, threading.Lock()

    def write(self, name: str, line: str | bytes) -> None:
        text = line.encode() if isinstance(line, str) else line.rstrip(b"\r\n")
        # A reader that went away must not block the children: their lines are dropped.
        with self._lock, suppress(OSError, ValueError):
            self._out.write(f"{name:<{self._width}} | ".encode() + text + b"\n")
            self._out.flush()


class _Running:
    """A started child, with a thread that passes its lines on and one that tells of its end."""

    def __init__(self, child: Child, group: int, lines: _Lines, events: "SimpleQueue[str | signal.Signals]") -> None:
        self.name = child.name
        self.process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=group,
        )
        # Two threads, because a grandchild may hold the output open after the child has ended.
        self.reader = threading.Thread(target=self._pass_on, args=(lines,), daemon=True)
        self.reader.start()
        threading.Thread(target=_tell_end, args=(self.name, self.process, events), daemon=True).start()

    def ends_by(self, instant: float) -> bool:
        """Wait until `instant` (of the monotonic clock) and say whether the child has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0, instant - time.monotonic()))
        return self.process.returncode is not None

    def _pass_on(self, lines: _Lines) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.write(self.name, line)


def _tell_end(name: str, process: subprocess.Popen[bytes], events: "SimpleQueue[str | signal.Signals]") -> None:
    events.put(f"{name} ended by itself with exit code {process.wait()}")


def _stop(running: Sequence[_Running], lines: _Lines, *, ends_at: float) -> None:
    for one in running:
        one.process.terminate()
        one.ends_by(min(ends_at, time.monotonic() + PATIENCE))
    for one in running:
        if not one.ends_by(ends_at):
            lines.write("serve", f"{one.name} did not stop in time and is killed.")
            one.process.kill()


@contextmanager
def _signals_put_into(events: "SimpleQueue[str | signal.Signals]") -> Iterator[None]:
    wanted = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup asks to be left alone
        wanted.append(signal.SIGHUP)
    before = {number: signal.signal(number, lambda got, _: events.put(signal.Signals(got))) for number in wanted}
    try:
        yield
    finally:
        for number, disposition in before.items():
            signal.signal(number, disposition)


@contextmanager
def _guarded_group(events: "SimpleQueue[str | signal.Signals]") -> Iterator[int]:
    """Start a guard, give the process group to put children in, and leave nothing of it behind."""
    command = (sys.executable, "-I", "-S", __file__)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, process_group=0) as guard:
        threading.Thread(target=_tell_end, args=("guard", guard, events), daemon=True).start()
        try:
            yield guard.pid
        finally:
            with suppress(ProcessLookupError):
                os.killpg(guard.pid, signal.SIGKILL)


def _outlive_parent() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.read(sys.stdin.fileno(), 1)  # returns at the end of the pipe: the parent is gone
    os.killpg(0, signal.SIGTERM)
    time.sleep(GUARD_GRACE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    _outlive_parent()
