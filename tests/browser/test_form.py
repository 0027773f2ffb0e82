"""The API model form: what fills it, what is checked while it is typed, what is tried, saved and kept."""

import json

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from bodhi.formats.registry import FORMATS
from tests.browser.looks import PHONE, Look, every_look
from tests.browser.seeing import axe_in_both_themes, fits, shot
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread

KEY = "sk-canary-0123456789abcdef"
OTHER_KEY = "sk-canary-fedcba9876543210"


def choose_format(page: Page, label: str) -> None:
    """Choose a format in its menu."""
    page.get_by_label("API format").select_option(label=label)


def base_url(page: Page) -> Locator:
    """Find the field of the address."""
    return page.get_by_label("Base URL")


def key_field(page: Page) -> Locator:
    """Find the field of the key."""
    return page.get_by_role("textbox", name="API key", exact=True)


def connect(page: Page, address: str, key: str = KEY) -> None:
    """Fill in how a provider on this machine is reached."""
    base_url(page).fill(address)
    key_field(page).fill(key)
    private = page.get_by_role("switch", name="Allow private network")
    if not private.is_checked():
        private.click()


def type_model(page: Page, *models: str) -> None:
    """Type ids of models instead of fetching them."""
    for model in models:
        page.get_by_label("Search or type a model id").fill(model)
        page.get_by_label("Search or type a model id").press("Enter")


def open_extras(page: Page) -> None:
    """Open the section of extras."""
    page.get_by_role("button", name="Extra headers and body").click()


@pytest.fixture(autouse=True)
def _secret(watch: Watch) -> None:
    watch.keep_secret(KEY)
    watch.keep_secret(OTHER_KEY)


def rows(gateway: WatchedGateway) -> int:
    """Count the stored api models."""
    return len(gateway.server.directory.snapshot.table.api_models)


def test_each_format_fills_in_its_address_and_oauth_its_extras(page: Page) -> None:
    page.goto("/ui/models/api/new/")
    for each in FORMATS:
        choose_format(page, each.label)
        expect(base_url(page)).to_have_value(each.base_url)
    choose_format(page, "Anthropic OAuth")
    for label, filled in (
        (
            "Extra headers",
            {"anthropic-version": "2023-06-01", "anthropic-beta": "claude-code-20250219,oauth-2025-04-20"},
        ),
        ("Extra body", {"max_tokens": 4096}),
    ):
        assert json.loads(page.get_by_label(label, exact=True).input_value()) == filled
    choose_format(page, "OpenAI")
    expect(page.get_by_text("headers: empty · body: empty")).to_be_visible()


def test_what_was_typed_is_replaced_only_when_somebody_says_so(page: Page) -> None:
    page.goto("/ui/models/api/new/")
    base_url(page).fill("https://llm.corp.example/v1")
    choose_format(page, "Gemini")
    question = page.get_by_role("dialog", name="Replace what you typed?")
    expect(question).to_contain_text("https://llm.corp.example/v1")
    question.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_label("API format")).to_have_value("gemini")
    expect(base_url(page)).to_have_value("https://llm.corp.example/v1")
    choose_format(page, "OpenAI")
    page.get_by_role("button", name="Keep mine").click()
    expect(base_url(page)).to_have_value("https://llm.corp.example/v1")
    page.get_by_role("button", name="Groq", exact=True).click()
    page.get_by_role("button", name="Replace", exact=True).click()
    expect(base_url(page)).to_have_value("https://api.groq.com/openai/v1")
    # What was filled in by the form itself needs no question.
    page.get_by_role("button", name="Ollama", exact=True).click()
    expect(base_url(page)).to_have_value("http://localhost:11434/v1")
    expect(page.get_by_role("switch", name="Use API key")).not_to_be_checked()
    expect(page.get_by_role("switch", name="Allow private network")).to_be_checked()


