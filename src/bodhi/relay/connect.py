"""Making a connection to an origin: resolve, check, TCP, TLS. Which connection a call gets is not decided here."""

import asyncio
import ssl
from collections.abc import Callable, Sequence

from bodhi.core.api_model import Origin
from bodhi.core.call import OutboundRequest
from bodhi.outbox import Outbox
from bodhi.relay import failures
from bodhi.relay.connection import READ_SIZE, Connection
from bodhi.relay.egress import Egress

MAX_ADDRESSES = 8


class Connector:
    """Connects to checked addresses only.

    Args:
        ssl_context: None makes one that trusts the system's authorities, when it is first needed.
        outbox: where requests wait for the end of the loop's turn.
    """

    def __init__(self, egress: Egress, ssl_context: ssl.SSLContext | None, outbox: Outbox) -> None:
        self._egress = egress
        self._ssl_context = ssl_context
        self._outbox = outbox
        self._buffer = memoryview(bytearray(READ_SIZE))

    async def connect(self, request: OutboundRequest, on_lost: Callable[[Connection], None]) -> Connection:
        """Connect to the request's origin.

        Raises:
            ApiModelUnusable: the origin's addresses are not allowed.
            UpstreamUnreachable: name resolution, TCP or TLS failed.
            UpstreamTimeout: they took too long.
        """
        seconds = min(request.timeouts.connect, request.timeouts.total)
        try:
            async with asyncio.timeout(seconds) as limit:
                addresses = await self._egress.resolve(request.origin, request.allow_private_network)
                return await self._connect_any(request.origin, addresses[:MAX_ADDRESSES], limit.when(), on_lost)
        except TimeoutError as error:
            raise failures.connect_timeout(request.origin, seconds) from error
        except OSError as error:
            raise failures.connect_failure(request.origin, error) from error

    async def _connect_any(
        self, origin: Origin, addresses: Sequence[str], deadline: float | None, on_lost: Callable[[Connection], None]
    ) -> Connection:
        """Try the addresses in turn; each gets an even share of the time that is left."""
        loop = asyncio.get_running_loop()
        last: OSError = TimeoutError()
        for position, address in enumerate(addresses):
            left = (deadline or loop.time()) - loop.time()
            try:
                async with asyncio.timeout(left / (len(addresses) - position)):
                    return await self._connect_to(loop, origin, address, on_lost)
            except OSError as error:
                last = error
        try:
            raise last
        finally:
            del last  # Its traceback holds this frame: uncut, each failure would be garbage for the collector alone.

    async def _connect_to(
        self, loop: asyncio.AbstractEventLoop, origin: Origin, address: str, on_lost: Callable[[Connection], None]
    ) -> Connection:
        def new_connection() -> Connection:
            return Connection(loop, self._buffer, self._outbox, on_lost)

        if origin.scheme != "https":
            _, connection = await loop.create_connection(new_connection, address, origin.port)
            return connection
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
            self._ssl_context.set_alpn_protocols(["http/1.1"])
        name = origin.host.rstrip(".")  # A certificate never names the root's dot.
        _, connection = await loop.create_connection(
            new_connection, address, origin.port, ssl=self._ssl_context, server_hostname=name
        )
        return connection
