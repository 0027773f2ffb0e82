"""Looking at a page as a whole: its accessibility, its pictures for the docs, whether it fits the window."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

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
    found = Axe().run(page, options=RULES).response["violations"]
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


def fits(page: Page) -> None:
    """Fail when the page can be scrolled sideways."""
    wide, window = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window, f"{page.url} is {wide} px wide in a window of {window} px"


def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """Take a picture for the docs, docs/pictures/<name>.png, when BODHI_PICTURES=1 asks for it."""
    if os.environ.get("BODHI_PICTURES") == "1":
        page.evaluate(STILL)
        page.screenshot(path=PICTURES / f"{name}.png", full_page=whole, animations="disabled", caret="hide")
