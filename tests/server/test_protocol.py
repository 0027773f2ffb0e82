import asyncio

import pytest

from bodhi.server.limits import Limits
from tests.fakes.waiting import eventually
from tests.server.serving import CLOSE, HOST, get, open_raw, post, serving, statuses

# Sizes


@pytest.mark.parametrize(("extra", "status"), [(-1, 200), (0, 200), (1, 414)])
async def test_the_target_limit_is_exact(extra: int, status: int) -> None:
    target = b"/" + b"a" * (Limits().request_line_bytes - 1 + extra)
    async with serving() as running:
        assert statuses(await running.exchange(get(target, CLOSE))) == [status]


@pytest.mark.parametrize(("extra", "status"), [(-1, 200), (0, 200), (1, 431)])
@pytest.mark.parametrize("split", [1, 1000, 20_000, 40_000])
@pytest.mark.parametrize("first", [b"", post(b"/first", b"x" * 5000)])
async def test_the_header_limit_is_exact_however_it_arrives(extra: int, status: int, split: int, first: bytes) -> None:
    used = len(HOST) + len(CLOSE) + len(b"A: \r\n")
    value = b"v" * (Limits().header_bytes - used + extra)
    raw = first + get(b"/", CLOSE, b"A: " + value + b"\r\n")
    async with serving() as running:
        expected = [200, status] if first else [status]
        assert statuses(await running.exchange(b"", pieces=[raw[:split], raw[split:]])) == expected


@pytest.mark.parametrize(("count", "status"), [(99, 200), (100, 200), (101, 431)])
async def test_the_header_count_limit_is_exact(count: int, status: int) -> None:
    lines = [b"A%d: b\r\n" % number for number in range(count - 2)]
    async with serving() as running:
        assert statuses(await running.exchange(get(b"/", CLOSE, *lines))) == [status]


async def test_a_header_without_end_is_refused_while_it_arrives() -> None:
    async with serving() as running:
        assert statuses(await running.exchange(b"GET / HTTP/1.1\r\nA: " + b"b" * 1_000_000)) == [431]
        assert statuses(await running.exchange(b"GET /" + b"b" * 1_000_000)) == [414]


# Framing


@pytest.mark.parametrize(
    "raw",
    [
        post(b"/a%2Fb?x=1", b'{"model":"m"}', b"Authorization: Bearer t\r\n", CLOSE),
        (
            b"POST /c HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n"
            b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n"
        ),
        (
            b"POST /h2c HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABk\r\nContent-Length: 5\r\n\r\nhello"
        ),
    ],
    ids=["length", "chunked", "h2c"],
)
async def test_a_request_split_at_any_byte_is_the_same_request(raw: bytes) -> None:
    async with serving() as running:
        whole = await running.exchange(raw)
        first = (running.app.scopes[0]["headers"], running.app.scopes[0]["raw_path"], running.app.seen[0])
        for at in range(1, len(raw)):
            assert await running.exchange(b"", pieces=[raw[:at], raw[at:]]) == whole
            scope = running.app.scopes[-1]
            assert (scope["headers"], scope["raw_path"], running.app.seen[-1]) == first


async def test_a_request_sent_byte_by_byte_is_the_same_request() -> None:
    raw = post(b"/x", b"hello", CLOSE)
    async with serving() as running:
        whole = await running.exchange(raw)
        assert await running.exchange(b"", pieces=[raw[at : at + 1] for at in range(len(raw))]) == whole


async def test_pipelined_requests_are_answered_in_order() -> None:
    raw = b"".join(post(b"/p%d" % number, b"body%d" % number) for number in range(40)) + get(b"/last", CLOSE)
    async with serving() as running:
        answer = await running.exchange(raw)
        assert statuses(answer) == [200] * 41
        assert [path for _, path, _ in running.app.seen] == [f"/p{number}" for number in range(40)] + ["/last"]
        assert answer.index(b"body3") < answer.index(b"body20") < answer.index(b"/last")


