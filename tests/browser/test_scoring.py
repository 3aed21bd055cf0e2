"""A marketer rehearses a version, reads what it would do, publishes it, and it does just that."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.test_conditions import assert_accessible
from tests.browser.visiting import Site, Visit
from tests.processes.living import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAID = "(industry is one of Logistics or Retail and employees is between 50 and 500) and not (country is AT)"
POLES_BUY = """
from datetime import timedelta
from django.utils import timezone
from tests.scoring.judged_worlds import Story, tell
ago = lambda n: timezone.now() - timedelta(days=50 + n % 97)
tell([Story(ago(n), n % 3 == 0, lead={"country": "PL" if n % 6 == 0 else "NL"}) for n in range(420)],
     by=User.objects.get(username="rep"))
"""
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1440, "height": 900}


@pytest.fixture
def draft(visit: Visit) -> Iterator[Page]:
    """Return the marketer's page of a draft that was copied from what is live; what stays a draft goes again."""
    page = visit("marketer")
    page.goto("/admin/scoring/scoringmodel/?state__exact=live")
    page.get_by_role("link", name=re.compile("^version")).click()
    page.get_by_role("button", name="Copy to a new draft").click()
    expect(page.locator("#content")).to_contain_text("· draft")
    at = page.url
    yield page
    page.goto(at)
    if page.get_by_role("link", name="Delete").count():
        page.get_by_role("link", name="Delete").click()
        page.get_by_role("button", name=re.compile("sure")).click()


def test_publishing_does_what_the_rehearsal_said(site: Site, draft: Page, visit: Visit) -> None:
    riser, faller = make_lead(site, "Rita Riser", "Logistics"), make_lead(site, "Felix Faller", "Energy")
    site.call("activities/", webinar(faller))
    assert len(site.call(f"queue/?q={faller}")["results"]) == 1
    raise_the_threshold(draft)
    add_rule(draft, "Firms that we want")
    draft.get_by_role("link", name="Publish…").click()
    rehearse(draft)
    become, fall_back = found(draft, "Become MQL"), found(draft, "Fall back")
    assert become >= 1
    assert fall_back >= 1

    draft.get_by_label("hand them over now").check()
    draft.get_by_role("button", name=re.compile("^Publish version")).click()
    expect(draft.locator(".model-side")).to_contain_text("This version is live.")
    [(publication, at)] = site.house.ask("SELECT id, at FROM scoring_publication ORDER BY id DESC LIMIT 1")
    rescored = "SELECT 1 FROM scoring_publication WHERE id = ? AND rescored_at IS NOT NULL"
    wait_until(lambda: bool(site.house.ask(rescored, publication)), seconds=60, what="everybody is scored anew")
    opened = "SELECT count(*) FROM queue_handoff WHERE publication_id = ? AND opened_at >= ? AND route = 'score'"
    assert site.house.ask(opened, publication, at) == [(become,)]
    cooled = "SELECT count(*) FROM queue_handoff WHERE verdict = 'cooled' AND closed_at >= ?"
    assert site.house.ask(cooled, at) == [(fall_back,)]

    rep = visit("rep")
    rep.goto(f"/queue/?view=unclaimed&q={riser}")
    expect(rep.locator("main")).to_contain_text("Rita Riser")
    rep.goto(f"/queue/?view=unclaimed&q={faller}")
    expect(rep.locator("main")).not_to_contain_text("Felix Faller")


def test_the_pages_of_a_version_are_accessible_and_fit_a_phone(site: Site, draft: Page) -> None:
    at = draft.url
    raise_the_threshold(draft)
    add_rule(draft, "Firms to look at")
    assert_fits_and_is_accessible(draft)
    draft.get_by_role("link", name="Add persona").click()
    expect(draft.get_by_role("heading", name="Add persona")).to_be_visible()
    assert_fits_and_is_accessible(draft)

    draft.goto(at)
    draft.get_by_role("link", name="Compare with live").click()
    expect(draft.get_by_role("region", name="Settings")).to_contain_text("threshold")
    expect(draft.get_by_role("region", name="Firms to look at")).to_contain_text(SAID)
    assert_fits_and_is_accessible(draft)

    lead = make_lead(site, "Lola Logistics", "Logistics")
    draft.goto(at)
    draft.get_by_role("link", name="Try on a lead").click()
    draft.get_by_role("searchbox", name="Name, e-mail address or company").fill(lead)
    draft.get_by_role("button", name="Search").click()
    draft.get_by_role("link", name="Lola Logistics").click()
    expect(draft.get_by_role("row").filter(has_text="Firms to look at")).to_contain_text("60")
    assert_fits_and_is_accessible(draft)

    draft.goto(at)
    draft.get_by_role("link", name="Publish…").click()
    expect(draft.get_by_role("button", name="Rehearse", exact=True)).to_be_visible()
    assert_fits_and_is_accessible(draft)
    rehearse(draft)
    draft.get_by_text("As a table").click()
    for sample in draft.locator(".sample summary").all():
        sample.click()
    assert_fits_and_is_accessible(draft)


