import asyncio

import pytest

from tests.fakes.waiting import eventually
from tests.server.serving import CLOSE, QUICK, get, open_raw, serving, statuses

# Deadlines


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", []),
        (b"GET / HTTP/1.1\r\nHost: loc", [408]),
        (get(b"/x"), [200]),
        (get(b"/x") + b"GET /y HTTP/1.1\r\n", [200, 408]),
        (b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc", [408]),
        (b"\r\n\r\n", []),
    ],
    ids=["silent", "half a head", "idle", "half a second head", "half a body", "blank lines"],
)
async def test_a_client_that_stops_is_closed(raw: bytes, status: list[int]) -> None:
    async with serving(QUICK) as running:
        assert statuses(await running.exchange(raw)) == status


@pytest.mark.parametrize(
    ("start", "drip"),
    [
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n"),
        (b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n", b"x"),
    ],
    ids=["header", "body"],
)
async def test_a_dripping_client_is_closed(start: bytes, drip: bytes) -> None:
    async with serving(QUICK) as running:
        reader, writer = await open_raw(running)
        writer.write(start)
        answer = asyncio.ensure_future(reader.read())
        while not answer.done():
            writer.write(drip)
            await asyncio.sleep(0.03)
        assert statuses(answer.result()) == [408]
        writer.close()


async def test_a_client_that_does_not_read_is_aborted() -> None:
    async with serving(QUICK) as running:
        _, writer = await open_raw(running)
        writer.transport.pause_reading()  # type: ignore[attr-defined] # a WriteTransport by its declaration only
        writer.write(get(b"/flood"))
        await eventually(lambda: running.app.told == 1)
        await eventually(lambda: not running.server.front.sweeper.connections)
        writer.transport.abort()


async def test_a_long_answer_to_a_patient_client_outlives_every_deadline() -> None:
    async with serving(QUICK) as running:
        reader, writer = await open_raw(running)
        writer.write(get(b"/stream-hang"))
        await reader.readuntil(b"first")
        deadline = asyncio.get_running_loop().time() + 1.0
        await eventually(lambda: asyncio.get_running_loop().time() > deadline)
        assert running.app.told == 0
        assert len(running.server.front.sweeper.connections) == 1
        writer.close()
        await eventually(lambda: running.app.told == 1)


async def test_connections_on_which_nothing_is_left_leave_the_sweeper() -> None:
    async with serving(QUICK) as running:
        for _ in range(20):
            await running.exchange(get(b"/x", CLOSE))
        await eventually(lambda: not running.server.front.sweeper.connections)
        assert not running.server.server_state.connections
