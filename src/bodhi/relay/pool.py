"""The connections to one origin: who uses which, who waits for one. It counts; it does not connect or send."""

import asyncio
from collections import deque
from collections.abc import Callable

from bodhi.core.errors import Overloaded
from bodhi.relay.connection import Connection

WAIT_SECONDS = 2.0
MAX_WAITING = 256


class Pool:
    """Idle and used connections to one origin.

    A *slot* is the right to hold one connection. `lease` takes a slot, `release` and `drop` give it back, and at any
    time `in_use` is the number of slots taken and `in_use + idle` is at most the limit.
    """

    def __init__(self, limit: int, monotonic: Callable[[], float]) -> None:
        self._limit = limit
        self._monotonic = monotonic
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self.busy: set[Connection] = set()
        """Connections with an exchange in progress."""
        self.in_use = 0

    @property
    def idle(self) -> int:
        """How many open connections wait for work."""
        return len(self._idle)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost with this pool."""
        return not (self._idle or self.in_use or self._waiting)

    def take_idle(self, used_after: float) -> Connection | None:
        """Take a slot with the most recently used idle connection, if there is a usable one."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.is_open and connection.idle_since >= used_after:
                self.in_use += 1
                return connection
            connection.abort()
        return None

    async def lease(self) -> Connection | None:
        """Take a slot, waiting for one if need be: with a connection that just became free, or None to make one.

        Raises:
            Overloaded: no slot became free in time, or too many wait already.
        """
        if self.in_use < self._limit:
            self.in_use += 1
            return None
        if len(self._waiting) >= MAX_WAITING:
            raise Overloaded(retry_after=1)
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await waiter
        except BaseException as error:  # Cancelled, too late, or closed: a slot that was handed over goes on.
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._pass_on(waiter.result())
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
            if isinstance(error, TimeoutError):
                raise Overloaded(retry_after=1) from error
            raise

    def release(self, connection: Connection) -> None:
        """Give a slot back, and its connection too if that can serve another exchange."""
        self.busy.discard(connection)
        if connection.finish():
            connection.idle_since = self._monotonic()
            if self._waiting or self.in_use < 1:
                self._pass_on(connection)
            else:
                self.in_use -= 1
                self._idle.append(connection)
        else:
            connection.abort()
            self._pass_on(None)

    def drop(self, connection: Connection | None) -> None:
        """Give a slot back; its connection, if it had one, is closed."""
        if connection is not None:
            self.busy.discard(connection)
            connection.finish()
            connection.abort()
        self._pass_on(None)

    def forget(self, connection: Connection) -> None:
        """Take note that a connection is gone."""
        if connection in self._idle:
            self._idle.remove(connection)

    def prune(self, used_after: float) -> None:
        """Close the connections that were idle for too long; the oldest are at the front."""
        while self._idle and self._idle[0].idle_since < used_after:
            self._idle.pop(0).abort()

    def close(self) -> None:
        """Close every connection and refuse who waits."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(Overloaded("Bodhi is shutting down."))
        self._waiting.clear()
        for connection in [*self._idle, *self.busy]:
            connection.abort()
        self._idle.clear()

    def _pass_on(self, connection: Connection | None) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self.in_use -= 1
        if self.in_use < 0:
            raise AssertionError("a connection slot was given back twice")
        if connection is not None:
            self._idle.append(connection)
