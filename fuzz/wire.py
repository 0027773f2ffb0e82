"""One client connection without a socket: the protocol as served, and the transport that it writes to."""

import asyncio
from typing import Any, Protocol

from typing_extensions import override

from bodhi.server.exchange import Exchange
from bodhi.server.lane import KnownHead
from bodhi.server.protocol import GuardedProtocol
from bodhi.server.refusals import Refusal
from fuzz.rules import hold


class Side(Protocol):
    """Who wants to know whether anything still happens."""

    loop: asyncio.AbstractEventLoop
    progress: int


class Watched(GuardedProtocol):
    """The protocol as served, which notes what it takes after a refusal."""

    begun = 0
    refusals = 0

    @override
    def _begin(self, exchange: Exchange) -> None:
        hold(self.refusals == 0, "a request is taken after a refusal")
        self.begun += 1
        super()._begin(exchange)

    @override
    def _take_known(self, known: KnownHead, data: bytes) -> bool:
        hold(self.refusals == 0, "a known head is taken after a refusal")
        taken = super()._take_known(known, data)
        self.begun += taken
        return taken

    @override
    def _refuse(self, refusal: Refusal) -> None:
        self.refusals += 1
        hold(self.refusals == 1, "two refusals on one connection")
        super()._refuse(refusal)


class Wire(asyncio.Transport):
    """A transport without a socket: as asyncio's, but that its client reads all or nothing."""

    def __init__(self, side: Side, number: int) -> None:
        super().__init__()
        self._side = side
        self._number = number
        self.protocol: Watched
        self.written = bytearray()
        self.unread = 0
        self.stalled = False
        self.paused = False
        self.eof = False
        self.closing = False
        self.aborted = False
        self.lost = False

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 50_000 + self._number), "sockname": ("127.0.0.1", 1135)}.get(name, default)

    @override
    def write(self, data: Any) -> None:
        hold(not self.eof, "bytes are written after the end of the sending side")
        if self.closing:
            return
        self._side.progress += 1
        self.written += data
        if self.stalled:
            if not self.unread:
                self.unread = len(data)
                self.protocol.pause_writing()
            else:
                self.unread += len(data)

    @override
    def can_write_eof(self) -> bool:
        return True

    @override
    def write_eof(self) -> None:
        self.eof = True

    @override
    def get_write_buffer_size(self) -> int:
        return self.unread

    @override
    def pause_reading(self) -> None:
        self.paused = True

    @override
    def resume_reading(self) -> None:
        self.paused = False
        self._side.progress += 1

    @override
    def is_closing(self) -> bool:
        return self.closing

    @override
    def close(self) -> None:
        self.closing = True
        if not self.unread:
            self._side.loop.call_soon(self.lose)

    @override
    def abort(self) -> None:
        self.closing = self.aborted = True
        self._side.loop.call_soon(self.lose)

    def lose(self) -> None:
        """The connection is gone."""
        self.closing = True
        if not self.lost:
            self.lost = True
            self._side.progress += 1
            self.protocol.connection_lost(None)

    def turn(self) -> None:
        """The client stops reading, or reads on."""
        self.stalled = not self.stalled
        if not self.stalled and self.unread:
            self.unread = 0
            self.protocol.resume_writing()
            if self.closing:
                self._side.loop.call_soon(self.lose)
