"""The provider's own description and keys, fetched when needed and remembered for a while.

OpenID Connect Discovery 1.0. Nothing is taken from anywhere that the issuer's document does not name.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from bodhi.core.clock import Clock
from bodhi.core.errors import IdentityProviderUnavailable
from bodhi.identity.oidc.fetch import Fetcher, HttpEndpoint, read_endpoint
from bodhi.identity.oidc.id_token import KeyEntry, read_key_set

REMEMBER_SECONDS = 600.0
REFETCH_SECONDS = 60.0
"""How often an unknown key may make the key set be fetched anew."""
PAUSE_SECONDS = 5.0
"""For how long a failed fetch is not tried again: people who wait must not queue for one deadline after another."""

SECRET_BASIC = "client_secret_basic"  # noqa: S105 # the registered name of a method
SECRET_POST = "client_secret_post"  # noqa: S105 # the registered name of a method


@dataclass(frozen=True, slots=True)
class Description:
    """What the provider's document says, as far as it is used."""

    authorization_url: str
    token: HttpEndpoint
    key_set: HttpEndpoint
    userinfo: HttpEndpoint | None
    names_itself: bool
    """Whether it promises the parameter `iss` on the way back (RFC 9207)."""
    secret_ways: tuple[str, ...]
    """How a client may show its secret."""


class Provider:
    """One identity provider. One exists per process; it asks for one thing at a time."""

    def __init__(self, issuer: str, fetcher: Fetcher, clock: Clock) -> None:
        self.issuer = issuer
        self._fetcher = fetcher
        self._monotonic = clock.monotonic
        self._turn = asyncio.Lock()
        self._known: tuple[float, Description, tuple[KeyEntry, ...]] | None = None
        self._refetched: float | None = None
        self._failed: tuple[float, IdentityProviderUnavailable] | None = None

    async def description(self) -> Description:
        """Return the provider's description.

        Raises:
            IdentityProviderUnavailable: it cannot be fetched or believed.
        """
        return (await self._current())[0]

    async def keys(self) -> tuple[KeyEntry, ...]:
        """Return the keys that may sign. Raises as `description` does."""
        return (await self._current())[1]

    async def newer_keys(self, known: tuple[KeyEntry, ...]) -> tuple[KeyEntry, ...]:
        """Return the keys after one was met that is not among `known`: fetched anew, at most once a minute.

        Raises:
            IdentityProviderUnavailable: the key set cannot be fetched or believed.
        """
        description, keys = await self._current()
        async with self._turn:
            now = self._monotonic()
            recent = self._refetched is not None and now - self._refetched < REFETCH_SECONDS
            if keys is not known or recent or self._known is None:
                return self._known[2] if self._known else keys
            self._refetched = now
            keys = await self._fetch_keys(description.key_set)
            self._known = (self._known[0], description, keys)
            return keys

    async def _current(self) -> tuple[Description, tuple[KeyEntry, ...]]:
        async with self._turn:
            now = self._monotonic()
            if self._known is None or now - self._known[0] >= REMEMBER_SECONDS:
                if self._failed is not None and now - self._failed[0] < PAUSE_SECONDS:
                    raise IdentityProviderUnavailable(self._failed[1].message)
                try:
                    description = await self._fetch_description()
                    keys = await self._fetch_keys(description.key_set)
                except IdentityProviderUnavailable as error:
                    self._failed = (self._monotonic(), error)
                    raise
                self._known, self._failed = (now, description, keys), None
            return self._known[1], self._known[2]

    async def _fetch_description(self) -> Description:
        # Discovery section 4.1: a terminating slash of the issuer goes before the path is added.
        answer = await self._fetcher.get(read_endpoint(self.issuer.rstrip("/") + "/.well-known/openid-configuration"))
        if answer.status != HTTPStatus.OK:
            raise IdentityProviderUnavailable(
                f"The identity provider answered {answer.status} instead of its description. Check BODHI_OIDC_ISSUER."
            )
        return read_description(answer.members, self.issuer)

    async def _fetch_keys(self, endpoint: HttpEndpoint) -> tuple[KeyEntry, ...]:
        answer = await self._fetcher.get(endpoint)
        if answer.status != HTTPStatus.OK:
            raise IdentityProviderUnavailable(f"The identity provider answered {answer.status} instead of its keys.")
        return read_key_set(answer.members)


def read_description(document: Mapping[str, Any], issuer: str) -> Description:
    """Read the provider's document (Discovery section 3).

    Raises:
        IdentityProviderUnavailable: it is another issuer's, or lacks or misspells what is needed.
    """
    if document.get("issuer") != issuer:
        raise IdentityProviderUnavailable(
            "The identity provider calls itself by another issuer. BODHI_OIDC_ISSUER must be spelled as it does."
        )
    authorization = _text(document, "authorization_endpoint")
    userinfo = document.get("userinfo_endpoint")
    ways = document.get("token_endpoint_auth_methods_supported", [SECRET_BASIC])
    _endpoint(authorization, issuer)
    return Description(
        authorization_url=authorization,
        token=_endpoint(_text(document, "token_endpoint"), issuer),
        key_set=_endpoint(_text(document, "jwks_uri"), issuer),
        userinfo=_endpoint(userinfo, issuer) if isinstance(userinfo, str) else None,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        secret_ways=tuple(each for each in ways if isinstance(each, str)) if isinstance(ways, list) else (),
    )


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise IdentityProviderUnavailable(f"The identity provider's description lacks {name}.")
    return value


def _endpoint(url: str, issuer: str) -> HttpEndpoint:
    endpoint = read_endpoint(url)
    # A provider elsewhere has no business with this machine's own ports.
    if endpoint.origin.scheme != "https" and issuer.startswith("https:"):
        raise IdentityProviderUnavailable("The identity provider names an address without https.")
    return endpoint
