"""How often somebody may try to prove who they are: limits by account and by address, kept in the store.

So they hold across processes and restarts, and nobody's memory grows with the number of those who guess. What is
attempted, and what a refusal says in the audit trail, are the callers'.
"""

import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.clock import Clock
from bodhi.core.errors import TooManyAttempts
from bodhi.storage.attempts import forget_attempts, lock_arrivals, read_arrivals, write_arrivals
from bodhi.storage.engine import Store
from bodhi.storage.users import name_key

PASSWORD_OF_ACCOUNT = "password_of_account"  # noqa: S105 # the name of a limit
PASSWORD_AGAIN = "password_again"  # noqa: S105 # as above
PASSWORD_FROM_ADDRESS = "password_from_address"  # noqa: S105 # as above
SETUP_CODE = "setup_code"
LINK = "link"
OIDC_START = "oidc_start"

CLOCK_GRAIN = 1.0
IPV6_SITE_BITS = 64
"""One customer has at least this much of the IPv6 space, so a single address of it limits nobody (RFC 6177)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many attempts at once, and one more each so many seconds."""

    burst: int
    seconds: float

    @property
    def window(self) -> float:
        """After how long without an attempt the whole burst is there again."""
        return self.burst * self.seconds


LIMITS: Mapping[str, Limit] = MappingProxyType({
    PASSWORD_OF_ACCOUNT: Limit(burst=10, seconds=60),
    PASSWORD_AGAIN: Limit(burst=10, seconds=60),
    PASSWORD_FROM_ADDRESS: Limit(burst=30, seconds=10),
    SETUP_CODE: Limit(burst=10, seconds=30),
    LINK: Limit(burst=30, seconds=10),
    OIDC_START: Limit(burst=30, seconds=10),
})  # fmt: skip
"""Every limit.

Confirming is counted apart from signing in: else whoever guesses from outside could keep somebody who is signed in from
what needs a confirmation.
"""
BY_ACCOUNT = frozenset({PASSWORD_OF_ACCOUNT, PASSWORD_AGAIN})
"""The limits that count by account; the others count by address."""


def address_subject(address: str | None) -> str:
    """Return what stands for an address: itself, or the network of an IPv6 address, from which anybody has plenty."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), IPV6_SITE_BITS), strict=False))


def account_subject(name: str) -> str:
    """Return what stands for an account, whether it exists or not: its name in the form in which names are compared."""
    return name_key(name.strip())


class Throttle:
    """Counts attempts by the generic cell rate algorithm (ITU-T I.371 annex A). One exists per process.

    A subject has one number: when the next attempt would be due if attempts came evenly. It runs ahead of the clock by
    at most the limit's window. What is refused is not counted, and costs one read.
    """

    def __init__(self, store: Store, clock: Clock, limits: Mapping[str, Limit] = LIMITS) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits

    async def take(self, kind: str, subject: str | None) -> None:
        """Count one attempt, before it is made; the subject is an account's name or an address, as the kind wants it.

        Raises:
            TooManyAttempts: there were too many; says after how many seconds the next one may come.
            StoreUnavailable: the store cannot be asked, so the attempt must not be made.
        """
        await self.take_all({kind: subject})

    async def take_all(self, subjects: Mapping[str, str | None]) -> None:
        """Count one attempt against several limits at once, or against none of them. Raises as `take` does."""
        limits = {self._key(kind, subject): self._limits[kind] for kind, subject in subjects.items()}
        now = self._clock.now()
        # Whoever is over the limit is told so by a read: guesses without end take no lock and write nothing.
        async with self._store.read() as connection:
            _check(limits, await read_arrivals(connection, limits), now)
        async with self._store.write() as connection:
            arrivals = await lock_arrivals(connection, limits, now)
            _check(limits, arrivals, now)
            due = {key: _due(limit, arrivals[key], now) for key, limit in limits.items()}
            await write_arrivals(connection, {key: due[key] + limit.seconds for key, limit in limits.items()})

    async def forget(self, connection: AsyncConnection, kind: str, subject: str | None) -> None:
        """Begin to count anew for somebody who proved who they are, in the caller's transaction."""
        await forget_attempts(connection, self._key(kind, subject))

    def _key(self, kind: str, subject: str | None) -> bytes:
        """Hash a subject: it may be anything that somebody typed into the wrong field."""
        text = account_subject(subject or "") if kind in BY_ACCOUNT else address_subject(subject)
        return hashlib.sha256(f"{kind}\x00{text}".encode("utf-8", "surrogatepass")).digest()


def _check(limits: Mapping[bytes, Limit], arrivals: Mapping[bytes, float], now: float) -> None:
    """Refuse if any subject is over its limit."""
    longest = 0.0
    for key, limit in limits.items():
        ahead = _due(limit, arrivals.get(key, now), now) - now
        longest = max(longest, ahead - (limit.window - limit.seconds))
    if longest > 0:
        seconds = ceil(longest)
        raise TooManyAttempts(f"Too many attempts. Try again in {seconds} s.", retry_after=seconds)


def _due(limit: Limit, arrival: float, now: float) -> float:
    """Return when the next attempt would be due if attempts came evenly."""
    if arrival - now > limit.window + CLOCK_GRAIN:
        # No attempt runs further ahead than that, so the clock was set back, which must not lock anybody out: one
        # attempt is free, and those after it come one by one.
        return now + limit.window - limit.seconds
    return max(arrival, now)
