"""A marketer changes what counts, and a manager reads what was late."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visiting import Site, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_manager_lands_on_what_to_do_today_and_reads_on_to_the_breaches(visit: Visit) -> None:
    page = visit("manager")
    page.goto("/")
    expect(page).to_have_url(re.compile("/reports/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Today")
    page.get_by_role("navigation").get_by_role("link", name="SLA").click()
    expect(page).to_have_url(re.compile("/reports/sla/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("SLA")
    expect(page.locator("main")).to_contain_text("Benelux")


def test_a_marketer_raises_a_rule_and_sees_a_lead_win_points(site: Site, visit: Visit) -> None:
    lead = site.waiting_lead()
    before = site.call(f"leads/{lead.lead}/score/")
    page = visit("marketer")
    page.goto("/admin/scoring/scoringmodel/?state__exact=draft")
    page.get_by_role("link", name="version 3").click()
    page.get_by_role("link", name="Asked for a demo").click()
    expect(page.get_by_label("Points")).to_have_value(re.compile(r"^50"))
    page.get_by_label("Points").fill("65")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="Asked for a demo")).to_contain_text("+65")

    page.get_by_role("link", name="Publish").click()
    page.get_by_role("button", name="Rehearse", exact=True).click()
    expect(page.locator("#rehearsal .findings")).to_be_visible(timeout=60_000)
    page.get_by_label("hand them over now").check()
    page.get_by_role("button", name=re.compile("Publish")).click()
    expect(page.locator("main, #content").first).to_contain_text("This version is live.")

    page.goto(f"/leads/{lead.lead}/")
    expect(page.locator(".reasons tr").filter(has_text="Asked for a demo").first).to_contain_text("+65")
    after = site.call(f"leads/{lead.lead}/score/")
    assert after["total"] == pytest.approx(before["total"] + 15, abs=0.5)
    assert after["model"] != before["model"]
