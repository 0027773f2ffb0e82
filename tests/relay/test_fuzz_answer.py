"""The upstream side under drawn answers: any framing, cut anywhere, followed by anything, on one connection."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodhi.core.errors import UpstreamMalformed
from bodhi.relay.answer import MAX_HEAD
from bodhi.relay.connection import READ_SIZE
from fuzz import seeds, upstream
from fuzz.rules import Broken
from fuzz.script import bent
from tests.relay.test_answer import OK, answers, parse

SEEDS = seeds.upstream()
HEADS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 204 \r\n",
        b"HTTP/1.1 304 X\r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 103 E\r\n",
        b"HTTP/1.1 500\r\n",
    ]
)
LINES = st.sampled_from([
    b"Content-Length: 3\r\n", b"Content-Length: 0\r\n", b"content-length:3\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"X: y\r\n", b"X:\r\n",
    b"Upgrade: h2c\r\n", b"Connection: upgrade\r\n", b" folded\r\n", b"X: a\nY: b\r\n",
])  # fmt: skip
BODIES = st.sampled_from(
    [
        b"",
        b"abc",
        b"abcd",
        b"ab",
        b"3\r\nabc\r\n0\r\n\r\n",
        b"3;x=y\r\nabc\r\n0\r\nT: t\r\n\r\n",
        b"3\nabc\n0\n\n",
        b"-1\r\n",
    ]
)
SEEMS_WHOLE = b"hello\r\n0123456789abcd"
"""Begins, behind the first digit of its size, with what looks like a whole chunk."""
CHUNKS = [
    SEEMS_WHOLE,
    b"a",
    b"\r\n",
    b"5\r\nhello\r\n",
    b"data: x\n\n",
    b"0\r\n\r\n",
    b"0123456789abcdef\r",
    b"x" * 300,
]
STEPS = st.sampled_from([b"", b"", b"", b"\xfe", b"\xf9", b"\xfa"])


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@st.composite
def wires(draw: st.DrawFn) -> bytes:
    """Draw what an upstream sends in answer to one request after the other."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            wire = bytes(byte % 0xF0 for byte in draw(answers())[0])
        else:
            wire = draw(HEADS) + b"".join(draw(st.lists(LINES, max_size=3))) + b"\r\n" + draw(BODIES)
        if draw(st.integers(0, 3)) == 0:
            wire = bent(wire, draw(st.integers(0, 200)), draw(st.integers(0, 0xF0)))
        at = draw(st.integers(0, len(wire)))
        parts.append(wire[:at] + draw(STEPS) + wire[at:])
    return b"\xff".join(parts) + draw(st.sampled_from([b"", b"\xff"]))


@st.composite
def chunked_wires(draw: st.DrawFn) -> bytes:
    """Draw a body in chunks of which most arrive one by one, as the events of a stream do, and some in parts."""
    wire = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for data in draw(st.lists(st.sampled_from(CHUNKS), max_size=8)):
        size = draw(st.sampled_from([b"%x", b"%x", b"%x", b"%X", b"0%x", b"%x;e=f"])) % len(data)
        piece = size + b"\r\n" + data + b"\r\n"
        at = draw(st.integers(0, len(piece)))
        if data == SEEMS_WHOLE:
            piece = b"1\xfe5\r\nhello\r\n\xfe0123456789abcd\r\n"
        wire += draw(st.sampled_from([b"", b"\xfe", b"\xfe"])) + draw(
            st.sampled_from([piece, piece, piece[:at] + b"\xfe" + piece[at:]])
        )
    return wire + b"\xfe0\r\n\r\n"[: draw(st.integers(0, 6))] + draw(st.sampled_from([b"", b"\xff"]))


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_every_seed_of_the_fuzzer_keeps_the_rules(loop: asyncio.AbstractEventLoop, number: int) -> None:
    upstream.check(loop, SEEDS[number])


@settings(max_examples=500, deadline=None)
@given(raw=wires())
def test_whatever_upstreams_answer_is_read_as_others_read_it_however_it_is_cut(
    loop: asyncio.AbstractEventLoop, raw: bytes
) -> None:
    upstream.check(loop, raw)


@settings(max_examples=500, deadline=None)
@given(raw=chunked_wires())
def test_chunks_that_skip_the_parser_give_the_same_bytes(loop: asyncio.AbstractEventLoop, raw: bytes) -> None:
    upstream.check(loop, raw)


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=300))
def test_no_bytes_break_the_connection_to_an_upstream(loop: asyncio.AbstractEventLoop, raw: bytes) -> None:
    upstream.check(loop, raw)


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"", b"\r\n"),
        (b"HTTP/1.1 200 ", b"O"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"HTTP/1.1 200 OK\r\n", b"X"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3", b";x=y"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"T: t\r\n"),
    ],
)
@pytest.mark.parametrize("size", [1_000, READ_SIZE])
def test_what_never_ends_is_refused_before_it_is_large(begin: bytes, more: bytes, size: int) -> None:
    piece = (more * (size // len(more) + 1))[:size]
    pieces = [piece] * (2 * (MAX_HEAD + READ_SIZE) // size + 2)
    connection = parse(begin, *pieces) if begin else parse(*pieces)
    assert isinstance(connection.failure, UpstreamMalformed)
    assert connection.received <= MAX_HEAD + 2 * READ_SIZE
    assert sum(len(name) + len(value) for name, value in connection.headers) <= MAX_HEAD + READ_SIZE


def test_the_rules_notice_a_connection_that_is_used_again_too_early(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bodhi.relay.connection.Connection.finish", lambda _self: True)
    with pytest.raises(Broken):
        upstream.check(loop, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab\xff")
