"""Answers full of scripts, links and pictures: nothing runs, nothing is asked of another host, tags are text.

The renderer alone gets hundreds of them, half-open at every place; a dozen of the worst go through the chat page.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chatting import answers, ask, finished, questions
from tests.browser.hostile import ENDLESS, LARGE, WORST, payloads
from tests.browser.seeing import axe, fits
from tests.browser.staging import Stage, stage, stage_assets
from tests.browser.watching import WatchedGateway
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread

__all__ = ["stage", "stage_assets"]
CUTS = 16
"""Endless lines are cut at so many places; the others behind every character."""
CANARY = "window.ran = 0; window.canary = () => { window.ran += 1; }; window.alert = window.canary;"


def test_no_payload_runs_or_loads_anything_whole_or_half_open(stage: Stage) -> None:
    every = payloads()
    assert len({each.text for each in every}) >= 300
    found = stage.feed([(each.text, 1) for each in every])
    wrong = [(each.text, shown["wrong"]) for each, shown in zip(every, found, strict=True) if shown["wrong"]]
    assert wrong == []
    hidden = [each for each, shown in zip(every, found, strict=True) if each.shows not in shown["text"]]
    assert hidden == []
    print(f"{len(every)} payloads drawn {sum(shown['times'] for shown in found):,} times")


def test_endless_lines_and_deep_nests_neither_hang_nor_break_out(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    for every, cuts in ((ENDLESS, CUTS), (LARGE, 2)):
        found = stage.feed([(text, max(1, len(text) // cuts)) for text in every])
        assert [shown["wrong"] for shown in found if shown["wrong"]] == []
        slowest, text = max((shown["slowest"], text) for shown, text in zip(found, every, strict=True))
        with capsys.disabled():
            print(
                f"\nslowest update of {len(every)} hostile answers: {slowest:.0f} ms, {text[:6]!r}, {len(text):,} long"
            )


def test_what_the_stage_looks_for_is_found(stage: Stage) -> None:
    """A guard that finds nothing proves nothing: each of its eyes is shown what it is there to see."""
    seen = stage.page.evaluate("""() => {
      const place = document.querySelector("#stage");
      const planted = document.createElement("iframe");
      const link = document.createElement("a");
      link.href = "javascript:canary(1)";
      const drawn = document.createElement("div");
      drawn.id = "planted";
      drawn.style.background = "url(x)";
      stage.show("text", false);
      place.append(planted, link, drawn);
      return stage.wrong();
    }""")
    assert len(seen) == 5, seen


def test_the_worst_do_no_more_in_the_chat_as_question_and_as_answer(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), key="sk-canary-1", models=("repeats",))
    page.context.add_init_script(CANARY)
    page.goto("/ui/chat/?model=repeats")
    for number, payload in enumerate(WORST, 1):
        ask(page, payload)
        expect(answers(page)).to_have_count(number)
        finished(page)
    expect(questions(page)).to_have_count(len(WORST))
    chat = f"/bodhi/v1/chats/{page.url.partition('chat=')[2]}"
    eventually_in_thread(lambda: page.request.get(chat).text().count('"parent_id"') == 2 * len(WORST))

    # Once as they were streamed, and once as they were kept.
    for again in (False, True):
        if again:
            page.reload()
            expect(answers(page)).to_have_count(len(WORST))
        assert page.evaluate("() => window.ran") == 0
        for tag in ("<script>", "<img src=x", "<svg onload", "<iframe", "<meta http-equiv"):
            expect(answers(page).filter(has_text=tag)).not_to_have_count(0)
            expect(questions(page).filter(has_text=tag)).not_to_have_count(0)
        inside = page.get_by_role("region", name="Conversation").locator("img, iframe, script, form, style, object")
        expect(inside).to_have_count(0)
        expect(page.locator("a[href^=javascript], a[href^=data]")).to_have_count(0)
        fits(page)
    axe(page)
