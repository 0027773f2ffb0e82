"""The usage page: exact numbers, filters in the address, charts, exports, and calls as they come."""

import csv
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from bodhi.core.principal import Role
from tests.browser.calling import KINDS, MADE, call, call_all, keep_two_days, priced_at
from tests.browser.looks import Look, every_look, every_width
from tests.browser.seeing import AT_REST, axe, axe_in_both_themes, fits, shot
from tests.browser.watching import Watch, WatchedGateway
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import OPENAI

pytestmark = pytest.mark.gateway(priced_at=priced_at)

TILES = ("Requests", "Tokens", "Cost", "Errors")
TOKENS = sum(sum(kind.tokens) * kind.times for kind in KINDS)
COST = sum(kind.cost * kind.times for kind in KINDS)
FAILED = sum(kind.times for kind in KINDS if kind.failed)


def provide(gateway: WatchedGateway, upstream: UpstreamThread) -> None:
    """Add the providers of the kinds of calls."""
    models = {"openai": ("gpt-4o", "429", "500", "hang-mid"), "anthropic": ("claude-sonnet-4-5",)}
    for name, served in models.items():
        gateway.add_api_model(name, upstream.base_url(name), key=f"sk-{name}-secret", models=served)


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def numbers(page: Page) -> list[str]:
    return [tile(page, name).inner_text() for name in TILES]


def rows(page: Page) -> Locator:
    return page.get_by_role("region", name="Requests, newest first").locator("tbody tr")