async def test_the_queue_of_pipelined_requests_is_bounded() -> None:
    async with serving() as running:
        _, writer = await open_raw(running)
        writer.write(get(b"/hang") + get(b"/x") * 500)
        await eventually(lambda: running.server.front.refused.get("too_many_pipelined"))
        assert len(running.app.scopes) == 1
        running.app.event("gone").set()
        writer.close()


async def test_a_pipelined_request_behind_one_that_closes_is_not_run() -> None:
    async with serving() as running:
        assert statuses(await running.exchange(get(b"/a", CLOSE) + get(b"/b"))) == [200]
        assert [path for _, path, _ in running.app.seen] == ["/a"]


async def test_an_unread_body_ends_the_connection_and_the_answer_arrives() -> None:
    body = get(b"/smuggled") * 20_000
    async with serving() as running:
        raw = b"POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000000\r\n\r\n" + body[:400_000]
        answer = await running.exchange(raw)
        assert statuses(answer) == [413]
        assert b"connection: close" in answer
        assert answer.endswith(b"early")
        assert len(running.app.scopes) == 1


async def test_reading_stops_while_the_application_does_not_read() -> None:
    async with serving() as running:
        _, writer = await open_raw(running)
        writer.write(b"POST /hang-unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000000\r\n\r\n")
        writer.write(b"x" * 30_000_000)
        await running.app.event("started").wait()
        exchange = running.app.scopes[0]["extensions"]["bodhi.connection"]
        await eventually(lambda: exchange.buffered > 0 and exchange._flow.read_paused)
        assert exchange.buffered < 1_000_000
        assert writer.transport.get_write_buffer_size() > 10_000_000
        writer.transport.abort()
        running.app.event("gone").set()


async def test_expect_continue_is_answered_when_the_application_reads() -> None:
    async with serving() as running:
        reader, writer = await open_raw(running)
        head = b"POST /x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n"
        writer.write(head + CLOSE + b"\r\n")
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abc")
        assert statuses(await reader.read()) == [200]
        writer.close()
        refused = head.replace(b"/x", b"/unread")
        assert statuses(await running.exchange(refused + b"\r\n")) == [413]


@pytest.mark.parametrize("path", [b"/no-content", b"/unchanged", b"/x", b"/chunked"])
@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
async def test_the_connection_is_reusable_after_every_kind_of_answer(path: bytes, method: bytes) -> None:
    async with serving() as running:
        raw = get(path).replace(b"GET", method, 1)
        answer = await running.exchange(raw + raw + get(b"/end", CLOSE))
        assert len(statuses(answer)) == 3
        assert b"\r\n\r\n" in answer
        if method == b"HEAD":
            assert b"\r\n\r\nHTTP/1.1" in answer


async def test_http_1_0_is_answered_without_chunks_and_closed() -> None:
    async with serving() as running:
        answer = await running.exchange(b"GET /chunked HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert b"transfer-encoding" not in answer
        assert answer.endswith(b"\r\n\r\nonetwo")


async def test_a_websocket_request_reaches_the_application_as_http(caplog: pytest.LogCaptureFixture) -> None:
    lines = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YQ==\r\n"
    async with serving() as running:
        answer = await running.exchange(get(b"/v1/responses", lines) + get(b"/smuggled"))
        assert statuses(answer) == [426]
        assert [path for _, path, _ in running.app.seen] == ["/v1/responses"]
        assert running.app.scopes[0]["type"] == "http"
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


async def test_an_offer_of_http_2_is_ignored_and_the_body_kept() -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    async with serving() as running:
        answer = await running.exchange(post(b"/x", b"kept", offer) + get(b"/y", offer) + get(b"/z", CLOSE))
        assert statuses(answer) == [200, 200, 200]
        assert running.app.seen == [("POST", "/x", b"kept"), ("GET", "/y", b""), ("GET", "/z", b"")]


async def test_model_ids_keep_their_escapes_in_the_raw_path() -> None:
    async with serving() as running:
        await running.exchange(get(b"/v1/models/org%2Fm%3Alatest?a=b%2Fc", CLOSE))
        scope = running.app.scopes[0]
        assert (scope["raw_path"], scope["path"]) == (b"/v1/models/org%2Fm%3Alatest", "/v1/models/org/m:latest")
        assert scope["query_string"] == b"a=b%2Fc"
