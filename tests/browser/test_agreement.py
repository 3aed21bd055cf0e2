"""The agreement is signed from two accounts, and what a meeting decides is carried to the next one."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.visiting import Site, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
BOTH = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


@BOTH
def test_two_accounts_sign_the_agreement(site: Site, visit: Visit, javascript: bool) -> None:
    # Something is new each time, so that there is something to sign.
    rests = "DisqualificationReason.objects.filter(slug='no-budget').update(wake_after_days=F('wake_after_days') + 1)"
    site.house.run("manage.py", "shell", "-c", f"from django.db.models import F; {rests}")
    marketer, manager = visit("marketer", javascript=javascript), visit("manager", javascript=javascript)
    marketer.goto("/agreement/")
    marketer.get_by_label("What is new (optional)").fill("As we work today")
    marketer.get_by_role("button", name="Write down the next version").click()
    marketer.get_by_role("button", name="Sign for marketing").click()
    expect(marketer.locator("#messages")).to_contain_text("the other side is next")
    expect(marketer.get_by_role("button", name="Sign for sales")).to_have_count(0)
    manager.goto("/agreement/")
    manager.get_by_role("button", name="Sign for sales").click()
    expect(manager.locator("#messages")).to_contain_text("in force from now on")
    manager.goto("/agreement/")
    expect(manager.locator(".page-sub")).to_contain_text("in force since")
    expect(manager.get_by_text("outside the agreement")).to_have_count(0)
    expect(manager.get_by_role("link", name="Agreement v1")).to_be_visible()


def test_what_is_decided_is_carried_to_the_next_meeting_until_it_is_done(site: Site, visit: Visit) -> None:
    page = visit("manager")
    page.goto("/reports/meeting/")
    page.get_by_role("link", name="Write a decision down").click()
    page.get_by_label("decision", exact=False).first.fill("Halve the points for webinars")
    page.get_by_label("who sees to it", exact=False).select_option(index=1)
    page.get_by_label("until", exact=False).fill((date.today() + timedelta(days=7)).isoformat())
    page.get_by_role("button", name="Write down").click()
    row = page.get_by_role("row").filter(has_text="Halve the points for webinars")
    expect(row).to_contain_text("open")
    first, last = date.today() + timedelta(days=1), date.today() + timedelta(days=14)
    page.goto(f"/reports/meeting/?from={first}&to={last}")
    expect(row).to_contain_text("carried over from")
    row.get_by_role("textbox").fill("They give 10 now")
    row.get_by_role("button", name="Done").click()
    expect(page.locator("#messages")).to_contain_text("Done.")
    expect(row).to_have_count(0)  # what is done before a meeting is not carried to it
    page.goto("/reports/meeting/")
    expect(row).to_contain_text("They give 10 now")
    expect(row).to_contain_text("done")
