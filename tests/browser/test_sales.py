"""A rep's day in a browser: take a lead, talk, give a verdict, take it back."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visiting import Site, Visit, Waiting, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
BOTH = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


@BOTH
def test_a_rep_takes_a_lead_talks_qualifies_and_undoes_it_once(site: Site, visit: Visit, javascript: bool) -> None:
    lead = site.waiting_lead()
    page = visit(javascript=javascript)
    sign_in(page, "rep")
    expect(page).to_have_url(re.compile("/queue/$"))
    take(page, lead)
    log_reached(page)

    page.get_by_role("link", name="Qualify", exact=True).click()
    answer_bant(page)
    page.get_by_role("button", name="Qualify", exact=True).click()
    expect(page.locator("#messages")).to_contain_text(f"{lead.name} is qualified.")
    offer = page.locator(".undo")
    expect(offer).to_contain_text(f"Your verdict on {lead.name} is in.")
    offer.get_by_role("button").click()
    expect(page.locator("#messages")).to_contain_text(f"Undone: {lead.name} is open again.")
    assert site.call(f"leads/{lead.lead}/")["stage"] == "mql"

    page.goto(f"/queue/{lead.handoff}/qualify/")
    answer_bant(page)
    page.get_by_role("button", name="Qualify", exact=True).click()
    expect(page.locator(".undo")).to_be_visible()
    page.goto("/qualified/")
    expect(page.locator("main")).to_contain_text(lead.name)
    assert site.call(f"leads/{lead.lead}/")["stage"] == "sql"


@BOTH
def test_a_rep_disqualifies_a_lead_and_marketing_reads_why(site: Site, visit: Visit, javascript: bool) -> None:
    lead = site.waiting_lead()
    page = visit("rep", javascript=javascript)
    take(page, lead)
    page.get_by_role("link", name="Disqualify").click()
    page.get_by_label("Not ready yet").check()
    page.get_by_label("Back to marketing, to nurture").check()
    page.get_by_label("not before").fill((date.today() + timedelta(days=90)).isoformat())
    page.locator(".signals").get_by_label("Asked for a demo").check()
    page.get_by_label("In a sentence, for marketing").fill("Budget round opens in the new year.")
    page.get_by_role("button", name="Disqualify").click()
    expect(page.locator("#messages")).to_contain_text(f"Disqualified: {lead.name}.")
    expect(page.locator(".undo")).to_be_visible()

    feedback = visit("marketer", javascript=javascript)
    feedback.goto("/feedback/")
    row = feedback.get_by_role("article").filter(has_text=lead.name)
    expect(row).to_contain_text("Not ready yet")
    expect(row).to_contain_text("Budget round opens in the new year.")
    expect(row).to_contain_text("Asked for a demo")


def test_what_is_missing_is_said_next_to_its_field_and_nothing_is_lost(
    site: Site, visit: Visit, expects_refusal: None
) -> None:
    lead = site.waiting_lead()
    page = visit("rep")
    take(page, lead)
    page.get_by_role("link", name="Disqualify").click()
    page.get_by_label("Chose someone else").check()
    page.get_by_label("In a sentence, for marketing").fill("Signed in May.")
    page.get_by_role("button", name="Disqualify").click()
    expect(page.get_by_text("Name the competitor.")).to_be_visible()
    expect(page.get_by_label("In a sentence, for marketing")).to_have_value("Signed in May.")
    assert site.call(f"leads/{lead.lead}/")["stage"] == "mql"


@BOTH
def test_the_second_rep_to_click_is_told_who_has_the_lead(site: Site, visit: Visit, javascript: bool) -> None:
    lead = site.waiting_lead()
    sam, noor = visit("rep", javascript=javascript), visit("noor", javascript=javascript)
    for page in (sam, noor):
        page.goto(f"/queue/{lead.handoff}/")
    sam.locator('form[action$="/claim/"] button').click()
    expect(sam.locator("#messages")).to_contain_text(f"{lead.name} is yours.")
    noor.locator('form[action$="/claim/"] button').click()
    expect(noor.locator("#messages")).to_contain_text("Sam de Boer was first and has this lead.")
    assert site.call(f"queue/{lead.handoff}/")["claimed_by"] == "rep"


@BOTH
def test_who_opens_a_row_that_was_just_taken_is_told_who_has_it(site: Site, visit: Visit, javascript: bool) -> None:
    lead = site.waiting_lead()
    sam, noor = visit("rep", javascript=javascript), visit("noor", javascript=javascript)
    noor.add_init_script("window.setInterval = () => 0")  # her list is the one of a moment ago
    noor.goto("/queue/?view=unclaimed")
    take(sam, lead)
    noor.get_by_role("link", name=lead.name).click()
    expect(noor.get_by_text("Sam de Boer was first and has this lead.")).to_be_visible()


@BOTH
def test_a_half_typed_time_is_asked_for_and_takes_no_plan_away(site: Site, visit: Visit, javascript: bool) -> None:
    lead, page = site.waiting_lead(), visit("rep", javascript=javascript)
    take(page, lead)
    page.goto(f"/queue/{lead.handoff}/next-step/")
    expect(page.get_by_label("What")).to_be_focused()
    page.get_by_label("What").fill("Call back")
    page.get_by_label("When").press_sequentially("12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("When")).to_be_focused()
    expect(page.get_by_label("What")).to_have_value("Call back")


def test_the_next_lead_is_one_click_away(site: Site, visit: Visit) -> None:
    site.waiting_lead()
    page = visit("rep")
    page.goto("/queue/")
    page.get_by_role("button", name="Take next lead").click()
    expect(page.locator("#messages")).to_contain_text("is yours.")
    expect(page).to_have_url(re.compile(r"/queue/\d+/$"))


def take(page: Page, lead: Waiting) -> None:
    """Find the lead among the unclaimed, open it and take it."""
    page.goto("/queue/?view=unclaimed")
    page.get_by_role("link", name=lead.name).click()
    expect(page.locator("[data-panel] .lead-name")).to_have_text(lead.name)
    page.get_by_role("button", name="Take this lead").click()
    expect(page.locator("#messages")).to_contain_text(f"{lead.name} is yours.")


def log_reached(page: Page) -> None:
    """Log a call in which the lead was reached."""
    page.get_by_role("link", name="Log", exact=True).click()
    page.get_by_label("reached, we spoke").check()
    page.get_by_label("Note", exact=True).fill("Compares tariffs for next year.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("Logged: ")
    expect(page.locator("[data-panel]")).to_contain_text("Compares tariffs for next year.")


def answer_bant(page: Page) -> None:
    """Answer the four letters."""
    for letter, said in (("Budget", "partly"), ("Authority", "yes"), ("Need", "yes"), ("Timeline", "unknown")):
        page.get_by_role("group", name=letter).get_by_label(said, exact=True).check()
