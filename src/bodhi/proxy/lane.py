"""The data plane by callbacks: the common call, answered without a task and without a step of waiting.

It knows no rule of its own. What a call means, what is sent and what goes back is decided by the functions that the
coroutine way uses; whatever would have to wait, and every refusal before the call is sent, is left to that way.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from typing_extensions import override

from bodhi.core.call import OutboundRequest, PoolKey, Route
from bodhi.core.errors import BodhiError, InternalError, UpstreamError
from bodhi.core.principal import Principal
from bodhi.core.types import Headers
from bodhi.formats.contract import ModelIn, Serves
from bodhi.formats.taps import UsageTap, is_event_stream
from bodhi.identity.credentials import read_credentials
from bodhi.proxy.answer import AnswerHead, answer_head, told_break
from bodhi.proxy.handler import DataPlane, choose, refuse
from bodhi.proxy.inbound import Call, Opened, Scope
from bodhi.relay.connection import Connection
from bodhi.relay.outbound import CallText, Leg, new_body, new_outbound
from bodhi.relay.pool import Pool
from bodhi.relay.request_head import end_head, write_fields
from bodhi.relay.tap import count_whole, tap_for
from bodhi.relay.upstream import UpstreamResponse
from bodhi.routing.classify import Match, Surface

_log = logging.getLogger("bodhi.proxy")


class Exchange(Protocol):
    """What the lane asks of a request and its response; the server implements it."""

    begun: object

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call back once when the client leaves."""

    def respond(self, status: int, headers: Headers) -> None:
        """Begin the response; its head waits for `write` or `flush`."""

    def write(self, body: bytes, *, end: bool) -> None:
        """Write bytes of the response body, and its end."""

    def write_chunk(self, data: bytes, framed: bytes) -> None:
        """Write bytes of the response body, which came in the framing of a chunk."""

    def flush(self) -> None:
        """Send the head by itself."""

    def abort(self) -> None:
        """Flush what was sent, then close without ending the message."""

    def hand_over(self, body: bytes) -> None:
        """Let the application answer in a task."""

    def drop_lane(self) -> None:
        """Forget the call, which has ended."""


