"""The audit page: acts with their filters, what one changed, the export and the head of the chain."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from bodhi.core.principal import Role
from tests.browser.calling import control
from tests.browser.seeing import axe, axe_in_every_look, shot
from tests.browser.watching import Watch, WatchedGateway

CHANGE = "api_model.change"


def acts(page: Page) -> Locator:
    return page.get_by_role("region", name="Acts, newest first").locator("tbody tr")


def act(gateway: WatchedGateway) -> None:
    """Do a few things that leave rows, and fail at one."""
    model = gateway.add_api_model("openai", "http://127.0.0.1:9/v1", name="OpenAI", key="sk-canary-of-the-trail")
    control(gateway, "PATCH", f"/api-models/{model.id}", {"name": "OpenAI EU", "models": ["gpt-4o"]})
    control(gateway, "PATCH", f"/users/{gateway.add_user('ada').id}", {"role": "power_user"})
    wrong = json.dumps({"username": "ada", "password": "not the password"}).encode()
    address = f"{gateway.url}/bodhi/v1/session"
    with pytest.raises(HTTPError):
        urlopen(Request(address, wrong, {"content-type": "application/json"}))
    gateway.do(gateway.server.refusals.flush())


def test_acts_are_found_by_filters_and_open_with_what_they_changed(page: Page, gateway: WatchedGateway) -> None:
    act(gateway)
    page.goto("/ui/audit/")
    expect(acts(page).filter(has_text=CHANGE)).to_have_count(1)

    page.get_by_label("Outcome", exact=True).select_option("Refused")
    expect(acts(page)).to_have_count(1)
    expect(acts(page)).to_contain_text("Tried, and refused")
    expect(page).to_have_url(re.compile("outcome=refused"))
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_label("Action", exact=True).select_option("All of api_model")
    expect(acts(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(r"action=api_model\."))
    page.get_by_label("Until", exact=True).fill("2001-01-01")
    expect(page.get_by_text("No act matches.")).to_be_visible()
    page.get_by_label("Until", exact=True).fill("")

    acts(page).get_by_role("button", name=re.compile("^Show row")).click()
    dialog = page.get_by_role("dialog", name=CHANGE)
    row = dialog.get_by_role("row", name=re.compile("^name "))
    expect(row.locator("del")).to_have_text("OpenAI")
    expect(row.locator("ins")).to_have_text("OpenAI EU")
    axe(page)
    page.reload()
    expect(dialog).to_be_visible()
    dialog.get_by_role("link", name="All about it").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name=re.compile("^Remove the filter: About"))).to_be_visible()


def test_the_trail_is_exported_and_its_head_is_copied(page: Page, gateway: WatchedGateway, tmp_path: Path) -> None:
    act(gateway)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/ui/audit/?action=user.")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="JSON Lines").click()
    download.value.save_as(tmp_path / "trail.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text().splitlines()]
    assert [line["action"] for line in lines] == ["user.change"]
    assert control(gateway, "GET", "/audit?action=audit.export")["data"][0]["after"]["action"] == "user."

    page.get_by_role("button", name="Copy signed head").click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()
    head = json.loads(page.evaluate("() => navigator.clipboard.readText()"))
    assert set(head) == {"deployment", "seq", "mac", "at", "signature"}


def test_only_admins_see_the_trail(page_as: Callable[[Role], Page], watch: Watch) -> None:
    watch.allow_status(403)
    page = page_as(Role.MANAGER)
    page.goto("/ui/audit/")
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.get_by_role("link", name="Audit")).to_be_hidden()
    axe(page)


def test_the_page_looks_right(page: Page, gateway: WatchedGateway) -> None:
    act(gateway)
    page.goto("/ui/audit/")
    expect(acts(page).first).to_be_visible()
    expect(page.get_by_role("button", name="Copy signed head")).to_be_visible()
    axe_in_every_look(page)
    shot(page, "audit")
    acts(page).filter(has_text=CHANGE).get_by_role("button").click()
    expect(page.get_by_role("dialog", name=CHANGE)).to_be_visible()
    axe_in_every_look(page)
