"""One's own account, and the settings of the server."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seeing import axe, axe_in_every_look
from tests.browser.signing import PASSWORD, set_up
from tests.browser.watching import Watch, WatchedGateway


@pytest.mark.gateway(set_up=False)
def test_a_password_is_changed_and_other_sessions_end(stranger: Page, gateway: WatchedGateway, watch: Watch) -> None:
    set_up(stranger, gateway, watch)
    watch.keep_secret("four gates, one path")
    stranger.goto("/ui/account/")
    stranger.get_by_label("Current password", exact=True).fill("wrong gates, no path")
    stranger.get_by_label("New password", exact=True).fill("four gates, one path")
    stranger.get_by_role("button", name="Change password").click()
    expect(stranger.get_by_role("alert")).to_be_visible()
    stranger.get_by_label("Current password", exact=True).fill(PASSWORD)
    stranger.get_by_role("button", name="Change password").click()
    expect(stranger.get_by_text("Password changed")).to_be_visible()
    expect(stranger.get_by_label("Current password", exact=True)).to_have_value("")


def test_a_session_elsewhere_is_ended(page: Page, gateway: WatchedGateway) -> None:
    gateway.open_session(carried_by="bearer")
    page.goto("/ui/account/")
    expect(page.get_by_text("This one")).to_be_visible()
    page.get_by_role("button", name="End", exact=True).click()
    expect(page.get_by_role("button", name="End", exact=True)).to_be_hidden()


def test_a_pinned_theme_holds_from_the_first_paint_on(page: Page) -> None:
    page.goto("/ui/account/")
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload(wait_until="commit")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    axe(page)


def test_account_and_settings_look_right(page: Page) -> None:
    for address in ("/ui/account/", "/ui/settings/"):
        page.goto(address)
        expect(page.get_by_role("table").first).to_be_visible()
        axe_in_every_look(page)


def test_settings_tell_where_a_value_comes_from_and_are_found_by_search(page: Page) -> None:
    page.goto("/ui/settings/")
    row = page.get_by_role("row", name="BODHI_PORT")
    expect(row).to_contain_text("Command line")
    page.get_by_role("searchbox", name="Search settings").fill("BODHI_USAGE_DAYS")
    expect(row).to_be_hidden()
    expect(page.get_by_role("row", name="BODHI_USAGE_DAYS")).to_contain_text("Default")
    expect(page).to_have_url(re.compile("q=BODHI_USAGE_DAYS"))


def test_captures_are_turned_on_and_the_data_key_is_rotated(page: Page) -> None:
    page.goto("/ui/settings/")
    page.get_by_role("switch").click()
    page.get_by_label("Kept for, in days").fill("3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Settings saved")).to_be_visible()
    page.reload()
    expect(page.get_by_role("switch")).to_be_checked()
    expect(page.get_by_label("Kept for, in days")).to_have_value("3")

    page.get_by_role("button", name="Rotate the data key").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Rotate the data key").click()
    expect(page.get_by_text("Opens only")).to_be_visible()


def test_a_number_of_days_that_cannot_be_is_told_at_its_field(page: Page, watch: Watch) -> None:
    watch.allow_status(400)
    page.goto("/ui/settings/")
    page.get_by_label("Kept for, in days").fill("100000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()
