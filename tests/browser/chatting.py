"""What tests of the chat page do again and again: choose a model, ask, wait for the end of an answer."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.fakes.waiting import eventually_in_thread


def composer(page: Page) -> Locator:
    """Return the field of the message."""
    return page.get_by_role("textbox", name="Message", exact=True)


def picker(page: Page) -> Locator:
    """Return the composer's button that opens the picker of models."""
    return page.locator("form").get_by_role("button", name="Model: ")


def open_picker(page: Page) -> Locator:
    """Open the picker, and return its search field."""
    picker(page).click()
    field = page.get_by_role("combobox", name="Search models or type an id")
    expect(field).to_be_focused()
    return field


def choose(page: Page, model: str) -> None:
    """Choose a model by typing its id."""
    field = open_picker(page)
    field.fill(model)
    # Until the models are there and narrowed, nothing stands where Enter chooses.
    expect(page.get_by_role("listbox").get_by_role("option").first).to_contain_text(model)
    field.press("Enter")
    expect(picker(page)).to_have_accessible_name(f"Model: {model}")


def ask(page: Page, text: str) -> None:
    """Send a message."""
    composer(page).fill(text)
    composer(page).press("Enter")


def finished(page: Page, how: str = "Answer finished") -> None:
    """Wait until screen readers are told how the answer ended."""
    expect(page.get_by_role("status").filter(has_text=how)).to_be_attached()


def answers(page: Page) -> Locator:
    """Return the texts of all answers on the page."""
    return page.get_by_test_id("answer")


def questions(page: Page) -> Locator:
    """Return the texts of all questions on the page."""
    return page.get_by_test_id("question")


def saved(page: Page, messages: int) -> None:
    """Wait until the gateway has so many messages of the chat that is open."""
    expect(page).to_have_url(re.compile("chat="))
    chat = page.url.partition("chat=")[2]
    eventually_in_thread(
        lambda: len(page.request.get(f"/bodhi/v1/chats/{chat}").json().get("messages", [])) >= messages
    )
