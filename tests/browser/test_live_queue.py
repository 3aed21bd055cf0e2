"""A queue that stays as it is: rows come and go by themselves, and nobody loses their place."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.test_sales import take
from tests.browser.visiting import Site, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SOON = 5_000  # milliseconds


def test_a_lead_that_a_colleague_takes_goes_within_five_seconds_and_what_is_typed_stays(
    site: Site, visit: Visit
) -> None:
    lead = site.waiting_lead()
    sam, noor = visit("rep"), visit("noor")
    noor.goto("/queue/?view=unclaimed")
    expect(noor.get_by_role("link", name=lead.name)).to_be_visible()
    noor.get_by_text("Filter", exact=True).click()
    noor.keyboard.press("Escape")
    noor.get_by_role("searchbox").press_sequentially("half a na")
    take(sam, lead)
    expect(noor.get_by_role("link", name=lead.name)).to_have_count(0, timeout=SOON)
    expect(noor.get_by_role("searchbox")).to_have_value("half a na")
    expect(noor.get_by_role("searchbox")).to_be_focused()


def test_the_open_lead_says_when_a_colleague_took_it(site: Site, visit: Visit) -> None:
    kept, lead = site.waiting_lead(), site.waiting_lead()
    sam, noor = visit("rep"), visit("noor")
    noor.goto("/queue/?view=unclaimed")
    noor.get_by_role("link", name=lead.name).click()
    expect(noor.locator("[data-panel] .lead-name")).to_have_text(lead.name)
    take(sam, lead)
    expect(noor.locator("[data-panel]")).to_contain_text("Sam de Boer was first and has this lead.", timeout=SOON)
    expect(noor.locator("[data-panel]")).to_be_focused()
    noor.keyboard.press("k")
    expect(noor.locator("[data-panel] .lead-name")).not_to_have_text("No longer waiting")
    expect(noor.get_by_role("link", name=kept.name)).to_be_visible()


def test_a_new_lead_appears_and_is_announced_while_choice_and_menu_stay(site: Site, visit: Visit) -> None:
    chosen = site.waiting_lead()
    page = visit("manager")
    page.goto("/queue/?view=team")
    box = page.get_by_label(f"Choose {chosen.name}")
    box.check()
    page.get_by_text("Filter", exact=True).click()
    lead = site.waiting_lead()
    expect(page.get_by_role("link", name=lead.name)).to_be_visible(timeout=SOON)
    expect(page.locator("p[role=status]")).to_have_text(re.compile(r"\d? ?new lead"))
    expect(box).to_be_checked()
    expect(page.get_by_role("button", name="Give 1 lead to…")).to_be_visible()
    expect(page.locator(".page-actions details")).to_have_attribute("open", "")


def test_several_are_chosen_with_shift_or_all_at_once(site: Site, visit: Visit) -> None:
    for _ in range(3):
        site.waiting_lead()
    page = visit("manager")
    page.goto("/queue/?view=team")
    boxes = page.locator('input[name="handoff"]')
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(boxes.nth(1)).to_be_checked()
    page.get_by_role("button", name="Give 3 leads to…").is_enabled()
    page.get_by_label("Choose all on this page").check()
    expect(page.locator('input[name="handoff"]:not(:checked)')).to_have_count(0)


def test_what_is_due_leaves_a_third_of_a_narrow_list_to_why_now(site: Site, visit: Visit) -> None:
    site.waiting_lead()
    page = visit("manager", width=1280)
    page.goto("/queue/?view=team")
    widths = "heads => heads.map((head) => head.offsetWidth)"
    due, _lead, _score, why = page.locator("#live thead th").evaluate_all(widths)
    list_width = page.locator("#live").evaluate("list => list.offsetWidth")
    assert why > list_width / 3
    assert due < list_width / 3


def test_a_page_in_the_background_asks_for_nothing(site: Site, visit: Visit) -> None:
    page = visit("marketer")
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/queue/?" in request.url else None)
    page.goto("/queue/?view=snoozed")
    with page.expect_response("**/queue/?view=snoozed") as answer:
        page.clock.run_for(4_000)
    assert answer.value.status in {200, 304}
    expect(page.locator(".htmx-request")).to_have_count(0)  # else the clock would run past its time limit
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    asked.clear()
    page.clock.run_for(20_000)
    assert asked == []


def test_the_offer_to_undo_counts_down_and_is_announced(site: Site, visit: Visit) -> None:
    lead = site.waiting_lead()
    page = visit("rep")
    take(page, lead)
    page.keyboard.press("d")
    page.get_by_label("Not ready yet").check()
    page.get_by_label("not before").fill(time.strftime("%Y-12-31"))
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator(".undo")).to_contain_text(re.compile(r"Undo \([1-9] s\)"))
    expect(page.locator("p[role=status]")).to_contain_text(f"Your verdict on {lead.name} is in.")
    page.keyboard.press("u")
    expect(page.locator("#messages")).to_contain_text(f"Undone: {lead.name} is open again.")
