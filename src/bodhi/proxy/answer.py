"""Relays an upstream's answer: head, then bytes as they come, with back-pressure, the tap beside them.

An upstream that breaks off is never shown as a clean end: an error in the dialect's own stream form where there is
one, then the connection is cut.
"""

from bodhi.core.credential import Secret
from bodhi.core.errors import UpstreamError
from bodhi.core.types import Header
from bodhi.formats.contract import Dialect
from bodhi.proxy.inbound import Call, ClientConnection, Send
from bodhi.proxy.objects import Keeper
from bodhi.relay.headers import returned, value_of
from bodhi.relay.scrub import MAX_ERROR_BODY, scrub_answer
from bodhi.relay.tap import Tap
from bodhi.relay.upstream import UpstreamResponse


class Downstream:
    """The way to the client: an answer's head, which goes out before the first byte of the body, and its body."""

    __slots__ = ("_call", "_last", "_send", "_status", "headers")

    def __init__(self, call: Call, send: Send, status: int, headers: list[Header]) -> None:
        self._call = call
        self._send = send
        self._status = status
        self._last = b""
        self.headers = headers

    async def start(self) -> None:
        """Send the head, once. From here on the call has a status, and nothing else can be answered."""
        if not self._call.status:
            self._call.status = self._status
            await self._send({"type": "http.response.start", "status": self._status, "headers": self.headers})

    async def write(self, chunk: bytes, *, end: bool = False) -> None:
        """Send the next bytes of the body; returns when the client has room for more."""
        call = self._call
        if not call.status:
            await self.start()
        if chunk:
            if call.first_byte_at is None:
                call.first_byte_at = call.clock()
            call.bytes_out += len(chunk)
            self._last = chunk
        await self._send({"type": "http.response.body", "body": chunk, "more_body": not end})

    @property
    def between_events(self) -> bool:
        """Whether a stream's event can begin here: at the start, or behind the blank line of the last one."""
        return not self._last or self._last.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))


async def relay_answer(  # noqa: PLR0913 # both ends, the call between them, and what watches it
    call: Call,
    dialect: Dialect,
    response: UpstreamResponse,
    keeper: Keeper | None,
    secret: Secret | None,
    send: Send,
    connection: ClientConnection,
) -> None:
    """Pass an answer on, whole.

    Raises:
        UpstreamError: the upstream broke off before anything was sent to the client.
    """
    headers = returned(response.headers)
    headers.append((b"x-bodhi-request-id", call.id.encode()))
    encoding = value_of(headers, b"content-encoding")
    content_type = value_of(headers, b"content-type") or b""
    downstream = Downstream(call, send, response.status, headers)
    try:
        if response.status >= 400:
            call.error = f"upstream_{response.status}"
            await _relay_error(response, downstream, secret)
        else:
            if content_type.startswith(b"text/event-stream"):
                call.stream = True
            tap = Tap(dialect, content_type, encoding)
            try:
                await _relay_body(response, keeper, tap, downstream)
            finally:
                call.counts = tap.finish()
    except UpstreamError as error:
        if not call.status:
            raise
        call.error = error.code
        media_type = content_type.partition(b";")[0].strip().decode("latin-1")
        if not encoding and downstream.between_events and (told := dialect.write_break(error, call.id, media_type)):
            await downstream.write(told)
        connection.abort()


async def _relay_body(response: UpstreamResponse, keeper: Keeper | None, tap: Tap, downstream: Downstream) -> None:
    if keeper is None:
        await downstream.start()
    while True:
        chunk = await response.read()
        end = not chunk
        if keeper is not None:
            chunk = await keeper.pass_on(chunk)
            if not chunk and not end:
                continue
        if chunk:
            tap.feed(chunk)
        await downstream.write(chunk, end=end)
        if end:
            return


async def _relay_error(response: UpstreamResponse, downstream: Downstream, secret: Secret | None) -> None:
    """Pass an upstream's own error on, unchanged but for the provider's key where it is repeated."""
    pieces: list[bytes] = []
    size = 0
    while size < MAX_ERROR_BODY and (chunk := await response.read()):
        pieces.append(chunk)
        size += len(chunk)
    body = b"".join(pieces)
    if secret is not None:
        downstream.headers, body = scrub_answer(downstream.headers, body, secret)
    while size >= MAX_ERROR_BODY and (chunk := await response.read()):
        await downstream.write(body)
        body = chunk
    await downstream.write(body, end=True)
