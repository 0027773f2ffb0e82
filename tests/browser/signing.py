"""Doing what people do before they are signed in, for tests of what comes after."""

from playwright.sync_api import Page, expect

from tests.browser.watching import Watch, WatchedGateway

PASSWORD = "three gates, one path"


def set_up(page: Page, gateway: WatchedGateway, watch: Watch, name: str = "ada") -> None:
    """Create the first Admin by the link that Bodhi prints; the page is then on the way to the first provider."""
    watch.allow_status(401, 503)
    watch.keep_secret(PASSWORD)
    page.goto(f"/ui/setup#code={gateway.setup_code}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New API model")


def sign_in(page: Page, name: str = "ada") -> None:
    """Sign in on the page that asks for it."""
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