def test_a_pasted_command_fills_the_form_and_a_key_names_its_provider(page: Page, watch: Watch) -> None:
    page.goto("/ui/models/api/new/")
    page.get_by_role("button", name="Paste curl").click()
    page.get_by_role("textbox", name="Curl command").fill("wget https://api.example.com")
    page.get_by_role("button", name="Fill the form").click()
    expect(page.get_by_role("alert")).to_contain_text("This is no curl command")
    page.get_by_role("textbox", name="Curl command").fill(
        f"curl https://api.anthropic.com/v1/messages \\\n -H 'x-api-key: {KEY}' -H 'anthropic-beta: tools' \\\n"
        ' -d \'{"model": "claude-sonnet-4-5", "max_tokens": 1}\''
    )
    page.get_by_role("button", name="Fill the form").click()
    expect(page.get_by_label("API format")).to_have_value("anthropic")
    expect(base_url(page)).to_have_value("https://api.anthropic.com/v1")
    expect(key_field(page)).to_have_value(KEY)
    expect(page.get_by_role("button", name="Remove claude-sonnet-4-5")).to_be_visible()
    key_field(page).fill(watch.keep_secret("gsk_" + "canary0123456789abcdef"))
    page.get_by_role("button", name="Use Groq").click()
    expect(base_url(page)).to_have_value("https://api.groq.com/openai/v1")
    expect(page.get_by_label("API format")).to_have_value("openai")


