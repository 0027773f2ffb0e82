"""The answering half of a client connection: whose turn it is, refusals, deadlines and the end.

What the client's bytes mean is decided in `protocol`, the half that parses.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import Any

from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from bodhi.outbox import HeldTransport, Outbox
from bodhi.server import refusals
from bodhi.server.connection import EXTENSION
from bodhi.server.exchange import Exchange
from bodhi.server.lane import Lane
from bodhi.server.limits import Limits
from bodhi.server.refusals import HostList, Refusal
from bodhi.server.sweeper import Sweeper


@dataclass(slots=True)
class Front:
    """What all connections of one server share."""

    limits: Limits
    hosts: HostList
    sweeper: Sweeper
    lane: Lane | None = None
    """What answers common calls without a task; None: every call gets one."""
    outbox: Outbox = field(default_factory=Outbox)
    """Where small writes wait for the end of the event loop's turn."""
    draining: bool = False
    checked_paths: dict[bytes, str] = field(default_factory=dict)
    """Decoded forms of paths that passed every check; bounded."""
    refused: dict[str, int] = field(default_factory=dict)
    """How many requests were refused, by code."""
    on_refused: Callable[[str | None, str], None] = lambda _address, _code: None
    """Told the peer's address and the code of each refusal; must not wait."""


class Stage(Enum):
    """What the next byte from the client belongs to."""

    BETWEEN = 0
    HEAD = 1
    BODY = 2
    DEAF = 3
    """Nothing: what still comes is thrown away."""


_BETWEEN, _HEAD, _BODY, _DEAF = Stage.BETWEEN, Stage.HEAD, Stage.BODY, Stage.DEAF


