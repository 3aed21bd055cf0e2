"""The embedded broker: a kombu transport on a folder of files.

Use: `kombu.transport.TRANSPORT_ALIASES["spool"] = "handoff.lib.spool:Transport"`, then `CELERY_BROKER_URL=spool:///FOLDER`.

    waiting/QUEUE/NAME              a message; names sort by the time of putting
    waiting/QUEUE/.NAME             one that is still being written
    taken/QUEUE/PID-START-NAME      one that the process PID, started at START, works on
    unreadable/QUEUE-NAME           one that could not be read

Every step is one rename within the folder, so a killed process leaves a message in exactly one place, and of two takers
one wins. All processes share one machine and see each other's process ids. There is no fanout, no priority, and no
consuming without acknowledgement: Celery needs `worker_enable_remote_control=False`.
"""

import logging
import os
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from heapq import nsmallest
from math import inf
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import quote

from kombu import Connection
from kombu.transport import virtual
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)

HOUR = 3600.0  # seconds
KEPT_WAITING = HOUR
KEPT_UNREADABLE = 7 * 24 * HOUR
SECONDS_BETWEEN_RECOVERIES = 10.0
READ_AHEAD = 100  # names: listing a long queue anew for each message would take quadratic time
TAKEN_NAME = re.compile(r"(?P<pid>\d+)-(?P<start>\d+)-.")
HAS_PROC = Path("/proc/self/stat").exists()


