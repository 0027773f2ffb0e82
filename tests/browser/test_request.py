"""The page of one request: where its time went, what was said and changed on the way, and who may read that."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bodhi.core.principal import Role
from tests.browser.calling import call, control, priced_at
from tests.browser.looks import Look, every_look
from tests.browser.seeing import axe, axe_in_both_themes, fits, shot
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread, said
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import ANTHROPIC, GEMINI, OPENAI, RESPONSES

WAYS = {"oai/": OPENAI, "res/": RESPONSES, "ant/": ANTHROPIC, "gem/": GEMINI}


def provide(gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch) -> None:
    """Add a provider of each format, whose secrets must be seen nowhere, and keep what calls say.

    Extra headers are shown to those who may edit them, so the list of models that the pages load holds them.
    """
    extra = watch.keep_secret("canary-of-extra-headers", shown_in="/bodhi/v1/api-models")
    for prefix, way in WAYS.items():
        gateway.add_api_model(
            way.format,
            upstream.base_url(way.format),
            name=f"Provider {prefix}",
            key=way.provider_key,
            prefix=prefix,
            forward_all=True,
            extra_headers={"X-Team": "docs", "X-Secret-Token": extra},
            extra_body={"metadata": {"team": "docs"}} if way is not GEMINI else {},
        )
    watch.keep_secret(gateway.token)
    control(gateway, "PUT", "/capture", {"enabled": True})
    control(gateway, "PATCH", f"/users/{gateway.admin.id}", {"reads_captures": True})


def made(gateway: WatchedGateway, prefix: str, model: str, *, stream: bool = True) -> str:
    """Make a call and return its id, once it and what it said are kept."""
    before = len(gateway.records())
    call(gateway, WAYS.get(prefix, ANTHROPIC), prefix + model, gateway.token, stream=stream)
    eventually_in_thread(lambda: len(gateway.records()) > before)
    gateway.do(gateway.server.captures.flush())
    return gateway.records()[-1].id


def read_all(page: Page) -> None:
    page.get_by_role("button", name="Read what was said").click()
    expect(page.get_by_text("Secrets are removed before a request is kept.")).to_be_visible()


def test_the_steps_add_up_and_what_was_changed_is_told_with_its_reason(
    page_as: Callable[[Role], Page], gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    provide(gateway, upstream, watch)
    call_id = made(gateway, "oai/", "slow-50ms")
    page = page_as(Role.ADMIN)
    page.goto(f"/ui/usage/{call_id}/")

    record = gateway.records()[-1]
    steps = page.get_by_role("list", name=re.compile("Durations of the steps")).get_by_role("listitem")
    expect(steps).to_have_count(6)
    assert sum(int(step.get_attribute("data-us") or 0) for step in steps.all()) == record.total_us
    expect(steps.last).to_contain_text("Sent the answer")
    expect(page.get_by_role("heading", name=re.compile("^Where the .* went$"))).to_be_visible()
    for fact in ("oai/slow-50ms", "sent as slow-50ms", "POST /v1/chat/completions", "Provider oai/"):
        expect(page.get_by_text(fact, exact=True)).to_be_visible()

    assert gateway.sent_to(f"/bodhi/v1/usage/{call_id}/capture") == b""
    read_all(page)
    page.get_by_role("tab", name=re.compile(r"^Sent upstream ± \d+ changes$")).click()
    changes = page.get_by_role("region", name="What was changed on the way to the provider").get_by_role("row")
    for words in (
        ("changed", "model", '"oai/slow-50ms"', '"slow-50ms"', "prefix removed"),
        ("added", "metadata", "added by Extra Body"),
        ("added", "x-team", "docs", "added by Extra Headers"),
        ("removed", "authorization", "•••", "Bodhi's token removed"),
        ("added", "authorization", "•••", "provider key added"),
    ):
        row = changes.filter(has_text=words[-1]).filter(has_text=words[1])
        for word in words:
            expect(row).to_contain_text(word)
    page.get_by_text("Body as it was sent").click()
    expect(page.get_by_role("tabpanel", name="Sent upstream").locator("pre")).to_contain_text('"model": "slow-50ms"')
    axe(page)
    page.get_by_role("tab", name="Headers").click()
    expect(page.get_by_role("region", name="To the provider", exact=True)).to_contain_text("x-team")
    axe(page)
    expect(page).to_have_url(re.compile(r"\?tab=headers$"))
    actions = [each["action"] for each in control(gateway, "GET", "/audit?action=capture.read")["data"]]
    assert actions == ["capture.read"]


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_a_conversation_is_read_in_every_format(
    page_as: Callable[[Role], Page], gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch, stream: bool
) -> None:
    provide(gateway, upstream, watch)
    calls = [made(gateway, prefix, model, stream=stream) for prefix in WAYS for model in ("ok", "tools")]
    page = page_as(Role.ADMIN)
    page.goto(f"/ui/usage/{calls[0]}/")
    for place, call_id in enumerate(calls):
        if place:
            page.get_by_role("button", name="Newer request").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(call_id)
        read_all(page)
        panel = page.get_by_role("tabpanel", name="Conversation")
        expect(panel.get_by_text(re.compile("hello", re.IGNORECASE)).first).to_be_visible()
        if place % 2:
            expect(panel.get_by_text(re.compile("^Called "))).to_be_visible()
            expect(panel).to_contain_text("Zürich")
        else:
            expect(panel.get_by_text(said.TEXT)).to_be_visible()
    expect(page.get_by_role("button", name="Newer request")).to_be_disabled()
    axe(page)


def test_a_request_is_copied_as_curl_and_taken_up_in_chat(
    page_as: Callable[[Role], Page], gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    provide(gateway, upstream, watch)
    call_id = made(gateway, "oai/", "ok", stream=False)
    page = page_as(Role.ADMIN)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/ui/usage/{call_id}/?tab=request")
    read_all(page)
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()
    command = page.evaluate("() => navigator.clipboard.readText()")
    assert f"curl '{gateway.url}/openai/v1/chat/completions'" in command
    assert "Authorization: Bearer $BODHI_TOKEN" in command
    assert OPENAI.fields["messages"][0]["content"] in command
    page.get_by_role("link", name="Open in chat").click()
    expect(page).to_have_url(re.compile(r"/ui/chat/\?model=oai(/|%2F)ok&api_model_id="))


def test_where_nothing_may_be_read_the_page_says_why_and_what_to_do(
    page: Page, page_as: Callable[[Role], Page], gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    gateway.add_api_model("openai", upstream.base_url("openai"), prefix="oai/", forward_all=True)
    call(gateway, OPENAI, "oai/500", gateway.token)
    eventually_in_thread(lambda: len(gateway.records()) == 1)
    call_id = gateway.records()[0].id
    page.goto(f"/ui/usage/{call_id}/")
    expect(page.get_by_text("The provider answered 500.")).to_be_visible()
    expect(page.get_by_text("You may not read what requests and answers say.")).to_be_visible()
    expect(page.get_by_role("link", name="Go to Users")).to_be_visible()
    axe(page)

    control(gateway, "PATCH", f"/users/{gateway.admin.id}", {"reads_captures": True})
    admin = page_as(Role.ADMIN)
    admin.goto(f"/ui/usage/{call_id}/")
    expect(admin.get_by_text("Bodhi does not keep what requests and answers say.")).to_be_visible()
    control(gateway, "PUT", "/capture", {"enabled": True})
    watch.allow_status(404)
    admin.reload()
    admin.get_by_role("button", name="Read what was said").click()
    expect(admin.get_by_text("Nothing was kept of this request.")).to_be_visible()
    axe(admin)
    admin.goto("/ui/usage/no-such-call/")
    expect(admin.get_by_role("alert")).to_contain_text("There is no call with this id.")
    axe(admin)


@every_look
@pytest.mark.gateway(priced_at=priced_at)
def test_the_page_looks_right(
    page_as: Callable[[Role], Page], gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch, look: Look
) -> None:
    provide(gateway, upstream, watch)
    slow = upstream.base_url("anthropic", "slow-50ms")
    gateway.add_api_model(
        "anthropic", slow, name="Anthropic", prefix="team/", forward_all=True, extra_body={"metadata": {"team": "docs"}}
    )
    call_id = made(gateway, "team/", "claude-sonnet-4-5")
    page = page_as(Role.ADMIN)
    page.goto(f"/ui/usage/{call_id}/?tab=upstream")
    expect(page.get_by_role("button", name="Read what was said")).to_be_visible()
    axe_in_both_themes(page)
    read_all(page)
    axe_in_both_themes(page)
    fits(page)
    if look.width > 1000:
        page.evaluate("() => window.scrollTo(0, 0)")
        shot(page, "request", whole=True)
    for tab in ("Conversation", "Request", "Response"):
        page.get_by_role("tab", name=tab, exact=True).click()
        expect(page.get_by_role("tabpanel", name=tab)).to_be_visible()
        axe_in_both_themes(page)
        fits(page)
