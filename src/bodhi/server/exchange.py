"""One request and its response: the ASGI `receive` and `send` of a call. Parsing and deadlines live in `protocol`."""

import asyncio
import http
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol, TypeAlias

from typing_extensions import override
from uvicorn.protocols.http.flow_control import FlowControl

from bodhi.core.types import Headers
from bodhi.outbox import HeldTransport
from bodhi.server.connection import Connection

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = dict[str, Any]
App: TypeAlias = Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

_log = logging.getLogger("bodhi.server")


def _status_line(status: int) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")


STATUS_LINES = {status: _status_line(status) for status in range(200, 600)}

_NAME_BYTES = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
"""What a field name may hold (RFC 9110 section 5.1), in lower case as ASGI has it."""
_VALUE_BYTES = bytes(code for code in range(256) if code == 0x09 or (code >= 0x20 and code != 0x7F))


_AS_LINE = b": ".join
_BODILESS = frozenset({204, 304})
_FAILED_BODY = b'{"error":{"message":"Internal error.","type":"server_error","code":"internal_error","param":null}}'
_FAILED_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", b"%d" % len(_FAILED_BODY)),
    (b"x-bodhi-error", b"internal_error"),
    (b"connection", b"close"),
]


class LaneCall(Protocol):
    """A call that is answered by callbacks."""

    def read(self, body: bytes) -> None:
        """Take the whole request body."""

    def hold(self) -> None:
        """The client does not keep up."""

    def go_on(self) -> None:
        """The client has room again."""


class Host(Protocol):
    """What an exchange needs of the protocol that it lives in."""

    transport: HeldTransport

    def want_more(self) -> None:
        """Read on from the client."""

    def finish(self, exchange: "Exchange") -> None:
        """Take note that the response is complete."""

    def run(self, exchange: "Exchange") -> None:
        """Let the application answer, in a task."""


