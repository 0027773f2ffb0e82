"""Trying a provider: one token, or its catalog, over real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bodhi.control.api_models.probe import MAX_PAGES
from bodhi.control.api_models.verdict import FAILED, INVALID_KEY, NETWORK, RATE_LIMIT, WORKS
from bodhi.formats.registry import FORMATS
from tests.fakes.control import Control, error_of
from tests.fakes.upstream import UpstreamThread
from tests.fakes.upstream.said import CATALOG

NAMES = [each.name for each in FORMATS]
KEYS = {each.name: f"{each.key_prefix}canary-0123456789abcdef" for each in FORMATS}
KEY_HEADERS = {
    "openai": ("authorization", "Bearer {}"),
    "openai_responses": ("authorization", "Bearer {}"),
    "anthropic": ("x-api-key", "{}"),
    "anthropic_oauth": ("authorization", "Bearer {}"),
    "gemini": ("x-goog-api-key", "{}"),
}


def a_form(upstream: UpstreamThread, format_name: str, script: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "format": format_name,
        "base_url": upstream.base_url(format_name, script),
        "api_key": KEYS[format_name],
        "allow_private_network": True,
        "models": ["ok"],
    } | fields


async def trial(control: Control, headers: dict[str, str], name: str, form: dict[str, Any]) -> dict[str, Any]:
    response = await control.call("POST", f"/api-models/{name}", headers, form)
    assert response.status_code == 200, response.text
    assert "canary" not in response.text
    body: dict[str, Any] = response.json()
    assert body["duration_ms"] >= 0
    return body


@asynccontextmanager
async def provider(
    answer: Callable[[bytes], bytes] | Callable[[bytes], Awaitable[bytes]],
) -> AsyncIterator[str]:
    """Give the base URL of a provider that answers the head of each request with fixed bytes, then closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        made = answer(head)
        writer.write(made if isinstance(made, bytes) else await made)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


def http(body: bytes, status: str = "200 OK", content_type: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + body


@pytest.mark.parametrize("format_name", NAMES)
async def test_a_connection_test_is_one_call_for_one_token_with_extras(
    control: Control, admin: dict[str, str], upstream: UpstreamThread, format_name: str
) -> None:
    extras: dict[str, Any] = {"extra_headers": {"x-team": "blue"}, "extra_body": {"metadata": {"user_id": "u"}}}
    body = await trial(control, admin, "test-connection", a_form(upstream, format_name, **extras))
    assert (body["ok"], body["message"], body["status"]) == (True, WORKS, 200)
    assert (body["kind"], body["retry_after"]) == (None, None)
    assert len(upstream.received) == 1
    assert body["url"] == f"http://{upstream.last.header('host')}{upstream.last.target.decode()}"
    header, shape = KEY_HEADERS[format_name]
    assert upstream.last.all(header) == [shape.format(KEYS[format_name])]
    assert upstream.last.header("x-team") == "blue"
    assert upstream.last.json["metadata"] == {"user_id": "u"}


@pytest.mark.parametrize("format_name", NAMES)
async def test_the_catalog_is_fetched_whole(
    control: Control, admin: dict[str, str], upstream: UpstreamThread, format_name: str
) -> None:
    body = await trial(control, admin, "fetch-models", a_form(upstream, format_name))
    assert (body["ok"], body["message"], body["truncated"]) == (True, WORKS, False)
    assert body["models"]
    assert body["url"] == f"http://{upstream.last.header('host')}{upstream.last.target.decode()}"
    assert set(body["models"]) <= set(CATALOG)
    assert len(body["models"]) == len(set(body["models"]))


@pytest.mark.parametrize("name", ["test-connection", "fetch-models"])
async def test_without_a_key_no_credential_is_sent(
    control: Control, admin: dict[str, str], upstream: UpstreamThread, name: str
) -> None:
    assert (await trial(control, admin, name, a_form(upstream, "openai", api_key=None)))["ok"]
    for header in ("authorization", "x-api-key", "x-goog-api-key", "cookie"):
        assert upstream.last.all(header) == []


@pytest.mark.parametrize("name", ["test-connection", "fetch-models"])
@pytest.mark.parametrize("format_name", NAMES)
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("401", INVALID_KEY),
        ("403", INVALID_KEY),
        ("429", RATE_LIMIT),
        ("404", FAILED),
        ("500", FAILED),
        ("400", FAILED),
    ],
)
async def test_each_refusal_has_its_message_and_the_providers_text(
    control: Control, admin: dict[str, str], upstream: UpstreamThread, name: str, format_name: str, script: str,
    message: str,
) -> None:  # fmt: skip
    body = await trial(control, admin, name, a_form(upstream, format_name, script))
    assert (body["ok"], body["message"], body["status"]) == (False, message, int(script))
    assert body["detail"]
    assert body["kind"]
    assert (body["retry_after"] is not None) == (script == "429")


