"""What holds for every page: nothing axe finds, nothing a browser complains of, nothing wider than a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.visiting import Site, Visitors, Waiting

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = {
    "queue": ("rep", "/queue/?view=unclaimed"),
    "empty queue": ("rep", "/queue/?view=snoozed"),
    "narrowed queue": ("manager", "/queue/?view=team&due=week"),
    "team queue": ("manager", "/queue/?view=team"),
    "handoff": ("rep", "/queue/{handoff}/"),
    "touch": ("rep", "/queue/{handoff}/touches/"),
    "qualify": ("rep", "/queue/{handoff}/qualify/"),
    "disqualify": ("rep", "/queue/{handoff}/disqualify/"),
    "next step": ("rep", "/queue/{handoff}/next-step/"),
    "qualified": ("manager", "/qualified/"),
    "nurture": ("manager", "/nurture/"),
    "leads": ("marketer", "/leads/"),
    "lead": ("marketer", "/leads/{lead}/"),
    "new lead": ("marketer", "/leads/new/"),
    "correct lead": ("marketer", "/leads/{lead}/edit/"),
    "hold": ("marketer", "/leads/{lead}/hold/"),
    "duplicates": ("marketer", "/leads/duplicates/"),
    "whom to merge with": ("marketer", "/leads/{lead}/merge/?q=a"),
    "two leads compared": ("marketer", "/leads/{lead}/merge/?other=1"),
    "objection": ("rep", "/leads/{lead}/objection/"),
    "odd stops": ("manager", "/queue/odd-stops/"),
    "feedback": ("marketer", "/feedback/?by=rule&show=all"),
    "exclusion list": ("marketer", "/feedback/exclusions/"),
    "sampling": ("marketer", "/feedback/sampling/"),
    "triage": ("marketer", "/feedback/triage/"),
    "let through": ("marketer", "/leads/{lead}/release-hold/"),
    "imports": ("marketer", "/imports/"),
    "notices": ("rep", "/notices/"),
    "me": ("rep", "/me/"),
    "today": ("manager", "/reports/"),
    "sla": ("manager", "/reports/sla/?by=person&metric=verdict"),
    "feedback report": ("manager", "/reports/feedback/?period=12w"),
    "forecast": ("manager", "/reports/forecast/"),
    "funnel": ("marketer", "/reports/funnel/"),
    "handoffs behind a number": ("marketer", "/reports/funnel/?open=steps&row=handed_over&figure=count"),
    "rules at work": ("marketer", "/reports/rules/?rule=size&figure=decisive"),
    "login": ("", "/login/"),
}
ON_A_PHONE = {
    "qualified",
    "nurture",
    "feedback",
    "qualify",
    "queue",
    "team queue",
    "narrowed queue",
    "handoff",
    "lead",
    "new lead",
    "disqualify",
}


@pytest.fixture(scope="package")
def lead(site: Site) -> Waiting:
    """Return a lead that waits and that nobody takes."""
    return site.waiting_lead()


@pytest.fixture(scope="module")
def readers(chromium: Browser, site: Site, signed_in: dict[str, Any]) -> Iterator[Visitors]:
    """Return people who turn page after page in the same window, which saves loading styles and fonts anew."""
    found = Visitors(chromium, site, signed_in)
    yield found
    for context in found.contexts:
        context.close()


@pytest.fixture
def page(readers: Visitors, name: str) -> Page:
    """Return the window of whoever reads the page called `name`."""
    username, _path = PAGES[name]
    return next((page for user, page in readers.windows if user == username), None) or readers.visit(username)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_a_phone(readers: Visitors, page: Page, lead: Waiting, name: str) -> None:
    _username, path = PAGES[name]
    page.set_viewport_size({"width": 1440, "height": 900})
    response = page.goto(path.format(handoff=lead.handoff, lead=lead.lead))
    assert response is not None
    assert response.status == 200
    assert_accessible(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert too_wide(page) == []
    if name in ON_A_PHONE:
        assert_accessible(page)
    assert readers.complaints == []


def too_wide(page: Page) -> list[str]:
    """Return what makes the page scroll sideways; what scrolls by itself, or waits out of sight, does not."""
    if not page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        return []
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *:not(:is(.scroll, .skip, dialog) *)")]
            .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth)
            .map((one) => one.outerHTML.slice(0, 120))"""
    )
    return found or ["something that has no box"]


def assert_accessible(page: Page) -> None:
    """Run axe on the page; fails with what it found and where."""
    results = Axe().run(page)
    found = [
        f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]
    assert found == []
