"""The fake upstream at the level of bytes: what it records, and that each way to misbehave does what it says."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from urllib.request import urlopen

import pytest

from tests.fakes.upstream import BASES, Upstream, UpstreamThread, said
from tests.fakes.waiting import eventually, eventually_in_thread


@contextlib.asynccontextmanager
async def connected(upstream: Upstream) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port, limit=1 << 24)
    try:
        yield reader, writer
    finally:
        writer.close()


def post(model: str, stream: bool = False, path: str = "/openai/v1/chat/completions") -> bytes:
    body = b'{"model":"%s","stream":%s,"messages":[]}' % (model.encode(), b"true" if stream else b"false")
    return b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)


async def told(upstream: Upstream, wire: bytes) -> bytes:
    """Send bytes and return all that comes until the upstream closes."""
    async with connected(upstream) as (reader, writer):
        writer.write(wire)
        return await reader.read()


async def test_records_the_request_byte_by_byte(upstream: Upstream) -> None:
    head = b"POST /openai/v1/x%2Fy?a=%20b HTTP/1.1\r\nHOST: x\r\nX-Case:  Two  \r\nx-case: 1\r\nConnection: close\r\n"
    await told(upstream, head + b'Content-Length: 8\r\n\r\n{ "a":1}')
    received = await upstream.next_received()

    assert received.method == "POST"
    assert received.target == b"/openai/v1/x%2Fy?a=%20b"
    assert received.headers[:3] == [(b"HOST", b"x"), (b"X-Case", b"Two"), (b"x-case", b"1")]
    assert received.body == b'{ "a":1}'
    assert received.path == "/openai/v1/x/y"
    assert received.query == {"a": " b"}


async def test_reads_chunked_bodies_and_keeps_connections(upstream: Upstream) -> None:
    async with connected(upstream) as (reader, writer):
        head = b"POST /openai/v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b'd\r\n{"model":"ok"\r\n13;x=y\r\n , "messages" : []}\r\n0\r\nT: 1\r\n\r\n')
        first = await upstream.next_received()
        writer.write(post("ok"))
        second = await upstream.next_received()
        await reader.readuntil(b"\r\n\r\n")

    assert first.body == b'{"model":"ok" , "messages" : []}'
    assert first.connection == second.connection == 1


async def test_keeps_the_body_it_sent(upstream: Upstream) -> None:
    wire = post("ok").replace(b"Host: x", b"Connection: close")
    _, _, body = (await told(upstream, wire)).partition(b"\r\n\r\n")
    exchange = await upstream.next_exchange()

    assert exchange.sent_body == body
    assert exchange.status == 200
    assert not exchange.aborted


@pytest.mark.parametrize("script", ["hang", "hang-mid", "slow-50ms", "huge", "1xx-storm"])
async def test_notices_at_once_when_the_caller_leaves(upstream: Upstream, script: str) -> None:
    async with connected(upstream) as (_, writer):
        writer.write(post(script, stream=True))
        exchange = await upstream.next_exchange()
        assert upstream.open_connections == 1
    async with asyncio.timeout(5):
        await exchange.closed.wait()

    assert exchange.aborted
    await eventually(lambda: upstream.open_connections == 0)


@pytest.mark.parametrize(
    "script", ["dies-after-3", "dies-in-body", "resets", "half-close", "close-delimited", "http10"]
)
async def test_ends_the_connection_when_the_script_says(upstream: Upstream, script: str) -> None:
    async with connected(upstream) as (reader, writer):
        writer.write(post(script, stream=True))
        wire = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(1 << 16):
                wire += piece

    assert b" 200 OK\r\n" in wire
    assert not wire.endswith(b"0\r\n\r\n")
    assert (b"[DONE]" in wire) == (script in ("close-delimited", "http10"))


@pytest.mark.parametrize("script", ["dies-before-head", "resets-before-head"])
async def test_says_nothing_when_it_dies_before_the_head(upstream: Upstream, script: str) -> None:
    wire = b""
    with contextlib.suppress(ConnectionResetError):
        wire = await told(upstream, post(script))

    assert wire == b""


@pytest.mark.parametrize(
    ("script", "mark"),
    [
        ("1xx", b"HTTP/1.1 103 Early Hints\r\n"),
        ("trailers", b"\r\n0\r\nX-Sum: 42\r\n"),
        ("two-lengths", b"content-length: 5\r\n"),
        ("bad-length", b"content-length: 12abc\r\n"),
        ("bad-chunk", b"zz\r\nnot a chunk"),
        ("keepalive-close", b"Connection: keep-alive\r\n"),
        ("redirect", b"/stolen\r\n"),
        ("set-cookie", b"Set-Cookie: __cf_bm=canary"),
        ("html-ok", b"<!doctype html>"),
        ("unknown-fields", b"123456789012345678901234567890"),
        ("bad-utf8", b"H\xff\xfello"),
        ("bad-sse", b"data: {not json}"),
        ("error-in-stream", b'"message":"The server had an error"'),
        ("dribble", b"\r\n1\r\nD\r\n1\r\nO\r\n"),
        ("big-64", b"x" * 65536),
        ("garbage", b"SSH-2.0"),
        ("header-bomb", b"X-Bomb: xxxx"),
        ("echo", b'"target":"/openai/v1/chat/completions"'),
        ("empty", b"content-length: 0\r\n"),
        ("529", b" 529 Overloaded\r\n"),
        ("slow-head", b"[DONE]"),
    ],
)
async def test_each_script_does_what_its_name_says(upstream: Upstream, script: str, mark: bytes) -> None:
    async with connected(upstream) as (reader, writer):
        writer.write(post(script, stream=True))
        wire = await asyncio.wait_for(reader.readuntil(mark), 5)

    assert mark in wire


async def test_refuses_once_and_then_answers(upstream: Upstream) -> None:
    async with connected(upstream) as (reader, writer):
        writer.write(post("429-ms-then-ok"))
        first = await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"}\n}\n")
        writer.write(post("429-ms-then-ok"))
        second = await reader.readuntil(b"\r\n\r\n")

    assert first.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after-ms: 40" in first
    assert second.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("size", [100, 1 << 20])
async def test_answers_before_the_body_was_read(upstream: Upstream, size: int) -> None:
    start = b'{"model":"early-answer","messages":["' + b"x" * 8192
    head = b"POST /anthropic/v1/messages HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (len(start) + size)
    async with connected(upstream) as (reader, writer):
        writer.write(head + start)
        wire = await reader.readuntil(b"request_too_large")
        writer.write(b"x" * size)
        await reader.read()

    assert wire.startswith(b"HTTP/1.1 413 ")
    assert upstream.received[-1].body == b""


async def test_huge_is_250_mb_of_which_nothing_is_kept(upstream: Upstream) -> None:
    read = 0
    async with connected(upstream) as (reader, writer):
        writer.write(post("huge", stream=True))
        while read < 8 << 20:
            read += len(await reader.read(1 << 20))

    exchange = await upstream.next_exchange()
    assert exchange.sent_body == b""
    assert exchange.sent_bytes >= 1 << 20


async def test_a_script_in_the_path_covers_calls_that_name_no_model(upstream: Upstream) -> None:
    path = upstream.base_url("anthropic", script="html-ok").removeprefix(upstream.url)
    wire = await told(upstream, b"GET %s/models HTTP/1.1\r\nConnection: close\r\n\r\n" % path.encode())

    assert b"<!doctype html>" in wire


async def test_gemini_streams_crlf_events_or_one_array(upstream: Upstream) -> None:
    path = "/gemini/v1alpha/models/ok:streamGenerateContent"
    close = b"Host: x\r\nConnection: close"
    events = await told(upstream, post("", path=path + "?alt=sse").replace(b"Host: x", close))
    array = await told(upstream, post("", path=path).replace(b"Host: x", close))
    exchanges = list(upstream.exchanges)

    assert events.count(b"\r\n\r\n\r\n") == len(said.PIECES)
    assert b"[DONE]" not in events
    assert exchanges[1].sent_body.startswith(b"[{")
    assert exchanges[1].sent_body.endswith(b"]\n")
    assert array.endswith(b"0\r\n\r\n")


def test_runs_in_a_thread_and_can_be_read_from_outside(upstream_thread: UpstreamThread) -> None:
    with urlopen(f"{upstream_thread.base_url('openai')}/models") as answer:
        body = answer.read()
    eventually_in_thread(lambda: upstream_thread.received)

    assert upstream_thread.last.method == "GET"
    assert upstream_thread.last_exchange.sent_body == body


def test_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "tests.fakes.upstream", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        bases = dict(program.stdout.readline().split() for _ in BASES)
        with urlopen(f"{bases['openai']}/models") as answer:
            body = answer.read()
        program.terminate()

    assert list(bases) == list(BASES)
    assert b'"slow-50ms"' in body
