"""The whole site in real processes: nobody touches it, the worker dies again and again, and nothing is lost."""

import email
import json
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from handoff.config.serving import Child, site
from tests.processes.living import House, answer, descendants_of, end, free_port, is_running, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("site")]

HANDOFFS, KILLS = 30, 20
BREACHES = """
    SELECT b.clock_id, b.due_at = c.due_at, u.username
    FROM queue_breach b JOIN queue_clock c ON c.id = b.clock_id LEFT JOIN people_user u ON u.id = b.holder_id
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Return a site with a migrated database."""
    house = House(tmp_path, free_port())
    house.run("manage.py", "migrate", "--verbosity", "0")
    return house


@pytest.fixture
def start(house: House) -> "Iterator[Any]":
    """Return what starts one of the site's processes; all of them end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(child: Child) -> "subprocess.Popen[bytes]":
        started.append(house.start(child.command, log=child.name))
        return started[-1]

    yield begin
    for process in reversed(started):
        end(process)


def test_no_breach_is_lost_or_doubled_while_the_worker_is_killed_twenty_times(house: House, start: Any) -> None:
    children = {child.name: child for child in site(port=house.port)}
    world = json.loads(house.run("-m", "tests.processes.small_world", str(HANDOFFS)))
    start(children["web"])
    start(children["beat"])
    wait_until(lambda: answer(f"{house.url}/readyz") == 200, seconds=60, what="the web server answers")
    hand_over(house, world)

    rng, caught = random.Random(20), 0
    for kill in range(KILLS):
        worker = start(children["worker"])
        caught += lives_until_it_works(house, worker.pid, rng) if kill % 2 else lives_a_little(rng)
        end(worker, signal.SIGKILL)
        need_no_bundling(house)
    assert caught >= KILLS / 4, "the kills are to meet the worker at work"
    start(children["worker"])

    due = house.ask("SELECT count(*) FROM queue_clock WHERE stopped_at IS NULL")[0][0]
    assert due == HANDOFFS + 1
    wait_until(lambda: len(house.ask(BREACHES)) == due, seconds=120, what="every clock has its breach")
    need_no_bundling(house)
    wait_until(lambda: not unsent(house), seconds=120, what="every mail has left")

    breaches = house.ask(BREACHES)
    assert len({clock for clock, _dated, _holder in breaches}) == len(breaches) == due
    assert all(dated_at_due for _clock, dated_at_due, _holder in breaches)
    assert Counter(holder for *_, holder in breaches) == {"sam": HANDOFFS, None: 1}
    assert_everybody_was_told(house, breaches)
    assert "0 rows break one" in house.run("manage.py", "verify")


def test_the_site_serves_and_leaves_no_process_behind(house: House) -> None:
    serve = house.start((sys.executable, "manage.py", "serve"), log="serve")
    try:
        wait_until(lambda: answer(f"{house.url}/readyz") == 200, seconds=60, what="the site is ready")
        assert answer(f"{house.url}/healthz") == 200
        # Guard, beat, the web server with its worker, and the worker with its pool of two.
        wait_until(lambda: len(descendants_of(serve.pid)) == 7, seconds=60, what="everything runs")
        below = descendants_of(serve.pid)
        asked_at = time.monotonic()
        serve.terminate()
        assert serve.wait(timeout=15) == 0
        wait_until(lambda: not any(map(is_running, below)), seconds=15, what="every process is gone")
        assert time.monotonic() - asked_at < 15
    finally:
        end(serve)


def hand_over(house: House, world: dict[str, str]) -> None:
    """Let a lead ask for contact through the API; its clock is then wound forward to run out in seconds."""
    now = datetime.now(UTC)
    request = {"kind": "contact_request", "occurred_at": now.isoformat(), "lead": {"external_id": world["lead"]}}
    body = json.dumps({"source": "form", "id": "1", "properties": {"topic": "sales"}, **request}).encode()
    headers = {"Authorization": f"Bearer {world['token']}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{house.url}/api/v1/activities/", body, headers)) as said:
        assert json.load(said)["accepted"] == 1
    [(clock, handoff, due)] = house.ask("SELECT id, handoff_id, due_at FROM queue_clock ORDER BY id DESC LIMIT 1")
    assert timedelta(seconds=50) < datetime.fromisoformat(f"{due}+00:00") - now < timedelta(seconds=70)
    sooner = (now + timedelta(seconds=15)).strftime("%Y-%m-%d %H:%M:%S.%f")
    house.ask("UPDATE queue_clock SET due_at = ? WHERE id = ?", sooner, clock)
    house.ask("UPDATE queue_handoff SET due_at = ? WHERE id = ?", sooner, handoff)


def lives_until_it_works(house: House, pid: int, rng: random.Random) -> bool:
    """Wait until the worker `pid` has a message in its hands, and a moment more; say whether it came to that."""
    gives_up_at = time.monotonic() + 8
    while time.monotonic() < gives_up_at:
        if any((house.folder / "broker" / "taken").glob(f"*/{pid}-*")):
            time.sleep(rng.uniform(0, 0.05))
            return True
        time.sleep(0.005)
    return False


def lives_a_little(rng: random.Random) -> bool:
    """Let the worker live for any time up to two seconds: it may still be starting, or wait for work."""
    time.sleep(rng.uniform(0.1, 2))
    return False


def need_no_bundling(house: House) -> None:
    """Let the notices of so far be mailed at once instead of waiting a minute for more."""
    house.ask("UPDATE outbox_notice SET mail_after = created_at WHERE mail_after IS NOT NULL")


def unsent(house: House) -> int:
    """Return how many notices wait for their mail, and how many mails have not left."""
    waiting = house.ask("SELECT count(*) FROM outbox_notice WHERE mail_after IS NOT NULL")[0][0]
    return int(waiting + house.ask("SELECT count(*) FROM outbox_mail WHERE sent_at IS NULL")[0][0])


def assert_everybody_was_told(house: House, breaches: list[tuple[Any, ...]]) -> None:
    """The manager has a notice of each breach, as has its owner; each stands in one mail, and all lie in the folder."""
    notices = house.ask(
        "SELECT u.username, n.cause, u.email, n.text, n.url FROM outbox_notice n "
        "JOIN people_user u ON u.id = n.user_id WHERE n.cause LIKE 'breach:%'"
    )
    wanted = Counter(("mia", f"breach:{clock}") for clock, *_ in breaches)
    wanted += Counter((holder, f"breach:{clock}") for clock, _, holder in breaches if holder)
    assert Counter((name, cause) for name, cause, *_ in notices) == wanted
    written = house.ask('SELECT "to", body FROM outbox_mail')
    for _name, cause, address, text, url in notices:
        line = f"{text}\n{house.url}{url}\n"
        assert sum(body.count(line) for to, body in written if to == address) == 1, cause
    delivered = {str(mail["Message-ID"]).split(".")[0].strip("<") for mail in mails(house.folder / "mail")}
    assert {str(key) for (key,) in house.ask("SELECT id FROM outbox_mail")} <= delivered


def mails(folder: Path) -> list[Message]:
    """Return the delivered mails; each file holds those of one connection."""
    texts = (part for file in folder.iterdir() for part in file.read_text().split("-" * 79 + "\n"))
    return [email.message_from_string(text) for text in texts if text.strip()]
