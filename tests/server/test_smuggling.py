"""Hostile requests over a real socket: one refusal, the connection closed, the application never run."""

import re

import pytest

from tests.server.serving import serving

HOST = b"Host: localhost\r\n"
TAIL = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return b"POST /v1/x HTTP/1.1\r\n" + HOST + b"".join(lines) + b"\r\n" + body + TAIL


def get(target: bytes = b"/", *lines: bytes, version: bytes = b"HTTP/1.1", host: bytes = HOST) -> bytes:
    return b"GET " + target + b" " + version + b"\r\n" + host + b"".join(lines) + b"\r\n" + TAIL


HOSTILE = {
    "length and chunked": (400, post(b"Content-Length: 3\r\n", CHUNKED, body=b"0\r\n\r\n")),
    "chunked and length": (400, post(CHUNKED, b"Content-Length: 3\r\n", body=b"0\r\n\r\n")),
    "two equal lengths": (400, post(b"Content-Length: 3\r\n", b"Content-Length: 3\r\n", body=b"abc")),
    "two different lengths": (400, post(b"Content-Length: 3\r\n", b"Content-Length: 30\r\n", body=b"abc")),
    "list of lengths": (400, post(b"Content-Length: 3, 3\r\n", body=b"abc")),
    "plus in length": (400, post(b"Content-Length: +3\r\n", body=b"abc")),
    "minus in length": (400, post(b"Content-Length: -3\r\n", body=b"abc")),
    "hexadecimal length": (400, post(b"Content-Length: 0x3\r\n", body=b"abc")),
    "empty length": (400, post(b"Content-Length: \r\n")),
    "length with blank inside": (400, post(b"Content-Length: 1 1\r\n", body=b"abc")),
    "underscored length": (400, post(b"Content_Length: 3\r\n", body=b"abc")),
    "huge length": (400, post(b"Content-Length: 99999999999999999999999\r\n")),
    "absurd length": (400, post(b"Content-Length: 9999999999999999999\r\n")),
    "blank before colon": (400, post(b"Content-Length : 3\r\n", body=b"abc")),
    "chunked before colon": (400, post(b"Transfer-Encoding : chunked\r\n", body=b"0\r\n\r\n")),
    "gzip then chunked": (400, post(b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n")),
    "comma chunked": (400, post(b"Transfer-Encoding: ,chunked\r\n", body=b"0\r\n\r\n")),
    "chunked twice": (400, post(b"Transfer-Encoding: chunked, chunked\r\n", body=b"0\r\n\r\n")),
    "chunked on two lines": (400, post(CHUNKED, CHUNKED, body=b"0\r\n\r\n")),
    "identity": (400, post(b"Transfer-Encoding: identity\r\n", body=b"abc")),
    "xchunked": (400, post(b"Transfer-Encoding: xchunked\r\n", body=b"0\r\n\r\n")),
    "chunked with parameter": (400, post(b"Transfer-Encoding: chunked;a=b\r\n", body=b"0\r\n\r\n")),
    "quoted chunked": (400, post(b'Transfer-Encoding: "chunked"\r\n', body=b"0\r\n\r\n")),
    "empty transfer encoding": (400, post(b"Transfer-Encoding:\r\n", body=b"0\r\n\r\n")),
    "underscored transfer encoding": (400, post(b"Transfer_Encoding: chunked\r\n", body=b"0\r\n\r\n")),
    "vertical tab before chunked": (400, post(b"Transfer-Encoding: \x0bchunked\r\n", body=b"0\r\n\r\n")),
    "folded chunked": (400, post(b"Transfer-Encoding:\r\n chunked\r\n", body=b"0\r\n\r\n")),
    "chunked in HTTP/1.0": (400, b"POST / HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n" + TAIL),
    "folded header": (400, get(b"/", b"A: b\r\n c\r\n")),
    "folded with a tab": (400, get(b"/", b"A: b\r\n\tc\r\n")),
    "blank before first header": (400, b"GET / HTTP/1.1\r\n " + HOST + b"\r\n" + TAIL),
    "bare line feeds": (400, b"GET / HTTP/1.1\nHost: localhost\n\n" + TAIL),
    "bare line feed in headers": (400, get(b"/", b"A: b\nC: d\r\n")),
    "bare line feed at the end": (400, b"GET / HTTP/1.1\r\nHost: localhost\r\n\n" + TAIL),
    "bare carriage return": (400, get(b"/", b"A: b\rC: d\r\n")),
    "carriage return in name": (400, get(b"/", b"A\r: b\r\n")),
    "nul in value": (400, get(b"/", b"A: b\x00c\r\n")),
    "nul in name": (400, get(b"/", b"A\x00: b\r\n")),
    "control in value": (400, get(b"/", b"A: b\x01\r\n")),
    "no colon": (400, get(b"/", b"nocolon\r\n")),
    "empty name": (400, get(b"/", b": value\r\n")),
    "no host": (400, get(host=b"")),
    "no host in HTTP/1.0": (400, get(version=b"HTTP/1.0", host=b"")),
    "two hosts": (400, get(b"/", HOST)),
    "two different hosts": (400, get(b"/", b"Host: evil.com\r\n")),
    "foreign host": (421, get(host=b"Host: evil.com\r\n")),
    "rebinding host": (421, get(host=b"Host: 127.0.0.1.nip.io:1135\r\n")),
    "host with path": (400, get(host=b"Host: localhost/admin?q=\r\n")),
    "host with user": (400, get(host=b"Host: user@localhost\r\n")),
    "empty host": (400, get(host=b"Host:\r\n")),
    "underscored key": (400, get(b"/", b"x_api_key: a\r\n")),
    "underscored forwarded for": (400, get(b"/", b"X_Forwarded_For: 1.2.3.4\r\n")),
    "absolute form": (400, get(b"http://localhost/")),
    "absolute form elsewhere": (400, get(b"http://evil.com/")),
    "authority form": (400, get(b"evil.com:443")),
    "asterisk": (400, get(b"*")),
    "double slash": (400, get(b"//evil.com/")),
    "dot segments": (400, get(b"/v1/../bodhi/v1/tokens")),
    "encoded dot segments": (400, get(b"/v1/%2e%2e/bodhi/v1/tokens")),
    "twice encoded dot segments": (400, get(b"/v1/%252e%252e/x")),
    "backslash": (400, get(b"/a\\..\\b")),
    "encoded nul": (400, get(b"/a%00")),
    "fragment": (400, get(b"/a#b")),
    "non-ascii": (400, get(b"/\xc3\xa4")),
    "blank in target": (400, get(b"/a b")),
    "no target": (400, b"GET HTTP/1.1\r\n" + HOST + b"\r\n" + TAIL),
    "http 0.9": (505, b"GET /\r\n\r\n" + TAIL),
    "http 2.0": (505, get(version=b"HTTP/2.0")),
    "http 1.2": (400, get(version=b"HTTP/1.2")),
    "lower-case version": (400, get(version=b"http/1.1")),
    "http 2 preface": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "trace": (405, b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n" + TAIL),
    "connect": (405, b"CONNECT evil.com:443 HTTP/1.1\r\n" + HOST + b"\r\n" + TAIL),
    "unknown method": (400, b"FOO / HTTP/1.1\r\n" + HOST + b"\r\n" + TAIL),
    "propfind": (405, b"PROPFIND / HTTP/1.1\r\n" + HOST + b"\r\n" + TAIL),
    "lower-case method": (400, b"get / HTTP/1.1\r\n" + HOST + b"\r\n" + TAIL),
    "other expectation": (417, post(b"Expect: 200-ok\r\n", b"Content-Length: 3\r\n", body=b"abc")),
    "two expectations": (417, post(b"Expect: 100-continue\r\n", b"Expect: x\r\n")),
    "tls hello": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 40),
}

BROKEN_BODIES = {
    "hexadecimal prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "blank after size": b"3 \r\nabc\r\n0\r\n\r\n",
    "bare line feed after size": b"3\nabc\r\n0\r\n\r\n",
    "bare line feed after chunk": b"3\r\nabc\n0\r\n\r\n",
    "chunk too long": b"3\r\nabcd\r\n0\r\n\r\n",
    "size overflow": b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "negative size": b"-1\r\nabc\r\n0\r\n\r\n",
    "empty size": b"\r\nabc\r\n0\r\n\r\n",
    "line feed in extension": b"3;\nx\r\nabc\r\n0\r\n\r\n",
    "folded trailer": b"0\r\nA: b\r\n c\r\n\r\n",
    "bare line feed in trailer": b"0\r\nA: b\nC: d\r\n\r\n",
}


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answer)]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_request_is_refused_once_and_never_reaches_the_application(name: str) -> None:
    status, raw = HOSTILE[name]
    async with serving() as running:
        answer = await running.exchange(raw)
        assert statuses(answer) == [status]
        assert b"connection: close" in answer
        assert b"x-bodhi-error: " in answer
        assert running.app.scopes == []


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_request_before_a_hostile_one_is_answered_first(name: str) -> None:
    status, raw = HOSTILE[name]
    async with serving() as running:
        answer = await running.exchange(b"GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n" + raw)
        assert statuses(answer) == [200, status]
        assert [path for _, path, _ in running.app.seen] == ["/first"]


