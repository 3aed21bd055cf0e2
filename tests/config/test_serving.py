import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handoff.config.serving import PortNotFree, ensure_port_is_free, site

ROOT = Path(__file__).resolve().parents[2]

SUPERVISOR = """
import sys
from handoff.config.serving import Child, run
names, grace, code = sys.argv[1].split(","), float(sys.argv[2]), sys.argv[3]
sys.exit(run([Child(name, (sys.executable, "-c", code, name)) for name in names], grace=grace))
"""
OBEDIENT = """
import os, signal, sys, time
def stop(*_):
    print("bye", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
os.write(1, b"ready %d\\n" % os.getpid())
while True:  # no pause(): a signal just before it would be slept through
    time.sleep(0.05)
"""
TALKATIVE = """
import signal, sys
print(sys.argv[1], "speaks", flush=True)
sys.stderr.write("complains\\n")
sys.stderr.flush()
signal.pause()
"""
# Ignores the request to stop, and so does its own child.
STUBBORN = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
os.write(1, b"ready %d\\n" % os.getpid())
while True:
    signal.pause()
"""
Supervise = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_beat_then_web_then_worker(supervise: Supervise, number: signal.Signals) -> None:
    parent = supervise("worker,web,beat", OBEDIENT)
    pids = pids_of(parent, 3)
    parent.send_signal(number)
    lines, _ = parent.communicate(timeout=20)
    assert [line.split()[0] for line in lines.splitlines() if line.endswith("bye")] == ["beat", "web", "worker"]
    assert parent.returncode == 0
    assert not any(map(is_running, pids))


def test_the_site_is_stopped_in_the_order_beat_web_worker() -> None:
    assert [child.name for child in reversed(site(port=8000))] == ["beat", "web", "worker"]


def test_a_child_that_dies_takes_the_others_along(supervise: Supervise) -> None:
    parent = supervise("worker,web,beat", OBEDIENT)
    pids = pids_of(parent, 3)
    os.kill(pids[1], signal.SIGKILL)
    lines, _ = parent.communicate(timeout=20)
    assert "ended by itself with exit code -9: stopping." in lines
    assert parent.returncode == 1
    assert not any(map(is_running, pids))


def test_a_child_that_ends_without_an_error_takes_the_others_along(supervise: Supervise) -> None:
    parent = supervise("worker,web", "print('that was all')")
    lines, _ = parent.communicate(timeout=20)
    assert parent.returncode == 1
    assert "exit code 0: stopping." in lines


def test_what_does_not_stop_in_time_is_killed_with_its_own_children(supervise: Supervise) -> None:
    parent = supervise("worker,web", STUBBORN, grace=0.2)
    pids = pids_of(parent, 4)
    parent.terminate()
    lines, _ = parent.communicate(timeout=20)
    assert "worker did not stop in time and is killed." in lines.replace("serve  | ", "")
    assert not any(map(is_running, pids))


@pytest.mark.parametrize("code", [OBEDIENT, STUBBORN], ids=["obedient children", "children that do not stop"])
def test_nothing_is_left_when_the_parent_is_killed(supervise: Supervise, code: str) -> None:
    parent = supervise("worker,web,beat", code)
    pids = pids_of(parent, 6 if code is STUBBORN else 3)
    assert all(map(is_running, pids))
    parent.kill()
    wait_until(lambda: not any(map(is_running, pids)))


def test_a_killed_guard_ends_the_site_rather_than_leaving_it_unguarded(supervise: Supervise) -> None:
    parent = supervise("worker,web", OBEDIENT)
    pids = pids_of(parent, 2)
    os.kill(os.getpgid(pids[0]), signal.SIGKILL)
    lines, _ = parent.communicate(timeout=20)
    assert "guard ended by itself" in lines
    assert parent.returncode == 1
    assert not any(map(is_running, pids))


def test_a_command_that_does_not_exist_stops_what_was_started() -> None:
    code = (
        "import sys; from handoff.config.serving import Child, run\n"
        f"run([Child('worker', (sys.executable, '-c', {OBEDIENT!r})), Child('web', ('/no/such/command',))])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True, timeout=10
    )
    assert ended.returncode == 1
    assert "/no/such/command" in ended.stderr


def test_each_line_says_who_wrote_it(supervise: Supervise) -> None:
    parent = supervise("web,worker", TALKATIVE)
    assert parent.stdout is not None
    wanted = {f"{name:<6} | {words}" for name in ("web", "worker") for words in (f"{name} speaks", "complains")}
    for line in parent.stdout:
        wanted.discard(line.rstrip())
        if not wanted:
            break
    parent.terminate()
    parent.communicate(timeout=20)
    assert not wanted


def test_children_go_on_when_nobody_reads_their_output(supervise: Supervise) -> None:
    chatter = OBEDIENT.replace("time.sleep(0.05)", "print('x' * 1000, flush=True)")
    parent = supervise("worker", chatter)
    [pid] = pids_of(parent, 1)
    assert parent.stdout is not None
    parent.stdout.close()
    enough = bytes_written(pid) + 1_000_000
    wait_until(lambda: bytes_written(pid) > enough)


def test_a_taken_port_is_refused_with_its_name_and_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortNotFree, match=f"PORT={port}: cannot listen .* use another port: PORT=8000"):
            ensure_port_is_free(port)
    ensure_port_is_free(port)


@pytest.fixture
def supervise() -> Iterator[Supervise]:
    started: list[subprocess.Popen[str]] = []

    def start(names: str, code: str, *, grace: float = 5) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SUPERVISOR, names, str(grace), code]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for parent in started:
        parent.kill()
        parent.wait()
        if parent.stdout:
            parent.stdout.close()


def pids_of(parent: subprocess.Popen[str], count: int) -> list[int]:
    assert parent.stdout is not None
    ready = (line for line in parent.stdout if " ready " in line)
    return [int(next(ready).split()[-1]) for _ in range(count)]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def bytes_written(pid: int) -> int:
    return int(Path(f"/proc/{pid}/io").read_text().split()[3])


def wait_until(condition: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < gives_up_at, "it did not come about within 10 seconds"
        time.sleep(0.02)


def test_an_interrupt_that_only_make_was_sent_stops_everything(tmp_path: Path) -> None:
    script = tmp_path / "site.py"
    script.write_text(SUPERVISOR)
    (tmp_path / "code.py").write_text(OBEDIENT)
    command = f'@exec {sys.executable} {script} worker,web 3 "$$(cat {tmp_path / "code.py"})"'
    (tmp_path / "Makefile").write_text(f"run:\n\t{command}\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    make = subprocess.Popen(["make", "run"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    pids = pids_of(make, 2)
    make.send_signal(signal.SIGINT)
    make.communicate(timeout=10)
    assert not any(map(is_running, pids))