def test_thirty_calls_make_exact_numbers_and_every_filter_is_in_the_address(
    page: Page, open_context: Callable[..., BrowserContext], gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    assert MADE == 30
    provide(gateway, upstream)
    ada = gateway.add_user("ada", Role.USER)
    call_all(gateway, [gateway.token, gateway.mint(ada)])
    elsewhere = open_context(gateway.open_session()).new_page()
    page.goto("/ui/usage/")

    expect(tile(page, "Requests")).to_contain_text("30")
    expect(tile(page, "Tokens").get_by_role("link")).to_have_attribute("title", str(TOKENS))
    expect(tile(page, "Cost").get_by_role("link")).to_have_attribute("title", f"${COST / 1e9:.9f}")
    expect(tile(page, "Errors")).to_contain_text(f"{FAILED} of 30")
    expect(rows(page)).to_have_count(30)

    def narrowed(count: int, parameter: str) -> None:
        """See that the page shows so many calls, and another browser the same at this address; then go back."""
        expect(page).to_have_url(re.compile(re.escape(parameter)))
        elsewhere.goto(page.url)
        for each in (page, elsewhere):
            expect(rows(each)).to_have_count(count)
            expect(tile(each, "Requests").get_by_role("link")).to_have_text(str(count))
        assert numbers(elsewhere) == numbers(page)
        page.go_back()
        expect(tile(page, "Requests").get_by_role("link")).to_have_text("30")

    for name, choice, count, parameter in (
        ("Model", "gpt-4o", 12, "model=gpt-4o"),
        ("API model", "anthropic", 9, "api_model_id="),
        ("User", "ada", 12, "user_id="),
        ("Status", "4xx, refused or limited", 6, "status=4xx"),
        ("Status", "With an error", 9, "failed=true"),
    ):
        page.get_by_label(name, exact=True).select_option(choice)
        narrowed(count, parameter)
    page.get_by_label("Token", exact=True).select_option(index=1)
    expect(page).to_have_url(re.compile("token_id="))
    narrowed(18, "token_id=")
    page.get_by_role("group", name="Time span").get_by_role("button", name="1 h").click()
    narrowed(30, "span=1h")
    tile(page, "Errors").get_by_role("link").click()
    narrowed(9, "failed=true")
    page.get_by_label("By", exact=True).select_option("error")
    page.get_by_role("region", name="Sums by error").get_by_role("link", name="upstream_429", exact=True).click()
    narrowed(5, "error=upstream_429")
    page.get_by_role("button", name="Custom").click()
    page.get_by_label("From", exact=True).fill("2001-01-01T00:00")
    page.get_by_role("button", name="Show", exact=True).click()
    narrowed(30, "since=2000-12-31T23")


def test_charts_say_what_they_show_as_tables_narrow_the_time_and_sums_are_sorted(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    provide(gateway, upstream)
    call_all(gateway, [gateway.token])
    page.goto("/ui/usage/?span=1h")

    chart = page.get_by_role("img", name=re.compile(r"Requests\. 30 requests, most at .* 6 client errors, 3 server"))
    expect(chart).to_be_visible()
    page.get_by_role("button", name="Requests: Show as table").click()
    parts = page.get_by_role("region", name="Requests, as table").locator("tbody tr")
    expect(parts).to_have_count(60)
    columns = [[int(cell) for cell in parts.locator(f"td:nth-child({place})").all_inner_texts()] for place in (2, 3, 4)]
    assert [sum(column) for column in columns] == [21, 6, 3]
    page.get_by_role("button", name="Requests: Show as chart").click()

    sums = page.get_by_role("region", name="Sums by model")
    expect(sums.locator("tbody tr").first).to_contain_text("gpt-4o")
    sums.get_by_role("link", name="Sort by Cost").click()
    expect(sums.locator("tbody tr").first).to_contain_text("claude-sonnet-4-5")
    sums.get_by_role("link", name="Sort by Cost").click()
    expect(sums.locator("tbody tr").first).to_contain_text("gpt-4o")
    expect(page).to_have_url(re.compile("sort=cost"))

    box = chart.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("since=.*until="))
    expect(page.get_by_label("Until", exact=True)).not_to_have_value("")
    expect(tile(page, "Requests").get_by_role("link")).to_have_text("0")
    expect(page.get_by_role("button", name="Live")).to_be_disabled()


def test_the_export_holds_every_call_that_is_shown(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, tmp_path: Path
) -> None:
    provide(gateway, upstream)
    call_all(gateway, [gateway.token])
    page.goto("/ui/usage/?status=4xx")
    expect(rows(page)).to_have_count(6)

    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    download.value.save_as(tmp_path / "usage.csv")
    with (tmp_path / "usage.csv").open(newline="") as file:
        assert sorted(row["status"] for row in csv.DictReader(file)) == ["404", *["429"] * 5]


def test_new_calls_come_by_one_stream_and_never_move_what_is_read(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread, watch: Watch
) -> None:
    provide(gateway, upstream)
    call_all(gateway, [gateway.token])
    page.goto("/ui/usage/")
    expect(rows(page)).to_have_count(30)
    page.get_by_role("button", name="Live").click()
    expect(page.get_by_text("Live. New requests appear on top.")).to_be_visible()
    with_newest = [each for each in watch.requests if "/bodhi/v1/" in each]

    begun = time.perf_counter()
    call(gateway, OPENAI, "gpt-4o", gateway.token)
    expect(rows(page)).to_have_count(31)
    print(f"\na new call was shown after {time.perf_counter() - begun:.2f} s")

    page.get_by_role("link", name=re.compile(r"^\d")).last.scroll_into_view_if_needed()
    page.mouse.wheel(0, 4000)
    page.evaluate(AT_REST, None)
    first, place = rows(page).first.inner_text(), page.evaluate("() => window.scrollY")
    for _ in range(14):
        call(gateway, OPENAI, "429", gateway.token)
    expect(page.get_by_role("button", name="14 new rows")).to_be_visible()
    assert (rows(page).first.inner_text(), page.evaluate("() => window.scrollY")) == (first, place)
    page.get_by_role("button", name="14 new rows").click()
    expect(rows(page)).to_have_count(45)
    expect(rows(page).first).to_contain_text("429")

    page.get_by_role("button", name="Pause").click()
    call(gateway, OPENAI, "gpt-4o", gateway.token)
    expect(page.get_by_role("button", name="1 new row")).to_be_visible()
    expect(page.get_by_text("Paused. New requests wait.")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Resume").click()
    expect(rows(page)).to_have_count(46)
    sent = [each for each in watch.requests if "/bodhi/v1/" in each]
    assert [each for each in sent[len(with_newest) :] if "/usage?" not in each] == []
    assert len([each for each in sent if "/usage/tail" in each]) == 1

    page.get_by_label("Status", exact=True).select_option("4xx, refused or limited")
    expect(rows(page)).to_have_count(20)
    expect(page.get_by_text("Live. New requests appear on top.")).to_be_visible()
    call(gateway, OPENAI, "gpt-4o", gateway.token)
    call(gateway, OPENAI, "429", gateway.token)
    expect(rows(page)).to_have_count(21)


def test_a_stream_that_is_lost_is_told_and_taken_up_again_without_a_gap(
    page: Page, gateway: WatchedGateway, upstream: UpstreamThread
) -> None:
    provide(gateway, upstream)
    call_all(gateway, [gateway.token])

    def ends(route: Route) -> None:
        dropped = 'event: dropped\ndata: {"count": 7}\n\nevent: end\ndata: {}\n\n'
        route.fulfill(status=200, content_type="text/event-stream", body=dropped)

    page.route("**/usage/tail*", ends)
    page.goto("/ui/usage/?live=1")
    expect(page.get_by_text("Lost the stream. Connecting again.")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("7 requests came too fast")
    axe(page)
    call(gateway, OPENAI, "gpt-4o", gateway.token)
    eventually_in_thread(lambda: len(gateway.records()) == MADE + 1)
    page.unroute("**/usage/tail*")
    expect(page.get_by_text("Live. New requests appear on top.")).to_be_visible()
    expect(rows(page)).to_have_count(31)


@every_look
def test_the_page_looks_right_with_calls_and_without(page: Page, gateway: WatchedGateway, look: Look) -> None:
    page.goto("/ui/usage/")
    expect(page.get_by_text("No requests in the last 24 hours.")).to_be_visible()
    expect(page.get_by_text("$BODHI_TOKEN")).to_be_visible()
    axe_in_both_themes(page)
    fits(page)
    keep_two_days(gateway)
    page.goto("/ui/usage/")
    expect(rows(page)).to_have_count(50)
    expect(page.get_by_role("img", name=re.compile("Time to first token"))).to_be_visible()
    fits(page)
    if look.width > 1000:
        shot(page, "usage-light")
        shot(page, "usage-dark", "dark")
    page.get_by_role("button", name="Show older").click()
    expect(rows(page)).to_have_count(100)
    # A long list is the same row many times, and axe looks at each.
    page.goto("/ui/usage/?status=5xx")
    expect(rows(page).first).to_be_visible()
    axe_in_both_themes(page)
    page.get_by_role("button", name="Time to first token: Show as table").click()
    page.get_by_role("button", name="Custom").click()
    expect(page.get_by_label("From", exact=True)).to_be_visible()
    axe_in_both_themes(page)
    fits(page)


@every_width
def test_somebody_without_rights_sees_their_own_calls_alone(
    page_as: Callable[[Role], Page], gateway: WatchedGateway, upstream: UpstreamThread, look: Look
) -> None:
    provide(gateway, upstream)
    call(gateway, OPENAI, "gpt-4o", gateway.token)
    page = page_as(Role.USER)
    page.goto("/ui/usage/?span=30d")
    expect(page.get_by_text("No requests yet.")).to_be_visible()
    expect(page.get_by_label("User", exact=True)).to_be_hidden()
    fits(page)


def test_a_filter_that_cannot_be_is_told_in_place(page: Page, watch: Watch) -> None:
    watch.allow_status(400)
    page.goto("/ui/usage/?status=teapot")
    expect(page.get_by_role("alert").first).to_contain_text("Could not load the usage.")
    axe(page)
    page.goto("/ui/usage/?model=nobody-has-this")
    expect(page.get_by_text("No request matches.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").last.click()
    expect(page).not_to_have_url(re.compile("model="))
