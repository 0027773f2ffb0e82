"""From a request's credentials to a principal, from memory alone. Sessions and passwords are not its subject.

Every refusal for a token that Bodhi does not know has the same text; only the holder of a known token learns that it
has expired, was revoked or is disabled. While the store cannot be asked, an unknown token is a 503 and never a 401: it
may be one that was minted a moment ago.
"""

from collections.abc import Mapping
from typing import Protocol

from bodhi.core.clock import Clock
from bodhi.core.errors import (
    RoleTooLow,
    StoreUnavailable,
    TokenDisabled,
    TokenExpired,
    TokenMissing,
    TokenRevoked,
    TokensConflict,
    TokenUnknown,
    Unauthenticated,
)
from bodhi.core.principal import Principal, TokenGrant, TokenState, principal_of, state_of
from bodhi.core.remember import remember
from bodhi.core.types import Headers
from bodhi.identity.credentials import read_credentials
from bodhi.identity.tokens import TokenHasher, looks_like_token

MAX_KNOWN = 100_000
"""Tokens whose principal is kept; only tokens that exist count, so nobody can fill this from outside."""


WITHOUT_ROLE = "This token's owner has no role, so it opens nothing. Ask an Admin or Manager to give them one."


class KnownTokens(Protocol):
    """The part of a snapshot that authentication needs."""

    @property
    def grants(self) -> Mapping[bytes, TokenGrant]:
        """Tokens by MAC."""
        ...


class TokenSource(Protocol):
    """Where known tokens come from: the directory."""

    @property
    def snapshot(self) -> KnownTokens:
        """The current snapshot. Raises StoreUnavailable while there is none."""
        ...

    @property
    def stale_since(self) -> float | None:
        """Since when the store has not answered, or None while it does."""
        ...

    async def look(self) -> None:
        """Make sure that the snapshot is the newest. Raises StoreUnavailable where that cannot be had."""


class Authenticator:
    """Turns credentials into principals. One exists per process, and it is called once per proxied call."""

    def __init__(self, directory: TokenSource, hasher: TokenHasher, clock: Clock) -> None:
        self._directory = directory
        self._hasher = hasher
        self._clock = clock
        self._seen: KnownTokens | None = None
        # One principal per token that was used since the snapshot changed, so its verdicts on models are remembered,
        # and neither checksum nor MAC is worked out again. The keys are whole tokens, as each request brings them.
        self._known: dict[bytes, tuple[TokenGrant, Principal]] = {}

    def principal(self, headers: Headers, query: bytes = b"") -> Principal:
        """Find who is asking.

        Raises:
            TokenMissing: no credential came at all.
            TokenUnknown: credentials came, and none is a token of Bodhi's.
            TokenExpired: the token was valid once.
            TokenRevoked: the token was valid once.
            TokenDisabled: the token, or its owner's account, is disabled.
            RoleTooLow: the token's owner has no role.
            TokensConflict: two different valid tokens came.
            StoreUnavailable: the store cannot be asked about an unknown token.
        """
        credentials = read_credentials(headers, query)
        if len(credentials) == 1:
            return self.principal_of_token(credentials[0])
        if not credentials:
            raise TokenMissing
        return self._only_valid_of(credentials)

    async def principal_after_look(self, headers: Headers, query: bytes = b"") -> Principal:
        """Find who is asking with a token that is not known here: another process may have minted it just now.

        What has not even a token's shape is refused without a look. Raises as `principal` does.
        """
        if any(looks_like_token(credential) for credential in read_credentials(headers, query)):
            await self._directory.look()
        return self.principal(headers, query)

    def principal_of_token(self, token: bytes) -> Principal:
        """Find whose token this is. Raises as `principal` does."""
        snapshot = self._directory.snapshot
        if snapshot is not self._seen:
            self._seen = snapshot
            self._known = {}
        known = self._known.get(token)
        if known is None:
            known = self._look_up(token, snapshot)
        grant, principal = known
        if grant.expires_at is not None and grant.expires_at <= self._clock.now():
            raise TokenExpired
        return principal

    def _look_up(self, token: bytes, snapshot: KnownTokens) -> tuple[TokenGrant, Principal]:
        if not looks_like_token(token):
            raise TokenUnknown
        grant = snapshot.grants.get(self._hasher.mac(token))
        if grant is None:
            if self._directory.stale_since is not None:
                raise StoreUnavailable(retry_after=5)
            raise TokenUnknown
        _check_state(state_of(grant, self._clock.now()))
        known = grant, principal_of(grant)
        remember(self._known, token, known, MAX_KNOWN)
        return known

    def _only_valid_of(self, credentials: list[bytes]) -> Principal:
        """Accept several credentials if exactly one of them is valid, as clients with two settings send them."""
        valid: list[Principal] = []
        refusal: Unauthenticated | RoleTooLow | StoreUnavailable = TokenUnknown()
        for credential in credentials:
            try:
                valid.append(self.principal_of_token(credential))
            except TokenUnknown:
                continue
            except (Unauthenticated, RoleTooLow, StoreUnavailable) as error:
                refusal = error
        if len(valid) > 1:
            raise TokensConflict
        if not valid:
            raise refusal
        return valid[0]


def _check_state(state: TokenState) -> None:
    match state:
        case TokenState.ACTIVE:
            return
        case TokenState.REVOKED:
            raise TokenRevoked
        case TokenState.EXPIRED:
            raise TokenExpired
        case TokenState.DISABLED | TokenState.OWNER_DISABLED:
            raise TokenDisabled
        case TokenState.OWNER_WITHOUT_ROLE:
            raise RoleTooLow(WITHOUT_ROLE)
