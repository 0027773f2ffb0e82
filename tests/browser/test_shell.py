import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bodhi.core.principal import Role
from tests.browser.looks import WIDE_DARK, Look
from tests.browser.seeing import axe, axe_in_every_look
from tests.browser.watching import Watch, WatchedGateway


@pytest.mark.parametrize("look", [WIDE_DARK], ids=str)
def test_the_root_leads_to_the_pages_in_the_theme_of_the_system(page: Page, look: Look) -> None:
    page.goto("/")

    expect(page).to_have_url(re.compile("/ui/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", look.theme)
    axe(page)


def test_an_address_deep_in_the_pages_opens_there(page: Page) -> None:
    page.goto("/ui/models/")

    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    axe_in_every_look(page)


def test_the_version_is_that_of_the_build(page: Page) -> None:
    answer = page.request.get("/ui/version.json")

    assert len(json.loads(answer.text())["stamp"]) == 32


@pytest.mark.parametrize("role", [Role.USER, Role.MANAGER])
def test_each_role_gets_a_frame_around_its_pages(page_as: Callable[[Role], Page], role: Role) -> None:
    page = page_as(role)
    page.goto("/ui/models/")

    expect(page.get_by_role("navigation").first).to_be_visible()


def test_who_is_not_signed_in_is_asked_to(stranger: Page, watch: Watch) -> None:
    watch.allow_status(401)
    stranger.goto("/ui/models/")

    expect(stranger.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_secret_in_a_page_is_noticed(page: Page, gateway: WatchedGateway, watch: Watch) -> None:
    page.goto("/ui/models/")
    expect(page.get_by_role("main")).to_be_visible()
    gateway.secrets.append("Models")

    with pytest.raises(AssertionError, match=r"the page .* holds secret"):
        watch.check()

    gateway.secrets.remove("Models")
    watch.seen.clear()


def test_what_breaks_the_policy_is_noticed(page: Page, watch: Watch) -> None:
    page.goto("/ui/models/")
    expect(page.get_by_role("main")).to_be_visible()
    with page.expect_event("console", lambda message: "Policy violated" in message.text):
        page.evaluate("() => { new Image().src = 'https://other.example/pixel.png' }")

    assert any("Policy violated: img-src https://other.example" in each for each in watch.seen)
    watch.seen.clear()


def test_pages_of_another_build_say_that_there_is_a_newer_one(page: Page) -> None:
    page.route(
        "**/ui/version.json", lambda route: route.fulfill(body='{"stamp": "newer"}', content_type="application/json")
    )
    page.goto("/ui/models/")

    expect(page.get_by_text("There is a new version of these pages.")).to_be_visible()