class Spool:
    """Queues of messages in the folder `root`; one object serves one consuming thread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._upcoming: dict[str, deque[str]] = {}

    def put(self, queue: str, message: bytes) -> None:
        """Add `message` behind the others, visible only when it is complete."""
        folder = self._folder("waiting", queue)
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        (folder / f".{name}").write_bytes(message)
        (folder / f".{name}").rename(folder / name)

    def take(self, queue: str) -> Path | None:
        """Take the oldest message for this process, or return None when nothing waits."""
        upcoming = self._upcoming.setdefault(queue, deque())
        while upcoming or self._look_ahead(queue, upcoming):
            name = upcoming.popleft()
            mine = self._folder("taken", queue) / f"{os.getpid()}-{_start_of(os.getpid())}-{name}"
            # Unless another process was faster.
            with suppress(FileNotFoundError):
                return (self._folder("waiting", queue) / name).rename(mine)
        return None

    def put_back(self, taken: Path) -> bool:
        """Return a taken message to its place in the queue and say whether it was still there."""
        self._upcoming.clear()  # it is older than what was read ahead
        with suppress(FileNotFoundError):
            taken.rename(self.root / "waiting" / taken.parent.name / taken.name.split("-", 2)[2])
            return True
        return False

    def quarantine(self, taken: Path) -> None:
        """Set aside a taken message that cannot be read, for somebody to look at."""
        aside = self.root / "unreadable"
        aside.mkdir(exist_ok=True)
        taken.rename(aside / f"{taken.parent.name}-{taken.name}")

    def size(self, queue: str) -> int:
        """Count the waiting messages."""
        return len(self._waiting(queue))

    def purge(self, queue: str) -> int:
        """Delete the waiting messages and return how many there were."""
        folder = self._folder("waiting", queue)
        return sum(_is_deleted(folder / name) for name in self._waiting(queue))

    def recover(self, *, now: float) -> int:
        """Put back what dead processes had taken, delete what is too old, and return how many came back.

        `now` is in seconds since the epoch.
        """
        back = sum(self.put_back(file) for file in self.root.glob("taken/*/*") if _is_abandoned(file.name))
        # A message is only a doorbell: the rows are the truth, and the next tick finds them. So what nobody took for an
        # hour may go, which bounds the folder when no worker runs, and ends a message that kills each of its workers.
        expired = sum(_is_deleted(file, now - KEPT_WAITING) for file in self.root.glob("waiting/*/*"))
        for file in self.root.glob("unreadable/*"):
            _is_deleted(file, now - KEPT_UNREADABLE)
        if back:
            log.warning("Put back %d messages of processes that are gone.", back)
        if expired:
            log.warning("Deleted %d messages that waited for more than an hour: does a worker run?", expired)
        return back

    def _look_ahead(self, queue: str, upcoming: deque[str]) -> bool:
        upcoming.extend(nsmallest(READ_AHEAD, self._waiting(queue)))
        return bool(upcoming)

    def _waiting(self, queue: str) -> list[str]:
        return [name for name in os.listdir(self._folder("waiting", queue)) if not name.startswith(".")]

    def _folder(self, state: str, queue: str) -> Path:
        name = quote(queue, safe="@")
        folder = self.root / state / (f"%2E{name[1:]}" if name.startswith(".") else name)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _is_deleted(file: Path, written_before: float = inf) -> bool:
    """Delete a file if it is there and old enough, and say so."""
    with suppress(FileNotFoundError, IsADirectoryError):
        if file.stat().st_mtime < written_before:
            file.unlink()
            return True
    return False


def _is_abandoned(taken_name: str) -> bool:
    owner = TAKEN_NAME.match(taken_name)
    return owner is not None and _start_of(int(owner["pid"])) != owner["start"]


def _start_of(pid: int) -> str | None:
    """Return when the kernel started `pid` (a later process with the same id differs), or None when it is gone."""
    try:
        if not HAS_PROC:
            os.kill(pid, 0)
            return "0"
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except PermissionError:
        return "0"
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name before may hold spaces and brackets
    return None if state in {"Z", "X"} else fields[18]


class QoS(virtual.QoS):
    """Which messages were delivered and not yet answered; an answer may come from another thread."""

    channel: "Channel"

    def ack(self, delivery_tag: str) -> None:
        super().ack(delivery_tag)
        self.channel.answer(delivery_tag, _is_deleted)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        # First off the list: once back in its folder the consuming thread may take it again.
        super().ack(delivery_tag)
        self.channel.answer(delivery_tag, self.channel.spool.put_back if requeue else _is_deleted)


class Channel(virtual.Channel):
    """Kombu's view of the queues."""

    QoS = QoS

    def __init__(self, connection: "Transport", **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        # Kept here, because kombu takes `connection` away on closing while a late task may still answer.
        self.transport, self.spool = connection, connection.spool

    def answer(self, delivery_tag: str, act: Callable[[Path], object]) -> None:
        """Do `act` with the file of a delivered message, once, and let the next one come at once."""
        taken = self.transport.taken.pop(delivery_tag, None)
        if taken is not None:
            act(taken)
        self.transport.make_room()

    def _put(self, queue: str, message: Any, **_: Any) -> None:
        self.transport.tend()
        self.spool.put(queue, dumps(message).encode())

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        while (taken := self.spool.take(queue)) is not None:
            # A tag per delivery: a message put into two queues, or delivered twice, comes with one tag.
            tag = self._next_delivery_tag()
            try:
                message = loads(taken.read_bytes())
                message["properties"]["delivery_tag"] = tag
                self.Message(message, channel=self)
            except Exception:  # whatever is wrong with one file, the worker has to go on
                log.exception("Message %s cannot be read: moved to %s.", taken.name, self.spool.root / "unreadable")
                self.spool.quarantine(taken)
                continue
            self.transport.taken[tag] = taken
            return message
        raise Empty

    def _restore(self, message: virtual.Message) -> None:
        self.answer(str(message.delivery_tag), self.spool.put_back)

    def _size(self, queue: str) -> int:
        return self.spool.size(queue)

    def _purge(self, queue: str) -> int:
        return self.spool.purge(queue)


class Transport(virtual.Transport):
    """The transport for `spool:///FOLDER`; raises ValueError for an address without a folder."""

    Channel = Channel
    driver_type = driver_name = "spool"
    polling_interval = 0.2  # seconds
    connection_errors = (*virtual.Transport.connection_errors, OSError)  # a full disk: the worker tries again
    # Asynchronous, or else the hands of a worker share one pipe under one lock: a hand that is killed while it holds
    # the lock leaves the others deaf.
    implements = virtual.Transport.implements.extend(asynchronous=True, exchange_type=frozenset({"direct", "topic"}))

    def __init__(self, client: Connection, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.spool = Spool(_folder_of(client))
        self.taken: dict[str, Path] = {}
        self.has_room = threading.Event()
        self._loop: Any = None
        self._tends_at = -inf

    @property
    def default_connection_params(self) -> dict[str, Any]:
        """There is no host to fall back to, and nothing to warn of."""
        return {}

    def tend(self) -> None:
        """Recover now and then; also when putting, since without a worker nobody else would."""
        if time.monotonic() >= self._tends_at:
            self._tends_at = time.monotonic() + SECONDS_BETWEEN_RECOVERIES
            self.spool.recover(now=time.time())

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Look for messages now and then in the event loop of a worker."""
        self._loop = loop
        loop.call_repeatedly(self.polling_interval, self._deliver_waiting)

    def make_room(self) -> None:
        """Let the next message come at once, as one was answered."""
        self.has_room.set()
        if self._loop:
            self._loop.call_soon(self._deliver_waiting)

    def _deliver_waiting(self) -> None:
        assert self.cycle is not None
        self.tend()
        with suppress(Empty):
            while True:
                self.cycle.get(self._deliver)

    def drain_events(self, connection: Connection, timeout: float | None = None, **_: Any) -> None:
        """Deliver one message; raises TimeoutError when none comes within `timeout` seconds."""
        assert self.cycle is not None
        ends_at = inf if timeout is None else time.monotonic() + timeout
        while True:
            self.tend()
            # Cleared before looking, so that an answer given meanwhile ends the wait below.
            self.has_room.clear()
            with suppress(Empty):
                self.cycle.get(self._deliver, timeout=timeout)
                return
            left = ends_at - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.has_room.wait(min(self.polling_interval, left))


def _folder_of(client: Connection) -> Path:
    folder = (client.virtual_host or "").strip("/")
    if client.hostname not in {None, "", "localhost"} or not folder:
        raise ValueError(f"Broker {client.hostname or ''}/{folder}: use spool:///FOLDER with an absolute folder.")
    return Path("/" + folder)
