import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from handoff.lib.spool import Channel, Spool, Transport

ROOT = Path(__file__).resolve().parents[2]
LONG_AGO = 2 * 3600


def test_messages_come_in_the_order_of_putting(channel: Channel) -> None:
    for number in range(250):
        put(channel, number)
    assert [take(channel) for _ in range(251)] == [*range(250), None]


def test_a_half_written_message_is_not_seen(channel: Channel, spool: Spool) -> None:
    put(channel, "whole")
    [whole] = (spool.root / "waiting/bells").iterdir()
    whole.with_name(".0-half").write_text('{"body": "ha')
    assert (spool.size("bells"), take(channel), take(channel)) == (1, "whole", None)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"body": "ha', id="cut off"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b"[1, 2]", id="not a message"),
        pytest.param(b'{"body": "a", "properties": {"body_encoding": "base64"}}', id="body not decodable"),
    ],
)
def test_an_unreadable_message_is_set_aside_and_the_next_one_comes(
    channel: Channel, spool: Spool, content: bytes
) -> None:
    spool.put("bells", content)
    put(channel, "good")
    assert take(channel) == "good"
    [aside] = (spool.root / "unreadable").iterdir()
    assert aside.read_bytes() == content


def test_a_folder_among_the_messages_is_set_aside(channel: Channel, spool: Spool) -> None:
    (spool.root / "waiting/bells/0-folder").mkdir(parents=True)
    put(channel, "good")
    assert take(channel) == "good"


def test_acknowledging_deletes_the_message(channel: Channel, spool: Spool) -> None:
    put(channel, "once")
    message = channel.basic_get("bells")
    assert message is not None
    assert len(files(spool, "taken")) == 1
    message.ack()
    assert files(spool, "taken") == files(spool, "waiting") == []


def test_a_requeued_message_comes_again_before_younger_ones(channel: Channel) -> None:
    for text in ("first", "second", "third"):
        put(channel, text)
    first = channel.basic_get("bells")
    assert first is not None
    assert take(channel) == "second"
    first.requeue()
    assert [take(channel), take(channel), take(channel)] == ["first", "third", None]


def test_a_rejected_message_is_gone(channel: Channel, spool: Spool) -> None:
    put(channel, "unwanted")
    message = channel.basic_get("bells")
    assert message is not None
    message.reject()
    assert files(spool, "taken") == files(spool, "waiting") == []


def test_closing_the_channel_puts_unanswered_messages_back(channel: Channel, spool: Spool) -> None:
    put(channel, "unanswered")
    assert channel.basic_get("bells") is not None
    channel.close()
    assert len(files(spool, "waiting")) == 1
    assert files(spool, "taken") == []


def test_an_answer_after_closing_changes_nothing(channel: Channel, spool: Spool) -> None:
    put(channel, "late")
    message = channel.basic_get("bells")
    assert message is not None
    channel.close()
    channel.basic_ack(str(message.delivery_tag))
    assert len(files(spool, "waiting")) == 1


def test_a_message_of_a_dead_process_is_put_back(spool: Spool) -> None:
    spool.put("bells", b"{}")
    run_python(spool, "spool.take('bells')")
    assert files(spool, "waiting") == []
    assert spool.recover(now=time.time()) == 1
    assert spool.take("bells") is not None


def test_a_message_of_a_killed_process_that_nobody_has_buried_is_put_back(spool: Spool) -> None:
    spool.put("bells", b"{}")
    code = f"{PREAMBLE}; spool.take('bells'); print('taken', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, spool.root], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as taker:
        assert taker.stdout is not None
        taker.stdout.readline()
        assert spool.recover(now=time.time()) == 0
        taker.kill()
        os.waitid(os.P_PID, taker.pid, os.WEXITED | os.WNOWAIT)
        assert spool.recover(now=time.time()) == 1


def test_a_message_of_an_earlier_process_with_the_same_id_is_put_back(spool: Spool) -> None:
    spool.put("bells", b"{}")
    mine = spool.take("bells")
    assert mine is not None
    assert spool.recover(now=time.time()) == 0
    pid, start, name = mine.name.split("-", 2)
    mine.rename(mine.with_name(f"{pid}-{int(start) - 1}-{name}"))
    assert spool.recover(now=time.time()) == 1


def test_strange_files_do_not_stop_recovery(spool: Spool) -> None:
    spool.put("bells", b"{}")
    assert spool.take("bells") is not None
    (spool.root / "taken/bells/strange").touch()
    (spool.root / "waiting/bells/folder").mkdir()
    assert spool.recover(now=time.time() + LONG_AGO) == 0


