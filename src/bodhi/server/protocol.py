"""uvicorn's httptools protocol, guarded: each request is checked while it is parsed, before the application runs.

The rules are in `refusals`, the numbers in `limits`; refusing and deadlines are in `answering`. A client that shuts
down its sending side is treated as gone: uvicorn's `eof_received` lets the transport close.
"""

import asyncio
import urllib.parse
from math import inf
from typing import Any

import httptools
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.server import ServerState

from bodhi.core.remember import remember
from bodhi.core.types import Header
from bodhi.server import refusals
from bodhi.server.answering import AnsweringProtocol, Front, Stage
from bodhi.server.exchange import Exchange, Scope
from bodhi.server.lane import Admission, KnownHead, Lane, known_head
from bodhi.server.refusals import Refusal


class _Refused(Exception):
    """Leaves llhttp's callbacks; the refusal itself is on the protocol."""


_PATHS_MAX = 1024
_PATH_BYTES_MAX = 256
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_BETWEEN, _HEAD, _BODY, _DEAF = Stage.BETWEEN, Stage.HEAD, Stage.BODY, Stage.DEAF


class GuardedProtocol(AnsweringProtocol):
    """One client connection."""

    def __init__(
        self,
        front: Front,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(front, config, server_state, app_state, _loop)
        self._target = b""
        self._fields: list[Header] = []
        self._framing = refusals.NO_BODY
        self._shares_chunk = False
        self._head_is_new = False
        self._raw_body_bytes = 0
        self._replaying = False
        self._upgrade_ignored = False
        self._known: KnownHead | None = None
        self._admitted: tuple[Scope, Admission] | None = None
        """Of the first head of the bytes that are parsed, where the lane took it."""

    @override
    def data_received(self, data: bytes) -> None:
        """Feed the parser; refuse what it or a callback does not like."""
        stage = self.stage
        if stage is _BETWEEN:
            if self._known is not None and self._take_known(self._known, data):
                return
            self._shares_chunk = False
            self._admitted = None
        elif stage is _DEAF:
            self._discard(data)
            return
        self._unparsed += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._after_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(self._refusal or self._parser_refusal())
        else:
            if stage is _BETWEEN and self._admitted is not None:
                self._known = known_head(data, *self._admitted)
            if self.stage is not _BETWEEN:
                self._after_part(len(data))

    def _take_known(self, known: KnownHead, data: bytes) -> bool:
        """Take a message whose head was read before; False leaves it to the parser, which knows nothing of it."""
        active = self._active
        if self._waiting or self.front.draining or (active is not None and not active.complete):
            return False
        body = known.body_of(data)
        if body is None or self.flow.write_paused or self.transport.is_closing():
            return False
        exchange = Exchange(self, self.flow, known.scope, keep_alive=True, expects_continue=False)
        exchange.ended = True
        self.deadline = inf
        self._last = self._active = exchange
        exchange.lane_call = call = known.admission.begin(exchange)
        if call is None:
            exchange.hand_over(body)
        else:
            call.read(body)
        return True

    def _parser_refusal(self) -> Refusal:
        return refusals.BODY_MALFORMED if self.stage is _BODY else refusals.MALFORMED

    def _after_part(self, size: int) -> None:
        """A message is incomplete: bound it, and see that its deadline runs."""
        limits = self.limits
        if self.stage is _BODY:
            self._raw_body_bytes += size
            # Extensions of chunks and trailers are not counted by llhttp and would otherwise have no bound.
            if self._raw_body_bytes - self._body_bytes > limits.header_bytes * 4 + 16 * self._body_bytes:
                self._refuse(refusals.BODY_OVERHEAD)
                return
            if self._body_began == 0.0:
                self._body_began = self.loop.time()
            earned = self._body_bytes / limits.body_bytes_per_second
            self.deadline = self._body_began + limits.body_seconds + earned
        elif self.stage is _HEAD:
            if self._unparsed > limits.header_bytes + limits.request_line_bytes + 64:
                self._refuse(refusals.HEADERS_TOO_LARGE)
            elif self._head_is_new and self._last is not None and self._is_idle():
                self._head_is_new = False
                self.deadline = self.loop.time() + limits.header_seconds

    # Upgrades (RFC 9110 section 7.8: a server may ignore them)

    def _after_upgrade(self, rest: bytes) -> None:
        """Ignore the wish to upgrade: llhttp took the message as complete, so its body is parsed from here anew."""
        if not self._upgrade_ignored:
            self.stage = _DEAF
            self.deadline = inf
            return
        self._upgrade_ignored = False
        framing = self._framing
        lines = b"content-length: %b\r\n" % framing.length if framing.length else b""
        if framing.chunked:
            lines = b"transfer-encoding: chunked\r\n"
        closes = b"" if self._last is not None and self._last.keep_alive else b"connection: close\r\n"
        self.parser = httptools.HttpRequestParser(self)
        self._replaying = True
        self._feed_anew(b"POST / HTTP/1.1\r\n" + lines + closes + b"\r\n", rest)

    def _feed_anew(self, head: bytes, rest: bytes) -> None:
        try:
            self.parser.feed_data(head)
        finally:
            self._replaying = False
        self._unparsed = 0
        if rest:
            self.data_received(rest)

    # llhttp's callbacks

    @override
    def on_message_begin(self) -> None:
        """Start a request."""
        if self._replaying:
            return
        self.stage = _HEAD
        self._head_is_new = True
        self._target = b""
        self._fields = []

    @override
    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        if self._replaying:
            return
        self._target = self._target + url if self._target else url
        if len(self._target) > self.limits.request_line_bytes:
            self._stop(refusals.TARGET_TOO_LONG)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field line; those after the body (trailers) are dropped, they may not pose as headers."""
        if self.stage is _HEAD:
            self._fields.append((name.lower(), value.strip()))

    @override
    def on_headers_complete(self) -> None:
        """Check the head and start the application, or queue the request behind the one that is being answered."""
        if self._replaying:
            return
        parser = self.parser
        method = parser.get_method()
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._stop(refusals.VERSION_REFUSED)
        if method not in refusals.METHODS:
            self._stop(refusals.METHOD_REFUSED)
        if len(self._fields) > self.limits.header_count:
            self._stop(refusals.HEADERS_TOO_MANY)
        target = self._target
        raw_path, _, query = target.partition(b"?")
        path = self.front.checked_paths.get(target)
        if path is None:
            path = self._checked_path(target, raw_path)
        if self._shares_chunk or self._unparsed > self.limits.header_bytes:
            self._stop(refusals.check_size(self._fields, self.limits))
        framing = refusals.check_headers(self._fields, version, self.front.hosts)
        if isinstance(framing, Refusal):
            self._stop(framing)
            return
        self._framing = framing
        keep_alive = version == "1.1" and parser.should_keep_alive()
        if parser.should_upgrade():
            self._upgrade_ignored = not self._wants_websocket()
            keep_alive = keep_alive and self._upgrade_ignored
        scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            "headers": self._fields,
            "state": self.app_state.copy(),
            "method": method.decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
        }
        exchange = Exchange(self, self.flow, scope, keep_alive=keep_alive, expects_continue=framing.expects_continue)
        self._begin(exchange)

    def _checked_path(self, target: bytes, raw_path: bytes) -> str:
        self._stop(refusals.check_target(target))
        path = urllib.parse.unquote(raw_path.decode("ascii"))
        if len(target) <= _PATH_BYTES_MAX and b"?" not in target:
            remember(self.front.checked_paths, target, path, _PATHS_MAX)
        return path

    def _wants_websocket(self) -> bool:
        return any(name == b"upgrade" and b"websocket" in value.lower() for name, value in self._fields)

    def _begin(self, exchange: Exchange) -> None:
        self.stage = _BODY
        self._body_bytes = self._raw_body_bytes = 0
        self._body_began = 0.0
        self._unparsed = 0
        self.deadline = inf
        idle = self._is_idle()
        if not idle and len(self._waiting) >= self.limits.pipelined_requests:
            self._stop(refusals.PIPELINE_FULL)
        self._last = exchange
        if idle:
            if self.front.lane is None or not self._admit(self.front.lane, exchange):
                self.run(exchange)
        else:
            self.flow.pause_reading()
            self._waiting.append(exchange)

    def _admit(self, lane: Lane, exchange: Exchange) -> bool:
        """Let callbacks answer where they can; what they need is a body of a known length, which they take whole."""
        framing = self._framing
        if framing.length is None or framing.expects_continue or self._upgrade_ignored or not exchange.keep_alive:
            return False
        admission = lane.admit(exchange.scope)
        if admission is None or (call := admission.begin(exchange)) is None:
            return False
        self._active = exchange
        exchange.lane_call = call
        if not self._shares_chunk:
            self._admitted = exchange.scope, admission
        return True

    @override
    def on_body(self, body: bytes) -> None:
        """Pass a piece of the body on; stop reading when the application does not keep up."""
        exchange = self._last
        if exchange is None or exchange.complete:
            return
        self._body_bytes += len(body)
        exchange.feed(body)
        if exchange.buffered > self.limits.body_buffer_bytes and exchange.lane_call is None:
            self.flow.pause_reading()

    @override
    def on_message_complete(self) -> None:
        """Take note of the end of a request."""
        if self._upgrade_ignored:
            return
        self.stage = _BETWEEN
        self._shares_chunk = True
        self._unparsed = 0
        self.deadline = inf
        if self._last is not None:
            self._last.feed_end()
            if self._last.lane_call is not None:
                self._last.lane_call.read(self._last.take_body())

    def _stop(self, refusal: Refusal | None) -> None:
        """Leave the parser at once, so that no byte after the refused head is ever read as a request."""
        if refusal is not None:
            self._refusal = refusal
            raise _Refused
