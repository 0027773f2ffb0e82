"""Where Bodhi may connect to: names are resolved once, every address is checked, and the checked address is used.

Connecting lives in `relay.pool`. No proxy is ever taken from the environment.
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bodhi.core.api_model import Origin
from bodhi.core.clock import SYSTEM_CLOCK, Clock
from bodhi.core.errors import ApiModelUnusable, UpstreamTimeout, UpstreamUnreachable
from bodhi.relay.addresses import AddressClass, classify_address

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to IP addresses in the order to try; raises OSError when there are none."""

RESOLVE_SECONDS = 5.0
LAST_GOOD_SECONDS = 60.0
MAX_LAST_GOOD = 1024


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What this installation allows on top of public addresses."""

    private_networks: bool
    """Whether api models that ask for it may reach private and loopback addresses."""


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Resolve with the operating system's resolver, in the event loop's threads."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Egress:
    """Resolves origins to addresses that the policy allows."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        resolver: Resolver = resolve_by_system,
        clock: Clock = SYSTEM_CLOCK,
        resolve_seconds: float = RESOLVE_SECONDS,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._clock = clock
        self._resolve_seconds = resolve_seconds
        self._last_good: OrderedDict[tuple[str, int], tuple[float, tuple[str, ...]]] = OrderedDict()

    async def resolve(self, origin: Origin, allow_private_network: bool) -> list[str]:  # noqa: FBT001 # the record's own field
        """Return the addresses of `origin` that may be connected to, in the order to try.

        Raises:
            ApiModelUnusable: all its addresses are forbidden.
            UpstreamUnreachable: the name does not resolve.
            UpstreamTimeout: name resolution took too long.
        """
        addresses = await self._addresses(origin)
        private = allow_private_network and self._policy.private_networks
        classes = {address: classify_address(address) for address in addresses}
        allowed = [
            address
            for address, found in classes.items()
            if found is AddressClass.PUBLIC or (private and found is not AddressClass.FORBIDDEN)
        ]
        if not allowed:
            raise ApiModelUnusable(self._refusal(origin.host, set(classes.values())), param="base_url")
        return allowed

    async def _addresses(self, origin: Origin) -> Sequence[str]:
        key = (origin.host, origin.port)
        try:
            async with asyncio.timeout(self._resolve_seconds):
                addresses = tuple(await self._resolver(*key))
        except (OSError, UnicodeError) as error:  # TimeoutError is an OSError too.
            addresses = self._recall(key)
            if not addresses:
                raise self._resolve_error(origin.host, error) from error
            return addresses
        if not addresses:
            raise UpstreamUnreachable(f"Network error: could not resolve the host {origin.host}.")
        self._last_good[key] = (self._clock.monotonic(), addresses)
        self._last_good.move_to_end(key)
        if len(self._last_good) > MAX_LAST_GOOD:
            self._last_good.popitem(last=False)
        return addresses

    def _recall(self, key: tuple[str, int]) -> tuple[str, ...]:
        """Return the last answer for `key` while it is young: a resolver's hiccup does not stop the traffic."""
        at, addresses = self._last_good.get(key, (0.0, ()))
        return addresses if self._clock.monotonic() - at <= LAST_GOOD_SECONDS else ()

    def _resolve_error(self, host: str, error: Exception) -> UpstreamTimeout | UpstreamUnreachable:
        if isinstance(error, TimeoutError):
            return UpstreamTimeout(
                f"Network error: resolving the host {host} took longer than {self._resolve_seconds:g} seconds."
            )
        return UpstreamUnreachable(f"Network error: could not resolve the host {host}.")

    def _refusal(self, host: str, classes: set[AddressClass]) -> str:
        if classes == {AddressClass.FORBIDDEN}:
            return (
                f"Bodhi does not connect to {host}: its address is link-local, a cloud's metadata service, "
                "or otherwise reserved. Correct the api model's base URL."
            )
        if not self._policy.private_networks:
            return f"{host} is in a private network, and this server does not allow private networks for providers."
        return (
            f"{host} is in a private network or on this machine. "
            "Allow private networks in the api model's settings to use it."
        )