class AnsweringProtocol(HttpToolsProtocol):
    """A client connection without its parser callbacks."""

    transport: HeldTransport

    def __init__(
        self,
        front: Front,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.front = front
        self.limits = front.limits
        self.stage = _BETWEEN
        self.deadline = inf
        self._last: Exchange | None = None
        """The exchange of the request that was parsed last; `_active` is the one that is being answered."""
        self._active: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        self._refusal: Refusal | None = None
        self._refused_later = False
        self._unparsed = 0
        """Bytes since the last end of a head or body; those that came in one piece with the end are not among them."""
        self._body_bytes = 0
        self._body_began = 0.0
        self._taken = 0
        self._stalled_since = inf

    # The transport

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Start the deadline of the first header block."""
        self.connections.add(self)
        self.front.sweeper.connections.add(self)
        self.transport = HeldTransport(transport, self.front.outbox)
        self.flow = FlowControl(transport)
        self.server = get_local_addr(transport)
        self.client = get_remote_addr(transport)
        self.scheme = "https" if is_ssl(transport) else "http"
        self.deadline = self.loop.time() + self.limits.header_seconds

    @override
    def connection_lost(self, exc: Exception | None) -> None:  # the name is asyncio's
        """Tell every exchange of this connection that its client is gone."""
        self.connections.discard(self)
        self.front.sweeper.connections.discard(self)
        self.stage = _DEAF
        self.deadline = inf
        self._lose_all()
        # Uncut, these reference cycles would keep all that a connection had until the collector comes by.
        self.parser = None  # type: ignore[assignment] # as uvicorn does
        self._active = self._last = None

    def _lose_all(self) -> None:
        self._waiting.clear()
        for exchange in (self._active, self._last):
            if exchange is not None:
                exchange.lose()
        self.flow.resume_writing()

    def is_busy(self) -> bool:
        """Tell whether a call is being answered."""
        return not self._is_idle()

    def _is_idle(self) -> bool:
        return self._active is None or self._active.complete

    def run(self, exchange: Exchange) -> None:
        """Let the application answer, in a task."""
        exchange.scope = {**exchange.scope, "extensions": {EXTENSION: exchange}}
        self._active = exchange
        task = self.loop.create_task(exchange.run(self.app))  # owned by the server: it waits for it and cancels it
        exchange.task = task
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, after the responses of the requests before it, and close."""
        counts = self.front.refused
        counts[refusal.code] = counts.get(refusal.code, 0) + 1
        self.front.on_refused(self.client[0] if self.client else None, refusal.code)
        broken = self._last if self.stage is _BODY else None
        self.stage = _DEAF
        self.deadline = inf
        self._refusal = refusal
        if broken is not None and self._waiting and self._waiting[-1] is broken:
            self._waiting.pop()
        elif broken is not None and broken is self._active and not broken.complete:
            self._break_off(broken, refusal)
            return
        if self._is_idle():
            self._answer(refusal)
        else:
            self._refused_later = True

    def _break_off(self, exchange: Exchange, refusal: Refusal) -> None:
        """The request that is being answered turned out to be broken."""
        started = exchange.started
        if started:
            exchange.abort()
        exchange.lose()
        if not started:
            self._answer(refusal)

    def _answer(self, refusal: Refusal) -> None:
        if not self.transport.is_closing():
            self.transport.write(refusals.write_refusal(refusal))
            self._linger()

    def _linger(self) -> None:
        """Close our side and read on for a moment.

        A close with unread bytes is a reset, which destroys the answer on its way (RFC 9112 section 9.6).
        """
        self.stage = _DEAF
        self._unparsed = 0
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        try:
            self.transport.write_eof()
        except OSError:  # The client reset the connection and the loop has not told us yet.
            self.transport.abort()
            return
        self.flow.resume_reading()
        self.deadline = self.loop.time() + self.limits.linger_seconds

    def _discard(self, data: bytes) -> None:
        self._unparsed += len(data)
        if self._unparsed > self.limits.linger_bytes:
            self.flow.pause_reading()

    @override
    def pause_writing(self) -> None:
        """Tell who writes that the client does not keep up."""
        super().pause_writing()
        if self._active is not None and self._active.lane_call is not None:
            self._active.lane_call.hold()

    @override
    def resume_writing(self) -> None:
        """Tell who writes that the client has room again."""
        super().resume_writing()
        if self._active is not None and self._active.lane_call is not None:
            self._active.lane_call.go_on()

    # Called by exchanges

    def want_more(self) -> None:
        """Read on, unless later requests already wait: reading those too would let the queue grow."""
        if not self._waiting:
            self.flow.resume_reading()

    def finish(self, exchange: Exchange) -> None:
        """Go on after a complete response."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if not exchange.keep_alive:
            self._waiting.clear()
            if exchange.ended and self.stage is _BETWEEN:
                self.transport.close()
            else:
                self._linger()
        elif self._waiting:
            self.run(self._waiting.popleft())
            self.want_more()
        elif self._refused_later and self._refusal is not None:
            self._answer(self._refusal)
        else:
            if self.flow.read_paused:
                self.flow.resume_reading()
            wait = self.limits.header_seconds if self.stage is _HEAD else self.limits.idle_seconds
            self.deadline = self.loop.time() + wait

    # Deadlines

    def sweep(self, now: float) -> None:
        """Act on every deadline that has passed."""
        if now >= self.deadline:
            self._expire(now)
        unsent = self.transport.get_write_buffer_size()
        taken = self.transport.written - unsent
        if unsent == 0:
            self._stalled_since = inf
        elif self._stalled_since == inf or taken > self._taken:
            self._stalled_since = now
        elif now - self._stalled_since >= self.limits.write_stall_seconds:
            self.transport.abort()
        self._taken = taken

    def _expire(self, now: float) -> None:
        if self.stage is _DEAF:
            self.transport.abort()
        elif self.stage is _BODY and self.flow.read_paused:
            # It is the application that does not read; the client's time stands still.
            self._body_began += self.limits.sweep_seconds
            self.deadline = now
        elif self.stage is _BODY:
            self._refuse(refusals.TIMED_OUT)
        elif not self._is_idle():
            self.deadline = inf
        elif self.stage is _HEAD:
            self._refuse(refusals.TIMED_OUT)
        else:
            self.deadline = inf
            self.transport.close()

    # The end of the server

    @override
    def shutdown(self) -> None:
        """Close when idle; otherwise let the requests that are here be the last."""
        if self._is_idle() and not self._waiting and self.stage is not _DEAF:
            self.transport.close()
        elif self._last is not None:
            self._last.keep_alive = False

    def cut(self) -> None:
        """End what is still being answered: the application hears that the client is gone, the client sees a break."""
        active = self._active
        if active is not None:
            active.abort()
        self._lose_all()
        self.stage = _DEAF
        self.deadline = self.loop.time() + self.limits.linger_seconds
        self.transport.close()

    # uvicorn's own timers and upgrades are not used.

    @override
    def timeout_keep_alive_handler(self) -> None:
        """Do nothing: the sweeper closes idle connections."""
