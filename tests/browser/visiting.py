"""A site with the demo world in it, and a browser that visits it."""

import itertools
import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.processes.living import House

PASSWORD = "handoff-demo"
PATIENCE = 20_000  # milliseconds
expect.set_options(timeout=PATIENCE)
_numbers = itertools.count(1)

Visit = Callable[..., Page]


@dataclass(frozen=True)
class Site:
    """A running site, and the token with which leads are handed over to its people."""

    house: House
    token: str

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.house.url

    def call(self, path: str, body: object = None) -> Any:
        """Call the API as the demo's administrator and return the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/api/v1/{path}", sent, headers)) as said:
            return json.load(said)

    def waiting_lead(self, **activity: Any) -> "Waiting":
        """Let a new lead ask for contact, so that it waits in the Benelux queue."""
        number = next(_numbers)
        name, email = f"Wanda Waiting-{number:03}", f"wanda{number}@browser{number}.example"
        first, last = name.split()
        lead = self.call(
            "leads/",
            {
                **{"email": email, "first_name": first, "last_name": last, "country": "NL", "title": "Energy manager"},
                **{"phone": f"+316120000{number:02}", "consent": {"phone": "request", "email": "request"}},
                "company": {"name": f"Browser {number}", "industry": "Energy", "employees": 300, "country": "NL"},
            },
        )
        asks = {"source": "browser", "id": f"{number}", "kind": "demo_request", "lead": {"email": email}}
        now = datetime.now(UTC).isoformat()
        self.call("activities/", {**asks, "occurred_at": now, "properties": {"topic": "sales"}, **activity})
        [row] = self.call(f"queue/?q={email}")["results"]
        return Waiting(name, email, int(lead["id"]), int(row["id"]))


@dataclass(frozen=True)
class Waiting:
    """A lead that waits in the queue."""

    name: str
    email: str
    lead: int
    handoff: int


@dataclass
class Visitors:
    """Pages of people who are signed in; what a browser complains of is kept."""

    browser: Browser
    site: Site
    signed_in: dict[str, Any]  # the cookies of each person, so that each signs in only once
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    windows: list[tuple[str, Page]] = field(default_factory=list)

    def visit(self, username: str = "", *, javascript: bool = True, width: int = 1440, height: int = 900) -> Page:
        """Return a page of `username`, or of nobody."""
        context = self.browser.new_context(
            base_url=self.site.url,
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            storage_state=self._state(username) if username else None,
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE)
        self.contexts.append(context)
        page = context.new_page()
        self.windows.append((username, page))
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    def _state(self, username: str) -> Any:
        if username not in self.signed_in:
            page = self.visit()
            sign_in(page, username)
            self.signed_in[username] = page.context.storage_state()
        return self.signed_in[username]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.location.get('url')}: {message.text}")


def sign_in(page: Page, username: str) -> None:
    """Sign `username` in on the sign-in page."""
    page.goto("/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login/" not in url)
