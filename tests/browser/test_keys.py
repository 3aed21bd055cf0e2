"""The keys with which a rep works through the queue."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.visiting import Site, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_j_and_k_move_through_the_rows_and_load_the_panel(site: Site, visit: Visit) -> None:
    for _ in range(3):
        site.waiting_lead()
    page = visit("noor")
    page.goto("/queue/?view=unclaimed")
    names = page.locator("[data-row] .row-link").all_inner_texts()
    assert len(names) >= 3
    for key, number in (("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(page.locator("[data-panel] .lead-name")).to_have_text(names[number])
        expect(page.locator("tr.is-selected .row-link")).to_have_text(names[number])
    page.keyboard.press("t")
    expect(page.locator("#messages")).to_contain_text(f"{names[0]} is yours.")


def test_in_the_list_a_number_logs_a_call_and_goes_on_to_the_next(site: Site, visit: Visit) -> None:
    page = visit("noor")
    for _ in range(2):
        site.waiting_lead()
        page.goto("/queue/?view=unclaimed")
        page.keyboard.press("n")
        expect(page.locator("#messages")).to_contain_text("is yours.")
    page.goto("/queue/?view=mine")
    first, second = page.locator("[data-row] .row-link").all_inner_texts()[:2]
    expect(page.locator("[data-panel] .quick-log")).to_be_visible()
    page.keyboard.press("3")
    expect(page.locator("[data-panel] .lead-name")).to_have_text(second)
    expect(page.locator("tr.is-selected .row-link")).to_have_text(second)
    expect(page.locator("#messages")).to_contain_text(f"Logged: {first}.")
    expect(page.locator("[data-row]").filter(has_text=first)).to_contain_text("1 try")


def test_a_number_waits_until_the_selected_lead_is_shown(site: Site, visit: Visit) -> None:
    for _ in range(2):
        site.waiting_lead()
    page, held, sent = visit("noor"), list[Route](), list[str]()
    page.goto("/queue/?view=unclaimed")
    first, second = page.locator("[data-row] .row-link").all_inner_texts()[:2]
    expect(page.locator("[data-panel] .quick-log")).to_be_visible()
    page.route(re.compile(r"/queue/\d+/$"), lambda route: held.append(route))  # noqa: PLW0108 (playwright marks it)
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.keyboard.press("j")
    page.keyboard.press("3")
    expect(page.locator("tr.is-selected .row-link")).to_have_text(second)
    expect(page.locator("[data-panel] .lead-name")).to_have_text(first)
    assert sent == []
    for route in held:
        route.continue_()
    expect(page.locator("[data-panel] .lead-name")).to_have_text(second)
    page.keyboard.press("3")
    expect(page.locator("#messages")).to_contain_text(f"Logged: {second}.")


def test_who_was_signed_out_meanwhile_is_asked_to_sign_in_when_a_number_logs(site: Site, visit: Visit) -> None:
    site.waiting_lead()
    page = visit("noor")
    page.add_init_script("window.setInterval = () => 0")  # nothing but the key asks the server
    page.goto("/queue/?view=unclaimed")
    expect(page.locator("[data-panel] .quick-log")).to_be_visible()
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("3")
    expect(page).to_have_url(re.compile("/login/"))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_mail_menu_opens_where_it_can_be_read_and_escape_closes_it(lead_page: Page, width: int) -> None:
    lead_page.set_viewport_size({"width": width, "height": 800})
    lead_page.keyboard.press("m")
    entries = lead_page.locator("[data-panel] .dropper-body a")
    expect(entries.first).to_be_focused()
    for entry in entries.all():
        expect(entry).to_be_in_viewport(ratio=1)
        entry.click(trial=True)
    lead_page.keyboard.press("Escape")
    expect(entries.first).to_be_hidden()
    expect(lead_page.locator("[data-panel] summary").first).to_be_focused()


def test_the_mail_menu_beside_the_list_is_not_cut_off(site: Site, visit: Visit) -> None:
    lead, page = site.waiting_lead(), visit("noor", width=1280)
    page.goto(f"/queue/?q={lead.email}")
    page.locator("[data-panel] summary").click()
    for entry in page.locator("[data-panel] .dropper-body a").all():
        expect(entry).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        pytest.param("l", "touches", id="l opens the touch form"),
        pytest.param("q", "qualify", id="q qualifies"),
        pytest.param("d", "disqualify", id="d disqualifies"),
        pytest.param("f", "next-step", id="f plans what follows"),
        pytest.param("p", "pass", id="p passes it on"),
    ],
)
def test_a_key_opens_its_form(lead_page: Page, key: str, path: str) -> None:
    lead_page.keyboard.press(key)
    expect(lead_page).to_have_url(re.compile(rf"/queue/\d+/{path}/$"))
    expect(lead_page.locator("main form").first).to_be_visible()


def test_one_to_six_log_a_call_at_once(lead_page: Page) -> None:
    said = ("reached", "answered", "voicemail", "no answer", "sent", "wrong number")
    address = lead_page.url
    for number, words in enumerate(said, start=1):
        lead_page.keyboard.press(str(number))
        expect(lead_page.locator("#messages")).to_contain_text("Logged: Wanda")
        lead_page.goto(address)
        expect(lead_page.locator("[data-panel] .trail li").filter(has_text=words).first).to_be_visible()


def test_a_question_mark_lists_the_keys_and_they_can_be_switched_off(lead_page: Page) -> None:
    lead_page.keyboard.press("?")
    keys = lead_page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("disqualify")
    expect(keys.get_by_role("button", name="Close")).to_be_focused()
    keys.get_by_label("Use these keys in this browser").uncheck()
    keys.get_by_role("button", name="Close").click()
    expect(keys).to_be_hidden()
    address = lead_page.url
    lead_page.keyboard.press("d")
    lead_page.keyboard.press("?")
    expect(keys).to_be_visible()
    assert lead_page.url == address


def test_keys_are_letters_where_somebody_types(site: Site, visit: Visit) -> None:
    site.waiting_lead()
    page = visit("noor")
    page.goto("/queue/?view=unclaimed")
    page.keyboard.press("/")
    page.keyboard.type("jqd1")
    expect(page.get_by_role("searchbox")).to_have_value("jqd1")
    expect(page).to_have_url(re.compile("view=unclaimed$"))


@pytest.fixture
def lead_page(site: Site, visit: Visit) -> Page:
    """Return the page of a lead that Noor holds."""
    lead = site.waiting_lead()
    page = visit("noor")
    page.goto(f"/queue/{lead.handoff}/")
    page.keyboard.press("t")
    expect(page.locator("#messages")).to_contain_text("is yours.")
    return page