@pytest.mark.parametrize("name", ["test-connection", "fetch-models"])
@pytest.mark.parametrize(
    ("script", "message", "status"),
    [
        ("html-error", FAILED, 502),
        ("html-ok", FAILED, 200),
        ("empty", FAILED, 200),
        ("bad-json", FAILED, 200),
        ("redirect", FAILED, 307),
        ("dies-before-head", FAILED, None),
        ("dies-in-body", FAILED, None),
        ("garbage", FAILED, None),
    ],
)
async def test_what_is_no_answer_of_a_provider_failed(
    control: Control, admin: dict[str, str], upstream: UpstreamThread, name: str, script: str, message: str,
    status: int | None,
) -> None:  # fmt: skip
    body = await trial(control, admin, name, a_form(upstream, "openai", script))
    assert (body["ok"], body["message"], body["status"]) == (False, message, status)
    assert body["detail"]
    assert not any(b"/stolen" in received.target for received in upstream.received)


async def test_a_gemini_key_refused_with_400_is_an_invalid_key(control: Control, admin: dict[str, str]) -> None:
    said = {
        "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [{"reason": "API_KEY_INVALID"}],
        }
    }
    async with provider(lambda head: http(json.dumps(said).encode(), "400 Bad Request")) as url:
        form = {"format": "gemini", "base_url": url, "api_key": "canary-1234567890", "allow_private_network": True}
        body = await trial(control, admin, "fetch-models", form)
    assert (body["message"], body["detail"]) == (INVALID_KEY, said["error"]["message"])


async def test_a_key_that_the_provider_repeats_is_starred_out(control: Control, admin: dict[str, str]) -> None:
    key = "sk-canary-0123456789abcdef"
    said = json.dumps({"error": {"message": f"Incorrect API key provided: {key}."}}).encode()
    async with provider(lambda head: http(said, "401 Unauthorized")) as url:
        form = {"format": "openai", "base_url": url, "api_key": key, "allow_private_network": True}
        body = await trial(control, admin, "fetch-models", form)
    assert body["detail"].startswith("Incorrect API key provided: ***")


async def test_a_key_in_the_base_url_is_starred_out_of_the_url(
    control: Control, admin: dict[str, str], upstream: UpstreamThread
) -> None:
    form = a_form(upstream, "openai", "404")
    form["base_url"] += f"/{form['api_key']}"
    assert (await trial(control, admin, "test-connection", form))["url"].endswith("*/chat/completions")


