"""Verdicts that teach: three clicks to a no, a lead back with its note, an SQL returned, a rule changed."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_sales import answer_bant, log_reached, take
from tests.browser.visiting import Site, Visit, Waiting

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
BOTH = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


@BOTH
def test_a_common_no_takes_three_clicks(site: Site, visit: Visit, javascript: bool) -> None:
    lead, page = site.waiting_lead(), visit("rep", javascript=javascript)
    take(page, lead)
    page.get_by_role("link", name="Disqualify").click()  # one
    page.get_by_label("No budget").check()  # two
    page.get_by_role("button", name="Disqualify").click()  # three
    expect(page.locator("#messages")).to_contain_text(f"Disqualified: {lead.name}.")
    assert site.call(f"leads/{lead.lead}/")["stage"] == "nurture"


def test_only_the_field_that_the_reason_needs_is_shown_and_nothing_is_ticked_beforehand(
    site: Site, visit: Visit
) -> None:
    page = visit("rep")
    take(page, site.waiting_lead())
    page.get_by_role("link", name="Disqualify").click()
    assert page.locator("main input:checked").count() == 0
    competitor = page.get_by_label("Which competitor")
    expect(competitor).to_be_hidden()
    page.get_by_label("Chose someone else").check()
    expect(competitor).to_be_visible()
    page.get_by_label("Already a customer or in talks").check()
    expect(competitor).to_be_hidden()
    expect(page.get_by_label("Who is in contact")).to_be_visible()


def test_a_half_filled_form_is_there_again_on_another_screen(site: Site, visit: Visit) -> None:
    lead, page = site.waiting_lead(), visit("rep")
    take(page, lead)
    page.get_by_role("link", name="Qualify", exact=True).click()
    page.get_by_role("group", name="Timeline").get_by_label("no", exact=True).check()
    with page.expect_response(re.compile("/draft/qualify/")) as kept:
        page.get_by_label("Note about Timeline").fill("after February")
    assert kept.value.status == 204
    phone = visit("rep", width=390)
    phone.goto(f"/queue/{lead.handoff}/qualify/")
    expect(phone.get_by_label("Note about Timeline")).to_have_value("after February")
    expect(phone.get_by_role("group", name="Timeline").get_by_label("no", exact=True)).to_be_checked()
    phone.goto(f"/queue/{lead.handoff}/disqualify/")
    expect(phone.locator("aside")).to_contain_text("Timeline: no")


@BOTH
def test_a_recycled_lead_comes_back_with_what_was_said_and_what_it_did_since(
    site: Site, visit: Visit, javascript: bool
) -> None:
    lead, page = site.waiting_lead(), visit("rep", javascript=javascript)
    take(page, lead)
    page.get_by_role("link", name="Disqualify").click()
    page.get_by_label("Not ready yet").check()
    day = datetime.now(UTC) + timedelta(days=80)
    page.get_by_label("not before").fill(f"{day:%Y-%m-%d}")
    page.get_by_role("button", name="Disqualify").click()
    expect(page.locator("#messages")).to_contain_text(f"Disqualified: {lead.name}.")
    pricing = {
        "source": "browser",
        "kind": "page_view",
        "lead": {"email": lead.email},
        "properties": {"url": "/pricing/"},
    }
    ask = {"source": "browser", "kind": "demo_request", "lead": {"email": lead.email}, "properties": {"topic": "sales"}}
    now = datetime.now(UTC).isoformat()
    again = [{**what, "id": f"again-{lead.lead}-{n}", "occurred_at": now} for n, what in enumerate((pricing, ask))]
    assert site.call("activities/", again)["accepted"] == 2
    [row] = site.call(f"queue/?q={lead.email}")["results"]
    assert row["id"] != lead.handoff
    page.goto(f"/queue/{row['id']}/")
    said = page.locator("#last-time")
    expect(said).to_contain_text(f"you said “Not ready yet”, not before {day.day} {day:%B}.")
    expect(said).to_contain_text(re.compile(r"Since then \+\d+: .*Pricing page"))


@BOTH
def test_an_sql_is_returned_by_its_receiver_and_is_with_who_qualified_it_again(
    site: Site, visit: Visit, javascript: bool
) -> None:
    lead, sam, noor = site.waiting_lead(), visit("rep", javascript=javascript), visit("noor", javascript=javascript)
    take(sam, lead)
    log_reached(sam)
    sam.get_by_role("link", name="Qualify", exact=True).click()
    answer_bant(sam)
    sam.get_by_label("Who takes it on").select_option(label="Noor Visser")
    sam.get_by_role("button", name="Qualify", exact=True).click()
    expect(sam.locator("#messages")).to_contain_text("is qualified.")
    noor.goto("/qualified/")
    of(noor, lead).get_by_role("link", name="Give back").click()
    noor.get_by_label("Why you give it back").fill("Speaks Polish only")
    noor.get_by_role("button", name="Give it back").click()
    expect(noor.locator(".columns")).not_to_contain_text(lead.name)
    sam.goto("/qualified/")
    expect(of(sam, lead)).to_contain_text("Sam de Boer")
    sam.goto("/notices/")
    expect(sam.locator("main")).to_contain_text(f"Noor Visser gives {lead.name} back: Speaks Polish only")


def test_an_sql_is_edited_in_its_place_by_keyboard(site: Site, visit: Visit) -> None:
    lead, page = site.waiting_lead(), visit("rep")
    take(page, lead)
    log_reached(page)
    page.get_by_role("link", name="Qualify", exact=True).click()
    answer_bant(page)
    page.get_by_role("button", name="Qualify", exact=True).click()
    page.goto("/qualified/")
    of(page, lead).get_by_role("link", name="edit").focus()
    page.keyboard.press("Enter")
    form = page.locator("tr.is-editing")
    expect(form.get_by_role("group", name="Budget").get_by_label("yes", exact=True)).to_be_focused()
    form.get_by_label("Their part").select_option("decides")
    form.get_by_label("Wants to start").fill("2027-02-01")
    form.get_by_role("button", name="Save").press("Enter")
    expect(of(page, lead)).to_contain_text("1 Feb 2027")
    expect(of(page, lead)).to_contain_text("decides")
    expect(page.locator("tr.is-editing")).to_have_count(0)
    of(page, lead).get_by_role("link", name="plan").click()
    form.get_by_label("Next step").fill("Send the offer")
    form.get_by_label("When").press_sequentially("12")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_label("When")).to_be_focused()
    expect(form.get_by_label("Next step")).to_have_value("Send the offer")


@BOTH
def test_a_marketer_goes_from_a_verdict_to_a_published_rule_change(site: Site, visit: Visit, javascript: bool) -> None:
    lead, rep = site.waiting_lead(), visit("rep", javascript=javascript)
    take(rep, lead)
    rep.get_by_role("link", name="Disqualify").click()
    rep.get_by_label("Bad fit").check()
    rep.locator(".signals").get_by_label("Asked for a demo").check()
    rep.get_by_role("button", name="Disqualify").click()
    page = visit("marketer", javascript=javascript)
    page.goto("/feedback/")
    verdict = page.get_by_role("article").filter(has_text=lead.name)
    verdict.get_by_text("Answer", exact=True).click()
    verdict.get_by_label("Your answer to Sam de Boer").fill("We lower that rule.")
    verdict.get_by_role("button", name="Send").click()
    page.goto("/feedback/?show=all")
    verdict = page.get_by_role("article").filter(has_text=lead.name)
    expect(verdict).to_contain_text("We lower that rule.")
    verdict.get_by_role("button", name="Change the rule Asked for a demo").click()
    expect(page.locator("#id_name")).to_have_value("Asked for a demo")
    points = page.locator("#id_points")
    points.fill(f"{float(points.input_value()) - 1:g}")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name=re.compile("Rehearse")).first.click()
    publish = page.get_by_role("button", name=re.compile("^Publish"))
    for _ in range(30):  # the worker rehearses; without JavaScript one looks again
        if publish.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    publish.first.click()
    expect(page.locator(".messagelist, #messages")).to_contain_text(re.compile("live|published", re.IGNORECASE))
    rep.goto("/notices/")
    expect(rep.locator("main")).to_contain_text("We lower that rule.")


def of(page: Page, lead: Waiting) -> Locator:
    """Return the row of that lead."""
    return page.get_by_role("row").filter(has_text=lead.name)
