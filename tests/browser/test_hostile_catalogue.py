"""Catalogues of thousands of hostile names: the form, the list and the pickers stay usable, nothing leaves its box."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.ids import new_id
from bodhi.storage.api_models import insert_api_model
from tests.browser.chatting import ask, finished, open_picker, picker
from tests.browser.looks import NARROW, WIDE, Look, every_width
from tests.browser.seeing import axe, fits
from tests.browser.test_form import KEY, connect
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread

NAMES = (
    "<img/src=x/onerror=alert(1)>{}",
    "\u202egpt-4o{}\u202e",
    "\u2066\u2067{}",
    "{}" + "w" * 252,
    "模型{}",
    "Z\u0351\u036b\u0343{}" + "\u0351\u036b\u0343" * 60,
    "{}" + "\u200b\u00ad" * 100,
    "javascript:alert({})",
    "../../{}",
    "مرحبا{}",
)
EVERY = 5_000
MOST = 50
"""Models of one API model."""
OUTSIDE = """(box) => {
  const { left, right } = box.getBoundingClientRect();
  const out = [...box.querySelectorAll("*")].filter((each) => {
    const { left: from, right: to, width } = each.getBoundingClientRect();
    const hidden = each.closest(".sr-only");
    const cut = each.parentElement.closest(".truncate");
    return width > 0 && !hidden && !(cut && cut !== box) && (from < left - 1 || to > right + 1);
  });
  return [...out.map((each) => each.outerHTML.slice(0, 120)), ...(box.scrollWidth > box.clientWidth ? ["scrolls"] : [])];
}"""
"""What sticks out of a box at its sides."""
SIDEWAYS = "(box) => box.scrollWidth > box.clientWidth"
"""Whether a box can be scrolled sideways."""


def hostile_names() -> list[str]:
    """Return five thousand names, each with its number in it."""
    return [NAMES[number % len(NAMES)].format(f"{number:04}") for number in range(EVERY)]


def fill(gateway: WatchedGateway, upstream: UpstreamThread) -> None:
    """Store them all in a hundred API models, whose own names are no better; some bear the same."""
    names = hostile_names()
    first = gateway.add_api_model(
        "openai", upstream.base_url("openai"), name=NAMES[0].format(""), prefix="p0/", models=tuple(names[:MOST])
    )
    others = [
        replace(
            first,
            id=new_id(SYSTEM_CLOCK),
            name=NAMES[place // MOST % len(NAMES)].format("")[:100],
            prefix=f"p{place}/",
            models=tuple(names[place : place + MOST]),
        )
        for place in range(MOST, EVERY, MOST)
    ]

    async def store() -> None:
        async with gateway.server.home.store.write() as connection:
            for each in others:
                await insert_api_model(connection, each, None)
        await gateway.server.directory.reload()

    gateway.do(store())


@every_width
def test_the_form_offers_what_a_hostile_provider_lists_and_nothing_leaves_its_box(
    page: Page, upstream: UpstreamThread, watch: Watch, look: Look
) -> None:
    watch.keep_secret(KEY)
    page.goto("/ui/models/api/new/")
    connect(page, upstream.base_url("openai", "catalog-hostile"))
    page.get_by_role("button", name="Fetch models").click()
    expect(page.get_by_text(" offered")).to_be_visible()
    search = page.get_by_label("Search or type a model id")
    listbox = page.get_by_role("listbox")
    for typed in ("wwww", "onerror", "模型"):
        search.fill(typed)
        expect(listbox.get_by_role("option").first).to_contain_text(typed)
        listbox.get_by_role("option").first.click()
        assert listbox.evaluate(OUTSIDE) == []
    chosen = page.get_by_role("list", name="Chosen models")
    expect(chosen.get_by_role("listitem")).not_to_have_count(0)
    assert chosen.evaluate(OUTSIDE) == []
    listbox.press("End")
    expect(listbox.get_by_role("option").last).to_be_visible()
    assert page.locator("main img").count() == 0
    fits(page)
    axe(page)


@pytest.mark.parametrize("look", [WIDE, NARROW], ids=str)
def test_lists_and_pickers_bear_five_thousand_hostile_names(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, look: Look
) -> None:
    fill(gateway, upstream)
    page.goto("/ui/models/")
    expect(page.get_by_role("link", name="Chat with").first).to_be_visible()
    fits(page)
    page.goto("/ui/chat/")
    field = open_picker(page)
    listbox = page.get_by_role("listbox")
    expect(listbox.get_by_role("option").first).to_be_visible()
    assert 0 < listbox.get_by_role("option").count() <= 200
    assert listbox.evaluate(OUTSIDE) == []
    for number in (1, 3, 5, 6):
        field.fill(f"{number:04}")
        expect(listbox.get_by_role("option")).to_have_count(1)
        assert listbox.evaluate(OUTSIDE) == []
    axe(page)
    for typed, named in (("0003w", NAMES[3].format("0003")), ("0005", NAMES[5].format("0005"))):
        field.fill(typed)
        expect(listbox.get_by_role("option")).to_have_count(1)
        field.press("Enter")
        expect(picker(page)).to_have_accessible_name(f"Model: p0/{named}")
        ask(page, "Hello")
        finished(page)
        expect(page.get_by_role("article").last).to_contain_text(f"p0/{named}")
        assert not page.get_by_role("region", name="Conversation").evaluate(SIDEWAYS)
        fits(page)
        axe(page)
        field = open_picker(page)