@pytest.mark.parametrize("name", ["test-connection", "fetch-models"])
async def test_an_address_where_nobody_listens_is_a_network_error(
    control: Control, admin: dict[str, str], name: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        form = {"format": "openai", "base_url": base_url, "models": ["m"], "allow_private_network": True}
        body = await trial(control, admin, name, form)
    assert (body["message"], body["status"]) == (NETWORK, None)
    assert "refused" in body["detail"]


async def test_a_provider_that_hangs_is_a_network_error(
    control: Control, admin: dict[str, str], upstream: UpstreamThread
) -> None:
    form = a_form(upstream, "openai", "hang", timeouts={"first_byte": 0.2})
    assert (await trial(control, admin, "test-connection", form))["message"] == NETWORK


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9/v1", "http://169.254.169.254/latest", "http://[::1]:9"])
async def test_an_address_that_is_not_allowed_is_not_called(
    control: Control, admin: dict[str, str], base_url: str
) -> None:
    form = {"format": "openai", "base_url": base_url, "api_key": "sk-canary-123456", "models": ["m"]}
    body = await trial(control, admin, "test-connection", form)
    assert (body["ok"], body["message"], body["status"]) == (False, FAILED, None)


async def test_the_stored_key_is_used_where_the_form_brings_none(
    control: Control, admin: dict[str, str], upstream: UpstreamThread
) -> None:
    created = await control.call("POST", "/api-models", admin, a_form(upstream, "openai", name="n", prefix="p/"))
    made = created.json()["id"]
    for path, body in [
        (f"/api-models/{made}/test-connection", None),
        (f"/api-models/{made}/test-connection", {"model": "ok"}),
        (f"/api-models/{made}/fetch-models", None),
        ("/api-models/test-connection", {"id": made}),
        ("/api-models/fetch-models", {"id": made, "base_url": upstream.base_url("openai", "ok")}),
    ]:
        response = await control.call("POST", path, admin, body)
        assert response.json()["ok"], response.text
        assert upstream.last.all("authorization") == [f"Bearer {KEYS['openai']}"]
        assert "canary" not in response.text
    response = await control.call("POST", "/api-models/test-connection", admin, {"id": made, "api_key": None})
    assert response.json()["ok"]
    assert upstream.last.all("authorization") == []


async def test_the_prefix_is_not_part_of_the_model_that_is_tried(
    control: Control, admin: dict[str, str], upstream: UpstreamThread
) -> None:
    form = a_form(upstream, "openai", prefix="pre/", models=["org/ok"])
    assert (await trial(control, admin, "test-connection", form))["ok"]
    assert upstream.last.json["model"] == "org/ok"


async def test_a_test_needs_a_model(control: Control, admin: dict[str, str], upstream: UpstreamThread) -> None:
    response = await control.call("POST", "/api-models/test-connection", admin, a_form(upstream, "openai", models=[]))
    assert error_of(response) == (400, "invalid_field", "model")
    form = a_form(upstream, "openai", models=[], model="../x")
    assert error_of(await control.call("POST", "/api-models/test-connection", admin, form))[2] == "model"
    assert (await trial(control, admin, "test-connection", a_form(upstream, "openai", models=[], model="ok")))["ok"]


async def test_a_trial_of_an_unknown_api_model_is_not_found(control: Control, admin: dict[str, str]) -> None:
    response = await control.call("POST", "/api-models/test-connection", admin, {"id": "nobody", "model": "m"})
    assert error_of(response) == (404, "object_not_found", None)


async def test_names_that_could_not_be_called_are_left_out(control: Control, admin: dict[str, str]) -> None:
    ids = ["good", "org/good", "", " ", "../up", "a b", "x" * 257, "new\nline", "\u202egood", "good"]
    listed = json.dumps({"data": [{"id": name} for name in ids]}).encode()
    async with provider(lambda head: http(listed)) as url:
        form = {"format": "openai", "base_url": url, "allow_private_network": True}
        assert (await trial(control, admin, "fetch-models", form))["models"] == ["good", "org/good"]


async def test_an_endless_catalog_ends_at_a_bound(control: Control, admin: dict[str, str]) -> None:
    pages = iter(range(10_000))

    def page(head: bytes) -> bytes:
        number = next(pages)
        models = [{"name": f"models/m{number}-{n}"} for n in range(3)]
        return http(json.dumps({"models": models, "nextPageToken": str(number)}).encode())

    async with provider(page) as url:
        form = {"format": "gemini", "base_url": url, "allow_private_network": True}
        body = await trial(control, admin, "fetch-models", form)
    assert body["truncated"]
    assert len(body["models"]) == 3 * MAX_PAGES


async def test_a_catalog_that_repeats_its_page_ends(control: Control, admin: dict[str, str]) -> None:
    same = json.dumps({"models": [{"name": "models/m"}], "nextPageToken": "again"}).encode()
    async with provider(lambda head: http(same)) as url:
        form = {"format": "gemini", "base_url": url, "allow_private_network": True}
        assert (await trial(control, admin, "fetch-models", form))["models"] == ["m"]


async def test_a_huge_catalog_is_cut(control: Control, admin: dict[str, str]) -> None:
    listed = json.dumps({"data": [{"id": f"m{n}"} for n in range(20_000)]}).encode()
    async with provider(lambda head: http(listed)) as url:
        form = {"format": "openai", "base_url": url, "allow_private_network": True}
        body = await trial(control, admin, "fetch-models", form)
    assert (len(body["models"]), body["truncated"]) == (5_000, True)


@pytest.mark.parametrize("script", ["gzip", "br", "zstd"])
async def test_an_answer_compressed_unasked_is_read(
    control: Control, admin: dict[str, str], upstream: UpstreamThread, script: str
) -> None:
    assert (await trial(control, admin, "test-connection", a_form(upstream, "openai", script)))["ok"]


async def test_a_refusal_is_shown_as_it_came_without_the_key_and_a_success_is_not(
    control: Control, admin: dict[str, str], upstream: UpstreamThread
) -> None:
    refused = await trial(control, admin, "test-connection", a_form(upstream, "openai", models=["401"]))
    assert json.loads(refused["reply"])["error"]["message"] in refused["detail"]
    went_well = await trial(control, admin, "test-connection", a_form(upstream, "openai"))
    assert went_well["reply"] == ""


async def test_a_page_at_the_address_is_quoted_without_the_key_that_it_repeats(
    control: Control, admin: dict[str, str], upstream: UpstreamThread
) -> None:
    def echo(head: bytes) -> bytes:
        page = b"<html>\x1b[1m" + head + b"</html>" + b"x" * 10_000
        return b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n%b" % (len(page), page)

    async with provider(echo) as base_url:
        tested = await trial(control, admin, "test-connection", a_form(upstream, "openai", base_url=base_url))
    assert tested["kind"] == "not_json"
    assert tested["reply"].startswith("<html> [1m")
    assert "Bearer ****" in tested["reply"] or "bearer ****" in tested["reply"].lower()
    assert len(tested["reply"]) <= 4096
