"""One inbound request as the data plane sees it: read from ASGI, with the notes that its usage record needs."""

from asyncio import Task
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple, Protocol

from bodhi.core.call import OutboundRequest, Route
from bodhi.core.credential import Secret
from bodhi.core.errors import BodyTooLarge, UnsupportedEncoding
from bodhi.core.principal import Principal
from bodhi.core.types import Headers
from bodhi.core.usage import TokenCounts, UsageRecord
from bodhi.relay.changes import Sending
from bodhi.relay.outbound import Leg
from bodhi.relay.upstream import UpstreamResponse
from bodhi.routing.classify import Match

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

EXTENSION = "bodhi.connection"
"""Under this key the server puts a `ClientConnection` into `scope["extensions"]`."""


class ClientConnection(Protocol):
    """What the data plane asks of the client's connection; the server implements it."""

    @property
    def task(self) -> Task[None] | None:
        """The task that runs this call."""

    @property
    def begun(self) -> object:
        """The call, where callbacks began it and a task goes on with it."""

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call back once when the client leaves."""

    def forget(self) -> None:
        """Drop the callback."""

    def abort(self) -> None:
        """Flush what was sent, then close without ending the message."""


class Watch(Protocol):
    """What a call shows its bytes to, where they are captured; `capture` implements it."""

    def send(self, send: Send) -> Send:
        """Return a `send` that is watched."""

    def sent(self, sending: Sending, outbound: OutboundRequest) -> None:
        """Note what goes upstream."""

    def answered(self, status: int, headers: Headers, secret: Secret | None) -> None:
        """Note how the provider began to answer."""

    def finish(self) -> None:
        """Hand over what was seen."""


class Opened(NamedTuple):
    """A provider's answer whose head is here, and all that is needed to pass it on."""

    match: Match
    principal: Principal
    route: Route
    leg: Leg
    response: UpstreamResponse


STATUS_CLIENT_LEFT = 499
"""What the usage record says when the client left before it was sent a status (nginx's convention)."""


_NO_COUNTS = TokenCounts()


class ClientLeft(Exception):
    """The client closed its connection; there is nobody to answer."""


class Call:
    """One inbound request and what became of it, from the first byte to the usage record."""

    __slots__ = (
        "api_model_id", "body", "bytes_in", "bytes_out", "checked_at", "client_left", "clock", "counts", "endpoint",
        "error", "first_byte_at", "headers", "id", "is_sent_anew", "method", "model_asked", "model_sent", "opened",
        "outbound", "principal", "query", "raw_path", "read_at", "started_at", "status", "stream", "task", "watch",
    )  # fmt: skip

    def __init__(self, call_id: str, scope: Scope, clock: Callable[[], float]) -> None:
        self.id = call_id
        self.clock = clock
        """The monotonic clock that the times of this call are read from."""
        self.method: str = scope["method"]
        self.raw_path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.headers: Headers = scope["headers"]
        self.started_at = clock()
        self.checked_at: float | None = None
        self.read_at: float | None = None
        self.first_byte_at: float | None = None
        self.body = b""
        self.outbound: OutboundRequest | None = None
        """What is sent upstream, once that is known."""
        self.principal: Principal | None = None
        self.endpoint = "unknown"
        self.api_model_id: str | None = None
        self.model_asked: str | None = None
        self.model_sent: str | None = None
        self.stream = False
        self.status = 0
        self.error: str | None = None
        self.bytes_in = 0
        self.bytes_out = 0
        self.counts: TokenCounts | None = None
        self.client_left = False
        self.task: Task[None] | None = None
        self.opened: Opened | None = None
        """The provider's answer, where callbacks opened it and a task passes it on."""
        self.is_sent_anew = False
        """Whether callbacks sent it once already, over a connection that had ended."""
        self.watch: Watch | None = None
        """What captures this call, where that is turned on."""

    def leave(self) -> None:
        """Take note that the client left: cancel the call, which closes what it opened."""
        self.client_left = True
        if self.task is not None:
            self.task.cancel()

    def sent_at(self) -> tuple[float | None, float | None]:
        """Tell when the provider was chosen, and when there was a connection to it."""
        outbound = self.outbound
        return (None, None) if outbound is None else (outbound.opened_at, outbound.connected_at)

    def record(self, at: float, ended_at: float) -> UsageRecord:
        """Return the usage record of this call.

        Args:
            at: wall time of the end, Unix seconds.
            ended_at: the same moment on the monotonic clock that `started_at` was read from.
        """
        principal, started = self.principal, self.started_at
        counts = self.counts or _NO_COUNTS
        first, checked, read = self.first_byte_at, self.checked_at, self.read_at
        chosen, connected = self.sent_at()
        return UsageRecord(
            self.id,
            at,
            principal.user_id if principal else None,
            principal.token_id if principal else None,
            self.api_model_id,
            self.model_asked,
            self.model_sent,
            self.endpoint,
            self.status or STATUS_CLIENT_LEFT,
            self.error,
            self.stream,
            None if first is None else int((first - started) * 1e6),
            int((ended_at - started) * 1e6),
            self.bytes_in,
            self.bytes_out,
            counts.input,
            counts.output,
            counts.cached,
            counts.reasoning,
            counts.cache_written,
            None,
            None if checked is None else int((checked - started) * 1e6),
            None if read is None else int((read - started) * 1e6),
            None if chosen is None else int((chosen - started) * 1e6),
            None if connected is None else int((connected - started) * 1e6),
            counts.finish,
        )


async def read_body(call: Call, receive: Receive, limit: int) -> bytes:
    """Read the whole request body, which routing needs to find the model.

    Raises:
        BodyTooLarge: it is larger than `limit` bytes; whatever was announced is refused before it is read.
        UnsupportedEncoding: it is compressed, so that the model cannot be read.
        ClientLeft: the client closed the connection before it was complete.
    """
    fields = dict(call.headers)
    encoding = fields.get(b"content-encoding")
    if encoding is not None and encoding.strip().lower() != b"identity":
        raise UnsupportedEncoding
    announced = fields.get(b"content-length")
    if announced is not None and int(announced) > limit:
        raise BodyTooLarge(_too_large(limit))
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientLeft
        piece = message["body"]
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(_too_large(limit))
        if not message.get("more_body", False):
            call.bytes_in = size
            call.read_at = call.clock()
            if not pieces:
                return bytes(piece)
            pieces.append(piece)
            return b"".join(pieces)
        pieces.append(piece)


def _too_large(limit: int) -> str:
    return f"The request body is larger than {limit} bytes, the most that this gateway accepts."
