import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bodhi.core.errors import BodhiError, Overloaded, UpstreamBroke, UpstreamError, UpstreamMalformed, UpstreamTimeout
from tests.fakes.waiting import eventually
from tests.relay.raw_server import OK, Peer, answering, fetch, new_client, once, serving

CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


async def test_answer_is_read_and_the_connection_used_again() -> None:
    async with serving(answering(OK)) as server, new_client() as client:
        for _ in range(5):
            assert await fetch(client, server.request()) == (200, [(b"content-length", b"2")], b"ok")
        assert (server.accepted, client.in_use, client.idle) == (1, 0, 1)


async def test_request_arrives_as_written() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.send(OK)

    body = b"x" * 300_000
    async with serving(script) as server, new_client() as client:
        await fetch(client, server.request(body))
    head = b"POST /v1/x?q=1 HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nx-test: 1\r\ncontent-length: 300000\r\n\r\n" % server.port
    assert seen == [head + body]


async def test_chunks_arrive_without_framing_in_pieces() -> None:
    async with (
        serving(answering(CHUNKED, b"2\r\nhe\r\n", b"3\r\nllo\r\n", b"0\r\n\r\n")) as server,
        new_client() as client,
    ):
        for _ in range(3):
            assert (await fetch(client, server.request()))[2] == b"hello"
        assert server.accepted == 1


async def test_redirect_is_only_a_status() -> None:
    redirect = b"HTTP/1.1 307 T\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    async with serving(answering(redirect)) as server, new_client() as client:
        assert (await fetch(client, server.request()))[0] == 307


async def test_body_that_ends_with_the_connection_is_read_to_its_end() -> None:
    async with serving(once(b"HTTP/1.0 200 OK\r\n\r\n", b"all", b" of it")) as server, new_client() as client:
        assert (await fetch(client, server.request()))[2] == b"all of it"
        assert (client.in_use, client.idle) == (0, 0)


@pytest.mark.parametrize("cut", [CHUNKED + b"5\r\nhel", CHUNKED + b"2\r\nhe\r\n", OK[:-1]])
async def test_connection_lost_in_the_body_is_told(cut: bytes) -> None:
    async with serving(once(cut)) as server, new_client() as client:
        with pytest.raises(UpstreamBroke, match="before its answer was complete"):
            await fetch(client, server.request())
        assert (server.accepted, client.in_use, client.idle) == (1, 0, 0)


async def test_reset_does_not_end_a_body_without_length() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\npart")  # The request stays unread, so closing resets.
        await peer.reader.readexactly(1)
        peer.abort()

    async with serving(script) as server, new_client() as client:
        answer = await client.open(server.request(b"x" * 400_000))
        assert await answer.read() == b"part"
        with pytest.raises(UpstreamBroke):
            await answer.read()
        answer.release()
        assert client.in_use == 0


async def test_malformed_answer_frees_the_slot() -> None:
    async with serving(answering(b"garbage\r\n\r\n")) as server, new_client() as client:
        with pytest.raises(UpstreamMalformed):
            await client.open(server.request())
        assert (client.in_use, client.idle) == (0, 0)


async def test_stale_connection_is_retried_exactly_once() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()  # Every connection dies at its second request, without an answer.

    async with serving(script) as server, new_client() as client:
        await fetch(client, server.request())
        assert (await fetch(client, server.request()))[2] == b"ok"
        assert (server.accepted, client.in_use, client.idle) == (2, 0, 1)


async def test_second_failure_is_not_retried() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.send(OK)
            await peer.request()

    async with serving(script) as server, new_client() as client:
        await fetch(client, server.request())
        with pytest.raises(UpstreamBroke, match="before it answered"):
            await fetch(client, server.request())
        assert (server.accepted, client.in_use) == (2, 0)


async def test_fresh_connection_is_never_retried() -> None:
    async with serving(once()) as server, new_client() as client:
        with pytest.raises(UpstreamBroke):
            await fetch(client, server.request())
        assert server.accepted == 1


