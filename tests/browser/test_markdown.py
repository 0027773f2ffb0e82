"""How answers are drawn: what comes late, what stands in what, and scripts that run the other way.

What hostile answers do is in test_hostile_output.py, how fast answers are drawn in test_speed.py.
"""

from playwright.sync_api import expect

from tests.browser.seeing import Allowed, axe, fits
from tests.browser.staging import Stage, stage, stage_assets

__all__ = ["stage", "stage_assets"]
DIRECTION = """(element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  const { left, right } = range.getBoundingClientRect();
  const box = element.getBoundingClientRect();
  return left - box.left < box.right - right ? "ltr" : "rtl";
}"""
"""At which side of its box a short text stands."""
HEBREW = "שלום"


def show(stage: Stage, text: str, *, streaming: bool = False) -> None:
    """Draw a text."""
    stage.page.evaluate("([text, streaming]) => stage.show(text, streaming)", [text, streaming])


def test_a_link_gets_its_address_from_a_definition_that_comes_last(stage: Stage) -> None:
    text = "See [the docs][1].\n\n" + "More.\n\n" * 4
    show(stage, text, streaming=True)
    expect(stage.page.get_by_role("link")).to_have_count(0)
    text += "[1]: https://example.org/docs"
    show(stage, text, streaming=True)
    show(stage, text)
    expect(stage.page.get_by_role("link", name="the docs")).to_have_attribute("href", "https://example.org/docs")


def test_a_picture_in_a_link_is_one_link(stage: Stage) -> None:
    show(
        stage,
        "[**![Build](https://example.net/badge.svg)**](https://example.org/build) and [a ![b](//c)](javascript:d)",
    )
    link = stage.page.get_by_role("link")
    expect(link).to_have_count(1)
    expect(link).to_have_text("Picture: Build")
    expect(link).to_have_attribute("href", "https://example.org/build")


def test_a_list_that_begins_makes_no_heading_of_the_line_before_it(stage: Stage) -> None:
    text = "Colours:\n- red\n- green"
    for end in range(1, len(text)):
        show(stage, text[:end], streaming=True)
        expect(stage.page.get_by_role("heading")).to_have_count(0)


def test_a_formula_that_could_not_be_set_makes_place_for_one_that_can(stage: Stage) -> None:
    show(stage, "$\\frac$", streaming=True)
    expect(stage.page.locator(".markdown code")).to_have_text("$\\frac$")
    show(stage, "$\\frac12$", streaming=True)
    expect(stage.page.locator(".katex")).to_have_count(1)


def test_each_paragraph_runs_in_the_direction_of_its_script_and_code_never_turns(stage: Stage) -> None:
    table = "| a column | another column |\n| - | - |\n| مرحبا | Hi |"
    show(stage, f"مرحبا بالعالم\n\nHello world\n\n```\n{HEBREW}\n```\n\n{table}")
    for element, text, direction in (
        ("p", "مرحبا", "rtl"),
        ("p", "Hello", "ltr"),
        ("pre", HEBREW, "ltr"),
        ("td", "مرحبا", "rtl"),
        ("td", "Hi", "ltr"),
    ):
        assert stage.page.locator(element, has_text=text).evaluate(DIRECTION) == direction, (element, text)
    fits(stage.page)


def test_a_page_of_everything_has_no_finding(stage: Stage) -> None:
    table = "\n".join("| " + cell * 20 for cell in ("wide | ", "- | ", "cell | "))
    code = "```js\n// " + "long " * 80 + "\n```"
    parts = ("# One", "### Two", "- [x] done\n- [ ] open", "$$\n\\sum_i x_i\n$$", table, "~~old~~ **new**", code)
    show(stage, "\n\n".join(parts))
    expect(stage.page.locator(".katex")).to_be_attached()
    expect(stage.page.get_by_role("table")).to_be_attached()
    fits(stage.page)
    axe(stage.page, [Allowed("page-has-heading-one", "<html", "the stage is no page of its own")])
