import asyncio
from typing import Any, cast

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from bodhi.outbox import MOST_HELD, MOST_WAITING, STRAIGHT, HeldTransport, Outbox

LARGE = b"x" * (MOST_HELD + 1)


class Wire(asyncio.Transport):
    """A transport without a socket, which notes in a common diary what it was told."""

    def __init__(self, diary: list[Any], name: str = "") -> None:
        super().__init__()
        self.diary = diary
        self.name = name
        self.closing = False
        self.unsent = 0

    @override
    def write(self, data: Any) -> None:
        assert not self.closing
        self.diary.append((self.name, bytes(data)) if self.name else bytes(data))

    @override
    def write_eof(self) -> None:
        self.diary.append("eof")

    @override
    def close(self) -> None:
        self.diary.append("close")
        self.closing = True

    @override
    def abort(self) -> None:
        self.diary.append("abort")
        self.closing = True

    @override
    def is_closing(self) -> bool:
        return self.closing

    @override
    def get_write_buffer_size(self) -> int:
        return self.unsent


async def end_turn() -> None:
    await asyncio.sleep(0)


async def test_writes_of_a_turn_leave_together_at_its_end_in_their_order() -> None:
    diary: list[Any] = []
    outbox = Outbox()
    first, second = (HeldTransport(Wire(diary, name), outbox) for name in ("first", "second"))

    first.write(b"one")
    diary.append("work")
    second.write(b"two")
    diary.append("more work")
    await end_turn()

    assert diary == ["work", "more work", ("first", b"one"), ("second", b"two")]


async def test_what_one_connection_writes_in_a_turn_leaves_as_one_piece() -> None:
    diary: list[Any] = []
    transport = HeldTransport(Wire(diary), Outbox())

    transport.write(b"one, ")
    transport.write(b"")
    transport.write(b"two")
    await end_turn()

    assert diary == [b"one, two"]


@pytest.mark.parametrize("pieces", [(b"small", LARGE), (b"x" * MOST_HELD, b"y")])
async def test_what_is_large_leaves_at_once_after_what_waits(pieces: tuple[bytes, ...]) -> None:
    diary: list[Any] = []
    transport = HeldTransport(Wire(diary), Outbox())

    for piece in pieces:
        transport.write(piece)

    assert diary == [*pieces]
    await end_turn()
    assert diary == [*pieces]


async def test_when_many_connections_wait_all_are_sent_at_once() -> None:
    diary: list[Any] = []
    outbox = Outbox()
    transports = [HeldTransport(Wire(diary), outbox) for _ in range(MOST_WAITING + 1)]

    for transport in transports[:-2]:
        transport.write(b"x")
    assert not diary
    for transport in transports[-2:]:
        transport.write(b"x")
    assert len(diary) == MOST_WAITING
    await end_turn()
    assert len(diary) == MOST_WAITING + 1


async def test_after_a_turn_with_one_write_some_go_straight_through_before_the_next_one_waits() -> None:
    diary: list[Any] = []
    transport = HeldTransport(Wire(diary), Outbox())
    transport.write(b"alone")
    await end_turn()
    diary.clear()

    for _ in range(STRAIGHT):
        transport.write(b"x")
    assert diary == [b"x"] * STRAIGHT
    transport.write(b"y")
    assert diary == [b"x"] * STRAIGHT


async def test_close_sends_what_waits_first() -> None:
    diary: list[Any] = []
    transport = HeldTransport(Wire(diary), Outbox())

    transport.write(b"last words")
    transport.close()
    await end_turn()

    assert diary == [b"last words", "close"]


async def test_the_end_of_sending_comes_after_what_waits() -> None:
    diary: list[Any] = []
    transport = HeldTransport(Wire(diary), Outbox())

    transport.write(b"last words")
    transport.write_eof()
    await end_turn()

    assert diary == [b"last words", "eof"]


async def test_abort_drops_what_waits() -> None:
    diary: list[Any] = []
    transport = HeldTransport(Wire(diary), Outbox())

    transport.write(b"never sent")
    transport.abort()
    await end_turn()

    assert diary == ["abort"]


async def test_nothing_is_written_to_a_connection_that_was_lost_meanwhile() -> None:
    diary: list[Any] = []
    wire = Wire(diary)
    transport = HeldTransport(wire, Outbox())

    transport.write(b"never sent")
    wire.closing = True
    await end_turn()
    transport.close()

    assert diary == ["close"]


async def test_what_waits_counts_as_unsent() -> None:
    wire = Wire([])
    wire.unsent = 5
    transport = HeldTransport(wire, Outbox())

    transport.write(b"four")
    assert transport.get_write_buffer_size() == 9
    await end_turn()
    assert transport.get_write_buffer_size() == 5


@given(
    script=st.lists(
        st.one_of(
            st.tuples(
                st.integers(0, 2),
                st.one_of(
                    st.binary(max_size=5), st.integers(MOST_HELD - 2, MOST_HELD + 2).map(lambda size: b"z" * size)
                ),
            ),
            st.sampled_from(["turn", "eof"]),
        ),
        max_size=60,
    )
)
def test_every_connection_sends_the_same_bytes_as_without_an_outbox(script: list[Any]) -> None:
    async def run() -> None:
        outbox = Outbox()
        diaries: list[list[Any]] = [[], [], []]
        wires = [Wire(diary) for diary in diaries]
        transports = [HeldTransport(wire, outbox) for wire in wires]
        expected = [b"", b"", b""]
        for step in script:
            if step == "turn":
                await end_turn()
                assert [b"".join(diary) for diary in diaries] == expected
            elif step == "eof":
                for diary, transport in zip(diaries, transports, strict=True):
                    transport.write_eof()
                    assert diary.pop() == "eof"
                assert [b"".join(diary) for diary in diaries] == expected
            else:
                number, piece = step
                transports[number].write(piece)
                expected[number] += piece
                assert transports[number].get_write_buffer_size() <= MOST_HELD
        await end_turn()
        assert [b"".join(diary) for diary in diaries] == expected

    asyncio.run(run())


class Echo(asyncio.Protocol):
    """Sends back what it gets, through an outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = HeldTransport(cast("asyncio.Transport", transport), self.outbox)

    @override
    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_what_waits_leaves_though_nothing_else_happens(new_loop: Any) -> None:
    async def run() -> None:
        outbox = Outbox()
        server = await asyncio.get_running_loop().create_server(lambda: Echo(outbox), "127.0.0.1")
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        async with asyncio.timeout(10):
            for number in range(3 * STRAIGHT):
                piece = b"%d, " % number
                writer.write(piece)
                assert await reader.readexactly(len(piece)) == piece
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())