class Exchange(Connection):
    """One request, its body as it arrives, and its response as it leaves."""

    __slots__ = (
        "_chunked",
        "_close_delimited",
        "_end_told",
        "_flow",
        "_held_head",
        "_pieces",
        "_remaining",
        "_waiters",
        "buffered",
        "complete",
        "ended",
        "expects_continue",
        "host",
        "keep_alive",
        "lane_call",
        "scope",
        "started",
    )

    def __init__(
        self, host: Host, flow: FlowControl, scope: Scope, *, keep_alive: bool, expects_continue: bool
    ) -> None:
        super().__init__(scope["client"])
        self.host = host
        self.scope = scope
        self.keep_alive = keep_alive
        self.expects_continue = expects_continue
        self.ended = False
        """The request body arrived completely."""
        self.started = False
        self.complete = False
        self.lane_call: LaneCall | None = None
        """What answers this request by callbacks; None: a task does, or will."""
        self.buffered = 0
        self._flow = flow
        self._pieces: list[bytes] = []
        self._end_told = False
        self._waiters: list[asyncio.Future[None]] = []
        self._chunked = False
        self._close_delimited = False
        self._remaining = 0
        self._held_head = b""

    # Fed by the protocol

    def feed(self, piece: bytes) -> None:
        """Take a piece of the request body."""
        self._pieces.append(piece)
        self.buffered += len(piece)
        self._wake()

    def feed_end(self) -> None:
        """Take the end of the request body."""
        self.ended = True
        self._wake()

    def lose(self) -> None:
        """End the exchange from outside: the client left, or the server cuts it."""
        if not self.complete and not self.gone:
            self._lose()
        self._wake()

    @override
    def abort(self) -> None:
        """Flush what was sent, then close without ending the message, so that the client sees that it is broken."""
        if self.complete or self.gone:
            return
        self.flush()
        transport = self.host.transport
        if self._close_delimited and self.started:
            # Here the end of the connection is the end of the message; only a reset tells the two apart.
            raw = transport.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.close()

    def _wake(self) -> None:
        if self._waiters:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    # Called by the application

    async def run(self, app: App) -> None:
        """Run the application for this request; whatever it leaves unfinished breaks the connection."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self.host.transport.close()
            raise
        except Exception:  # noqa: BLE001 # The last frame above the application: a fault there must not end the server.
            _log.exception("The application failed")
            await self._fail()
        else:
            if not self.complete and not self.gone and not self.host.transport.is_closing():
                _log.error("The application returned without completing its response")
                await self._fail()
        finally:
            self.forget()
            # The scope and the task hold this exchange: uncut, each call would be garbage for the collector alone.
            self.scope = {}
            self.task = None

    async def _fail(self) -> None:
        if self.started:
            self.abort()
            return
        await self.send({"type": "http.response.start", "status": 500, "headers": _FAILED_HEADERS})
        await self.send({"type": "http.response.body", "body": _FAILED_BODY})

    async def receive(self) -> Message:
        """Give the next piece of the body, or wait for the client to leave once all was given."""
        if self.expects_continue:
            self.expects_continue = False
            if not self.ended and not self.started and not self.gone:
                self.host.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not (self.gone or self.complete):
            if self._pieces or (self.ended and not self._end_told):
                return self._next_piece()
            self.host.want_more()
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        return {"type": "http.disconnect"}

    def _next_piece(self) -> Message:
        pieces = self._pieces
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._pieces = []
        self.buffered = 0
        self._end_told = self.ended
        if self._flow.read_paused:
            self.host.want_more()
        return {"type": "http.request", "body": body, "more_body": not self.ended}

    async def send(self, message: Message) -> None:
        """Write a part of the response; wait while the client does not keep up."""
        if self._flow.write_paused and not self.gone:
            await self._flow.drain()
        if self.gone:
            return
        if not self.started:
            self._expect(message, "http.response.start")
            self.respond(message["status"], message.get("headers", ()))
            if not message.get("held"):
                asyncio.get_running_loop().call_soon(self.flush)
        elif not self.complete:
            self._expect(message, "http.response.body")
            self.write(message.get("body", b""), end=not message.get("more_body", False))
        else:
            raise RuntimeError(f"{message['type']} was sent after the response was complete")

    # Called by the lane, which does not wait

    def respond(self, status: int, headers: Headers) -> None:
        """Begin the response. Its head leaves with the first bytes of the body, or with `flush`.

        Raises:
            RuntimeError: a header is malformed or one that only the server writes.
        """
        self._held_head = self._head(status, headers)
        self.started = True

    def write(self, body: bytes, *, end: bool) -> None:
        """Write bytes of the response body, and its end.

        Raises:
            RuntimeError: the body is not as long as its Content-Length says.
        """
        piece = b""
        if self._chunked:
            if body:
                piece = b"%x\r\n%b\r\n" % (len(body), body)
            if end:
                piece += b"0\r\n\r\n"
        elif body and self.scope["method"] != "HEAD":
            piece = body
            if not self._close_delimited:
                self._remaining -= len(body)
                if self._remaining < 0:
                    raise RuntimeError("the response body is longer than its content-length")
        if self._held_head:
            piece = self._take_head() + piece
        if piece:
            self.host.transport.write(piece)
        if end:
            self._end()

    def write_chunk(self, data: bytes, framed: bytes) -> None:
        """Write bytes of the response body; `framed` is the same as one chunk, and leaves as it is where it can."""
        if self._chunked and not self._held_head:
            self.host.transport.write(framed)
        else:
            self.write(data, end=False)

    def _end(self) -> None:
        if self._remaining:
            raise RuntimeError("the response body is shorter than its content-length")
        self.complete = True
        self._callback = None
        if self._waiters:
            self._wake()
        self.host.finish(self)

    def take_body(self) -> bytes:
        """Return the request body that was fed so far, and keep none of it."""
        pieces, self._pieces = self._pieces, []
        self.buffered = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def hand_over(self, body: bytes) -> None:
        """Let the application answer after all, in a task; `body` is the whole request body."""
        self.lane_call = None
        self._pieces = [body]
        self.host.run(self)

    def drop_lane(self) -> None:
        """Forget the lane's call, which has ended."""
        self.lane_call = None
        self.begun = None

    def _expect(self, message: Message, kind: str) -> None:
        if message["type"] != kind:
            raise RuntimeError(f"expected {kind}, got {message['type']}")

    def flush(self) -> None:
        """Write the head alone when no body came in the same step: one write for both saves a system call a call."""
        if self._held_head and not self.gone:
            self.host.transport.write(self._take_head())

    def _take_head(self) -> bytes:
        head, self._held_head = self._held_head, b""
        return head

    def _head(self, status: int, headers: Headers) -> bytes:
        fields = dict(headers)
        head = STATUS_LINES[status] + b"\r\n".join([*map(_AS_LINE, headers), b""])
        # Deleting what is allowed leaves what is not: the line ends, and nothing else (RFC 9112 section 11.1).
        if (
            b"" in fields
            or b"".join(fields).translate(None, _NAME_BYTES)
            or head.translate(None, _VALUE_BYTES) != b"\r\n" * (len(headers) + 1)
        ):
            raise RuntimeError("a response header is malformed")
        if b"transfer-encoding" in fields:
            raise RuntimeError("the framing of a response is the server's own")
        closes = b"connection" in fields and b"close" in fields[b"connection"].lower()
        return head + self._framing(status, fields.get(b"content-length"), closes=closes)

    def _framing(self, status: int, length: bytes | None, *, closes: bool) -> bytes:
        """Decide how the response ends (RFC 9112 section 6.3) and whether the connection outlives it."""
        lines = b"\r\n"
        if self.scope["method"] == "HEAD" or status in _BODILESS:
            pass
        elif length is not None:
            self._remaining = int(length)
        else:
            if self.scope["http_version"] == "1.0":
                self._close_delimited = True
                self.keep_alive = False
            else:
                self._chunked = True
                lines = b"transfer-encoding: chunked\r\n\r\n"
        # A response before the end of the request: what still comes would have to be read to find the next request.
        self.keep_alive = self.keep_alive and self.ended and not closes
        return lines if self.keep_alive or closes else b"connection: close\r\n" + lines
