"""The upstream HTTP side: the relay's connection on a wire without a socket, and what must hold whatever is answered.

Pools, retries and deadlines are not here.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from bodhi.core.api_model import Timeouts
from bodhi.core.errors import UpstreamError
from bodhi.core.types import Header
from bodhi.outbox import Outbox
from bodhi.relay.answer import MAX_HEAD, MAX_HEADERS
from bodhi.relay.connection import HIGH_WATER, READ_SIZE, Connection
from fuzz import oracle
from fuzz.rules import hold
from fuzz.script import Step, Talk, read_talks

TIMEOUTS = Timeouts()


class Wire(asyncio.Transport):
    """A transport without a socket, which remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = False
        self.paused = False

    @override
    def write(self, data: Any) -> None:
        hold(not self.closing, "a request is written to a connection that is closing")

    @override
    def abort(self) -> None:
        self.closing = True

    @override
    def is_closing(self) -> bool:
        return self.closing

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def pause_reading(self) -> None:
        hold(not self.paused, "reading is paused twice")
        self.paused = True

    @override
    def resume_reading(self) -> None:
        hold(self.paused, "reading is resumed and was not paused")
        self.paused = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one exchange."""

    status: int
    fields: tuple[Header, ...]
    body: bytes
    ended: bool
    failed: bool
    reusable: bool


class Reader:
    """Takes an answer as it comes; as a sink of the connection, or by asking after each piece."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.body = b""
        self.told = 0

    def advance(self) -> None:
        """Take what came."""
        self.told += 1
        self.body += self.connection.take()

    def pass_chunk(self, data: bytes, framed: bytes) -> None:
        """Take the next chunk of a body."""
        hold(framed == b"%x\r\n%b\r\n" % (len(data), data), "a chunk is not what its framing says")
        hold(bool(self.body), "a chunk is passed before anything else of the body")
        hold(not self.connection.unread, "a chunk overtakes what came before it")
        hold(self.connection.expects_bytes, "a chunk is passed after the end")
        self.told += 1
        self.body += data


