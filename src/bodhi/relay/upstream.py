"""The HTTP/1.1 client for providers: pooled connections, deadlines, one retry where it is safe.

It sends what it is given and passes on what comes: no redirect is followed, nothing is decompressed.
"""

import asyncio
import ssl

from bodhi.core.api_model import Timeouts
from bodhi.core.call import OutboundRequest, PoolKey
from bodhi.core.clock import SYSTEM_CLOCK, Clock
from bodhi.core.errors import Overloaded, UpstreamError
from bodhi.core.types import Header
from bodhi.outbox import Outbox
from bodhi.relay.connect import Connector
from bodhi.relay.connection import Connection, Sink
from bodhi.relay.egress import Egress
from bodhi.relay.pool import Pool
from bodhi.relay.request_head import write_request_head

SWEEP_SECONDS = 0.25


class UpstreamResponse:
    """An answer whose head is here and whose body is read as it comes. Always release it."""

    __slots__ = ("_connection", "_pool", "headers", "status")

    def __init__(self, connection: Connection, pool: Pool) -> None:
        self._connection: Connection | None = connection
        self._pool = pool
        self.status: int = connection.status
        self.headers: list[Header] = connection.headers
        """Names in lower case, values as received."""

    @property
    def is_complete(self) -> bool:
        """Whether the body is proven complete and all of it was read."""
        connection = self._connection
        return connection is None or connection.is_drained

    @property
    def has_bytes(self) -> bool:
        """Whether `read` would return at once."""
        connection = self._connection
        return connection is None or connection.has_bytes

    async def read(self) -> bytes:
        """Return the next bytes of the body without their chunk framing, or b"" at its proven end.

        Raises:
            UpstreamBroke: the connection ended before the body did.
            UpstreamMalformed: the framing of the body is broken.
            UpstreamTimeout: nothing came for too long, or the call took too long in all.
        """
        connection = self._connection
        if connection is None:
            raise RuntimeError("the response was released")
        try:
            return await connection.read()
        except asyncio.CancelledError:
            self.release()
            raise

    def release(self) -> None:
        """Give the connection back, closed unless the answer is complete. More than once does no harm."""
        connection = self._connection
        if connection is not None:
            self._connection = None
            self._pool.release(connection)


class UpstreamClient:
    """Sends requests to providers over pooled connections. Belongs to one event loop.

    Args:
        max_connections_per_origin: further calls wait a moment for a free connection.
        keep_alive: seconds for which an idle connection is kept.
        ssl_context: None trusts the system's authorities.
    """

    def __init__(
        self,
        egress: Egress,
        *,
        clock: Clock = SYSTEM_CLOCK,
        max_connections_per_origin: int = 512,
        keep_alive: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.outbox = Outbox()
        """Where small requests wait for the end of the loop's turn; a server on the same loop shares it."""
        self._connector = Connector(egress, ssl_context, self.outbox)
        self._monotonic = clock.monotonic
        self._limit = max_connections_per_origin
        self._keep_alive = keep_alive
        self._pools: dict[PoolKey, Pool] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def in_use(self) -> int:
        """How many connections serve a call or are being made for one."""
        return sum(pool.in_use for pool in self._pools.values())

    @property
    def idle(self) -> int:
        """How many open connections wait for work."""
        return sum(pool.idle for pool in self._pools.values())

    def send_now(
        self, key: PoolKey, head: bytes, body: bytes, timeouts: Timeouts, sink: Sink, now: float
    ) -> tuple[Connection, Pool] | None:
        """Send a POST over a connection that is open and idle; None where there is none and `open` has to be asked.

        Args:
            key: the request's `pool_key`.
            head: its head as `write_request_head` writes it.
            body: its body.
            timeouts: its deadlines.
            sink: who is told of the answer, in callbacks, and gives the connection back to the pool returned.
            now: on the monotonic clock; the deadlines count from it.
        """
        pool = self._pools.get(key)
        if pool is None:
            return None
        connection = pool.take_idle(now - self._keep_alive)
        if connection is None:
            return None
        pool.busy.add(connection)
        connection.hand_to(sink)
        connection.send(head, body, timeouts, now, answer_has_body=True)
        return connection, pool

    async def open(self, request: OutboundRequest, *, anew: bool = False) -> UpstreamResponse:
        """Send a request and return its answer as soon as the head is complete.

        Args:
            request: what is sent.
            anew: whether it was sent once already, over a connection that turned out to have ended. It is sent over
                a new one then, and not a third time.

        Raises:
            ApiModelUnusable: the provider's address is not allowed.
            InvalidField: a header of the request does not fit HTTP's grammar.
            InvalidPath: the request's target does not fit HTTP's grammar.
            Overloaded: no connection became free in time.
            UpstreamUnreachable: no connection could be made.
            UpstreamTimeout: a deadline passed.
            UpstreamBroke: the connection ended before the head was complete.
            UpstreamMalformed: the answer is not valid HTTP.
        """
        head = write_request_head(request)
        if self._closed:
            raise Overloaded("Bodhi is shutting down.")
        request.opened_at = request.connected_at = started = self._monotonic()
        pool = self._pools.get(request.pool_key)
        if pool is None:
            pool = self._pools[request.pool_key] = Pool(self._limit, self._monotonic)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)
        connection = None if anew else pool.take_idle(started - self._keep_alive)
        if connection is None:
            request.connected_at = None
            connection = await pool.lease()
            if connection is not None:
                request.connected_at = self._monotonic()
        try:
            is_reused = connection is not None and not anew
            if connection is None:
                connection = await self._connect(request, pool)
            try:
                self._send(connection, pool, head, request, started)
                await connection.wait_head()
            except UpstreamError:
                if not (is_reused and connection.is_stale()):
                    raise
                pool.busy.discard(connection)
                connection.finish()
                connection.abort()
                connection = None
                connection = await self._connect(request, pool)
                self._send(connection, pool, head, request, started)
                await connection.wait_head()
        except BaseException:  # Whatever ends the call, the slot goes back; cancellation too.
            pool.drop(connection)
            raise
        return UpstreamResponse(connection, pool)

    async def close(self) -> None:
        """Close all connections; calls in progress fail."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for pool in list(self._pools.values()):
            pool.close()
        await asyncio.sleep(0)  # The loop closes the sockets in its next turn.

    async def _connect(self, request: OutboundRequest, pool: Pool) -> Connection:
        request.connected_at = None
        connection = await self._connector.connect(request, pool.forget)
        request.connected_at = self._monotonic()
        if self._closed:
            connection.abort()
            raise Overloaded("Bodhi is shutting down.")
        return connection

    def _send(self, connection: Connection, pool: Pool, head: bytes, request: OutboundRequest, started: float) -> None:
        pool.busy.add(connection)
        connection.send(head, request.body, request.timeouts, started, answer_has_body=request.method != b"HEAD")

    def _sweep(self) -> None:
        """Check the deadlines of all calls, and close what was idle for too long.

        One timer for all calls costs less than one for each, at the price of up to a quarter of a second.
        """
        now = self._monotonic()
        for key, pool in list(self._pools.items()):
            for connection in list(pool.busy):
                connection.check_deadlines(now)
            pool.prune(now - self._keep_alive)
            if pool.is_empty:
                del self._pools[key]
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep) if self._pools else None
