import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.api_model import Timeouts
from bodhi.core.errors import UpstreamMalformed
from bodhi.outbox import Outbox
from bodhi.relay.answer import body_of_chunk
from bodhi.relay.connection import READ_SIZE, Connection

OK = b"HTTP/1.1 200 OK\r\n"


class Wire(asyncio.Transport):
    """A transport without a socket, for what depends on bytes alone."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def write(self, data: Any) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def parse(*pieces: bytes, eof: bool = False, has_body: bool = True) -> Connection:
    """Feed pieces to a connection that waits for an answer."""
    loop = asyncio.new_event_loop()
    connection = Connection(loop, memoryview(bytearray(READ_SIZE)), Outbox(), lambda gone: None)
    loop.close()
    connection.connection_made(Wire())
    connection.send(b"", b"", Timeouts(), 0.0, answer_has_body=has_body)
    for piece in pieces:
        if connection.is_open:
            connection.get_buffer(-1)[: len(piece)] = piece
            connection.buffer_updated(len(piece))
    if eof:
        connection.connection_lost(None)
    return connection


def body_of(connection: Connection) -> bytes:
    return b"".join(connection._chunks)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes, bool]:
    """Draw an answer's wire form, its body, and whether the connection's end ends it."""
    body = draw(st.binary(max_size=300))
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 E\r\nLink: x\r\n\r\n"]))
    if framing == "length":
        return interim + OK + b"Content-Length: %d\r\nX: a b\r\n\r\n" % len(body) + body, body, False
    if framing == "close":
        return interim + OK + b"X: a b\r\n\r\n" + body, body, True
    chunks, rest = [], body
    while rest:
        size = draw(st.integers(1, len(rest)))
        chunks.append(b"%x%s\r\n%s\r\n" % (size, draw(st.sampled_from([b"", b";ext=1"])), rest[:size]))
        rest = rest[size:]
    trailer = draw(st.sampled_from([b"", b"T: 1\r\n"]))
    head = OK + b"Transfer-Encoding: Chunked\r\nX: a b\r\n\r\n"
    return interim + head + b"".join(chunks) + b"0\r\n" + trailer + b"\r\n", body, False


@given(answers(), st.data())
def test_any_split_of_any_answer_gives_the_same_bytes(answer: tuple[bytes, bytes, bool], data: st.DataObject) -> None:
    wire, body, ends_with_connection = answer
    cuts = sorted(data.draw(st.sets(st.integers(1, len(wire) - 1), max_size=20)))
    pieces = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    connection = parse(*pieces, eof=ends_with_connection)
    assert (connection.failure, connection.done, connection.status) == (None, True, 200)
    assert body_of(connection) == body
    assert (b"x", b"a b") in connection.headers
    assert connection.reusable is not ends_with_connection


@given(answers(), st.data())
def test_an_answer_cut_short_is_never_complete(answer: tuple[bytes, bytes, bool], data: st.DataObject) -> None:
    wire, body, ends_with_connection = answer
    limit = len(wire) - len(body) if ends_with_connection else len(wire)
    connection = parse(wire[: data.draw(st.integers(0, limit - 1))], eof=True)
    assert not connection.done
    assert connection.failure is not None


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_parser(junk: bytes) -> None:
    parse(junk, OK + junk, eof=True)


def test_head_may_arrive_byte_by_byte() -> None:
    wire = OK + b"Set-Cookie: a\r\nSET-COOKIE:b \r\nEmpty:\r\ncontent-length: 0\r\n\r\n"
    connection = parse(*(wire[i : i + 1] for i in range(len(wire))))
    assert connection.headers == [
        (b"set-cookie", b"a"),
        (b"set-cookie", b"b"),
        (b"empty", b""),
        (b"content-length", b"0"),
    ]
    assert connection.done
    assert connection.reusable


MALFORMED = [
    OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
    OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
    OK + b"Content-Length: 2, 3\r\n\r\n",
    OK + b"Content-Length: -2\r\n\r\n",
    OK + b"Content-Length: +2\r\n\r\n",
    OK + b"Content-Length: 0x2\r\n\r\n",
    OK + b"Content-Length: 99999999999999999999999\r\n\r\n",
    OK + b"Content-Length:\r\n\r\n",
    OK + b"Transfer-Encoding: gzip\r\n\r\n",
    OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    OK + b"Transfer-Encoding: xchunked\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\t\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\t \r\n\r\n",
    OK + b"Transfer-Encoding:\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    OK + b"X: a\r\n folded\r\n\r\n",
    OK + b"X: a\r\n\tfolded\r\n\r\n",
    OK + b" X: a\r\n\r\n",
    OK + b"X: a\x00b\r\n\r\n",
    OK + b"X: a\rb\r\n\r\n",
    OK + b"X: a\nY: b\r\n\r\n",
    OK + b"X : a\r\n\r\n",
    OK + b"X y: a\r\n\r\n",
    OK + b": a\r\n\r\n",
    OK + b"nothing\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
    OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    b"HTTP/1.1 099 Odd\r\n\r\n",
    b"HTTP/1.1 600 Odd\r\n\r\n",
    b"HTTP/1.1 20 Odd\r\n\r\n",
    b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/0.9 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\n\n",
    b"<html>hello</html>",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x15\x03\x01\x00\x02\x02\x16",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
    OK + b"X: y\r\n" * 201 + b"\r\n",
]


@pytest.mark.parametrize("wire", MALFORMED)
def test_ambiguous_or_broken_answer_is_refused(wire: bytes) -> None:
    connection = parse(wire)
    assert isinstance(connection.failure, UpstreamMalformed)
    assert not connection.done
    assert not connection.is_open


@pytest.mark.parametrize(
    "pieces",
    [
        [OK, *[b"X: " + b"y" * 8000 + b"\r\n"] * 9],
        [OK + b"X: ", *[b"y" * 60_000] * 2],
        [OK, b"X: " + b"y" * 40_000 + b"\r\n", b"Y: " + b"y" * 40_000 + b"\r\n\r\n"],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1;", *[b"x" * 60_000] * 2],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"T: ", *[b"x" * 60_000] * 2],
    ],
)
def test_endless_head_extension_or_trailer_is_refused(pieces: list[bytes]) -> None:
    assert isinstance(parse(*pieces).failure, UpstreamMalformed)


def test_large_head_within_the_limit_passes() -> None:
    assert parse(OK, b"X: " + b"y" * 60_000, b"\r\ncontent-length: 0\r\n\r\n").done


def test_200_headers_and_8_interim_answers_pass() -> None:
    wire = b"HTTP/1.1 102 P\r\n\r\n" * 8 + OK + b"X: y\r\n" * 199 + b"Content-Length: 0\r\n\r\n"
    connection = parse(wire)
    assert connection.done
    assert len(connection.headers) == 200


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_body_end_with_their_head(status: int) -> None:
    connection = parse(b"HTTP/1.1 %d X\r\nContent-Length: 10\r\n\r\n" % status)
    assert (connection.done, connection.reusable, body_of(connection)) == (True, True, b"")


def test_answer_to_head_has_no_body() -> None:
    connection = parse(OK + b"Content-Length: 10\r\n\r\n", has_body=False)
    assert (connection.done, connection.reusable, body_of(connection)) == (True, False, b"")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_connection_that_the_upstream_closes_is_not_reused(head: bytes) -> None:
    connection = parse(head)
    assert (connection.done, connection.reusable) == (True, False)


def test_http_1_0_with_keep_alive_is_reused() -> None:
    assert parse(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n").reusable


@pytest.mark.parametrize("surplus", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"])
@pytest.mark.parametrize("apart", [True, False])
def test_bytes_after_the_end_are_dropped_with_the_connection(surplus: bytes, apart: bool) -> None:
    wire = OK + b"Content-Length: 2\r\n\r\nok"
    connection = parse(wire, surplus) if apart else parse(wire + surplus)
    assert (body_of(connection), connection.failure, connection.finish()) == (b"ok", None, False)


@given(st.binary(min_size=1, max_size=5_000))
def test_a_whole_chunk_in_the_plain_form_is_known(data: bytes) -> None:
    assert body_of_chunk(b"%x\r\n%b\r\n" % (len(data), data)) == data


@pytest.mark.parametrize(
    "framed",
    [
        b"", b"5", b"5\r", b"5\r\n", b"5\r\nhello", b"5\r\nhello\r", b"4\r\nhello\r\n", b"6\r\nhello\r\n",
        b"0\r\n\r\n", b"05\r\nhello\r\n", b"5;e=f\r\nhello\r\n", b"5 \r\nhello\r\n", b" 5\r\nhello\r\n",
        b"+5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"A\r\n0123456789\r\n", b"1_0\r\n0123456789abcdef\r\n",
        b"5\nhello\n", b"5\r\nhello\n\n", b"\r\nhello\r\n", b"5\r\nhello\r\n1\r\nx\r\n", b"hello",
    ],
)  # fmt: skip
def test_what_is_no_whole_chunk_in_the_plain_form_is_the_parsers(framed: bytes) -> None:
    assert body_of_chunk(framed) == b""


@given(st.from_regex(rb"[0-9a-fA-F;x \r\n+_-]{0,6}\r\n[ab\r\n]{0,40}\r\n", fullmatch=True))
def test_what_is_taken_for_a_chunk_the_parser_takes_for_the_same(framed: bytes) -> None:
    data = body_of_chunk(framed)
    if data:
        connection = parse(OK + b"Transfer-Encoding: chunked\r\n\r\n", framed, b"0\r\n\r\n")
        assert connection.done
        assert body_of(connection) == data