def test_what_waits_for_more_than_an_hour_is_deleted(spool: Spool) -> None:
    spool.put("bells", b"{}")
    spool.recover(now=time.time() + 3500)
    assert spool.size("bells") == 1
    spool.recover(now=time.time() + 3700)
    assert spool.size("bells") == 0


def test_putting_deletes_old_messages_even_when_no_worker_runs(channel: Channel, spool: Spool) -> None:
    spool.put("bells", b"{}")
    [old] = files(spool, "waiting")
    os.utime(old, (time.time() - LONG_AGO,) * 2)
    put(channel, "new")
    assert spool.size("bells") == 1


def test_purging_deletes_what_waits_and_counts_it(channel: Channel, spool: Spool) -> None:
    for number in range(3):
        put(channel, number)
    assert take(channel) == 0
    assert (channel.queue_purge("bells"), spool.size("bells"), take(channel)) == (2, 0, None)


@pytest.mark.parametrize("name", ["../escape", "..", ".hidden", "a/b", "celery@host"])
def test_any_queue_name_stays_one_folder_below_waiting(spool: Spool, name: str) -> None:
    spool.put(name, b"{}")
    assert spool.size(name) == 1
    assert [folder.parent for folder in spool.root.glob("waiting/*")] == [spool.root / "waiting"]
    assert spool.take(name) is not None


def test_threads_never_get_the_same_message(spool: Spool) -> None:
    for _ in range(400):
        spool.put("bells", b"{}")
    with ThreadPoolExecutor(4) as pool:
        taken = [name for names in pool.map(take_all, [Spool(spool.root) for _ in range(4)]) for name in names]
    assert len(taken) == len(set(taken)) == 400


def test_processes_never_get_the_same_message(spool: Spool) -> None:
    for _ in range(400):
        spool.put("bells", b"{}")
    code = "print(*(file.name.split('-', 2)[2] for file in iter(lambda: spool.take('bells'), None)))"
    with ThreadPoolExecutor(3) as pool:
        taken = " ".join(pool.map(lambda _: run_python(spool, code), range(3))).split()
    assert len(taken) == len(set(taken)) == 400


@pytest.mark.parametrize("url", ["spool://", "spool://relative/folder"])
def test_an_address_without_an_absolute_folder_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="spool:///FOLDER"):
        Connection(url, transport=Transport).channel()


@pytest.mark.processes
def test_every_task_runs_though_the_worker_is_killed_again_and_again(tmp_path: Path) -> None:
    # Celery lets this variable win over the broker that the app names.
    environment = {name: value for name, value in os.environ.items() if name != "CELERY_BROKER_URL"}
    environment["SPOOL_FOLDER"] = str(tmp_path)
    marks, spool = tmp_path / "marks", Spool(tmp_path / "broker")
    send = "from tests.lib.spool_app import mark\nfor number in range(300): mark.delay(number)"
    subprocess.run([sys.executable, "-c", send], cwd=ROOT, env=environment, check=True)
    interrupted = 0
    for enough in (50, 100, 150, 200, 250, 300):
        worker = start_worker(environment)
        try:
            wait_for_marks(marks, enough)
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        interrupted += len(files(spool, "taken"))
    assert interrupted > 0
    assert numbers(marks) == set(range(300))


PREAMBLE = "import sys; from pathlib import Path; from handoff.lib.spool import Spool; spool = Spool(Path(sys.argv[1]))"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    with Connection(f"spool://{tmp_path}", transport=Transport) as connection:
        channel = connection.channel()
        assert isinstance(channel, Channel)
        yield channel


def put(channel: Channel, body: Any) -> None:
    with channel.Producer() as producer:
        producer.publish({"body": body}, routing_key="bells", serializer="json")


def take(channel: Channel) -> Any:
    message = channel.basic_get("bells")
    return message and message.payload["body"]


def take_all(spool: Spool) -> list[str]:
    return [file.name for file in iter(lambda: spool.take("bells"), None)]


def files(spool: Spool, state: str) -> list[Path]:
    return list(spool.root.glob(f"{state}/*/*"))


def run_python(spool: Spool, code: str) -> str:
    command = [sys.executable, "-c", f"{PREAMBLE}; {code}", str(spool.root)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def start_worker(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.lib.spool_app"]
    worker = [*celery, "worker", "--pool=prefork", "--concurrency=2", "--loglevel=ERROR"]
    return subprocess.Popen(worker, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)


def numbers(marks: Path) -> set[int]:
    return {int(line.split()[0]) for line in marks.read_text().splitlines()} if marks.exists() else set()


def wait_for_marks(marks: Path, enough: int) -> None:
    gives_up_at = time.monotonic() + 90
    while len(numbers(marks)) < enough:
        assert time.monotonic() < gives_up_at, f"{len(numbers(marks))} of {enough} tasks done"
        time.sleep(0.01)
