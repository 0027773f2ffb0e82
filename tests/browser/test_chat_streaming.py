"""Answers while they are written: seen before their end, stopped at once, followed only while one is at the bottom."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chatting import answers, ask, choose, composer, finished, saved
from tests.browser.looks import WIDE, Look, every_look
from tests.browser.seeing import AT_REST, axe, axe_in_both_themes, fits, shot
from tests.browser.watching import WatchedGateway
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread

BOTTOM = "(area) => area.scrollHeight - area.scrollTop - area.clientHeight"
WATCH_FRAMES = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const next = () => {
    const now = performance.now();
    window.frames_ms.push(now - last);
    last = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""


@pytest.fixture
def chat(page: Page, gateway: WatchedGateway, upstream: UpstreamThread) -> Page:
    """Give the chat page, with models that stream slowly, for long, or without an end."""
    models = ("hang-mid", "long-100k", "slow-50ms")
    gateway.add_api_model(
        "openai", upstream.base_url("openai"), key="sk-canary-1", name="OpenAI", prefix="oai/", models=models
    )
    page.goto("/ui/chat/?model=oai/hang-mid")
    return page


def test_the_first_words_are_read_before_the_last_are_written_and_both_ways_to_stop_keep_them(
    chat: Page, upstream: UpstreamThread
) -> None:
    ask(chat, "Hello")
    expect(answers(chat).last).to_contain_text("Hello from the fake")
    assert not upstream.last_exchange.finished
    expect(chat.get_by_role("status").filter(has_text="Answer is being written")).to_be_attached()
    axe(chat)
    chat.get_by_role("button", name="Stop").click()

    finished(chat, "Answer stopped")
    eventually_in_thread(lambda: upstream.last_exchange.aborted, within=1.0)
    expect(composer(chat)).to_be_focused()
    expect(answers(chat).last).to_contain_text("Hello from the fake")
    expect(chat.get_by_text("Stopped. What had arrived is kept.")).to_be_visible()

    ask(chat, "Once more")
    expect(answers(chat)).to_have_count(2)
    chat.get_by_role("region", name="Conversation").focus()
    chat.keyboard.press("Escape")
    finished(chat, "Answer stopped")
    eventually_in_thread(lambda: upstream.last_exchange.aborted, within=1.0)
    expect(composer(chat)).to_be_focused()
    saved(chat, 4)
    chat.reload()
    expect(answers(chat)).to_have_count(2)
    expect(answers(chat).last).to_contain_text("Hello from the fake")


def test_an_answer_goes_on_while_another_chat_is_read(chat: Page) -> None:
    choose(chat, "oai/slow-50ms")
    ask(chat, "Slowly")
    expect(chat).to_have_url(re.compile("chat="))
    chat.get_by_role("link", name="New chat").click()
    expect(answers(chat)).to_have_count(0)
    chat.get_by_role("navigation", name="Conversations").get_by_role("link", name="Slowly").click()
    expect(answers(chat)).to_contain_text("Goodbye.")
    expect(chat.get_by_test_id("figures")).to_contain_text("13 out")


def test_who_goes_up_is_not_pulled_back_by_what_is_written_meanwhile(chat: Page) -> None:
    choose(chat, "oai/long-100k")
    ask(chat, "At length")
    area = chat.get_by_role("region", name="Conversation")
    expect(answers(chat).get_by_role("table").nth(2)).to_be_attached()

    # The wheel is heard of before anything has moved; the browser tells of the movement only afterwards.
    area.evaluate("(area) => area.dispatchEvent(new WheelEvent('wheel', { deltaY: -600 }))")

    jump = chat.get_by_role("button", name="Jump to latest")
    expect(jump).to_be_visible()
    jump.click()
    expect(jump).to_have_count(0)
    chat.get_by_role("button", name="Stop").click()


def test_a_hundred_kilobytes_stream_without_a_long_frame_and_are_followed_only_from_the_bottom(
    chat: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    choose(chat, "oai/long-100k")
    chat.evaluate(WATCH_FRAMES)
    ask(chat, "At length")
    area = chat.get_by_role("region", name="Conversation")
    expect(answers(chat).get_by_role("table").nth(2)).to_be_attached()
    eventually_in_thread(lambda: area.evaluate(BOTTOM) <= 48)  # What is new is followed with the next frame.

    area.hover()
    chat.mouse.wheel(0, -600)
    jump = chat.get_by_role("button", name="Jump to latest")
    expect(jump).to_be_visible()
    area.evaluate(AT_REST)
    held = area.evaluate("(area) => area.scrollTop")
    expect(answers(chat).get_by_role("table").nth(12)).to_be_attached()
    assert area.evaluate("(area) => area.scrollTop") == held
    jump.click()
    expect(jump).to_have_count(0)
    expect(answers(chat).get_by_role("table").nth(20)).to_be_attached()
    eventually_in_thread(lambda: area.evaluate(BOTTOM) <= 48)
    finished(chat)
    eventually_in_thread(lambda: area.evaluate(BOTTOM) <= 48)
    frames = sorted(chat.evaluate("() => window.frames_ms"))
    middle, late, last = frames[len(frames) // 2], frames[len(frames) * 95 // 100], frames[-1]
    area.hover()
    chat.mouse.wheel(0, -600)
    expect(jump).to_be_visible()
    axe(chat)
    with capsys.disabled():
        print(f"\n100 KB streamed: frames p50 {middle:.0f} ms, p95 {late:.0f} ms, longest {last:.0f} ms")


@every_look
def test_the_page_looks_right_in_every_size(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, look: Look
) -> None:
    models = ("reasoning", "tools", "passage", "text-embedding-3-small")
    gateway.add_api_model(
        "openai", upstream.base_url("openai"), key="sk-canary-1", name="OpenAI", prefix="oai/", models=models
    )
    page.goto("/ui/chat/")
    expect(page.get_by_role("heading", name="Ask anything")).to_be_visible()
    axe_in_both_themes(page)
    fits(page)
    for position, (model, question) in enumerate(
        [("reasoning", "Compare two prompts"), ("tools", "How is the weather?"), ("passage", "Where does the key go?")]
    ):
        choose(page, f"oai/{model}")
        ask(page, question)
        expect(page.get_by_test_id("figures").filter(has_text="out")).to_have_count(position + 1)
    page.get_by_text("Asked for the tool get_weather").click()
    expect(page.get_by_text("Zürich")).to_be_visible()
    expect(page.get_by_role("table")).to_be_visible()
    axe_in_both_themes(page)
    fits(page)
    page.get_by_role("button", name="Jump to latest").click()
    if look == WIDE:
        shot(page, "chat")
        shot(page, "chat-dark", "dark")
    if look.width >= 1280:
        return
    page.get_by_role("button", name="Show settings").click()
    expect(page.get_by_role("dialog", name="Settings")).to_be_visible()
    page.get_by_text("Request JSON").click()
    axe_in_both_themes(page)
    fits(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show conversations").click()
    sheet = page.get_by_role("dialog", name="Conversations")
    expect(sheet.get_by_role("link", name="Compare two prompts")).to_be_visible()
    axe_in_both_themes(page)
    sheet.get_by_role("link", name="New chat").click()
    expect(sheet).to_have_count(0)
    expect(page.get_by_role("heading", name="Ask anything")).to_be_visible()
