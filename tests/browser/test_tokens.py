"""The API tokens page: a token made, shown once, used as its snippet says, changed, rotated and revoked."""

import shlex
import subprocess
from collections.abc import Callable

from playwright.sync_api import Page, expect

from bodhi.core.principal import Role
from tests.browser.looks import Look, every_look
from tests.browser.seeing import axe, axe_in_both_themes, fits, shot
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread

CLIENTS = ("curl", "Python", "JavaScript", "Claude Code", "Codex", "Gemini CLI")


def curl(snippet: str) -> int:
    """Run a snippet as it is printed, and return the status of its answer."""
    command = [*shlex.split(snippet.replace("\\\n", " ")), "-s", "-o", "/dev/null", "-w", "%{http_code}"]
    return int(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)


def make(page: Page, name: str) -> str:
    """Make a token, and return it from the dialog that shows it."""
    page.get_by_role("button", name="New token").first.click()
    form = page.get_by_role("dialog", name="New API token")
    form.get_by_label("Name", exact=True).fill(name)
    form.get_by_role("button", name="New token").click()
    return page.get_by_label("Token", exact=True).inner_text()


def test_a_token_is_shown_once_works_as_its_curl_says_and_not_after_revoke(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), prefix="oai/", models=("ok",))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/ui/tokens/")
    token = make(page, "laptop")
    page.get_by_role("button", name="Copy token").click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == token
    snippet = page.get_by_role("tabpanel").locator("pre").inner_text()
    assert curl(snippet) == 200
    page.get_by_role("button", name="Send one request with it").click()
    expect(page.get_by_text("Answered in")).to_be_visible()

    page.get_by_role("button", name="I have saved it").click()
    expect(page.get_by_role("cell", name="laptop", exact=True)).to_be_visible()
    # The one answer that held it was read above: from here on nothing may.
    gateway.application.sent.clear()
    watch.keep_secret(token)
    page.reload()
    page.get_by_role("button", name="Actions for laptop").click()
    page.get_by_role("menuitem", name="Revoke").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("table").get_by_text("Revoked", exact=True)).to_be_visible()
    assert curl(snippet) == 401


@every_look
def test_the_page_its_dialogs_and_menus_look_right(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, look: Look
) -> None:
    gateway.add_api_model("anthropic", upstream.base_url("anthropic"), models=("claude-sonnet-4-5",))
    gateway.mint(scope="power_user", allowed_models=("oai/*", "claude-*", "gemini-2.5-flash"))
    page.goto("/ui/tokens/")
    expect(page.get_by_role("table")).to_be_visible()
    axe_in_both_themes(page)
    fits(page)
    page.get_by_role("button", name="Actions for test").first.click()
    expect(page.get_by_role("menuitem", name="Rotate")).to_be_visible()
    axe_in_both_themes(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New token").first.click()
    page.get_by_label("Name", exact=True).fill("laptop")
    axe_in_both_themes(page)
    page.get_by_role("dialog").get_by_role("button", name="New token").click()
    for client in CLIENTS:
        page.get_by_role("tab", name=client).click()
        expect(page.get_by_role("tabpanel", name=client).locator("pre")).to_be_visible()
    page.get_by_role("tab", name="Claude Code").click()
    expect(page.get_by_text("ANTHROPIC_BASE_URL")).to_be_visible()
    axe_in_both_themes(page)
    fits(page)
    if look.width > 1000:
        hide_token = (
            "(all) => all.forEach((each) => (each.textContent = each.textContent.replace(/bodhi_u_\\w+/, 'bodhi_u_…')))"
        )
        page.get_by_label("Token", exact=True).or_(page.get_by_role("tabpanel").locator("pre")).evaluate_all(hide_token)
        shot(page, "token-ready")


def test_without_a_token_the_page_says_what_one_is_for(page_as: Callable[[Role], Page]) -> None:
    page = page_as(Role.USER)
    page.goto("/ui/tokens/")
    expect(page.get_by_text("No API token yet.")).to_be_visible()
    expect(page.get_by_role("group", name="Whose tokens")).to_be_hidden()
    axe(page)


def test_a_token_is_limited_rotated_and_disabled_from_its_menu(page: Page, gateway: WatchedGateway) -> None:
    page.goto("/ui/tokens/")
    first = make(page, "ci-bot")
    page.get_by_role("button", name="I have saved it").click()
    actions = page.get_by_role("button", name="Actions for ci-bot")

    actions.click()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_label("Models", exact=True).fill("oai/*\ngemini-2.5-flash")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="oai/*, gemini-2.5-flash")).to_be_visible()

    actions.click()
    page.get_by_role("menuitem", name="Rotate").click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    expect(page.get_by_label("Token", exact=True)).not_to_have_text(first)
    page.get_by_role("button", name="I have saved it").click()

    actions.click()
    page.get_by_role("menuitem", name="Disable").click()
    expect(page.get_by_role("table").get_by_text("Disabled", exact=True)).to_be_visible()
    actions.click()
    page.get_by_role("menuitem", name="Enable").click()
    expect(page.get_by_role("table").get_by_text("Disabled", exact=True)).to_be_hidden()


def test_a_bad_pattern_is_told_at_its_field_and_nothing_is_made(page: Page, watch: Watch) -> None:
    watch.allow_status(400)
    page.goto("/ui/tokens/")
    page.get_by_role("button", name="New token").first.click()
    page.get_by_label("Name", exact=True).fill("laptop")
    page.get_by_label("Models", exact=True).fill("has blanks in it\u0007")
    page.get_by_role("dialog").get_by_role("button", name="New token").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("laptop")
