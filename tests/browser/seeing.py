"""Looking at a page as a whole: its accessibility, its pictures for the docs, whether it fits the window."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.looks import PHONE, WIDE

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
STILL = """async () => {
  const ending = document.getAnimations().filter((each) => Number.isFinite(each.effect?.getComputedTiming().endTime));
  await Promise.allSettled(ending.map((each) => each.finished));
  await document.fonts.ready;
}"""
"""Waits until nothing fades or moves any more: a half-faded text has no contrast."""


AXE = Axe()
Theme = Literal["dark", "light"]
THEMES: tuple[Theme, ...] = ("dark", "light")


PAINTED = """async (theme) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { transition: none !important }");
  document.adoptedStyleSheets = [sheet];
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  do await frame(); while (document.documentElement.dataset.theme !== theme);
  await frame();
}"""


AT_REST = """async (area) => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const place = () => (area ?? document.scrollingElement).scrollTop;
  for (let still = 0, before = place(); still < 3; before = place()) {
    await frame();
    still = place() === before ? still + 1 : 0;
  }
}"""
"""Waits until an area, or the page, no longer scrolls: what a wheel turned moves on over several frames."""


class Allowed(NamedTuple):
    """A finding of axe that is let pass."""

    rule: str
    element: str
    """A part of the element's selector or HTML."""
    reason: str


EVERYWHERE = (
    Allowed("aria-hidden-focus", "data-base-ui-focus-guard", "a sentinel that hands focus on at once, and keeps none"),
)
IN_POPUP = "(selector) => document.querySelector(selector)?.closest('[role=menu],[role=listbox]') !== null"
"""Whether an element floats in a menu or list. Those are outside of landmarks by design: they belong to their button."""


def axe(page: Page, allowed: Iterable[Allowed] = ()) -> None:
    """Fail when axe finds something against WCAG 2.0 to 2.2 A and AA, or good practice, that is not allowed."""
    page.evaluate(STILL)
    if not page.evaluate("() => 'axe' in window"):  # Half a megabyte, the same for all states of a page.
        page.evaluate(AXE.axe_script)
    found = page.evaluate("async (rules) => (await axe.run(document, rules)).violations", RULES)
    exceptions = (*EVERYWHERE, *allowed)
    wrong = [
        f"{violation['id']}: {violation['help']}: {node['target']} {node['html'][:200]}\n    {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
        if violation["id"] != "region" or not page.evaluate(IN_POPUP, node["target"][0])
        if not any(
            each.rule == violation["id"] and (each.element in str(node["target"]) or each.element in node["html"])
            for each in exceptions
        )
    ]
    assert wrong == [], "\n".join([page.url, *wrong])


def axe_in_both_themes(page: Page, allowed: Iterable[Allowed] = ()) -> None:
    """As `axe`, in the light theme and in the dark one. What is open on the page stays so, only its colours change."""
    for theme in THEMES:
        switch(page, theme)
        axe(page, allowed)


def axe_in_every_look(page: Page, allowed: Iterable[Allowed] = ()) -> None:
    """As `axe_in_both_themes`, on a phone and wide, where nothing may scroll sideways either. The page ends wide."""
    for look in (PHONE, WIDE):
        page.set_viewport_size({"width": look.width, "height": look.height})
        axe_in_both_themes(page, allowed)
        fits(page)


def switch(page: Page, theme: Theme) -> None:
    """Give the page the other theme, as a system does that turns dark in the evening, and wait for its first frame."""
    page.emulate_media(color_scheme=theme)
    page.evaluate(PAINTED, theme)


def fits(page: Page) -> None:
    """Fail when the page can be scrolled sideways."""
    wide, window = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window, f"{page.url} is {wide} px wide in a window of {window} px"


def shot(page: Page, name: str, theme: Theme = "light", *, whole: bool = False) -> None:
    """Take a picture for the docs, docs/pictures/<name>.png, when BODHI_PICTURES=1 asks for it."""
    if os.environ.get("BODHI_PICTURES") == "1":
        switch(page, theme)
        page.evaluate(STILL)
        page.screenshot(path=PICTURES / f"{name}.png", full_page=whole, animations="disabled", caret="hide")