def test_the_address_below_the_field_is_where_the_test_goes_and_nothing_is_stored(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    page.goto("/ui/models/api/new/")
    for each in FORMATS:
        choose_format(page, each.label)
        if page.get_by_role("button", name="Keep mine").is_visible():
            page.get_by_role("button", name="Replace", exact=True).click()
        connect(page, upstream.base_url(each.name), each.key_prefix + KEY)
        if each is FORMATS[0]:
            type_model(page, "ok")
        shown = page.get_by_text("Requests go to").locator("code").inner_text()
        page.get_by_role("button", name="Test connection").click()
        expect(page.get_by_role("status").filter(has_text="Connected in")).to_contain_text(shown)
        assert upstream.url + upstream.last.path == shown
        base_url(page).fill("")
    assert rows(gateway) == 0


def test_a_wrong_key_is_told_in_the_providers_words_until_the_next_action(page: Page, upstream: UpstreamThread) -> None:
    page.goto("/ui/models/api/new/")
    connect(page, upstream.base_url("openai", "401"))
    page.get_by_role("button", name="Fetch models").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Invalid API key: 127.0.0.1 refused the key (401).")
    expect(alert).to_contain_text("The fake upstream answers 401.")
    expect(alert).to_contain_text("Paste the key again.")
    alert.get_by_text("Show reply").click()
    expect(alert.locator("pre")).to_contain_text('"message"')
    type_model(page, "ok")
    expect(alert).to_be_visible()
    base_url(page).fill(upstream.base_url("openai"))
    page.get_by_role("button", name="Fetch models").click()
    expect(page.get_by_role("option", name="slow-50ms")).to_be_visible()
    expect(alert).not_to_be_visible()


FAILURES = {
    "429": ["Rate limit exceeded: 127.0.0.1 is limiting this key.", "It asks to wait 1 s."],
    "529": ["Connection failed: 127.0.0.1 failed (529)."],
    "html-ok": ["answered 200, but with something other than JSON", "Is this the address of the API"],
    "404": ["The address answered, but not at /script/404/openai/v1/chat/completions."],
    "dies-before-head": ["Connection failed: 127.0.0.1 failed.", "closed the connection"],
}


def test_each_failure_says_what_happened_and_what_to_do(page: Page, upstream: UpstreamThread) -> None:
    page.goto("/ui/models/api/new/")
    connect(page, upstream.base_url("openai"))
    type_model(page, "ok")
    for script, said in FAILURES.items():
        base_url(page).fill(upstream.base_url("openai", script))
        page.get_by_role("button", name="Test connection").click()
        for words in said:
            expect(page.get_by_role("alert")).to_contain_text(words)


def test_addresses_that_cannot_be_reached_are_told_apart(page: Page, upstream: UpstreamThread) -> None:
    page.goto("/ui/models/api/new/")
    page.get_by_role("button", name="Ollama", exact=True).click()
    base_url(page).fill("http://127.0.0.1:9/v1")
    type_model(page, "ok")
    test = page.get_by_role("button", name="Test connection")
    test.click()
    expect(page.get_by_role("alert")).to_contain_text("No answer from http://127.0.0.1:9.")
    expect(page.get_by_role("alert")).to_contain_text("Nothing is listening there.")
    base_url(page).fill("http://nowhere.invalid/v1")
    test.click()
    expect(page.get_by_role("alert")).to_contain_text("There is no server by the name of nowhere.invalid.")
    page.get_by_role("switch", name="Allow private network").click()
    base_url(page).fill(upstream.base_url("openai"))
    test.click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("127.0.0.1 is in a private network")
    alert.get_by_role("button", name="Allow private network").click()
    test.click()
    expect(page.get_by_text("Connected in")).to_be_visible()


def test_bad_extras_are_told_at_their_field_and_nothing_is_sent(
    page: Page, gateway: WatchedGateway, watch: Watch
) -> None:
    page.goto("/ui/models/api/new/")
    key_field(page).fill(KEY)
    type_model(page, "gpt-4o")
    open_extras(page)
    headers = page.get_by_label("Extra headers", exact=True)
    for text, problem in (
        ('{"X-Api-Key": "x"}', "“X-Api-Key” cannot be set here."),
        ("[1, 2]", "It must be an object in braces"),
        ('{\n  "x-team": "blue",\n}', "Line 3, column 1: There is a comma too many"),
    ):
        headers.fill(text)
        expect(page.get_by_role("alert").filter(has_text=problem)).to_be_visible()
        page.get_by_role("button", name="Save").click()
        expect(headers).to_be_focused()
    page.get_by_label("Extra body").fill('{"model": "x"}')
    expect(page.get_by_text("“model” cannot be set here")).to_be_visible()
    assert not [each for each in watch.requests if each.startswith("POST") and "api-models" in each]
    assert rows(gateway) == 0


def test_a_taken_prefix_is_told_at_its_field_and_the_rest_stays(
    page: Page, gateway: WatchedGateway, watch: Watch
) -> None:
    gateway.add_api_model("openai", "https://api.openai.com/v1", name="First", prefix="oai/", models=("gpt-4o",))
    page.goto("/ui/models/api/new/")
    key_field(page).fill(KEY)
    type_model(page, "gpt-4o", "o4-mini")
    page.get_by_role("switch", name="Add a prefix to model names").click()
    prefix = page.get_by_label("Prefix", exact=True)
    prefix.fill("oai/")
    expect(page.get_by_text("oai/ is the prefix of First already.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(prefix).to_be_focused()
    prefix.fill("o i/")
    expect(page.get_by_text("The prefix may not hold blanks")).to_be_visible()
    prefix.fill("mine/")
    expect(page.get_by_text("Clients ask for mine/gpt-4o, the provider gets gpt-4o")).to_be_visible()
    # Taken in the meantime, where only the gateway can know.
    gateway.add_api_model("openai", "https://api.openai.com/v1", name="Second", prefix="mine/", models=("gpt-4o",))
    watch.allow_status(409)
    page.get_by_role("button", name="Save").click()
    expect(
        page.get_by_role("alert").filter(has_text="'mine/' is already used by the api model 'Second'")
    ).to_be_visible()
    expect(key_field(page)).to_have_value(KEY)
    expect(page.get_by_role("button", name="Remove o4-mini")).to_be_visible()
    prefix.fill("theirs/")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(f"{gateway.url}/ui/models/")
    expect(page.get_by_text("API model saved")).to_be_visible()
    expect(page.get_by_role("link", name="Chat with theirs/o4-mini")).to_be_visible()


def test_an_edit_keeps_the_key_asks_for_it_at_another_origin_and_before_it_is_removed(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    stored = gateway.add_api_model("openai", upstream.base_url("openai"), key=KEY, name="Lab", models=("ok",))
    page.goto(f"/ui/models/api/edit/{stored.id}/")
    expect(key_field(page)).to_have_value("")
    expect(key_field(page)).to_have_attribute("placeholder", "Stored. Type to replace")
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("Connected in")).to_be_visible()
    assert upstream.last.header("authorization") == f"Bearer {KEY}"

    page.get_by_label("Name", exact=True).fill("Laboratory")
    page.get_by_role("button", name="What changes").click()
    expect(page.get_by_role("definition")).to_contain_text("Laboratory")
    base_url(page).fill("https://elsewhere.example/v1")
    expect(page.get_by_text(f"The stored key belongs to {upstream.url}")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="Enter the key for this address.")).to_be_visible()
    expect(key_field(page)).to_be_focused()
    base_url(page).fill(upstream.base_url("openai"))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Laboratory", exact=True)).to_be_visible()
    assert len(gateway.server.directory.snapshot.table.api_models) == 1

    page.get_by_role("button", name="Actions for Laboratory").click()
    page.get_by_role("menuitem", name="Test now").click()
    expect(page.get_by_role("button", name="Last test of Laboratory")).to_contain_text("ms")
    assert upstream.last.header("authorization") == f"Bearer {KEY}"

    page.goto(f"/ui/models/api/edit/{stored.id}/")
    page.get_by_role("switch", name="Use API key").click()
    question = page.get_by_role("alertdialog", name="Remove the stored key?")
    question.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("switch", name="Use API key")).to_be_checked()
    page.get_by_role("switch", name="Use API key").click()
    question.get_by_role("button", name="Remove the key").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("no key")).to_be_visible()


