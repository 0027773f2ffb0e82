"""Relays an upstream's answer: head, then bytes as they come, with back-pressure, the tap beside them.

An upstream that breaks off is never shown as a clean end: an error in the dialect's own stream form where there is
one, then the connection is cut.
"""

import msgspec

from bodhi.core.credential import Secret
from bodhi.core.errors import UpstreamError, UpstreamMalformed
from bodhi.core.types import Header, Headers
from bodhi.formats.contract import Dialect
from bodhi.formats.taps import UsageTap, is_event_stream
from bodhi.proxy.inbound import Call, ClientConnection, Send
from bodhi.proxy.objects import Keeper
from bodhi.relay.headers import returned, value_of
from bodhi.relay.scrub import FRAGMENT, MAX_ERROR_BODY, scrub, scrub_answer, scrub_headers
from bodhi.relay.tap import tap_for
from bodhi.relay.upstream import UpstreamResponse


class Downstream:
    """The way to the client: an answer's head, which goes out before the first byte of the body, and its body."""

    __slots__ = ("_call", "_send", "_status", "headers", "last")

    def __init__(self, call: Call, send: Send, status: int, headers: list[Header]) -> None:
        self._call = call
        self._send = send
        self._status = status
        self.last = b""
        """The bytes of the body that were sent last."""
        self.headers = headers

    async def start(self, *, held: bool = False) -> None:
        """Send the head, once. From here on the call has a status, and nothing else can be answered.

        Args:
            held: whether a piece of the body follows at once, so that the server can write both together.
        """
        if not self._call.status:
            self._call.status = self._status
            await self._send(
                {"type": "http.response.start", "status": self._status, "headers": self.headers, "held": held}
            )

    async def write(self, chunk: bytes, *, end: bool = False) -> None:
        """Send the next bytes of the body; returns when the client has room for more."""
        call = self._call
        if not call.status:
            await self.start(held=True)
        if chunk:
            if call.first_byte_at is None:
                call.first_byte_at = call.clock()
            call.bytes_out += len(chunk)
            self.last = chunk
        await self._send({"type": "http.response.body", "body": chunk, "more_body": not end})


class AnswerHead(msgspec.Struct):
    """What goes to the client before the body, and what decides how the body is looked at."""

    headers: list[Header]
    content_type: bytes
    encoding: bytes | None


def answer_head(call: Call, headers: Headers) -> AnswerHead:
    """Return the head of an answer as the client gets it, from the provider's header fields."""
    passed = returned(headers)
    fields = dict(passed)
    passed.append((b"x-bodhi-request-id", call.id.encode()))
    return AnswerHead(passed, fields.get(b"content-type", b""), fields.get(b"content-encoding"))


def ends_event(chunk: bytes) -> bool:
    """Tell whether a stream's event can begin behind these bytes: at the start, or behind the last one's blank line."""
    return not chunk or chunk.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))


def told_break(call: Call, dialect: Dialect, error: UpstreamError, head: AnswerHead, last: bytes) -> bytes:
    """Note that an answer broke off behind the bytes `last`, and return what tells it there; b"" where nothing can."""
    call.error = error.code
    if head.encoding or not ends_event(last):
        return b""
    media_type = head.content_type.partition(b";")[0].strip().decode("latin-1")
    return dialect.write_break(error, call.id, media_type)


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
    head = answer_head(call, response.headers)
    downstream = Downstream(call, send, response.status, head.headers)
    try:
        if response.status >= 400:
            call.error = f"upstream_{response.status}"
            await _relay_error(response, downstream, secret)
        else:
            if is_event_stream(head.content_type):
                call.stream = True
            tap = tap_for(dialect, head.content_type, head.encoding)
            try:
                await _relay_body(response, keeper, tap, downstream)
            finally:
                call.counts = tap.finish()
    except UpstreamError as error:
        if not call.status:
            raise
        if told := told_break(call, dialect, error, head, downstream.last):
            await downstream.write(told)
        connection.abort()


async def _relay_body(response: UpstreamResponse, keeper: Keeper | None, tap: UsageTap, downstream: Downstream) -> None:
    if keeper is None and not response.has_bytes:
        await downstream.start()
    end = False
    while not end:
        chunk = await response.read()
        end = response.is_complete
        if keeper is not None:
            chunk = await keeper.pass_on(chunk, end=end)
            if not chunk and not end:
                continue
        if chunk:
            tap.feed(chunk)
        await downstream.write(chunk, end=end)


async def _relay_error(response: UpstreamResponse, downstream: Downstream, secret: Secret | None) -> None:
    """Pass an upstream's own error on, unchanged but for the provider's key where it is repeated.

    Raises:
        UpstreamMalformed: it is compressed, and too large to be searched for the key.
    """
    pieces: list[bytes] = []
    size = 0
    while size < MAX_ERROR_BODY and (chunk := await response.read()):
        pieces.append(chunk)
        size += len(chunk)
    body = b"".join(pieces)
    if size >= MAX_ERROR_BODY:
        if secret is not None and value_of(downstream.headers, b"content-encoding") is not None:
            raise UpstreamMalformed("The provider's error answer is too large.")
        if secret is not None:
            downstream.headers = scrub_headers(downstream.headers, secret)
        await _relay_long_error(response, downstream, secret, body)
        return
    if secret is not None:
        downstream.headers, body = scrub_answer(downstream.headers, body, secret)
    await downstream.write(body, end=True)


async def _relay_long_error(
    response: UpstreamResponse, downstream: Downstream, secret: Secret | None, body: bytes
) -> None:
    """Pass a long error on as it comes, but for the last bytes so far, in which a part of the key may have begun."""
    chunk = body
    held = b""
    while chunk:
        body = held + chunk
        if secret is not None:
            body = scrub(body, secret)
        held = body[-FRAGMENT:]
        await downstream.write(body[:-FRAGMENT])
        chunk = await response.read()
    await downstream.write(held, end=True)
