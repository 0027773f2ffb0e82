"""The chat page: four dialects, the picker, branches, files, settings that are sent, conversations, a model that is gone."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from bodhi.core.principal import Role
from tests.browser.chatting import answers, ask, choose, composer, finished, open_picker, picker, questions, saved
from tests.browser.seeing import axe
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread, said
from tests.fakes.waiting import eventually_in_thread

FORMATS = ("openai", "openai_responses", "anthropic", "gemini")


def recorded(gateway: WatchedGateway, call_id: str) -> None:
    """Wait until a call is recorded, which may be a moment after the page has its answer."""
    eventually_in_thread(lambda: call_id in {record.id for record in gateway.records()})


def test_every_dialect_answers_a_chat_and_says_what_it_took(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    for name in FORMATS:
        gateway.add_api_model(
            name, upstream.base_url(name), key=f"sk-canary-{name}", prefix=f"{name}/", models=("reasoning",)
        )
    page.goto(f"/ui/chat/?model={FORMATS[0]}/reasoning")
    for position, name in enumerate(FORMATS):
        choose(page, f"{name}/reasoning")
        ask(page, f"Hello {name}")
        expect(answers(page)).to_have_count(position + 1)
        finished(page)

        answer = page.get_by_role("article", name=f"Answer of {name}/reasoning")
        expect(answer.get_by_test_id("answer")).to_contain_text("Hello from the fake upstream, wörld. 你好")
        answer.get_by_text(re.compile("^Thought for ")).click()
        expect(answer.get_by_text("First I think, then I speak.")).to_be_visible()
        expect(answer.get_by_test_id("figures")).to_contain_text(re.compile(r"1[15] in · 20 out"))
        expect(answer.get_by_test_id("figures")).to_contain_text("first token")
        call = answer.get_by_role("link", name="Show the request of this answer").get_attribute("href") or ""
        recorded(gateway, call.split("/")[-2])

    sent = [received.path for received in upstream.received]
    assert [path.rpartition("/")[2] for path in sent] == [
        "completions",
        "responses",
        "messages",
        "reasoning:streamGenerateContent",
    ]
    # The history of one chat went to four providers, each in its own words.
    last = json.loads(upstream.last.body)
    assert [turn["role"] for turn in last["contents"]] == ["user", "model"] * 3 + ["user"]
    tokens = {str(record.token_id) for record in gateway.records()}
    assert len(tokens) == 1, "one short-lived token serves the page"


def test_whatever_is_set_is_sent_and_shown_before(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    gateway.add_api_model("anthropic", upstream.base_url("anthropic"), key="sk-canary-1", models=("ok",))
    page.goto("/ui/chat/")
    settings = page.get_by_role("complementary", name="Settings")
    settings.get_by_label("System prompt").fill("Be brief.")
    settings.get_by_label("Temperature").press("ArrowRight")
    settings.get_by_label("Max tokens").fill("64")
    settings.get_by_label("Thinking budget").fill("2000")
    settings.get_by_label("Stop sequences").fill("END\nSTOP\n")
    settings.get_by_role("switch", name="Stream the answer").click()
    settings.get_by_label("Reasoning effort").select_option("high")
    extra = settings.get_by_label("Extra JSON")
    extra.fill('{"model": "x"}')
    expect(settings.get_by_role("alert")).to_have_text("“model” is set by the chat itself.")
    extra.fill('{"metadata": {"user_id": "u1"}}')
    settings.get_by_text("Request JSON").click()
    shown = settings.get_by_test_id("request-json")
    expect(shown).to_contain_text('"user_id": "u1"')
    axe(page)

    ask(page, "Hello")
    expect(answers(page)).to_have_text(re.compile("Hello from the fake upstream"))
    sent = json.loads(upstream.last.body)
    assert sent == {
        "model": "ok",
        "max_tokens": 64,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0.6,
        "stop_sequences": ["END", "STOP"],
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "output_config": {"effort": "high"},
        "stream": False,
        "metadata": {"user_id": "u1"},
    }
    page.reload()
    expect(settings.get_by_label("System prompt")).to_have_value("Be brief.")
    expect(settings.get_by_label("Max tokens")).to_have_value("64")


def test_a_typed_id_behind_a_forwarding_prefix_reaches_the_provider_without_it(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), key="sk-canary-1", prefix="prefix/", forward_all=True)
    page.goto("/ui/chat/")
    field = open_picker(page)
    expect(page.get_by_text("type any id after prefix/")).to_be_visible()
    field.fill("prefix/anything")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_text("prefix/anything")
    field.press("Enter")
    ask(page, "Hello")
    finished(page)

    assert json.loads(upstream.last.body)["model"] == "anything"
    open_picker(page)
    expect(page.get_by_role("group", name="Recent").get_by_role("option")).to_contain_text(["prefix/anything"])


def test_the_picker_is_a_quick_switch(page: Page, gateway: WatchedGateway, upstream: UpstreamThread) -> None:
    gateway.add_api_model(
        "openai",
        upstream.base_url("openai"),
        key="sk-canary-1",
        name="OpenAI",
        prefix="oai/",
        models=("gpt-4o", "gpt-4o-mini", "text-embedding-3-small", "whisper-1", *(f"m-{n}" for n in range(40))),
    )
    gateway.add_api_model(
        "gemini", upstream.base_url("gemini"), key="sk-canary-2", name="Google", models=("flash", "pro")
    )
    # A provider that never answers is nobody's concern here: nothing of it is asked.
    gateway.add_api_model("openai", upstream.base_url("openai", "hang"), name="Hanging", prefix="h/", models=("hang",))
    page.goto("/ui/chat/?model=pro")
    page.get_by_role("button", name="Add to favourites").click()
    expect(page.get_by_role("button", name="Remove from favourites")).to_be_visible()
    page.evaluate("""() => {
      const button = document.querySelector("form [aria-label^='Model: ']");
      button.addEventListener("click", () => {
        const from = performance.now();
        const seen = new MutationObserver(() => {
          if (!document.querySelector("[role=option]")) return;
          seen.disconnect();
          requestAnimationFrame(() => { window.opened = performance.now() - from; });
        });
        seen.observe(document.body, { childList: true, subtree: true });
      }, { capture: true });
    }""")
    field = open_picker(page)

    groups = page.get_by_role("listbox").get_by_role("group")
    names = [group.get_attribute("aria-label") for group in groups.all()]
    assert names == ["Favourites", "Google", "Hanging", "OpenAI"]
    expect(page.get_by_role("listbox").get_by_role("option").first).to_contain_text("pro")
    ids = page.get_by_role("listbox").get_by_role("option").all_inner_texts()
    assert not [each for each in ids if "embedding" in each or "whisper" in each]
    axe(page)
    print(f"the picker opened within {page.evaluate('() => window.opened'):.0f} ms")

    field.fill("4O-M")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_text(["oai/gpt-4o-mini"])
    field.fill("no such")
    expect(page.get_by_text("No model has this in its name.")).to_be_visible()
    field.fill("GOOGLE")
    field.press("ArrowDown")
    field.press("ArrowUp")
    field.press("Enter")
    expect(picker(page)).to_have_accessible_name("Model: flash")
    assert upstream.received == []


def test_regenerating_and_editing_make_branches_that_last(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, open_context: Callable[..., BrowserContext]
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), key="sk-canary-1", models=("ok",))
    page.goto("/ui/chat/")
    ask(page, "First question")
    finished(page)
    page.get_by_role("button", name="Answer again").click()
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.get_by_role("button", name="Previous version").click()
    expect(page.get_by_text("1 of 2")).to_be_visible()

    composer(page).focus()
    page.keyboard.press("ArrowUp")
    editor = page.get_by_role("textbox", name="Edit message")
    expect(editor).to_be_focused()
    editor.fill("Second question")
    editor.press("Enter")
    expect(questions(page)).to_have_text(["Second question"])
    finished(page)
    expect(page.get_by_text("2 of 2")).to_be_visible()
    saved(page, 5)

    elsewhere = open_context(gateway.open_session()).new_page()
    for each in (page, elsewhere):
        each.goto(page.url)
        expect(questions(each)).to_have_text(["Second question"])
        each.get_by_role("button", name="Previous version").click()
        expect(questions(each)).to_have_text(["First question"])
        expect(each.get_by_text("1 of 2")).to_be_visible()
        expect(each.get_by_text("2 of 2")).to_be_visible()
        axe(each)
        each.get_by_role("button", name="Next version").first.click()
        expect(questions(each)).to_have_text(["Second question"])


def test_pictures_and_texts_go_along(page: Page, gateway: WatchedGateway, upstream: UpstreamThread) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), key="sk-canary-1", models=("ok",))
    page.goto("/ui/chat/")
    files: list[FilePayload] = [
        {"name": "dot.png", "mimeType": "image/png", "buffer": said.PNG},
        {"name": "plan.md", "mimeType": "text/markdown", "buffer": b"# Plan"},
        {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"ID3"},
    ]
    page.locator("form input[type=file]").set_input_files(files)
    expect(page.get_by_role("alert")).to_contain_text("song.mp3 is neither a picture")
    expect(page.get_by_role("button", name="Remove plan.md")).to_be_visible()
    axe(page)
    ask(page, "What is this?")
    expect(answers(page)).to_contain_text("I saw 1 image(s).")

    content = json.loads(upstream.last.body)["messages"][0]["content"]
    assert [part["type"] for part in content] == ["image_url", "text", "text"]
    assert content[1]["text"].startswith("plan.md:\n```\n# Plan")
    page.reload()
    expect(page.get_by_role("img", name="dot.png")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is this?")


def test_a_chat_of_a_deleted_api_model_stays_and_goes_on_with_another(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    kept = gateway.add_api_model("gemini", upstream.base_url("gemini"), key="sk-canary-2", models=("flash",))
    gone = gateway.add_api_model(
        "openai", upstream.base_url("openai"), key="sk-canary-1", name="Lab", prefix="lab/", models=("ok",)
    )
    page.goto("/ui/chat/?model=lab/ok")
    ask(page, "Hello")
    finished(page)
    expect(page).to_have_url(re.compile("chat=[0-9A-Z]{26}"))
    composer(page).fill("And now?")
    answer = page.request.delete(f"/bodhi/v1/api-models/{gone.id}", headers={"origin": gateway.url})
    assert answer.status == 204
    page.reload()

    expect(answers(page)).to_contain_text("Hello from the fake upstream")
    expect(page.get_by_text("lab/ok cannot be asked any more: the API model “Lab” was deleted")).to_be_visible()
    expect(composer(page)).to_have_value("And now?")
    composer(page).press("Enter")
    expect(page.get_by_role("combobox", name="Search models")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(composer(page)).to_have_value("And now?")
    page.get_by_role("button", name="Continue with flash").click()
    composer(page).press("Enter")
    expect(answers(page)).to_have_count(2)
    finished(page)
    assert upstream.last.path.endswith("/models/flash:streamGenerateContent")
    assert kept.models == ("flash",)


def test_conversations_are_found_renamed_exported_deleted_and_imported(
    page: Page, page_as: Callable[[Role], Page], gateway: WatchedGateway, upstream: UpstreamThread, tmp_path: Path
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), key="sk-canary-1", models=("ok",))
    page.goto("/ui/chat/")
    for text in ("Where the key goes", "Retry policy"):
        ask(page, text)
        finished(page)
        page.get_by_role("link", name="New chat").click()
        expect(page.get_by_role("heading", name="Ask anything")).to_be_visible()
    rows = page.get_by_role("navigation", name="Conversations").get_by_role("listitem")
    expect(rows).to_have_count(2)
    page.get_by_role("searchbox", name="Search conversations").fill("KEY")
    expect(rows).to_have_text(["Where the key goes"])

    rows.first.hover()
    page.get_by_role("button", name="Actions for Where the key goes").click()
    axe(page)
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Title").fill("The key")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(rows).to_have_text(["The key"])
    rows.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The key")
    files = []
    for kind in ("JSON", "Markdown"):
        page.get_by_role("button", name="Actions for this chat").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=f"Export as {kind}").click()
        files.append(tmp_path / download.value.suggested_filename)
        download.value.save_as(files[-1])
    assert [file.name for file in files] == ["The-key.json", "The-key.md"]

    page.get_by_role("button", name="Actions for this chat").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("alertdialog", name="Delete “The key”?")).to_be_visible()
    axe(page)
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(0)
    other = page_as(Role.USER)
    other.goto("/ui/chat/")
    for place in (page, other):
        place.locator("input[accept*=json]").set_input_files(files)
        expect(questions(place)).to_have_text(["Where the key goes"])
        expect(answers(place)).to_contain_text("Hello from the fake upstream")
    expect(rows).to_have_count(2)
    page.locator("input[accept*=json]").set_input_files({"name": "x.json", "mimeType": "", "buffer": b"{}"})
    expect(page.get_by_role("alert")).to_contain_text("x.json is not a chat")


def test_a_failure_says_what_happened_who_said_it_and_what_to_do(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    watch.allow_status(401, 429, 502, 529)
    watch.allow_console("ERR_INCOMPLETE_CHUNKED_ENCODING")
    models = ("401", "429-then-ok", "529", "html-error", "html-ok", "dies-after-3", "error-in-stream", "ok")
    gateway.add_api_model("anthropic", upstream.base_url("anthropic"), key="sk-canary-1", name="Ant", models=models)
    page.goto("/ui/chat/?model=401")
    expected = {
        "401": r"Ant refused the key \(401\)\.\s*It said: The fake upstream answers 401\.",
        "529": r"Ant failed \(529, overloaded\)\.",
        "html-error": r"Ant answered with a web page instead of an answer \(502\)\.",
        "html-ok": r"Ant answered with a web page instead of an answer \(200\)\.",
        # The gateway's own word about the break may get lost with the connection.
        "dies-after-3": r"(answer of Ant broke off|Ant failed)",
        "error-in-stream": r"Ant failed \(overloaded\)\.\s*It said: Overloaded",
    }
    for model, words in expected.items():
        choose(page, model)
        ask(page, f"Try {model}")
        article = page.get_by_role("article", name=f"Answer of {model}")
        expect(article.get_by_role("alert")).to_contain_text(re.compile(words))
    article = page.get_by_role("article", name="Answer of html-error")
    article.get_by_text("Show reply").click()
    expect(article.get_by_text("502 Bad Gateway")).to_be_visible()
    axe(page)

    choose(page, "429-then-ok")
    ask(page, "Try to wait")
    limited = page.get_by_role("article", name="Answer of 429-then-ok")
    expect(limited.get_by_role("alert")).to_contain_text("The time it asked for is over.")
    limited.get_by_role("button", name="Answer again").click()
    expect(limited.get_by_test_id("answer")).to_contain_text("Hello from")
    expect(limited.get_by_text("2 of 2")).to_have_count(0)
