"""What a session's end, a question for proof, a lost connection and a newer version do to an open page."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.seeing import axe
from tests.browser.signing import PASSWORD, set_up
from tests.browser.watching import Watch, WatchedGateway

without_admin = pytest.mark.gateway(set_up=False)


@without_admin
def test_an_ended_session_in_mid_edit_is_opened_again_and_nothing_typed_is_lost(
    stranger: Page, gateway: WatchedGateway, watch: Watch
) -> None:
    set_up(stranger, gateway, watch)
    stranger.goto("/ui/tokens/")
    stranger.get_by_role("button", name="New token").first.click()
    stranger.get_by_label("Name", exact=True).fill("laptop of ada")
    stranger.context.clear_cookies()
    stranger.get_by_role("dialog").get_by_role("button", name="New token").click()

    again = stranger.get_by_role("dialog", name="Your session has ended")
    expect(again).to_be_visible()
    axe(stranger)
    again.get_by_label("Password", exact=True).fill(PASSWORD)
    again.get_by_role("button", name="Sign in", exact=True).click()
    expect(stranger.get_by_role("dialog", name="Token “laptop of ada” is ready")).to_be_visible()
    token = stranger.get_by_label("Token", exact=True).inner_text()
    assert token.startswith("bodhi_")
    stranger.get_by_role("button", name="I have saved it").click()
    expect(stranger.get_by_role("cell", name="laptop of ada", exact=True)).to_be_visible()


@without_admin
def test_what_takes_a_recent_proof_asks_for_the_password_and_then_goes_on(
    stranger: Page, gateway: WatchedGateway, watch: Watch
) -> None:
    set_up(stranger, gateway, watch)
    watch.allow_status(403)
    asked: list[str] = []

    def once(route: Route) -> None:
        """Answer the first call as the gateway does ten minutes later."""
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()
            return
        error = {"code": "confirmation_needed", "message": "Confirm who you are first.", "param": None}
        route.fulfill(status=403, content_type="application/json", body=json.dumps({"error": error}))

    stranger.route("**/bodhi/v1/invites", once, times=2)
    stranger.goto("/ui/users/?tab=people")
    stranger.get_by_role("button", name="Invite somebody").click()
    stranger.get_by_label("For whom").fill("Grace")
    stranger.get_by_role("button", name="Make link").click()

    confirm = stranger.get_by_role("dialog", name="Confirm that it is you")
    confirm.get_by_label("Password", exact=True).fill("wrong gates, no path")
    confirm.get_by_role("button", name="Confirm").click()
    expect(confirm.get_by_role("alert")).to_be_visible()
    axe(stranger)
    confirm.get_by_label("Password", exact=True).fill(PASSWORD)
    confirm.get_by_role("button", name="Confirm").click()
    expect(stranger.get_by_label("Link", exact=True)).to_contain_text("/ui/invite/#")
    assert len(asked) == 2


def test_a_lost_connection_is_told_in_a_banner_until_it_is_back(page: Page, watch: Watch) -> None:
    watch.allow_console("net::ERR_INTERNET_DISCONNECTED")
    page.goto("/ui/tokens/")
    expect(page.get_by_role("heading", name="API tokens")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("searchbox").fill("laptop")
    expect(page.get_by_text("Lost the connection to the gateway. Trying again.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Lost the connection to the gateway. Trying again.")).to_be_hidden()
    expect(page.get_by_text("No token matches.")).to_be_visible()


def test_a_new_version_is_offered(page: Page) -> None:
    page.goto("/ui/tokens/")
    expect(page.get_by_role("heading", name="API tokens")).to_be_visible()
    page.evaluate("() => window.dispatchEvent(new Event('vite:preloadError', { cancelable: true }))")
    expect(page.get_by_text("There is a new version of these pages.")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Reload").click()
    expect(page.get_by_text("There is a new version of these pages.")).to_be_hidden()
    expect(page).to_have_url(re.compile("/ui/tokens/"))