class Lane:
    """Decides which request heads callbacks can serve. One exists per data plane."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        self.answered = 0
        """How many calls were answered without a task."""

    def admit(self, scope: Scope) -> "Admission | None":
        """Look at a request head: None leaves the request to a task."""
        if scope["method"] != "POST":
            return None
        raw_path: bytes = scope["raw_path"]
        headers: Headers = scope["headers"]
        query: bytes = scope["query_string"]
        found = self._plane.classifier.find("POST", raw_path, headers, query)
        match = found.match
        if match is None or found.problem is not None:
            return None
        endpoint = match.endpoint
        if (
            endpoint.serves is not Serves.RELAY
            or endpoint.model_in is ModelIn.OBJECT
            or endpoint.creates_object
            or endpoint.deletes_object
        ):
            return None
        credentials = read_credentials(headers, query)
        length = dict(headers).get(b"content-length", b"")
        encoded = any(name == b"content-encoding" for name, _ in headers)
        if len(credentials) != 1 or encoded or int(length) > self._plane.limits.max_body_bytes:
            return None
        return Admission(self, self._plane, scope, match, found.surface, credentials[0])


class Admission:
    """A request head, and everything about it that no body changes."""

    __slots__ = ("_leg", "_lines", "_model", "_pool_key", "lane", "match", "plane", "scope", "surface", "token")

    def __init__(
        self, lane: Lane, plane: DataPlane, scope: Scope, match: Match, surface: Surface, token: bytes
    ) -> None:
        self.lane = lane
        self.plane = plane
        self.scope = scope
        self.match = match
        self.surface = surface
        self.token = token
        self._leg: Leg | None = None
        self._model: str | None = None
        self._lines = b""
        self._pool_key: PoolKey = ("", "", 0, False)

    def begin(self, exchange: Exchange) -> "LaneCall | None":
        """Begin a call, if nothing stands against it; the coroutine way says what does."""
        plane = self.plane
        try:
            if not plane.is_set_up or plane.directory.snapshot.capture.enabled:
                return None
            principal = plane.authenticator.principal_of_token(self.token)
        except BodhiError:
            return None
        return LaneCall(self, principal, exchange)

    def lines(self, text: CallText, route: Route, leg: Leg) -> tuple[bytes, PoolKey]:
        """Return the head to send, but for its length: the same as long as the leg and a model in the path are.

        Raises:
            BodhiError: what `new_outbound` and `write_fields` refuse.
        """
        if leg is not self._leg or (route.model != self._model and self.match.endpoint.model_in is ModelIn.PATH):
            outbound: OutboundRequest = new_outbound(
                text, self.match.endpoint, route, leg, self.plane.limits.dropped_headers
            )
            self._lines, self._pool_key = write_fields(outbound), outbound.pool_key
            self._leg, self._model = leg, route.model
        return self._lines, self._pool_key


class LaneCall(Call):
    """One call, from its head to its usage record."""

    __slots__ = (
        "_admission", "_connection", "_exchange", "_head", "_last", "_leg", "_pool", "_route", "_sent_at", "_tap",
        "_who",
    )  # fmt: skip

    def __init__(self, admission: Admission, principal: Principal, exchange: Exchange) -> None:
        plane = admission.plane
        super().__init__(plane.new_id(), admission.scope, plane.clock.monotonic)
        self._admission = admission
        self._exchange: Exchange | None = exchange
        self._connection: Connection | None = None
        self._pool: Pool
        self._sent_at: float | None = None
        self._last = b""
        self._head: AnswerHead
        self._leg: Leg
        self._route: Route
        self._tap: UsageTap | None = None
        self.principal = self._who = principal
        self.endpoint = admission.match.endpoint.name
        self.checked_at = self.started_at
        exchange.begun = self
        exchange.on_disconnect(self.leave)

    # Called by the server

    def read(self, body: bytes) -> None:
        """Take the whole request body: send the call, or leave it to a task."""
        self.body = body
        self.bytes_in = len(body)
        self.read_at = self.clock()
        try:
            is_sent = self._send(body)
        except BodhiError:
            is_sent = False
        except Exception:  # noqa: BLE001 # The coroutine way is the last resort for a fault, too.
            _log.exception("call %s failed in the lane", self.id)
            is_sent = False
        if not is_sent:
            self._hand_over()

    def hold(self) -> None:
        """The client does not keep up: neither do we."""
        if self._connection is not None:
            self._connection.hold()

    def go_on(self) -> None:
        """The client has room again."""
        if self._connection is not None:
            self._connection.go_on()

    @override
    def leave(self) -> None:
        """Take note that the client left: cancel the call, which closes what it opened."""
        if self._exchange is None:
            super().leave()  # A task goes on with it. One that has not begun yet asks again when it does.
            return
        self.client_left = True
        self._give_up()

    # Called by the provider's connection

    def advance(self) -> None:
        """Pass on what came from the provider: the head, the bytes that are here, and the end."""
        connection, exchange = self._connection, self._exchange
        if connection is None or exchange is None:
            return
        try:
            if not self.status and not self._begin_answer(connection, exchange):
                return
            chunk = connection.take()
            done = connection.done
            if self._tap is None and not done:
                self._begin_tap()
            if chunk:
                self._see(chunk)
                exchange.write(chunk, end=done)
            if done or not chunk or connection.failure is not None:
                self._end_answer(connection, exchange, chunk)
        except Exception:  # noqa: BLE001 # see the next line
            # The last resort, as in the coroutine way: an answer of 500, or a cut where one has begun.
            _log.exception("call %s failed in the lane", self.id)
            self._refuse(InternalError())

    def pass_chunk(self, data: bytes, framed: bytes) -> None:
        """Pass on bytes of an answer that has begun."""
        exchange = self._exchange
        if exchange is None:
            return
        try:
            self._see(data)
            exchange.write_chunk(data, framed)
        except Exception:  # noqa: BLE001 # as in `advance`
            _log.exception("call %s failed in the lane", self.id)
            self._refuse(InternalError())

    def _see(self, chunk: bytes) -> None:
        if not self.bytes_out:
            self.first_byte_at = self.clock()
        self.bytes_out += len(chunk)
        self._last = chunk
        if self._tap is not None:
            self._tap.feed(chunk)

    def _send(self, body: bytes) -> bool:
        admission = self._admission
        plane, match = admission.plane, admission.match
        snapshot = plane.directory.snapshot
        seen, route = choose(self, match, self._who, snapshot.table)
        if seen.references:
            return False
        self.api_model_id, self.model_sent = route.api_model.id, route.model
        leg = plane.legs.leg(snapshot, route.api_model)
        text = CallText(b"POST", match.params, self.query, self.headers, body, seen.model_span)
        lines, key = admission.lines(text, route, leg)
        body = new_body(text, match.endpoint, route)
        self._route, self._leg = route, leg
        self._sent_at = now = self.clock()
        lent = plane.upstream.send_now(key, end_head(lines, len(body)), body, leg.timeouts, self, now)
        if lent is None:
            return False
        self._connection, self._pool = lent
        return True

    @override
    def sent_at(self) -> tuple[float | None, float | None]:
        """Tell when the provider was chosen, and when there was a connection to it: here the two are one moment."""
        return (self._sent_at, self._sent_at) if self.outbound is None else super().sent_at()

    def _begin_answer(self, connection: Connection, exchange: Exchange) -> bool:
        """Pass on the head of an answer, if it is there and is no error."""
        if not connection.head:
            if connection.failure is not None:
                self._fail(connection, connection.failure)
            return False
        status = connection.status
        if not 200 <= status < 300:
            self._relay_in_task(connection)
            return False
        self._head = head = answer_head(self, connection.headers)
        if is_event_stream(head.content_type):
            self.stream = True
        self.status = status
        exchange.respond(status, head.headers)
        return True

    def _begin_tap(self) -> None:
        head = self._head
        self._tap = tap_for(self._admission.match.dialect, head.content_type, head.encoding)

    def _end_answer(self, connection: Connection, exchange: Exchange, chunk: bytes) -> None:
        """Act on an answer's end, proven or not; or let its head go, when no bytes came with it."""
        if connection.done:
            if not chunk:
                exchange.write(b"", end=True)
            self._connection = None
            self._pool.release(connection)
            self._admission.lane.answered += 1
            if self._tap is None:
                head = self._head
                self.counts = count_whole(self._admission.match.dialect, head.content_type, head.encoding, chunk)
            self._end()
        elif connection.failure is not None:
            self._break(exchange, connection.failure)
        else:
            exchange.flush()

    def _fail(self, connection: Connection, failure: UpstreamError) -> None:
        """No answer came. A connection that had ended before the call was sent is no reason to refuse it."""
        if connection.is_stale():
            self._connection = None
            self._pool.drop(connection)
            self.is_sent_anew = True
            self._hand_over()
        else:
            self._refuse(failure)

    def _break(self, exchange: Exchange, failure: UpstreamError) -> None:
        """The answer broke off. It is never shown as a clean end."""
        if told := told_break(self, self._admission.match.dialect, failure, self._head, self._last):
            if not self.bytes_out:
                self.first_byte_at = self.clock()
            self.bytes_out += len(told)
            exchange.write(told, end=False)
        exchange.abort()
        self._give_up()

    def _refuse(self, error: BodhiError) -> None:
        """Answer with an error; an answer that has begun can only be cut."""
        exchange = self._exchange
        if exchange is not None:
            if self.status:
                self.error = error.code
                exchange.abort()
            else:
                status, headers, body = refuse(self, self._admission.surface, error)
                exchange.respond(status, headers)
                exchange.write(body, end=True)
        self._give_up()

    def _give_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.drop(connection)
        self._end()

    def _relay_in_task(self, connection: Connection) -> None:
        """Let a task pass the answer on: it is an error, or a redirect."""
        self._connection = None
        connection.hand_to(None)
        response = UpstreamResponse(connection, self._pool)
        self.opened = Opened(self._admission.match, self._who, self._route, self._leg, response)
        self._hand_over()

    def _hand_over(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.hand_over(self.body)

    def _end(self) -> None:
        """Write the record, once, and let go of everything."""
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        exchange.drop_lane()
        if self._tap is not None:
            self.counts = self._tap.finish()
        self._admission.plane.keep_record(self)
