"""The keyboard alone: the palette, the shortcuts, the way through the frame."""

import re

from playwright.sync_api import Page, expect

from tests.browser.looks import Look, every_look
from tests.browser.seeing import axe, axe_in_both_themes
from tests.browser.watching import WatchedGateway


@every_look
def test_the_palette_finds_pages_and_models_by_a_few_letters(page: Page, gateway: WatchedGateway, look: Look) -> None:
    gateway.add_api_model("openai", "http://127.0.0.1:9/v1", prefix="oai/", models=("gpt-4o", "o4-mini"))
    page.goto("/ui/account/")
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Go to or do")
    expect(field).to_be_focused()
    axe_in_both_themes(page)
    field.fill("gpt")
    expect(page.get_by_role("option")).to_have_count(1)
    field.fill("tokens")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/ui/tokens/$"))


def test_single_keys_work_until_they_are_switched_off(page: Page) -> None:
    page.goto("/ui/tokens/")
    expect(page.get_by_role("searchbox")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("?")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.goto("/ui/account/")
    off = page.get_by_role("switch", name="Single-key shortcuts")
    expect(off).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    off.click()
    expect(off).not_to_be_checked()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_first_tab_leads_past_the_navigation(page: Page) -> None:
    page.goto("/ui/tokens/")
    expect(page.get_by_role("heading", name="API tokens")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_a_token_is_made_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/ui/tokens/")
    page.get_by_role("button", name="New token").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Token “by keyboard” is ready")).to_be_visible()
