"""Every way in which a provider misbehaves, in every dialect, streamed and not: one law holds for all of them.

A client that sees a complete answer has exactly the bytes that the provider completed, or the gateway's own error in
its dialect. Anything else ends without a proper end, so that no client takes half an answer for a whole one.
"""

import http.client
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from bodhi.core.api_model import Timeouts
from tests.fakes.gateway import Gateway
from tests.fakes.upstream import Exchange, UpstreamThread
from tests.fakes.waiting import eventually_in_thread

SOUND = [
    "ok", "slow-50ms", "slow-head", "reasoning", "tools", "gzip", "br", "zstd", "deflate", "dribble", "trailers",
    "close-delimited", "http10", "keepalive-close", "1xx", "html-ok", "html-error", "empty", "bad-sse", "bad-utf8",
    "bad-json", "error-in-stream", "unknown-fields", "set-cookie", "big-1000", "400", "401", "403", "404", "409",
    "413", "422", "429", "500", "503", "529",
]  # fmt: skip
BROKEN = [
    "dies-after-3", "dies-before-head", "dies-in-body", "resets", "resets-before-head", "half-close", "bad-chunk",
    "bad-length", "two-lengths", "header-bomb", "garbage", "redirect", "hang", "hang-mid", "1xx-storm",
]  # fmt: skip
IMPATIENT = Timeouts(first_byte=0.3, idle=0.3)
FORMATS = ["openai", "openai_responses", "anthropic", "gemini"]
MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def gateway(provider: UpstreamThread, tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Gateway]:
    """Give a gateway that soon loses its patience with providers that break something, and with no others."""
    with Gateway(tmp_path_factory.mktemp("impatient"), lane=has_lane) as made:
        for name in FORMATS:
            base_url = provider.base_url(name)
            made.add_api_model(name, base_url, key="provider-key", prefix=f"{name}/", forward_all=True)
            made.add_api_model(
                name, base_url, key="provider-key", prefix=f"hasty-{name}/", forward_all=True, timeouts=IMPATIENT
            )
        yield made


def call_of(name: str, model: str, stream: bool) -> tuple[str, dict[str, Any]]:
    """Return path and body of a call in a format."""
    if name == "gemini":
        action = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"/v1beta/models/{model}:{action}", {"contents": [{"parts": [{"text": "Hello"}]}]}
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "openai": ("/v1/chat/completions", {"messages": MESSAGES}),
        "openai_responses": ("/v1/responses", {"input": "Hello"}),
        "anthropic": ("/v1/messages", {"messages": MESSAGES, "max_tokens": 9}),
    }
    path, rest = calls[name]
    return path, {"model": model, "stream": stream, **rest}


def ask(
    gateway: Gateway, name: str, script: str, stream: bool, text: str = ""
) -> tuple[int, dict[str, str], bytes] | None:
    """Return a complete answer, or None where the answer had no proper end."""
    model = f"hasty-{name}/{script}" if script in BROKEN else f"{name}/{script}"
    path, body = call_of(name, model, stream)
    body |= {"padding": text} if text else {}
    headers = {"authorization": f"Bearer {gateway.token}", "content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(gateway.url).port or 0, timeout=20)
    try:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    except (http.client.IncompleteRead, http.client.BadStatusLine, ConnectionError):
        return None
    finally:
        connection.close()


def is_native_error(name: str, body: bytes) -> bool:
    """Tell whether a body is an error as the SDKs of a format read it."""
    error = json.loads(body)["error"]
    if name == "anthropic":
        return json.loads(body)["type"] == "error" and {"type", "message"} <= error.keys()
    if name == "gemini":
        return {"code", "message", "status"} <= error.keys()
    return {"message", "type", "param", "code"} <= error.keys()


def check(name: str, answer: tuple[int, dict[str, str], bytes] | None, exchange: Exchange) -> str:
    """Hold an answer to the law and say what it was: `whole`, `refused` or `cut`."""
    if answer is None:
        return "cut"
    status, headers, body = answer
    if "x-bodhi-error" in headers:
        assert status in (502, 504)
        assert is_native_error(name, body)
        return "refused"
    # The client may have an empty answer whole before the provider's own thread notes that it was.
    eventually_in_thread(lambda: exchange.finished)
    assert (status, body) == (exchange.status, exchange.sent_body)
    return "whole"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("script", SOUND)
def test_whatever_a_provider_completes_arrives_byte_for_byte(
    gateway: Gateway, provider: UpstreamThread, name: str, script: str, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(gateway, name, script, stream)

    assert check(name, answer, provider.last_exchange) == "whole"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("script", BROKEN)
def test_whatever_a_provider_breaks_never_looks_complete(
    gateway: Gateway, provider: UpstreamThread, name: str, script: str, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(gateway, name, script, stream)
    exchange = provider.last_exchange

    assert check(name, answer, exchange) in ("refused", "cut")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    eventually_in_thread(lambda: exchange.closed.is_set() or script == "redirect")


@pytest.mark.parametrize("size", [100, 300_000, 8_000_000])
def test_an_answer_before_the_body_was_read_arrives(gateway: Gateway, provider: UpstreamThread, size: int) -> None:
    answer = ask(gateway, "anthropic", "early-answer", stream=False, text="x" * size)

    assert answer is not None
    assert answer[0] == 413
    assert answer[2] == provider.last_exchange.sent_body


def test_nothing_was_lost_on_the_way(gateway: Gateway, provider: UpstreamThread) -> None:
    for name in FORMATS:
        assert ask(gateway, name, "ok", stream=True) is not None

    eventually_in_thread(lambda: provider.upstream.open_connections <= 1)
    assert gateway.records()[-1].status == 200
