"""One coarse timer for all connections of a server, in place of one timer per request. The deadlines are their own."""

import asyncio
from typing import Protocol


class Swept(Protocol):
    """Something with a deadline."""

    def sweep(self, now: float) -> None:
        """Act on every deadline that has passed."""


class Sweeper:
    """Visits the connections of one server every few hundred milliseconds; the server starts and stops it."""

    def __init__(self, seconds: float) -> None:
        self.connections: set[Swept] = set()
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to sweep."""
        self.stop()
        self._timer = loop.call_later(self._seconds, self._sweep, loop)

    def stop(self) -> None:
        """Stop sweeping."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self.connections):
            connection.sweep(now)
        self._timer = loop.call_later(self._seconds, self._sweep, loop)
