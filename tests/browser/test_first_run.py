"""From the link that Bodhi prints to the first streamed answer."""

import re

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.chatting import answers, ask, finished, picker
from tests.browser.signing import set_up
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread

KEY = "sk-canary-first-run-0123456789"


@pytest.mark.gateway(set_up=False)
def test_from_setup_to_the_first_answer_it_takes_three_pages_and_no_reload(
    stranger: Page, gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    loaded: list[str] = []

    def note(request: Request) -> None:
        if request.resource_type == "document":
            loaded.append(request.url)

    stranger.on("request", note)
    set_up(stranger, gateway, watch)

    stranger.get_by_label("Base URL").fill(upstream.base_url("openai"))
    stranger.get_by_role("textbox", name="API key", exact=True).fill(watch.keep_secret(KEY))
    stranger.get_by_role("switch", name="Allow private network").click()
    stranger.get_by_label("Search or type a model id").fill("slow-50ms")
    stranger.get_by_label("Search or type a model id").press("Enter")
    stranger.get_by_role("button", name="Save").click()

    expect(stranger).to_have_url(re.compile("/ui/chat/"))
    expect(picker(stranger)).to_have_accessible_name("Model: slow-50ms")
    ask(stranger, "Hello")
    expect(answers(stranger)).to_contain_text("Hello from the fake upstream")
    finished(stranger)
    assert len(loaded) == 1
