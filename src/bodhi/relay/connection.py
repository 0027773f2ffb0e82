"""One HTTP/1.1 connection to an upstream: one exchange at a time, strictly parsed, with back-pressure.

It never decides whether to retry or to keep a connection: that is `relay.pool` and `relay.upstream`.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import httptools
from typing_extensions import override

from bodhi.core.api_model import Timeouts
from bodhi.core.errors import UpstreamBroke, UpstreamError
from bodhi.outbox import HeldTransport, Outbox
from bodhi.relay import failures
from bodhi.relay.answer import MAX_HEAD, Answer, body_of_chunk

HIGH_WATER = 64 * 1024
"""Unread body bytes above which reading from the socket stops."""
READ_SIZE = 64 * 1024
"""Bytes taken from the socket at once, so at most HIGH_WATER + READ_SIZE are ever held."""
SMALL_BODY = 64 * 1024


class Sink(Protocol):
    """Who takes an answer as it comes, in the callbacks of the event loop, instead of waiting for it."""

    def advance(self) -> None:
        """Take what came: a head, bytes, the end or a failure. Must not raise."""

    def pass_chunk(self, data: bytes, framed: bytes) -> None:
        """Take the next bytes of a body of which some were taken, and how they were framed. Must not raise."""


class Connection(Answer, asyncio.BufferedProtocol):
    """The protocol of one connection.

    Args:
        buffer: where the socket is read into. It may be shared by all connections of one event loop, since it is
            filled and emptied without a switch in between.
        outbox: where requests wait for the end of the loop's turn.
        on_lost: called once when the connection is gone.
    """

    __slots__ = (
        "_at_chunk", "_buffer", "_loop", "_on_lost", "_outbox", "_paused", "_since", "_sink", "_started", "_swept",
        "_timeouts", "_transport", "_unsent", "_waiter", "closed", "idle_since", "in_exchange", "received",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        buffer: memoryview,
        outbox: Outbox,
        on_lost: Callable[["Connection"], None],
    ) -> None:
        super().__init__()
        self._loop = loop
        self._buffer = buffer
        self._outbox = outbox
        self._on_lost = on_lost
        self._transport: HeldTransport
        self._waiter: asyncio.Future[None] | None = None
        self._sink: Sink | None = None
        self._paused = False
        self._at_chunk = False
        self.closed = False
        self.in_exchange = False
        self.idle_since = 0.0
        self.received = 0

    # One exchange

    def send(self, head: bytes, body: bytes, timeouts: Timeouts, started: float, *, answer_has_body: bool) -> None:
        """Begin an exchange: write the request and expect an answer."""
        self._timeouts = timeouts
        self._started = self._since = started
        self._swept = self._unsent = self.received = 0
        self.expect(has_body=answer_has_body)
        self.in_exchange = True
        if len(body) < SMALL_BODY:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)

    def hand_to(self, sink: Sink | None) -> None:
        """Tell a sink of whatever comes from here on; None: somebody waits for it again."""
        self._sink = sink
        self._at_chunk = False

    def take(self) -> bytes:
        """Return the bytes of the body that are here, without waiting; b"" when there are none."""
        chunks = self._chunks
        if not chunks:
            return b""
        self._chunks = []
        self._size = 0
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def hold(self) -> None:
        """Read no more from the upstream: whoever gets the answer does not keep up."""
        if not self._paused and self.is_open:
            self._paused = True
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read on after `hold`."""
        if self._paused:
            self._resume()

    async def wait_head(self) -> None:
        """Wait until status and headers are complete.

        Raises:
            UpstreamError: they never will be.
        """
        while not self.head:
            if self.failure is not None:
                raise self.failure
            self._waiter = waiter = self._loop.create_future()
            await waiter

    async def read(self) -> bytes:
        """Return the next bytes of the body, b"" at its proven end.

        Raises:
            UpstreamError: the end will never come.
        """
        while not self._chunks:
            if self.done:
                return b""
            if self.failure is not None:
                raise self.failure
            self._waiter = waiter = self._loop.create_future()
            await waiter
        if self._paused:
            self._resume()
        return self.take()

    @property
    def is_open(self) -> bool:
        """Whether the connection can still be written to."""
        return not self.closed and not self._transport.is_closing()

    @property
    def is_drained(self) -> bool:
        """Whether the message is complete and nothing of it is left to read."""
        return self.done and not self._chunks

    @property
    def has_bytes(self) -> bool:
        """Whether something can be read without waiting."""
        return bool(self._chunks) or self.done

    @property
    def expects_bytes(self) -> bool:
        """Whether an answer is still incomplete."""
        return self.in_exchange and not self.done

    @property
    def unread(self) -> int:
        """How many body bytes wait to be read."""
        return self._size

    def finish(self) -> bool:
        """End the exchange and say whether the connection can serve another."""
        self.in_exchange = False
        self.failure = None  # One that was raised holds this connection by its traceback: uncut, that is a cycle.
        self.hand_to(None)
        self._chunks = []
        self._size = 0
        if not self.done or not self.reusable or self.closed or self._transport.is_closing():
            return False
        if self._paused:
            self._resume()
        return True

    def fail(self, failure: UpstreamError) -> None:
        """End the exchange with an error. Bytes that came before it can still be read."""
        if self.failure is None and not self.done:
            self.failure = failure
        self.abort()
        self._wake()

    def abort(self) -> None:
        """Close without waiting for anything."""
        self.reusable = self._at_chunk = False
        if not self.closed:
            self._transport.abort()

    def is_stale(self) -> bool:
        """Say whether the connection ended before any byte of the answer came."""
        return self.received == 0 and isinstance(self.failure, UpstreamBroke)

    def check_deadlines(self, now: float) -> None:
        """Fail the exchange if one of its deadlines has passed. Called a few times each second for all connections."""
        timeouts = self._timeouts
        if self.done or self.failure is not None:
            return
        unsent = self._transport.get_write_buffer_size()
        if self.received != self._swept or unsent != self._unsent or self._chunks or self._paused:
            self._swept = self.received
            self._unsent = unsent
            self._since = now
        silent = now - self._since
        if now - self._started > timeouts.total:
            self.fail(failures.total_timeout(timeouts.total))
        elif self.head:
            if silent > timeouts.idle:
                self.fail(failures.idle_timeout(timeouts.idle))
        elif unsent:
            if silent > timeouts.write_stall:
                self.fail(failures.write_timeout(timeouts.write_stall))
        elif silent > timeouts.first_byte:
            self.fail(failures.first_byte_timeout(timeouts.first_byte))

    # Called by the event loop

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Get ready to be used."""
        self._transport = HeldTransport(cast("asyncio.Transport", transport), self._outbox)
        self._parser = httptools.HttpResponseParser(self)

    @override
    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the buffer to read into."""
        return self._buffer

    @override
    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what was read, as it is where it is one whole chunk of a body that a sink takes."""
        sink = self._sink
        if sink is not None and self._at_chunk:
            # The parser needs not see it: it stands at the same place before and after. Most events of a stream
            # come like that, one by one, and each would cost half as much again.
            framed = bytes(self._buffer[:nbytes])
            data = body_of_chunk(framed)
            if data:
                self.received += nbytes
                sink.pass_chunk(data, framed)
                return
        self._parse(self._buffer[:nbytes])

    def _parse(self, read: memoryview) -> None:
        is_expected = self.in_exchange and not self.done and not self._transport.held
        if not is_expected:
            # Bytes after the end of a message, or before a request has left: they answer nothing that was asked.
            self.abort()
            return
        nbytes = len(read)
        self.received += nbytes
        before = self._size
        try:
            self._parser.feed_data(read)
        except httptools.HttpParserError as error:
            self._stopped(error)
            return
        if self._size == before and not self.done:
            self._overhead += nbytes
            if self._overhead > MAX_HEAD:
                self.fail(failures.malformed("it has too many bytes that are not its body"))
                return
        else:
            self._overhead = 0
            if self.done and self._transport.get_write_buffer_size():
                self.reusable = False  # An early answer: the rest of the request would precede the next one.
            elif self._size > HIGH_WATER and not self._paused:
                self._paused = True
                self._transport.pause_reading()
        if self.head:
            sink = self._sink
            if sink is not None:
                # The parser tells nothing of a size of which only a part has come; such a part ends in no line end.
                self._at_chunk = self.between_chunks and not self.done and bytes(read[-2:]) == b"\r\n"
                sink.advance()
            else:
                self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Decide whether the end of the connection is the end of the message."""
        self.closed = True
        self.reusable = False
        del self._parser  # It holds this connection, too: uncut, each would be garbage for the collector alone.
        if self.in_exchange and not self.done and self.failure is None:
            if self.head and exc is None and not (self.length_known or self.chunked):
                self.done = True  # RFC 9112 section 6.3, rule 8: such a body ends with the connection.
            else:
                self.failure = failures.broke_in_answer() if self.head else failures.broke_before_answer()
        self._wake()
        self._on_lost(self)

    def _stopped(self, error: httptools.HttpParserError) -> None:
        if self.done:
            self.reusable = False
        elif self.failure is None:
            reason = str(error) if type(error) is httptools.HttpParserError else "its head cannot be read"
            self.failure = failures.malformed(reason[0].lower() + reason[1:])
        self.abort()
        self._wake()

    def _resume(self) -> None:
        self._paused = False
        if self.is_open:
            self._transport.resume_reading()

    def _wake(self) -> None:
        if self._sink is not None:
            self._sink.advance()
            return
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
