"""A marketer writes a condition: by keyboard, read aloud as it grows, and without script."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_every_page import too_wide
from tests.browser.visiting import Site, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

FREE = "the e-mail domain is a free provider"
SAID = f"(industry is one of Energy or Logistics and employees is between 50 and 500) and not ({FREE} is yes)"


@pytest.fixture
def new_rule(site: Site) -> Iterator[str]:
    """Return where a rule is added to a draft of its own, which goes again."""
    pk = shell(site, "from scoring.drafting import new_model", "print(new_model(name='Rows', by=None, at=now()).pk)")
    yield f"/admin/scoring/rule/add/?model={pk}"
    shell(site, "from scoring.editing import discard", f"discard(ScoringModel.objects.get(pk={pk}))")


def shell(site: Site, *lines: str) -> str:
    """Run lines of Python in the site and return what they print."""
    code = ["from django.utils.timezone import now", "from scoring.models import ScoringModel", *lines]
    return site.house.run("manage.py", "shell", "-v", "0", "-c", "\n".join(code)).strip()


def type_into(page: Page, *words: str) -> None:
    """Choose or type each of `words` where the keyboard stands, going on by Tab."""
    for word in words:
        page.keyboard.type(word)
        page.keyboard.press("Tab")


def focused(page: Page) -> Locator:
    """Return what the keyboard stands on."""
    return page.locator(":focus")


def in_words(page: Page) -> Locator:
    """Return the line that is read aloud."""
    return page.locator(".condition").get_by_role("status")


def assert_accessible(page: Page) -> None:
    """Run axe on the page; without its own loading of styles, which trips over the admin's and over the policy."""
    results = Axe().run(page, options={"preload": False}).response["violations"]
    assert [(one["id"], node["html"][:160]) for one in results for node in one["nodes"]] == []


def test_a_condition_of_two_groups_is_written_by_keyboard_and_read_aloud(new_rule: str, visit: Visit) -> None:
    page = visit("marketer")
    page.goto(new_rule)
    page.get_by_label("Name").fill("Right company")
    page.get_by_label("Points").fill("10")
    page.get_by_label("About").select_option("profile")
    page.locator("#id_group").select_option(label="Fit")
    first, second = page.get_by_role("group", name="Group 1"), page.get_by_role("group", name="Group 2")

    first.get_by_label("Row 1: what").focus()
    type_into(page, "industry", "is one of")
    expect(focused(page)).to_have_attribute("placeholder", "several, separated by commas")
    type_into(page, "Energy, Logistics")
    expect(in_words(page)).to_have_text("industry is one of Energy or Logistics")
    page.keyboard.press("Tab")  # past "remove"
    expect(focused(page)).to_have_text("Add row")
    page.keyboard.press("Enter")
    expect(focused(page)).to_have_attribute("aria-label", "Row 2: what")
    type_into(page, "employees", "is between", "50, 500")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text("Add group")
    page.keyboard.press("Enter")
    type_into(page, "none of")
    page.keyboard.press("Tab")  # past "remove group"
    type_into(page, FREE, "is yes")
    expect(second.get_by_label("Row 1: value")).to_be_hidden()
    expect(in_words(page)).to_have_text(SAID)
    assert_accessible(page)

    page.get_by_role("button", name="Save", exact=True).click()
    row = page.get_by_role("row").filter(has_text="Right company")
    expect(row).to_contain_text(SAID)
    row.get_by_role("link", name="Right company").click()
    expect(in_words(page)).to_have_text(SAID)
    expect(second.get_by_label("Group 2 holds when")).to_have_value("none")
    expect(first.get_by_label("Row 2: value")).to_have_value("50, 500")


def test_only_what_fits_is_offered(new_rule: str, visit: Visit) -> None:
    page = visit("marketer")
    page.goto(new_rule)
    what, how = page.get_by_label("Row 1: what").first, page.get_by_label("Row 1: comparison").first
    page.get_by_label("About").select_option("activity")
    expect(what.locator("optgroup")).to_have_count(1)
    expect(what.locator("optgroup")).to_have_attribute("label", "what they did")
    page.get_by_label("About").select_option("profile")
    expect(what.locator("option", has_text="industry")).to_have_count(1)
    expect(how.locator("option", has_text="is between")).to_have_count(1)
    with page.expect_response(re.compile("/condition/values/")):
        what.select_option(label="country")
    expect(how.locator("option", has_text="is between")).to_have_count(0)
    expect(page.locator(".condition-seen").first).to_contain_text("NL")
    how.select_option(label="contains")
    what.select_option(label="employees")
    expect(how).to_have_value("")
    expect(in_words(page)).to_have_text("Group 1, row 1: Choose how to compare.")


def test_what_is_removed_hands_the_keyboard_on(new_rule: str, visit: Visit) -> None:
    page = visit("marketer", width=390, height=844)
    page.goto(new_rule)
    first = page.get_by_role("group", name="Group 1")
    first.get_by_label("Row 1: what").select_option(label="country")
    first.get_by_role("button", name="Add row").click()
    first.get_by_label("Row 2: what").select_option(label="industry")
    page.get_by_role("button", name="Add group").click()
    assert too_wide(page) == []
    assert_accessible(page)
    page.get_by_role("button", name="Remove group 2").click()
    expect(focused(page)).to_have_value("all")
    first.get_by_role("button", name="Row 1: remove").click()
    expect(focused(page)).to_have_attribute("aria-label", "Row 1: what")
    expect(focused(page)).to_have_value("profile:company.industry")
    first.get_by_role("button", name="Row 1: remove").click()
    expect(focused(page)).to_have_value("")
    expect(in_words(page)).to_have_text("Nothing is chosen: it always holds.")


def test_a_condition_is_written_without_script(new_rule: str, visit: Visit) -> None:
    page = visit("marketer", javascript=False)
    page.goto(new_rule)
    page.get_by_label("Name").fill("Right country")
    page.get_by_label("Points").fill("10")
    page.get_by_label("About").select_option("profile")
    page.locator("#id_group").select_option(label="Fit")
    page.locator("[name=condition-joiner]").select_option("any")
    for name, country in (("Group 1", "NL"), ("Group 2", "BE")):
        group = page.get_by_role("group", name=name)
        group.get_by_label("Row 1: what").select_option(label="country")
        group.get_by_label("Row 1: comparison").select_option(label="is")
        group.get_by_label("Row 1: value").fill(country)
    page.get_by_role("group", name="Group 2").get_by_label("Group 2 holds when").select_option("none")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".condition-said")).to_have_text("In words: country is NL or not (country is BE)")
    expect(page.get_by_role("group", name="Group 3")).to_be_visible()