@pytest.mark.parametrize("name", BROKEN_BODIES)
async def test_a_broken_body_is_refused_and_what_follows_is_never_a_request(name: str) -> None:
    async with serving() as running:
        answer = await running.exchange(post(CHUNKED, body=BROKEN_BODIES[name]))
        assert statuses(answer) == [400]
        assert running.app.seen == []


@pytest.mark.parametrize("at", range(1, 120, 7))
async def test_a_hostile_request_split_anywhere_is_refused_alike(at: int) -> None:
    raw = post(CHUNKED, b"Content-Length: 5\r\n", body=b"0\r\n\r\n")
    async with serving() as running:
        assert statuses(await running.exchange(b"", pieces=[raw[:at], raw[at:]])) == [400]
        assert running.app.scopes == []


async def test_chunk_extensions_and_trailers_are_bounded() -> None:
    async with serving() as running:
        flood = b"1;" + b"x" * 400_000 + b"\r\na\r\n0\r\n\r\n"
        assert statuses(await running.exchange(post(CHUNKED, body=flood))) == [400]
        trailers = b"1\r\na\r\n0\r\n" + b"A: bbbbbbbbbbbbbbbb\r\n" * 20_000 + b"\r\n"
        assert 400 in statuses(await running.exchange(post(CHUNKED, body=trailers)))
        assert running.app.seen == []


async def test_a_trailer_never_becomes_a_header() -> None:
    raw = b"POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + CHUNKED
    async with serving() as running:
        answer = await running.exchange(raw + b"\r\n1\r\na\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
        assert statuses(answer) == [200]
        assert b"authorization" not in dict(running.app.scopes[0]["headers"])
