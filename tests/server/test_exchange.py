import asyncio
import contextlib
import http.client
import json
from typing import Any

import pytest

from bodhi.server.exchange import Exchange
from tests.fakes.waiting import eventually
from tests.server.serving import CLOSE, get, open_raw, post, serving, statuses

# Faults of the application


async def test_a_failing_application_is_answered_500() -> None:
    async with serving() as running:
        answer = await running.exchange(get(b"/fail"))
        assert statuses(answer) == [500]
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "internal_error"


@pytest.mark.parametrize("path", [b"/short", b"/abort", b"/abort?length"])
async def test_a_broken_off_answer_is_seen_as_incomplete(path: bytes) -> None:
    async with serving() as running:

        def call() -> bytes:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=5)) as client:
                client.request("GET", path.decode())
                with client.getresponse() as answer:
                    return answer.read()

        with pytest.raises(http.client.IncompleteRead) as caught:
            await asyncio.to_thread(call)
        assert caught.value.partial in (b"part", b"four")


async def test_a_broken_off_answer_to_http_1_0_is_a_reset() -> None:
    async with serving() as running:
        with pytest.raises(ConnectionResetError):
            await running.exchange(b"GET /abort HTTP/1.0\r\nHost: localhost\r\n\r\n")


async def test_a_line_break_in_a_response_header_is_never_written() -> None:
    async with serving() as running:
        answer = await running.exchange(get(b"/inject"))
        assert statuses(answer) == [500]
        assert b"set-cookie" not in answer


# Chunks as they came


class Recorder:
    """Takes what an exchange writes."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.transport: Any = self
        self.write = self.written.append
        self.write_paused = False

    def finish(self, exchange: Exchange) -> None:
        """Take note that the response is complete: nothing follows here."""


def exchange_to(recorder: Recorder, headers: list[tuple[bytes, bytes]]) -> Exchange:
    """Begin a response that a recorder takes."""
    scope = {"method": "POST", "http_version": "1.1", "client": None}
    host: Any = recorder
    exchange = Exchange(host, host, scope, keep_alive=True, expects_continue=False)
    exchange.ended = True
    exchange.respond(200, headers)
    return exchange


def test_a_chunk_leaves_in_the_framing_that_it_came_in() -> None:
    recorder = Recorder()
    exchange = exchange_to(recorder, [])
    exchange.flush()
    framed = b"5\r\nhello\r\n"
    exchange.write_chunk(b"hello", framed)
    exchange.write(b"", end=True)
    assert recorder.written[1:] == [framed, b"0\r\n\r\n"]
    assert recorder.written[1] is framed


def test_a_chunk_leaves_in_the_framing_of_the_response_where_that_is_another() -> None:
    recorder = Recorder()
    exchange = exchange_to(recorder, [(b"content-length", b"10")])
    exchange.write_chunk(b"hello", b"5\r\nhello\r\n")
    exchange.write_chunk(b"world", b"5\r\nworld\r\n")
    head, _, body = b"".join(recorder.written).partition(b"\r\n\r\n")
    assert (head.count(b"chunked"), body) == (0, b"helloworld")


def test_a_chunk_waits_for_no_head_that_has_not_left() -> None:
    recorder = Recorder()
    exchange_to(recorder, []).write_chunk(b"hello", b"5\r\nhello\r\n")
    (written,) = recorder.written
    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert written.endswith(b"\r\n\r\n5\r\nhello\r\n")


# Disconnects


@pytest.mark.parametrize("path", [b"/hang", b"/stream-hang"])
@pytest.mark.parametrize("way", ["close", "reset", "half"])
async def test_a_leaving_client_is_told_once(path: bytes, way: str) -> None:
    async with serving() as running:
        reader, writer = await open_raw(running)
        writer.write(post(path, b"body"))
        await running.app.event("started").wait()
        if path == b"/stream-hang":
            await reader.readuntil(b"first")
        if way == "half":
            writer.write_eof()
            await reader.read()
            writer.close()
        elif way == "reset":
            writer.transport.abort()
        else:
            writer.close()
        await asyncio.wait_for(running.app.event("gone").wait(), 5)
        await eventually(lambda: not running.server.server_state.tasks)
        assert running.app.told == 1
        assert not running.server.front.sweeper.connections


async def test_a_client_that_leaves_in_its_body_is_told_once() -> None:
    async with serving() as running:
        _, writer = await open_raw(running)
        writer.write(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
        await eventually(lambda: running.app.scopes)
        writer.close()
        await eventually(lambda: running.app.told)
        await eventually(lambda: not running.server.server_state.tasks)
        assert (running.app.told, running.app.seen) == (1, [])


async def test_a_complete_call_is_not_told_of_a_later_disconnect() -> None:
    async with serving() as running:
        assert statuses(await running.exchange(get(b"/x", CLOSE))) == [200]
        await eventually(lambda: not running.server.front.sweeper.connections)
        assert running.app.told == 0


async def test_a_disconnect_with_pipelined_requests_reaches_the_one_that_is_answered() -> None:
    async with serving() as running:
        _, writer = await open_raw(running)
        writer.write(get(b"/flood") + get(b"/next"))
        await eventually(lambda: running.app.scopes)
        writer.transport.abort()
        await eventually(lambda: running.app.told == 1)


async def test_a_head_is_written_before_the_first_piece_of_a_body_that_takes_its_time() -> None:
    async with serving() as running:
        reader, writer = await open_raw(running)
        writer.write(get(b"/head-first"))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert statuses(head) == [200]
        writer.close()
        await eventually(lambda: running.app.told == 1)