def test_pasted_blanks_around_a_key_are_left_out_and_told_of(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/ui/models/api/new/")
    page.evaluate("(text) => navigator.clipboard.writeText(text)", f"  {KEY}\n")
    key_field(page).press("Control+v")
    expect(key_field(page)).to_have_value(KEY)
    expect(page.get_by_text("The pasted text had 2 blanks and 1 line break around the key.")).to_be_visible()
    eye = page.get_by_role("button", name="Show key")
    key_field(page).press("Tab")
    expect(eye).to_be_focused()
    eye.press("Enter")
    expect(key_field(page)).to_have_attribute("type", "text")
    key_field(page).fill("sk a")
    key_field(page).blur()
    expect(page.get_by_role("alert").filter(has_text="The key holds blanks")).to_be_visible()
    page.evaluate("() => navigator.clipboard.writeText('')")


def test_what_was_typed_is_not_left_without_a_question(page: Page, gateway: WatchedGateway) -> None:
    page.goto("/ui/models/")
    page.get_by_role("link", name="New API model").first.click()
    page.get_by_role("link", name="Models", exact=True).first.click()
    expect(page).to_have_url(f"{gateway.url}/ui/models/")
    page.go_back()
    page.get_by_label("Name", exact=True).fill("Draft")
    page.get_by_role("button", name="Cancel").click()
    question = page.get_by_role("alertdialog", name="Leave without saving?")
    question.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Draft")

    def stay(dialog: Dialog) -> None:
        dialog.dismiss()

    page.once("dialog", stay)
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    expect(page.get_by_label("Name", exact=True)).to_have_value("Draft")
    page.get_by_role("button", name="Cancel").click()
    question.get_by_role("button", name="Leave").click()
    expect(page).to_have_url(f"{gateway.url}/ui/models/")


def test_a_duplicate_has_everything_but_the_key(page: Page, gateway: WatchedGateway, upstream: UpstreamThread) -> None:
    stored = gateway.add_api_model(
        "openai", upstream.base_url("openai"), key=KEY, name="Lab", prefix="lab/", models=("ok",),
        extra_body={"seed": 7},
    )  # fmt: skip
    page.goto(f"/ui/models/api/new/?copy={stored.id}")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Lab copy")
    expect(page.get_by_label("Prefix", exact=True)).to_have_value("lab-2/")
    expect(page.get_by_text("The key is not copied. Enter it again.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(key_field(page)).to_be_focused()
    key_field(page).fill(OTHER_KEY)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Chat with lab-2/ok")).to_be_visible()
    copy = next(each for each in gateway.server.directory.snapshot.table.api_models.values() if each.id != stored.id)
    assert copy.extra_body == {"seed": 7}
    assert copy.allow_private_network


def test_the_form_of_a_well_known_provider_and_its_refusal_are_pictured(page: Page) -> None:
    said = "Incorrect API key provided: sk-cana****. You can find your API key in your dashboard."
    refused = {
        "ok": False, "message": "Invalid API key", "detail": said, "status": 401, "duration_ms": 240,
        "url": "https://api.openai.com/v1/models", "kind": "refused_key", "retry_after": None,
        "reply": json.dumps({"error": {"message": said}}), "models": [], "truncated": False,
    }  # fmt: skip
    page.route("**/fetch-models", lambda route: route.fulfill(json=refused))
    page.set_viewport_size({"width": 1280, "height": 1180})
    page.goto("/ui/models/api/new/")
    key_field(page).fill(KEY)
    page.get_by_role("switch", name="Add a prefix to model names").click()
    page.get_by_label("Prefix", exact=True).fill("oai/")
    type_model(page, "gpt-4o", "o4-mini", "text-embedding-3-small")
    expect(page.get_by_role("button", name="OpenAI", exact=True)).to_have_attribute("aria-pressed", "true")
    shot(page, "form")
    page.get_by_role("button", name="Fetch models").click()
    expect(page.get_by_role("alert")).to_contain_text(f"OpenAI refused the key (401).It said: {said}")
    page.get_by_role("alert").scroll_into_view_if_needed()
    shot(page, "form-error")


@every_look
def test_the_form_its_dialogs_and_its_errors_look_right(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, look: Look
) -> None:
    page.goto("/ui/models/api/new/")
    expect(base_url(page)).to_have_value("https://api.openai.com/v1")
    axe_in_both_themes(page)
    page.get_by_role("button", name="Paste curl").click()
    axe_in_both_themes(page)
    page.keyboard.press("Escape")
    connect(page, upstream.base_url("openai"))
    page.get_by_role("switch", name="Add a prefix to model names").click()
    page.get_by_label("Prefix", exact=True).fill("lab/")
    page.get_by_role("button", name="Fetch models").click()
    page.get_by_role("option", name="ok", exact=True).click()
    page.get_by_role("option", name="reasoning").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("Connected in")).to_be_visible()
    axe_in_both_themes(page)
    fits(page)
    open_extras(page)
    page.get_by_label("Extra headers", exact=True).fill('{"x-team": blue}')
    page.get_by_role("button", name="Advanced").click()
    base_url(page).fill(upstream.base_url("openai", "401"))
    page.get_by_role("button", name="Fetch models").click()
    expect(page.get_by_role("alert").filter(has_text="Invalid API key")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    axe_in_both_themes(page)
    fits(page)
    choose_format(page, "Anthropic OAuth")
    expect(page.get_by_role("dialog", name="Replace what you typed?")).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("button", name="Replace", exact=True).click()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    axe_in_both_themes(page)


@pytest.mark.parametrize("look", [PHONE], ids=str)
def test_the_form_can_be_filled_in_with_the_keyboard_alone(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, look: Look
) -> None:
    page.goto("/ui/models/api/new/")
    name = page.get_by_label("Name", exact=True)
    name.focus()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type(upstream.base_url("openai"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("switch", name="Allow private network")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(KEY)
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Fetch models")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", name="ok", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("listbox")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Remove slow-50ms")).to_be_visible()
    fits(page)
    page.get_by_label("Base URL").press("Enter")
    expect(page.get_by_text("By keyboard")).to_be_visible()
