"""The Models page: what each api model shows, ways into chat, filters in the address, testing and deleting."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from bodhi.core.principal import Role
from tests.browser.looks import NARROW, WIDE, Look, every_look
from tests.browser.seeing import axe, axe_in_both_themes, fits, shot
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread

KEY = "sk-canary-0123456789abcdef"


def fill_shelf(gateway: WatchedGateway, upstream: UpstreamThread) -> None:
    """Store api models of every kind that the page shows differently."""

    def add(format_name: str, address: str, name: str, **fields: Any) -> None:
        gateway.add_api_model(format_name, address, name=name, **fields)

    add("openai", "https://api.openai.com/v1", "OpenAI", key=KEY, prefix="oai/",
        models=("gpt-4o", "o4-mini", "text-embedding-3-small", "gpt-4o-audio"))  # fmt: skip
    add("anthropic", "https://api.anthropic.com/v1", "Anthropic", key=KEY, models=("claude-sonnet-4-5",))
    add("gemini", "https://generativelanguage.googleapis.com/v1beta", "Gemini", key=KEY, models=("gemini-2.5-flash",))
    add("openai", "https://openrouter.ai/api/v1", "OpenRouter", key=KEY, prefix="or/", forward_all=True)
    add("openai", "http://127.0.0.1:9/v1", "Lab vLLM", prefix="lab/", models=("llama-3.3-70b",))
    add("openai", upstream.base_url("openai"), "Demo", prefix="demo/", models=("ok", "slow-50ms"))


def choose(page: Page, name: str, action: str) -> None:
    """Choose an action in the menu of a row."""
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


def test_an_empty_page_says_what_will_be_here(page: Page, page_as: Callable[[Role], Page]) -> None:
    page.goto("/ui/models/")
    expect(page.get_by_text("No API model yet. Add a provider and its models appear here")).to_be_visible()
    axe(page)
    reader = page_as(Role.USER)
    reader.goto("/ui/models/")
    expect(reader.get_by_text("Somebody who may add one has to begin.")).to_be_visible()
    expect(reader.get_by_role("link", name="New API model")).not_to_be_visible()


def test_the_first_three_models_lead_into_chat_with_exactly_that_model(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    fill_shelf(gateway, upstream)
    page.goto("/ui/models/")
    row = page.get_by_role("row").filter(has_text="gpt-4o")
    expect(row.get_by_role("link", name=re.compile("^Chat with"))).to_have_count(3)
    expect(row).to_contain_text("+1")
    expect(row).to_contain_text("key stored")
    row.get_by_role("link", name="Chat with oai/o4-mini").click()
    expect(page).to_have_url(re.compile(r"/ui/chat/\?model=oai(%2F|/)o4-mini&api_model_id=\w+$"))


def test_what_is_searched_stands_in_the_address(page: Page, gateway: WatchedGateway, upstream: UpstreamThread) -> None:
    fill_shelf(gateway, upstream)
    page.goto("/ui/models/")
    rows = page.get_by_role("row")
    expect(rows).to_have_count(7)
    page.get_by_label("Search name, model or prefix").fill("claude")
    expect(rows).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?q=claude$"))
    page.reload()
    expect(rows).to_have_count(2)
    page.get_by_label("Format").select_option("Gemini")
    expect(page.get_by_text("No API model matches.")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()
    expect(rows).to_have_count(7)
    choose(page, "Lab vLLM", "Test now")
    expect(page.get_by_role("button", name="Last test of Lab vLLM: no answer")).to_be_visible()
    page.get_by_label("Health").select_option("Failing")
    expect(rows).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?health=failed$"))


def test_a_row_is_tested_and_shows_how_that_went_and_what_was_said(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), name="Works", models=("ok",))
    gateway.add_api_model("openai", upstream.base_url("openai", "401"), name="Fails", prefix="f/", forward_all=True)
    page.goto("/ui/models/")
    expect(page.get_by_text("not tested", exact=True)).to_have_count(2)
    choose(page, "Works", "Test now")
    expect(page.get_by_role("button", name="Last test of Works")).to_contain_text("ms")
    choose(page, "Fails", "Test now")
    page.get_by_label("Model to test with").fill("any")
    page.get_by_role("dialog").get_by_role("button", name="Test now").click()
    page.get_by_role("button", name="Last test of Fails: key refused").click()
    dialog = page.get_by_role("dialog", name="Last test of Fails")
    expect(dialog).to_contain_text("Invalid API key")
    expect(dialog).to_contain_text("The fake upstream answers 401.")
    axe(page)
    dialog.get_by_role("button", name="Close").last.click()
    page.reload()
    expect(page.get_by_role("button", name="Last test of Fails: key refused")).to_be_visible()


def test_deleting_asks_first_and_says_what_will_break(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), key=KEY, name="Lab", prefix="a/", models=("ok", "br"))
    gateway.add_api_model("openai", upstream.base_url("openai"), name="Twin", models=("a/br",))
    for _ in range(3):
        answer = page.request.post(
            f"{gateway.url}/v1/chat/completions",
            data={"model": "a/ok", "messages": [{"role": "user", "content": "Hi"}]},
            headers={"authorization": f"Bearer {gateway.token}"},
        )
        assert answer.ok
    assert len(gateway.records()) == 3
    page.goto("/ui/models/")
    expect(page.get_by_role("link", name="3 requests of Lab today")).to_be_visible()
    choose(page, "Lab", "Delete")
    question = page.get_by_role("alertdialog", name="Delete Lab?")
    expect(question).to_contain_text("Clients lose this model:")
    expect(question.get_by_role("listitem").first).to_have_text("a/ok")
    expect(question).to_contain_text("3 requests went through it in the last 7 days.")
    expect(question).to_contain_text("test")
    axe(page)
    question.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Lab", exact=True)).to_be_visible()
    choose(page, "Lab", "Delete")
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("API model deleted")).to_be_visible()
    expect(page.get_by_text("Lab", exact=True)).not_to_be_visible()
    assert [each.name for each in gateway.server.directory.snapshot.table.api_models.values()] == ["Twin"]


def test_the_button_that_deletes_waits_until_the_question_no_longer_grows(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), name="Lab", models=("ok",))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("usage/summary.*group_by=token"), hold)
    page.goto("/ui/models/")
    choose(page, "Lab", "Delete")
    question = page.get_by_role("alertdialog")
    expect(question.get_by_role("button", name="Delete")).to_be_disabled()
    expect(question.get_by_role("button", name="Cancel")).to_be_enabled()
    held.pop().continue_()
    expect(question).to_contain_text("Nothing went through it")
    question.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Lab", exact=True)).not_to_be_visible()


def test_the_menu_leads_to_edit_duplicate_and_usage(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    stored = gateway.add_api_model("openai", upstream.base_url("openai"), name="Lab", models=("ok",))
    for action, address in (
        ("Edit", f"/ui/models/api/edit/{stored.id}/"),
        ("Duplicate", f"/ui/models/api/new/?copy={stored.id}"),
        ("See usage", f"/ui/usage/?api_model_id={stored.id}"),
    ):
        page.goto("/ui/models/")
        choose(page, "Lab", action)
        expect(page).to_have_url(gateway.url + address)


def test_the_list_stands_when_usage_does_not_answer(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    fill_shelf(gateway, upstream)
    watch.allow_status(500)
    page.route("**/usage/summary*", lambda route: route.fulfill(status=500, body="{}"))
    page.goto("/ui/models/")
    expect(page.get_by_role("row")).to_have_count(7)
    choose(page, "Demo", "Delete")
    expect(page.get_by_text("How much it was used cannot be told right now.")).to_be_visible()


def test_those_who_may_only_use_models_see_the_list_without_actions(
    page_as: Callable[[Role], Page], gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    fill_shelf(gateway, upstream)
    page = page_as(Role.USER)
    page.goto("/ui/models/")
    expect(page.get_by_role("link", name="Chat with oai/gpt-4o")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Actions for"))).to_have_count(0)
    expect(page.get_by_role("columnheader", name="Health")).to_have_count(0)
    axe(page)
    page.goto("/ui/models/api/new/")
    expect(page.get_by_text("Power users, Managers and Admins add and change API models.")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_have_count(0)


@every_look
def test_the_page_its_menu_and_its_question_look_right(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, look: Look
) -> None:
    fill_shelf(gateway, upstream)
    page.goto("/ui/models/")
    for name in ("Demo", "Lab vLLM"):
        choose(page, name, "Test now")
        expect(page.get_by_role("button", name=f"Last test of {name}")).to_be_visible()
    axe_in_both_themes(page)
    fits(page)
    if look == WIDE:
        shot(page, "models")
    page.get_by_role("button", name="Actions for OpenAI").click()
    expect(page.get_by_role("menuitem", name="Duplicate")).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_text("Nothing went through it")).to_be_visible()
    axe_in_both_themes(page)


@pytest.mark.parametrize("look", [WIDE, NARROW], ids=str)
def test_a_row_is_reached_and_used_with_the_keyboard_alone(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, look: Look
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), name="Lab", models=("ok",))
    page.goto("/ui/models/")
    menu = page.get_by_role("button", name="Actions for Lab")
    expect(menu).to_be_visible()
    page.get_by_label("Health").focus()
    for _ in range(6):
        page.keyboard.press("Tab")
        if menu.evaluate("(each) => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    test = page.get_by_role("menuitem", name="Test now")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        if test.evaluate("(each) => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Last test of Lab")).to_contain_text("ms")
    fits(page)


@pytest.mark.parametrize("look", [NARROW], ids=str)
def test_long_names_and_addresses_do_not_widen_the_page(page: Page, gateway: WatchedGateway, look: Look) -> None:
    gateway.add_api_model(
        "openai", f"https://{'a' * 60}.example/{'b' * 300}", name="n" * 255, prefix="p" * 31 + "/", models=("m" * 256,)
    )
    page.goto("/ui/models/")
    expect(page.get_by_role("link", name=re.compile("^Chat with"))).to_be_visible()
    fits(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.get_by_role("table")).to_be_visible()
    fits(page)
    choose(page, "n" * 255, "Delete")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    fits(page)
