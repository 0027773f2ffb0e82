"""The pages before one is signed in: setup, sign-in, invites, links to a new password."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seeing import axe, axe_in_every_look, shot
from tests.browser.signing import PASSWORD, set_up, sign_in
from tests.browser.watching import Watch, WatchedGateway

without_admin = pytest.mark.gateway(set_up=False)


@without_admin
def test_setup_looks_right(stranger: Page, gateway: WatchedGateway, watch: Watch) -> None:
    watch.allow_status(401, 503)
    stranger.goto(f"/ui/setup#code={gateway.setup_code}")
    expect(stranger.get_by_role("heading", name="Create the admin account")).to_be_visible()
    expect(stranger).not_to_have_url(re.compile("code="))
    axe_in_every_look(stranger)
    shot(stranger, "setup")


@without_admin
def test_any_address_leads_to_setup_whose_admin_can_sign_in_and_which_cannot_be_opened_again(
    stranger: Page, gateway: WatchedGateway, watch: Watch
) -> None:
    watch.allow_status(401, 503)
    for address in ("/", "/ui/chat/", "/ui/usage/?span=7d", "/ui/sign-in/"):
        stranger.goto(address)
        expect(stranger).to_have_url(re.compile("/ui/setup/$"))
        expect(stranger.get_by_label("Setup code")).to_be_visible()
    set_up(stranger, gateway, watch)

    stranger.goto("/ui/setup/")
    expect(stranger.get_by_role("heading", name="Bodhi is set up")).to_be_visible()
    stranger.goto("/ui/account/")
    stranger.get_by_role("button", name="Sign out").click()
    sign_in(stranger)
    expect(stranger).to_have_url(re.compile("/ui/models/$"))


@without_admin
def test_a_wrong_setup_code_is_told_in_place_and_nothing_typed_is_lost(stranger: Page, watch: Watch) -> None:
    watch.allow_status(400, 401, 503)
    stranger.goto("/ui/setup/")
    stranger.get_by_label("Setup code").fill("AAAAA-BBBBB")
    stranger.get_by_label("Name").fill("ada")
    stranger.get_by_label("Password", exact=True).fill(PASSWORD)
    stranger.get_by_role("button", name="Continue").click()

    expect(stranger.get_by_role("alert")).to_be_visible()
    expect(stranger.get_by_label("Name")).to_have_value("ada")


@without_admin
def test_sign_in_leads_back_to_the_address_that_was_asked_for(
    stranger: Page, gateway: WatchedGateway, watch: Watch
) -> None:
    set_up(stranger, gateway, watch)
    stranger.context.clear_cookies()
    stranger.goto("/ui/tokens/?state=active")
    expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    stranger.get_by_label("User name").fill("ada")
    stranger.get_by_label("Password", exact=True).fill("wrong gates, no path")
    stranger.get_by_role("button", name="Sign in", exact=True).click()
    expect(stranger.get_by_role("alert")).to_contain_text("password")
    expect(stranger.get_by_label("User name")).to_have_value("ada")

    sign_in(stranger)
    expect(stranger).to_have_url(re.compile(r"/ui/tokens/\?state=active$"))


@pytest.mark.parametrize("outside", ["//other.example/", "https://other.example/", "/\\other.example/"])
def test_a_link_to_sign_in_never_leads_elsewhere(page: Page, outside: str, gateway: WatchedGateway) -> None:
    page.goto(f"/ui/sign-in/?next={quote(outside)}")
    expect(page.get_by_role("main")).to_be_visible()
    expect(page).to_have_url(re.compile(f"^{re.escape(gateway.url)}/ui/"))


def test_sign_in_looks_right(stranger: Page, watch: Watch) -> None:
    watch.allow_status(401)
    stranger.goto("/ui/sign-in/")
    expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    axe_in_every_look(stranger)


@pytest.mark.parametrize("page_name", ["invite", "password-reset"])
def test_a_link_without_its_end_says_so(stranger: Page, watch: Watch, page_name: str) -> None:
    watch.allow_status(401)
    stranger.goto(f"/ui/{page_name}/")
    expect(stranger.get_by_role("alert")).to_contain_text("This link is not complete")
    axe(stranger)


def test_an_address_that_means_nothing_says_so(page: Page) -> None:
    page.goto("/ui/nowhere/")
    expect(page.get_by_role("heading", name="No such page")).to_be_visible()
    axe(page)