def test_what_verdicts_suggest_becomes_a_draft_that_is_tested_and_rehearsed(site: Site, visit: Visit) -> None:
    site.house.run("manage.py", "shell", "-c", POLES_BUY)
    page = visit("marketer")
    page.goto("/admin/scoring/scoringmodel/?state__exact=live")
    page.get_by_role("link", name=re.compile("^version")).click()
    live = page.url
    page.get_by_role("link", name="Suggest points").click()
    offer = page.get_by_role("region", name=re.compile("^Beside the rules")).first
    expect(offer).to_contain_text("country is PL")
    page.get_by_text("Fields that are not scorable").click()
    page.get_by_label("job title").check()
    page.get_by_role("button", name="Save and suggest anew").click()
    expect(page.locator(".messagelist")).to_contain_text("without what you marked")
    assert_fits_and_is_accessible(page)

    page.get_by_role("button", name="Make it a draft").first.click()
    expect(page.locator(".messagelist")).to_contain_text("Nothing is live until you publish it.")
    expect(page.get_by_role("row").filter(has_text="country is PL").first).to_be_visible()
    at = page.url
    page.get_by_role("link", name="Back-test").click()
    expect(page.get_by_role("row").filter(has_text="ROC AUC")).to_be_visible()
    assert_fits_and_is_accessible(page)
    page.goto(at)
    page.get_by_role("link", name="Publish…").click()
    rehearse(page)
    page.goto(live)
    expect(page.locator(".model-side")).to_contain_text("This version is live.")
    page.goto(at)
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name=re.compile("sure")).click()


def make_lead(site: Site, name: str, industry: str) -> str:
    """Send a lead that fits well, who has done nothing yet, and return the address."""
    first, last = name.split()
    email = f"{first}.{last}@{industry}-{last}.example".lower()
    company = {"name": f"{last} {industry}", "industry": industry, "employees": 300, "country": "NL"}
    profile = {"title": "Head of operations", "country": "NL", "consent": {"email": "request"}}
    site.call("leads/", {"email": email, "first_name": first, "last_name": last, "company": company, **profile})
    return email


def webinar(email: str) -> dict[str, Any]:
    """Return a visit of a webinar just now, as the API takes it; it lifts a good fit a little over the line."""
    now = datetime.now(UTC).isoformat()
    kind = "webinar_attended"
    return {"source": "browser", "id": f"{kind}-{email}", "kind": kind, "occurred_at": now, "lead": {"email": email}}


def raise_the_threshold(page: Page) -> None:
    """Raise what a lead needs by 20 points, so that some who hold no longer do."""
    threshold = page.locator("#id_threshold")
    threshold.fill(str(float(threshold.input_value()) + 20))
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist")).to_contain_text("changed successfully")


def add_rule(page: Page, name: str) -> None:
    """Write a rule whose condition has two groups, three rows in all, by choosing."""
    page.get_by_role("link", name="Add rule").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Points").fill("60")
    page.get_by_label("About").select_option("profile")
    page.locator("#id_group").select_option(label="Fit")
    first, second = page.get_by_role("group", name="Group 1"), page.get_by_role("group", name="Group 2")
    choose(first, 1, "industry", "is one of", "Logistics, Retail")
    first.get_by_role("button", name="Add row").click()
    choose(first, 2, "employees", "is between", "50, 500")
    page.get_by_role("button", name="Add group").click()
    second.get_by_label("Group 2 holds when").select_option(label="none of these holds")
    choose(second, 1, "country", "is", "AT")
    expect(page.locator(".condition").get_by_role("status")).to_have_text(SAID)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text(SAID)


def choose(group: Locator, row: int, what: str, how: str, value: str) -> None:
    """Fill one row of a condition."""
    group.get_by_label(f"Row {row}: what").select_option(label=what)
    group.get_by_label(f"Row {row}: comparison").select_option(label=how)
    group.get_by_label(f"Row {row}: value").fill(value)


def rehearse(page: Page) -> None:
    """Ask for a rehearsal, and wait until the page shows by itself what the worker found."""
    page.get_by_role("button", name="Rehearse", exact=True).click()
    expect(page.locator("#rehearsal")).to_contain_text(re.compile("has scored|Rehearsed"))
    expect(page.locator("#rehearsal .findings")).to_be_visible(timeout=60_000)


def found(page: Page, what: str) -> int:
    """Return a number that the rehearsal found."""
    shown = page.locator("#rehearsal .findings > div").filter(has_text=what).locator("b")
    return int(shown.inner_text().replace(",", ""))


def assert_fits_and_is_accessible(page: Page) -> None:
    """Axe finds nothing, and neither a desk's nor a phone's screen scrolls sideways, once the page is there."""
    page.wait_for_load_state()
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert_accessible(page)
    page.set_viewport_size(DESK)
