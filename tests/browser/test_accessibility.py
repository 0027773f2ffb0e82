"""Every page of the route table in every look: none scrolls sideways, axe finds nothing, dialogs and menus open too.

Pages whose own tests look at them in every look are only measured here; what those leave out is looked at by axe.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bodhi.core.principal import Role
from tests.browser.calling import call
from tests.browser.chatting import open_picker
from tests.browser.looks import NARROW, PHONE, WIDE, Look
from tests.browser.seeing import Allowed, axe_in_both_themes, axe_in_every_look, fits
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread, said
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import OPENAI

TABLE = Path(__file__).resolve().parents[2] / "web" / "src" / "routes.tsx"
LOOKED_AT = {
    "/chat": "test_chat_streaming.py",
    "/models": "test_models.py",
    "/models/api/new": "test_form.py",
    "/tokens": "test_tokens.py",
    "/usage": "test_usage.py",
    "/usage/$id": "test_request.py",
    "/audit": "test_audit.py",
    "/users": "test_people.py",
    "/settings": "test_account.py",
    "/account": "test_account.py",
    "/setup": "test_entry.py",
    "/sign-in": "test_entry.py",
}
"""Pages that axe sees in every look in tests of their own."""
HERE = {"/", "/models/api/edit/$id", "/invite", "/password-reset"}
"""Pages that axe sees in every look here."""
EXCEPTIONS: tuple[Allowed, ...] = ()
"""What axe may find on these pages; seeing.py has what it may find on all."""


def at(page: Page, look: Look) -> None:
    """Give the window another size; pages follow without being opened again."""
    page.set_viewport_size({"width": look.width, "height": look.height})


def seen(page: Page) -> None:
    """Look at a page in both themes, wide and on a phone, and on the narrowest."""
    axe_in_every_look(page, EXCEPTIONS)
    at(page, NARROW)
    fits(page)
    at(page, WIDE)


def add_chat(page: Page, gateway: WatchedGateway) -> str:
    """Store a chat with an answer in it, and return its address."""
    ids = ["01JD0000000000000000000001", "01JD0000000000000000000002"]
    messages = [
        {"id": ids[0], "parent_id": None, "role": "user", "content": {"text": "Where does the key go?"}},
        {"id": ids[1], "parent_id": ids[0], "role": "assistant", "content": {"text": said.PASSAGE, "model": "ok"}},
    ]
    body = {"title": "The key", "settings": {}, "leaf_id": ids[1], "messages": messages}
    made = page.request.post(
        "/bodhi/v1/chats",
        data=json.dumps(body),
        headers={"origin": gateway.url, "content-type": "application/json"},
    )
    assert made.status == 201, made.text()
    return f"/ui/chat/?chat={made.json()['id']}"


@pytest.fixture
def addresses(page: Page, gateway: WatchedGateway, upstream: UpstreamThread) -> dict[str, str]:
    """Give the address of every page for those who are signed in, with something to see on each."""
    api_model = gateway.add_api_model(
        "openai", upstream.base_url("openai"), key="sk-canary-1", prefix="oai/", models=("ok", "gpt-4o")
    )
    call(gateway, OPENAI, "oai/ok", gateway.token)
    eventually_in_thread(gateway.records)
    return {
        "/": "/ui/",
        "/chat": add_chat(page, gateway),
        "/models": "/ui/models/",
        "/models/api/new": "/ui/models/api/new/",
        "/models/api/edit/$id": f"/ui/models/api/edit/{api_model.id}/",
        "/tokens": "/ui/tokens/",
        "/usage": "/ui/usage/",
        "/usage/$id": f"/ui/usage/{gateway.records()[0].id}/",
        "/audit": "/ui/audit/",
        "/users": "/ui/users/",
        "/settings": "/ui/settings/",
        "/account": "/ui/account/",
    }


def test_every_page_of_the_route_table_is_looked_at() -> None:
    paths = set(re.findall(r'\bpath: "([^"]+)"', TABLE.read_text()))
    assert paths == HERE | set(LOOKED_AT)
    here = Path(__file__).parent
    looks = re.compile("@every_look|axe_in_every_look")
    assert [name for name in LOOKED_AT.values() if not looks.search((here / name).read_text())] == []


def test_no_page_scrolls_sideways_however_narrow(page: Page, addresses: dict[str, str]) -> None:
    for address in addresses.values():
        at(page, WIDE)
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("main")).not_to_be_empty()
        for look in (NARROW, PHONE, WIDE):
            at(page, look)
            expect(page.get_by_role("heading", level=1)).to_be_attached()
            fits(page)


def test_pages_that_are_looked_at_nowhere_else_have_no_finding(
    page: Page, stranger: Page, addresses: dict[str, str], watch: Watch
) -> None:
    for address in (addresses["/"], addresses["/models/api/edit/$id"], "/ui/nowhere/"):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        seen(page)
    watch.allow_status(401)
    for address in ("/ui/invite/", "/ui/password-reset/"):
        stranger.goto(address)
        expect(stranger.get_by_role("alert")).to_be_visible()
        seen(stranger)


def test_what_opens_over_a_page_has_no_finding(page: Page, addresses: dict[str, str]) -> None:
    page.goto(addresses["/chat"])
    expect(page.get_by_test_id("answer").get_by_role("table")).to_be_visible()
    seen(page)
    open_picker(page)
    seen(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Actions for this chat").click()
    expect(page.get_by_role("menuitem", name="Rename")).to_be_visible()
    axe_in_both_themes(page, EXCEPTIONS)
    page.get_by_role("menuitem", name="Rename").click()
    expect(page.get_by_role("dialog").get_by_label("Title")).to_be_visible()
    seen(page)
    page.keyboard.press("Escape")

    page.goto(addresses["/account"])
    expect(page.get_by_role("switch", name="Single-key shortcuts")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    seen(page)
    page.keyboard.press("Escape")
    at(page, PHONE)
    page.get_by_role("button", name="Open navigation").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    axe_in_both_themes(page, EXCEPTIONS)
    fits(page)


def test_who_waits_for_access_or_has_lost_the_session_sees_pages_without_a_finding(
    page: Page, page_as: Callable[[Role], Page], watch: Watch
) -> None:
    guest = page_as(Role.GUEST)
    guest.goto("/ui/models/")
    expect(guest.get_by_role("heading", level=1)).to_have_text("Ask for access")
    seen(guest)

    watch.allow_status(401)
    page.goto("/ui/tokens/")
    page.get_by_role("button", name="New token").first.click()
    page.get_by_label("Name", exact=True).fill("laptop")
    page.context.clear_cookies()
    page.get_by_role("dialog").get_by_role("button", name="New token").click()
    expect(page.get_by_role("dialog", name="Your session has ended")).to_be_visible()
    seen(page)
