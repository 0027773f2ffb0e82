"""One inbound call, where it goes, and what is sent: the values that the data plane's stages pass on."""

from dataclasses import dataclass
from typing import TypeAlias

from bodhi.core.api_model import ApiModel, Origin, Timeouts
from bodhi.core.types import Header

# The values below are made once per call and never changed; frozen dataclasses would triple the cost of making them.


@dataclass(slots=True)
class Route:
    """The api model and the upstream model id chosen for a call."""

    api_model: ApiModel
    model: str | None
    """The id as the upstream knows it: the prefix is stripped. None for calls that name no model."""


PoolKey: TypeAlias = tuple[str, str, int, bool]
"""What two requests must have in common to share a connection: an origin, and whether it may be a private address."""


@dataclass(slots=True)
class OutboundRequest:
    """What is sent upstream, whole: nothing is decided after this."""

    origin: Origin
    allow_private_network: bool
    method: bytes
    target: bytes
    """Path and query, ASCII, percent-encoded."""
    headers: list[Header]
    """Without Host, Content-Length and Connection, which the client of `relay.upstream` writes."""
    body: bytes
    timeouts: Timeouts
    opened_at: float | None = None
    """When the client of `relay.upstream` got it, on the monotonic clock; it notes that here, and the next, too."""
    connected_at: float | None = None
    """When there was a connection for it."""
    host: bytes = b""
    """The value of the Host field, where it was worked out before; empty, it is the origin's authority."""

    @property
    def pool_key(self) -> PoolKey:
        """The key of the connections that may serve this request."""
        origin = self.origin
        return origin.scheme, origin.host, origin.port, self.allow_private_network
