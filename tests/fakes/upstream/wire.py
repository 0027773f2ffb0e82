"""The HTTP/1.1 wire of the fake upstream, byte by byte: connections and exchanges. What is said is in `scripts`."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any, cast

from typing_extensions import override

from tests.fakes.upstream.received import Answer, RawHeaders, Received

REASONS = {200: b"OK", 307: b"Temporary Redirect", 404: b"Not Found", 429: b"Too Many Requests", 529: b"Overloaded"}
READ_AHEAD = 1 << 20
KEPT_SENT_BYTES = 64 << 20


class PeerGone(Exception):
    """The peer closed the connection."""


class Exchange:
    """One request and its answer: what came, what was sent, and how it ended."""

    def __init__(self, connection: "Connection", received: Received) -> None:
        self.connection = connection
        self.received = received
        self.status = 0
        self.sent_headers: RawHeaders = []
        self.sent = bytearray()
        self.sent_bytes = 0
        self.keep = True
        self.chunked = False
        self.finished = False
        self.closed = asyncio.Event()
        self.closed_at: float | None = None

    @property
    def sent_body(self) -> bytes:
        """Return the bytes of the body as written, before chunked framing; compressed if so sent."""
        return bytes(self.sent)

    @property
    def aborted(self) -> bool:
        """Return whether the connection ended before the answer was complete."""
        return self.closed.is_set() and not self.finished

    async def raw(self, wire: bytes) -> None:
        """Write bytes as they are and count none of them as body."""
        await self.connection.write(wire)

    async def head(self, status: int, headers: RawHeaders, version: bytes = b"HTTP/1.1") -> None:
        """Write a status line and headers, exactly these."""
        self.status = status
        self.sent_headers = list(headers)
        lines = [b"%s %d %s" % (version, status, REASONS.get(status, b"Status"))]
        lines += [name + b": " + value for name, value in headers]
        await self.raw(b"\r\n".join([*lines, b"", b""]))

    async def piece(self, body: bytes) -> None:
        """Write a piece of the body, as a chunk when the head said so."""
        self.sent_bytes += len(body)
        if self.keep and self.sent_bytes <= KEPT_SENT_BYTES:
            self.sent += body
        await self.raw(b"%x\r\n%s\r\n" % (len(body), body) if self.chunked else body)

    async def last_piece(self, body: bytes) -> None:
        """Write a piece after which the answer is complete, and know so before the peer can."""
        self.finished = True
        try:
            await self.piece(body)
        except PeerGone:
            self.finished = False
            raise

    async def begin(self, answer: Answer) -> None:
        """Write the head of a chunked answer."""
        self.chunked = True
        await self.head(answer.status, [*answer.all_headers, (b"transfer-encoding", b"chunked")])

    async def end(self) -> None:
        """Write the proper end of a chunked answer."""
        self.finished = True
        if self.chunked:
            await self.raw(b"0\r\n\r\n")

    async def send(self, answer: Answer, pace: float = 0.0) -> None:
        """Write a whole answer: events as chunks at the pace given, a body with its length."""
        if answer.events is None and not pace:
            await self.head(answer.status, [*answer.all_headers, (b"content-length", str(len(answer.body)).encode())])
            await self.last_piece(b"" if self.received.method == "HEAD" else answer.body)
            return
        await self.begin(answer)
        for piece in answer.pieces:
            await self.piece(piece)
            if pace:
                await asyncio.sleep(pace)
        await self.end()

    def close(self) -> None:
        """Flush and close: the peer sees an orderly end of the connection."""
        self.connection.transport.close()

    def reset(self) -> None:
        """Break the connection so that the peer sees a reset."""
        sock = cast("socket.socket", self.connection.transport.get_extra_info("socket"))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.transport.abort()

    async def gone(self) -> None:
        """Say nothing more until the peer leaves."""
        await self.closed.wait()


class Connection(asyncio.Protocol):
    """One accepted connection: reads requests one after the other and gives each to the server."""

    transport: asyncio.Transport

    def __init__(self, number: int, serve: Callable[["Connection"], Coroutine[Any, Any, None]]) -> None:
        self.number = number
        self.buffer = bytearray()
        self.exchange: Exchange | None = None
        self.lost = False
        self._serve = serve
        self._wake = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self.task: asyncio.Task[None] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        # The connection owns its task: connection_lost cancels it.
        self.task = asyncio.get_running_loop().create_task(self._serve(self))

    @override
    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > READ_AHEAD:
            self.transport.pause_reading()
        self._wake.set()

    @override
    def pause_writing(self) -> None:
        self._writable.clear()

    @override
    def resume_writing(self) -> None:
        self._writable.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.exchange is not None:
            self.exchange.closed_at = asyncio.get_running_loop().time()
            self.exchange.closed.set()
        self._wake.set()
        self._writable.set()

    async def write(self, wire: bytes) -> None:
        """Write and wait while the peer reads too slowly; PeerGone if it left."""
        await self._writable.wait()
        if self.lost or self.transport.is_closing():
            raise PeerGone
        self.transport.write(wire)

    async def more(self) -> None:
        """Wait for more bytes from the peer; PeerGone if there will be none."""
        if self.lost:
            raise PeerGone
        self._wake.clear()
        self.transport.resume_reading()
        await self._wake.wait()

    async def take(self, count: int) -> bytes:
        """Take exactly so many bytes."""
        parts: list[bytes] = []
        while count:
            if not self.buffer:
                await self.more()
                continue
            part = bytes(self.buffer[:count])
            del self.buffer[: len(part)]
            count -= len(part)
            parts.append(part)
        return b"".join(parts)

    async def take_until(self, mark: bytes) -> bytes:
        """Take the bytes before a mark, and the mark away."""
        while (at := self.buffer.find(mark)) < 0:
            await self.more()
        taken = bytes(self.buffer[:at])
        del self.buffer[: at + len(mark)]
        return taken

    async def read_head(self) -> Received:
        """Read a request line and its headers, keeping case and order."""
        line, *rest = (await self.take_until(b"\r\n\r\n")).lstrip(b"\r\n").split(b"\r\n")
        method, target, _version = line.split(b" ")
        headers = [(name, value.strip()) for name, _, value in (row.partition(b":") for row in rest)]
        return Received(method.decode(), target, headers, b"", self.number, asyncio.get_running_loop().time())

    async def read_body(self, head: Received) -> bytes:
        """Read the body by its length or its chunks (RFC 9112 section 6)."""
        if head.header("expect"):
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if (head.header("transfer-encoding") or "").lower() != "chunked":
            return await self.take(int(head.header("content-length") or 0))
        parts: list[bytes] = []
        while size := int((await self.take_until(b"\r\n")).partition(b";")[0], 16):
            parts.append(await self.take(size))
            await self.take(2)
        while await self.take_until(b"\r\n"):
            pass
        return b"".join(parts)
