"""Sockets, the server's loop and its end: everything between the command line and the first connection.

What is served is the caller's ASGI application; no route and no setting is known here.
"""

import asyncio
import contextlib
import errno
import functools
import logging
import signal
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from types import FrameType
from typing import Any, cast

import uvicorn
import uvloop
from typing_extensions import override

from bodhi.core.errors import StartupError
from bodhi.outbox import Outbox
from bodhi.server.answering import Front
from bodhi.server.exchange import App
from bodhi.server.lane import Lane
from bodhi.server.limits import Limits
from bodhi.server.protocol import GuardedProtocol
from bodhi.server.refusals import HostList
from bodhi.server.sweeper import Sweeper

EXIT_CANNOT_LISTEN = 4
_BACKLOG = 2048
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_SETTLE_SECONDS = 2.0
_log = logging.getLogger("bodhi.server")


def bind_sockets(host: str, port: int) -> list[socket.socket]:
    """Listen on a host and port; on both loopback addresses for `localhost` and 127.0.0.1.

    Clients that prefer IPv6 resolve `localhost` to ::1 and would otherwise reach nothing or someone else.

    Raises: StartupError when the address cannot be had.
    """
    if host not in _LOOPBACK:
        return [_bind(host, port)]
    first = _bind("127.0.0.1", port)
    try:
        return [first, _bind("::1", first.getsockname()[1])]
    except StartupError as error:
        taken = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE
        if taken and port != 0:
            first.close()
            raise
        return [first]


def _bind(host: str, port: int) -> socket.socket:
    listener: socket.socket | None = None
    try:
        if not 0 <= port <= 65535:
            raise OverflowError("a port is a number from 0 to 65535")  # getaddrinfo would wrap it around
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 # the standard library has no keyword here
    except (OSError, OverflowError) as error:
        if listener is not None:
            listener.close()
        raise StartupError(_why(error, host, port), EXIT_CANNOT_LISTEN) from error
    return listener


def _why(error: OSError | OverflowError, host: str, port: int) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is already in use. Stop the other program, or choose another port"
            f" with `bodhi serve --port {port + 1}` or BODHI_PORT."
        )
    if number == errno.EACCES:
        return (
            f"Listening on port {port} of {host} is not permitted. Ports below 1024 need a privilege:"
            " choose another with --port or BODHI_PORT."
        )
    return f"Cannot listen on {host} port {port}: {error}. Check --host and --port."


class HttpServer(uvicorn.Server):
    """uvicorn's server with our protocol, its sweeper, and an end that tells every open call.

    Args:
        app: the ASGI application; its lifespan is run.
        sockets: from `bind_sockets`; closed at the end.
        limits: the numbers of the front.
        allowed_hosts: Host names served besides the loopback ones.
        drain_seconds: how long open calls may finish after the signal to stop.
        ready: called once when connections are accepted.
        lane: answers common calls without a task; None: every call gets one.
        outbox: the event loop's, where small writes wait for the end of a turn.
    """

    def __init__(  # noqa: PLR0913 # the composition root hands in by name what the server is made of
        self,
        app: App,
        sockets: Sequence[socket.socket],
        limits: Limits | None = None,
        *,
        allowed_hosts: Iterable[str] = (),
        drain_seconds: float = 300.0,
        ready: Callable[[], None] | None = None,
        lane: Lane | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        limits = limits or Limits()
        self.front = Front(limits, HostList(allowed_hosts), Sweeper(limits.sweep_seconds), lane, outbox or Outbox())
        self._listeners = list(sockets)
        self._drain_seconds = drain_seconds
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_asked = asyncio.Event()
        protocol = cast(type[asyncio.Protocol], functools.partial(GuardedProtocol, self.front))
        config = uvicorn.Config(
            cast(Any, app),
            http=protocol,
            loop="uvloop",
            ws="none",
            lifespan="on",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=_BACKLOG,
        )
        super().__init__(config)

    async def run_until_stopped(self) -> None:
        """Serve until a signal or `stop`.

        Raises: StartupError when the application's own start fails.
        """
        try:
            await self.serve(self._listeners)
        finally:
            self.front.sweeper.stop()
            for listener in self._listeners:
                listener.close()

    def stop(self) -> None:
        """Begin to drain; again: end at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop_asked.set)  # wakes the loop when called by a signal handler

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Run the application's start, then accept connections."""
        self._loop = asyncio.get_running_loop()
        try:
            await super().startup(sockets)
        except SystemExit as exit_asked:
            raise StartupError("Bodhi could not start; the lines above say why.") from exit_asked
        if self.started:
            self.front.sweeper.start(asyncio.get_running_loop())
            if self._ready is not None:
                self._ready()

    @override
    async def main_loop(self) -> None:
        """Wait to be stopped; uvicorn's own loop wakes ten times a second for headers that are not sent here."""
        await self._stop_asked.wait()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # as uvicorn's
        """Accept no more, let open calls finish for a while, cut the rest, and end the application."""
        for server in self.servers:
            server.close()
        self.front.draining = True
        for connection in self._connections():
            connection.shutdown()
        await self._settle(self._drain_seconds)
        remaining = self._connections()
        busy = sum(connection.is_busy() for connection in remaining)
        if busy:
            _log.warning("Cut %d calls that were still being answered after the drain time", busy)
        for connection in remaining:
            connection.cut()
        self.force_exit = False
        await self._settle(_SETTLE_SECONDS)
        for task in list(self.server_state.tasks):
            task.cancel()
        for connection in self._connections():
            connection.transport.abort()
        await asyncio.sleep(0)
        await self.lifespan.shutdown()

    def _connections(self) -> list[GuardedProtocol]:
        return [one for one in self.server_state.connections if isinstance(one, GuardedProtocol)]

    async def _settle(self, seconds: float) -> None:
        """Wait until no connection and no call is left, at most this long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        state = self.server_state
        # Connections and calls end in many places; a poll that runs only while stopping is simpler than an event.
        while (state.connections or state.tasks) and not self.force_exit and loop.time() < deadline:  # noqa: ASYNC110 # see above
            await asyncio.sleep(0.02)

    @contextlib.contextmanager
    @override
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop on SIGTERM and SIGINT; unlike uvicorn's own, the signal is not raised again, so the exit status is 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # Who starts a program with a signal ignored means it to stay so.
        heeded = [each for each in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(each) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._on_signal) for number in heeded}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()


def new_runner() -> asyncio.Runner:
    """Return a runner for the loop that the server wants."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)