@pytest.mark.parametrize("start", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", OK[:30]])
async def test_nothing_is_retried_after_a_byte_of_the_answer(start: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await peer.send(start)

    async with serving(script) as server, new_client() as client:
        await fetch(client, server.request())
        with pytest.raises(UpstreamBroke):
            await fetch(client, server.request())
        assert server.accepted == 1


async def test_connection_closed_while_idle_is_not_used() -> None:
    async with serving(once(OK)) as server, new_client() as client:
        for _ in range(3):
            assert (await fetch(client, server.request()))[2] == b"ok"
            await eventually(lambda: client.idle == 0)
        assert server.accepted == 3


async def test_idle_connection_is_closed_after_its_time() -> None:
    async with serving(answering(OK)) as server, new_client(keep_alive=0.05) as client:
        await fetch(client, server.request())
        await eventually(lambda: client.idle == 0 and server.left == 1)


async def test_early_answer_is_read_and_its_connection_closed() -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig")
        await peer.gone()

    async with serving(script) as server, new_client() as client:
        pending = asyncio.gather(*(fetch(client, server.request(b"x" * 30_000_000)) for _ in range(2)))
        assert [(status, body) for status, _, body in await pending] == [(413, b"big")] * 2
        assert (client.in_use, client.idle) == (0, 0)


@pytest.mark.parametrize("phase", ["queue", "head", "body"])
async def test_cancellation_frees_the_slot(phase: str) -> None:
    async def script(peer: Peer) -> None:
        while b"x-test: 1" in await peer.request():
            if phase == "body":
                await peer.send(CHUNKED)
            await peer.gone()
            return
        await peer.send(OK)

    async with serving(script) as server, new_client(max_connections_per_origin=10) as client:
        count = 200 if phase == "queue" else 10
        for _ in range(200 // count):
            before = server.accepted
            tasks = [asyncio.ensure_future(fetch(client, server.request())) for _ in range(count)]
            await eventually(lambda before=before: server.accepted == before + 10)  # type: ignore[misc]  # a loop's lambda
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in results)
            assert client.in_use == 0
        await eventually(lambda: server.left == server.accepted)
        plain = replace(server.request(), headers=[])
        server.script = answering(OK)
        answers = await asyncio.gather(*(fetch(client, plain) for _ in range(10)))
        assert [body for _, _, body in answers] == [b"ok"] * 10


async def test_cancellation_while_connecting_frees_the_slot() -> None:
    gate = asyncio.Event()

    class Hanging:
        async def resolve(self, origin: object, allow: object) -> list[str]:
            await gate.wait()
            return ["127.0.0.1"]

    async with serving(answering(OK)) as server, new_client(egress=Hanging()) as client:
        tasks = [asyncio.ensure_future(fetch(client, server.request())) for _ in range(20)]
        await eventually(lambda: client.in_use == 20)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert client.in_use == 0
        gate.set()
        assert (await fetch(client, server.request()))[2] == b"ok"


async def test_unread_bytes_are_bounded_while_nobody_reads() -> None:
    size = 250 * 1024 * 1024
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        piece = b"x" * 65536
        while sent < size:
            await peer.send(piece)
            sent += len(piece)

    async with serving(script) as server, new_client() as client:
        answer = await client.open(server.request())
        held = answer._connection
        assert held is not None
        await eventually(lambda: held.unread > 64 * 1024)
        before = -1
        while before != sent:  # Until the kernel's buffers are full too.
            before = sent
            await asyncio.sleep(0.05)
        assert held.unread <= 128 * 1024
        assert sent < 32 * 1024 * 1024
        total = 0
        while piece := await answer.read():
            total += len(piece)
            assert held.unread <= 128 * 1024
        answer.release()
        assert (total, client.idle) == (size, 1)


async def test_released_half_read_answer_closes_its_connection() -> None:
    async with serving(answering(CHUNKED, b"2\r\nhe\r\n")) as server, new_client() as client:
        answer = await client.open(server.request())
        answer.release()
        answer.release()
        assert (client.in_use, client.idle) == (0, 0)
        await eventually(lambda: server.left == 1)
        with pytest.raises(RuntimeError):
            await answer.read()


@pytest.mark.parametrize(
    ("pieces", "limits", "text"),
    [
        ([], {"first_byte": 0.05}, "begin to answer within 0.05 s"),
        ([OK[:20]], {"first_byte": 0.05}, "begin to answer within 0.05 s"),
        ([CHUNKED + b"2\r\nhe\r\n"], {"idle": 0.05}, "nothing for 0.05 s"),
        ([CHUNKED + b"2\r\nhe\r\n"], {"total": 0.3}, "longer than 0.3 s in all"),
        ([], {"total": 0.3}, "longer than 0.3 s in all"),
    ],
)
async def test_deadline_ends_the_call(pieces: list[bytes], limits: dict[str, Any], text: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces)
        await peer.gone()

    async with serving(script) as server, new_client() as client:
        with pytest.raises(UpstreamTimeout, match=text):
            await fetch(client, server.request(**limits))
        assert (client.in_use, client.idle) == (0, 0)
        await eventually(lambda: server.left == 1)


async def test_request_that_nobody_takes_ends_with_the_write_deadline() -> None:
    async def script(peer: Peer) -> None:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # the stream's own transport
        await asyncio.Event().wait()

    async with serving(script) as server, new_client() as client:
        with pytest.raises(UpstreamTimeout, match=r"nothing of the request for 0\.3 s"):
            await fetch(client, server.request(b"x" * 30_000_000, write_stall=0.3, first_byte=30.0))
        assert client.in_use == 0


async def test_calls_beyond_the_limit_wait_for_a_connection() -> None:
    async with serving(answering(OK)) as server, new_client(max_connections_per_origin=3) as client:
        answers = await asyncio.gather(*(fetch(client, server.request()) for _ in range(100)))
        assert [body for _, _, body in answers] == [b"ok"] * 100
        assert server.accepted == 3
        assert (client.in_use, client.idle) == (0, 3)


async def test_closing_fails_calls_in_progress_and_later_ones() -> None:
    async def script(peer: Peer) -> None:
        await peer.gone()

    async with serving(script) as server, new_client() as client:
        task = asyncio.ensure_future(fetch(client, server.request()))
        await eventually(lambda: server.accepted == 1)
        await client.close()
        with pytest.raises(BodhiError):
            await task
        with pytest.raises(Overloaded):
            await client.open(server.request())
        assert client.in_use == 0


async def test_a_request_notes_when_it_had_a_connection() -> None:
    async with serving(answering(OK)) as server, new_client() as client:
        first, second = server.request(), server.request()
        for request in (first, second):
            await fetch(client, request)
    assert first.opened_at is not None
    assert second.opened_at is not None
    assert first.connected_at is not None
    assert first.opened_at < first.connected_at < second.opened_at == second.connected_at


async def test_a_request_that_got_no_connection_notes_none() -> None:
    async with serving(answering(OK)) as server, new_client() as client:
        lost = replace(server.request(), origin=replace(server.request().origin, port=9))
        with pytest.raises(UpstreamError):
            await fetch(client, lost)
    assert (lost.opened_at is None, lost.connected_at) == (False, None)
