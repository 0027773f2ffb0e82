"""Choosing models in the API model form: many offered, few chosen, none by itself; or everything forwarded."""

import urllib.request

from playwright.sync_api import Page, expect

from tests.browser.seeing import axe
from tests.browser.test_form import KEY, connect, type_model
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread

NEXT_PAINT = """([label, text]) => new Promise((done) => {
  const field = document.querySelector(`[aria-label="${label}"]`);
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const began = performance.now();
  set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const look = () => {
    const shown = [...document.querySelectorAll("[role=listbox] [role=option]")].map((each) => each.textContent);
    if (shown.length && shown.every((each) => each.includes(text))) done(performance.now() - began);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""
"""Types a search, and measures until nothing but what matches is drawn."""


def test_of_two_thousand_models_fifty_can_be_chosen_and_none_is_by_itself(
    page: Page, upstream: UpstreamThread, watch: Watch
) -> None:
    watch.keep_secret(KEY)
    page.goto("/ui/models/api/new/")
    connect(page, upstream.base_url("openai", "catalog-2000"))
    page.get_by_role("button", name="Fetch models").click()
    expect(page.get_by_text("0 of 50 chosen · 2,000 offered")).to_be_visible()
    assert page.get_by_role("listbox").get_by_role("option").count() < 40
    # The quickest of some counts: the others tell what else the machine has to do.
    took = min(page.evaluate(NEXT_PAINT, ["Search or type a model id", text]) for text in ("197", "198", "199"))
    print(f"three letters narrow 2,000 models in {took:.0f} ms")
    assert took < 100
    page.get_by_role("button", name="Select 12 matching").click()
    expect(page.get_by_text("12 of 50 chosen · 2,000 offered")).to_be_visible()
    page.get_by_label("Search or type a model id").fill("model-1")
    page.get_by_role("button", name="Select first 38 of 989 matching").click()
    expect(page.get_by_text("50 of 50 chosen · 2,000 offered")).to_be_visible()
    expect(page.get_by_text("50 models are the most one API model takes.")).to_be_visible()
    page.get_by_label("Search or type a model id").fill("model-0")
    option = page.get_by_role("option", name="maker/model-0000")
    expect(option).to_have_attribute("aria-disabled", "true")
    option.click(force=True)
    expect(option).to_have_attribute("aria-selected", "false")
    page.get_by_role("button", name="Remove maker/model-0199").click()
    expect(option).not_to_have_attribute("aria-disabled", "true")
    option.click()
    expect(page.get_by_role("button", name="Remove maker/model-0000")).to_be_visible()
    axe(page)
    listbox = page.get_by_role("listbox")
    listbox.press("End")
    expect(page.get_by_role("option", name="maker/model-0999")).to_be_visible()


def test_a_hostile_catalogue_is_shown_as_text(page: Page, upstream: UpstreamThread, watch: Watch) -> None:
    watch.keep_secret(KEY)
    page.goto("/ui/models/api/new/")
    connect(page, upstream.base_url("openai", "catalog-hostile"))
    page.get_by_role("button", name="Fetch models").click()
    expect(page.get_by_text(" offered")).to_be_visible()
    page.get_by_label("Search or type a model id").fill("onerror")
    page.get_by_role("listbox").get_by_role("option").first.click()
    expect(page.get_by_role("list", name="Chosen models")).to_contain_text("<img/src=x/onerror=alert(1)>0000")
    assert page.locator("main img").count() == 0
    page.get_by_label("Search or type a model id").fill("wwww")
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    axe(page)


def test_an_id_can_be_typed_where_there_is_no_catalogue(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    watch.keep_secret(KEY)
    page.goto("/ui/models/api/new/")
    connect(page, upstream.base_url("openai", "404"))
    page.get_by_role("button", name="Fetch models").click()
    expect(page.get_by_role("alert")).to_contain_text("The address answered, but not at")
    search = page.get_by_label("Search or type a model id")
    search.fill("not an id")
    expect(page.get_by_text("No model id looks like this")).to_be_visible()
    type_model(page, "org/ok", "ok")
    search.fill("third")
    page.get_by_role("button", name="Add third").click()
    page.get_by_role("button", name="Remove ok", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Chat with org/ok")).to_be_visible()
    stored = next(iter(gateway.server.directory.snapshot.table.api_models.values()))
    assert stored.models == ("org/ok", "third")


def test_forwarding_all_needs_no_list_and_strips_the_prefix(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    watch.keep_secret(KEY)
    page.goto("/ui/models/api/new/")
    connect(page, upstream.base_url("openai"))
    page.get_by_role("switch", name="Add a prefix to model names").click()
    page.get_by_label("Prefix", exact=True).fill("any/")
    page.get_by_role("switch", name="Forward every model with this prefix").click()
    expect(page.get_by_role("button", name="Fetch models")).not_to_be_visible()
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_role("alert")).to_contain_text("Name a model to test with.")
    page.get_by_label("Model to test with").fill("ok")
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("Connected in")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("everything under any/")).to_be_visible()
    request = urllib.request.Request(
        f"{gateway.url}/v1/chat/completions",
        b'{"model":"any/org/ok","messages":[]}',
        {"authorization": f"Bearer {gateway.token}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200
    assert b'"org/ok"' in upstream.last.body
