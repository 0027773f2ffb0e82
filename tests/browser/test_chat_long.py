"""A chat of a thousand messages: how fast it opens and what it takes, printed; and that all of it can be read."""

import json
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chatting import questions
from tests.browser.watching import WatchedGateway
from tests.fakes.upstream import UpstreamThread, said
from tests.fakes.waiting import eventually_in_thread

MESSAGES = 1000
ULID_LENGTH = 26


def ulid(number: int) -> str:
    """Return an id of the form that pages make."""
    return f"01JD{number:0{ULID_LENGTH - 4}d}"


def test_a_chat_of_a_thousand_messages_opens_and_is_read_to_its_beginning(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), key="sk-canary-1", models=("ok",))
    messages = [
        {
            "id": ulid(number),
            "parent_id": ulid(number - 1) if number else None,
            "role": "assistant" if number % 2 else "user",
            "content": {"text": said.PASSAGE if number % 2 else f"Question {number}", "model": "ok"},
        }
        for number in range(MESSAGES)
    ]
    body = {"title": "Long", "settings": {}, "leaf_id": ulid(MESSAGES - 1), "messages": messages}
    made = page.request.post(
        "/bodhi/v1/chats",
        data=json.dumps(body),
        headers={"origin": gateway.url, "content-type": "application/json"},
    )
    assert made.status == 201, made.text()
    page.goto("/ui/chat/")
    row = page.get_by_role("navigation", name="Conversations").get_by_role("link", name="Long")
    expect(row).to_be_visible()
    started = time.perf_counter()
    row.click()
    expect(questions(page).last).to_have_text(f"Question {MESSAGES - 2}")
    opened = time.perf_counter() - started
    metrics = page.context.new_cdp_session(page)
    metrics.send("HeapProfiler.collectGarbage")
    metrics.send("Performance.enable")
    figures = {each["name"]: each["value"] for each in metrics.send("Performance.getMetrics")["metrics"]}
    heap = figures["JSHeapUsedSize"] / 1e6
    with capsys.disabled():
        print(f"\n{MESSAGES} messages: opened in {opened * 1000:.0f} ms, {heap:.0f} MB of heap")

    # Reading upwards draws what was before, and does not move what is read.
    area = page.get_by_role("region", name="Conversation")
    drawn = questions(page).count()
    area.evaluate("(area) => { area.scrollTop = 0 }")
    expect(questions(page)).not_to_have_count(drawn)
    eventually_in_thread(lambda: area.evaluate("(area) => area.scrollTop") > 0)
