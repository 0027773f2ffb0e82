"""The whole way through the product by clicks alone: from the setup link to five providers, chat, edit and delete."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from bodhi.formats.contract import Format
from bodhi.formats.registry import FORMATS
from tests.browser.chatting import answers, ask, choose, finished
from tests.browser.signing import set_up
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread

PREFIXES = {"openai": "oai/", "anthropic": "ant/", "anthropic_oauth": "mine/"}
FORWARDED = "anthropic_oauth"
KEY_HEADERS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}


def key_of(each: Format) -> str:
    return f"{each.key_prefix or 'sk-'}canary-{each.name}-0123456789"


def shown_key(upstream: UpstreamThread, name: str) -> str:
    """Return the key that the provider got with the last call."""
    return (upstream.last.header(KEY_HEADERS.get(name, "authorization")) or "").removeprefix("Bearer ")


def create(page: Page, upstream: UpstreamThread, watch: Watch, each: Format) -> None:
    """Fill in the form from top to bottom, fetch, test and save."""
    expect(page.get_by_role("heading", level=1)).to_have_text("New API model")
    page.get_by_label("API format").select_option(label=each.label)
    expect(page.get_by_label("Base URL")).to_have_value(each.base_url)
    page.get_by_label("Name", exact=True).fill(f"My {each.label}")
    page.get_by_label("Base URL").fill(upstream.base_url(each.name))
    page.get_by_role("switch", name="Allow private network").click()
    page.get_by_role("textbox", name="API key", exact=True).fill(watch.keep_secret(key_of(each)))
    if each.name in PREFIXES:
        page.get_by_role("switch", name="Add a prefix to model names").click()
        page.get_by_label("Prefix", exact=True).fill(PREFIXES[each.name])
    if each.name == FORWARDED:
        page.get_by_role("switch", name="Forward every model with this prefix").click()
        page.get_by_label("Model to test with").fill("ok")
    else:
        page.get_by_role("button", name="Fetch models").click()
        page.get_by_role("listbox").get_by_role("option", name="ok", exact=True).click()
        page.get_by_role("listbox").get_by_role("option", name="reasoning").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("Connected in")).to_be_visible()
    assert shown_key(upstream, each.name) == key_of(each)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("New API model")


def chat_with_each(page: Page, upstream: UpstreamThread) -> None:
    """Chat with each api model: by its link, or, where everything is forwarded, by typing an id."""
    for each in FORMATS:
        page.get_by_role("link", name="Models", exact=True).click()
        row = page.get_by_role("row").filter(has=page.get_by_text(f"My {each.label}", exact=True))
        if each.name == FORWARDED:
            expect(row).to_contain_text("everything under mine/")
            page.get_by_role("link", name="Chat", exact=True).click()
            choose(page, "mine/reasoning")
        else:
            row.get_by_role("link", name=f"Chat with {PREFIXES.get(each.name, '')}reasoning").click()
        ask(page, f"Hello {each.label}")
        finished(page)
        expect(answers(page).last).to_contain_text("Hello from the fake upstream")
        assert shown_key(upstream, each.name) == key_of(each)
        assert upstream.last.path.startswith(upstream.base_url(each.name).removeprefix(upstream.url))


def edit_without_touching_the_key(page: Page, upstream: UpstreamThread, each: Format) -> None:
    """Give an api model another name; its provider gets the same key as before."""
    page.get_by_role("link", name="Models", exact=True).click()
    page.get_by_role("button", name=f"Actions for My {each.label}").click()
    page.get_by_role("menuitem", name="Edit").click()
    expect(page.get_by_role("textbox", name="API key", exact=True)).to_have_value("")
    page.get_by_label("Name", exact=True).fill("Edited")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Actions for Edited").click()
    page.get_by_role("menuitem", name="Test now").click()
    expect(page.get_by_role("button", name="Last test of Edited")).to_contain_text("ms")
    assert shown_key(upstream, each.name) == key_of(each)


def delete(page: Page, name: str) -> None:
    """Delete an api model after the question."""
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text(name, exact=True)).not_to_be_visible()


@pytest.mark.gateway(set_up=False)
def test_from_the_setup_link_to_five_providers_and_back(
    stranger: Page, gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    page = stranger
    set_up(page, gateway, watch)

    # The first provider is the second of three steps; saving it leads into chat, with its model chosen.
    first, *others = FORMATS
    create(page, upstream, watch, first)
    expect(page).to_have_url(re.compile(r"/ui/chat/"))
    ask(page, "Hello")
    finished(page)
    expect(answers(page)).to_contain_text("Hello from the fake upstream")
    assert json.loads(upstream.last.body)["model"] == "ok"

    for each in others:
        page.get_by_role("link", name="Models", exact=True).click()
        page.get_by_role("link", name="New API model").click()
        create(page, upstream, watch, each)
        expect(page).to_have_url(f"{gateway.url}/ui/models/")
        expect(page.get_by_text(f"My {each.label}", exact=True)).to_be_visible()

    chat_with_each(page, upstream)
    gemini = next(each for each in FORMATS if each.name == "gemini")
    edit_without_touching_the_key(page, upstream, gemini)

    # Deleting one leaves the others, and its chat readable.
    delete(page, "Edited")
    expect(page.get_by_role("row")).to_have_count(len(FORMATS))
    page.get_by_role("link", name="Chat", exact=True).click()
    page.get_by_role("link", name="Hello Gemini").click()
    expect(answers(page).last).to_contain_text("Hello from the fake upstream")