class Side:
    """One connection to an upstream that answers whatever it likes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, by_sink: bool) -> None:
        self._by_sink = by_sink
        self.wire = Wire()
        self.lost: list[Connection] = []
        self.connection = Connection(loop, memoryview(bytearray(READ_SIZE)), Outbox(), self.lost.append)
        self.connection.connection_made(self.wire)

    def exchange(self, talk: Talk, *, ends: bool) -> Outcome:
        """Send a request and let a talk be its answer, and the end of the connection if it `ends`."""
        connection, reader = self.connection, Reader(self.connection)
        # SWEEP says that the request is a HEAD, STALL that the connection is reset at its end.
        connection.send(b"", b"", TIMEOUTS, 0.0, answer_has_body=not talk.has(Step.SWEEP))
        if self._by_sink:
            connection.hand_to(reader)
        for piece in talk.steps:
            if isinstance(piece, bytes):
                self._arrive(piece, reader)
        if ends and not self.lost:
            connection.connection_lost(ConnectionResetError() if talk.has(Step.STALL) else None)
            hold(len(self.lost) == 1, "the loss of the connection is not told once")
        reader.body += connection.take()
        self._check(reader, ends=ends)
        done, failed = connection.done, connection.failure is not None
        status = connection.status if connection.head else 0
        fields = tuple(connection.headers) if connection.head else ()
        reusable = connection.finish()
        hold(not reusable or (done and not failed), "a connection is used again without a proven end")
        return Outcome(status, fields, reader.body, done, failed, reusable)

    def _arrive(self, piece: bytes, reader: Reader) -> None:
        for start in range(0, len(piece), READ_SIZE):
            part = piece[start : start + READ_SIZE]
            if self.wire.closing:
                return
            self.connection.get_buffer(-1)[: len(part)] = part
            self.connection.buffer_updated(len(part))
            if self.wire.paused:
                reader.body += self.connection.take()
                self.connection.go_on()
            elif not self._by_sink:
                reader.body += self.connection.take()
            self._check_bounds()

    def _check_bounds(self) -> None:
        connection = self.connection
        held = sum(len(name) + len(value) for name, value in connection.headers)
        hold(held <= MAX_HEAD + READ_SIZE, "an unbounded head")
        hold(not connection.head or len(connection.headers) <= MAX_HEADERS, "unbounded headers")
        hold(connection.unread <= HIGH_WATER + READ_SIZE, "an unbounded body")

    def _check(self, reader: Reader, *, ends: bool) -> None:
        connection = self.connection
        failure = connection.failure
        hold(failure is None or isinstance(failure, UpstreamError), "an untyped failure")
        hold(not connection.done or connection.head, "an end without a head")
        hold(not (connection.done and failure is not None), "both an end and a failure")
        hold(failure is None or not connection.is_open, "a failure leaves the connection open")
        waits = connection.expects_bytes and connection.is_open
        hold(
            connection.done or failure is not None or (waits and not ends), "neither an end, nor a failure, nor a wait"
        )
        hold(connection.status == 0 or 100 <= connection.status <= 599, "a status that is none")
        if self._by_sink and (connection.done or failure is not None):
            hold(reader.told, "the sink is not told of the end")


def run(loop: asyncio.AbstractEventLoop, talks: Sequence[Talk], *, by_sink: bool = False) -> list[Outcome]:
    """Let talks answer one request after the other, as long as the connection serves; the last is cut at its end.

    Raises:
        Broken: a property does not hold.
    """
    side = Side(loop, by_sink=by_sink)
    outcomes: list[Outcome] = []
    for number, talk in enumerate(talks, 1):
        outcomes.append(side.exchange(talk, ends=number == len(talks)))
        if not outcomes[-1].reusable:
            break
    return outcomes


def check(loop: asyncio.AbstractEventLoop, raw: bytes) -> None:
    """Check all that must hold for one input.

    Raises:
        Broken: something does not.
    """
    talks = read_talks(raw)
    outcomes = run(loop, talks)
    hold(outcomes == run(loop, talks, by_sink=True), "a sink gets something else than who asks")
    for number, (outcome, talk) in enumerate(zip(outcomes, talks, strict=False), 1):
        _compare(outcome, talk, closed=number == len(talks))
    for split in ([talk.whole() for talk in talks], [talk.split() for talk in talks]):
        _same(outcomes, run(loop, split), talks)


def _same(some: list[Outcome], others: list[Outcome], talks: Sequence[Talk]) -> None:
    for one, other, talk in zip(some, others, talks, strict=False):
        same = (one.status, one.fields, one.ended, one.failed) == (
            other.status,
            other.fields,
            other.ended,
            other.failed,
        )
        # What stands before a fault in the same piece may be given or not; it is never shown as a whole body.
        hold(same and (one.failed or one.body == other.body), f"split in another way, {one} becomes {other}")
        hold(one.reusable == other.reusable or talk.stream.endswith((b"\r", b"\n")), "reuse depends on the split")


def _compare(ours: Outcome, talk: Talk, *, closed: bool) -> None:
    """Hold an answer against how h11 reads it, where neither refuses it."""
    is_head = talk.has(Step.SWEEP)
    theirs = oracle.answer(
        talk.stream, closed=closed and not talk.has(Step.STALL), method=b"HEAD" if is_head else b"GET"
    )
    if ours.failed or theirs.failed or not (ours.ended or theirs.ended):
        return
    hold(ours.ended == theirs.ended, f"we read {ours}, others {theirs}")
    hold(ours.status == theirs.status, f"we read {ours}, others {theirs}")
    hold(ours.body == theirs.body, f"we read {ours}, others {theirs}")
    fields = oracle.plain_fields(list(ours.fields)), oracle.plain_fields(theirs.fields)
    hold(fields[0] == fields[1], f"we read {fields[0]}, others {fields[1]}")
    # h11 keeps no connection to HTTP/1.0; the field that asks for it is an invention of later (RFC 9112, appendix C.2.2).
    kept = b"HTTP/1.0" in talk.stream and any(name == b"connection" for name, _ in ours.fields)
    hold(theirs.reusable or kept or not ours.reusable, "a connection is used again that others would close")
