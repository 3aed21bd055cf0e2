"""The site and the browser of the browser tests: both start once, and no page may complain."""

import os
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visiting import Site, Visit, Visitors
from tests.processes.living import House, answer, end, free_port, wait_until

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Return the system's Chromium. Closed with the package: its event loop would disturb other tests' databases."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        missing = "No Chromium on the PATH; install one (Debian: apt-get install chromium) to run the browser tests."
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return the site, alive with web server, worker and beat on a small demo world whose people read English."""
    house = House(tmp_path_factory.mktemp("site"), free_port())
    collecting = house.start((sys.executable, "manage.py", "collectstatic", "--noinput"), log="collectstatic")
    house.run("manage.py", "migrate", "--verbosity", "0")
    house.run("manage.py", "demo", "--scale", "0.05")
    house.run("manage.py", "shell", "-c", "User.objects.update(language='en')")
    token = house.run("manage.py", "token", "admin").strip()
    assert collecting.wait(timeout=60) == 0
    serve = house.start((sys.executable, "manage.py", "serve"), log="serve")
    try:
        wait_until(lambda: answer(f"{house.url}/readyz") == 200, seconds=60, what="the site is ready")
        yield Site(house, token)
    finally:
        end(serve)  # its guard sees to the children; that it can end in peace has a test of its own


@pytest.fixture(scope="package")
def signed_in() -> dict[str, Any]:
    """Return the cookies of who signed in, by name."""
    return {}


@pytest.fixture
def visitors(chromium: Browser, site: Site, signed_in: dict[str, Any]) -> Iterator[Visitors]:
    """Return who may visit; afterwards no page has complained of an error or of the content policy."""
    found = Visitors(chromium, site, signed_in)
    yield found
    for context in found.contexts:
        context.close()
    assert found.complaints == []


@pytest.fixture
def visit(visitors: Visitors) -> Visit:
    """Return what opens a page for somebody."""
    return visitors.visit


@pytest.fixture
def expects_refusal(visitors: Visitors) -> Iterator[None]:
    """Let a browser mention an answer 422 or 409: it does so for every answer that is no success."""
    yield
    visitors.complaints[:] = [
        said for said in visitors.complaints if "the server responded with a status of 4" not in said
    ]
