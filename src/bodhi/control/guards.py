"""Who may call an endpoint, as types: a guard is part of each endpoint's signature. What proves identity is identity's.

A caller shows an API token (bearer, `x-api-key` or `x-goog-api-key`) or the secret of a session (bearer). Cookies and
`?key=` mean nothing here.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from bodhi.control.services import Given
from bodhi.core.errors import Forbidden, NotReady, RoleTooLow, TokenMissing, TokensConflict, TokenUnknown
from bodhi.core.principal import Principal, Role
from bodhi.identity.credentials import read_credentials
from bodhi.identity.sign_in import looks_like_session


async def public() -> None:
    """Let anybody in."""


_Bearer = Annotated[
    object, Security(HTTPBearer(scheme_name="bearer", description="A session or an API token.", auto_error=False))
]
_ApiKey = Annotated[
    object,
    Security(APIKeyHeader(scheme_name="api_key", name="x-api-key", description="An API token.", auto_error=False)),
]


async def signed_in(request: Request, services: Given, _bearer: _Bearer, _api_key: _ApiKey) -> Principal:
    """Let in whoever proves who they are. The last two parameters only describe, in OpenAPI, what to send.

    Raises:
        Unauthenticated: nothing, or nothing valid, was shown.
        NotReady: there is no Admin yet, so nobody can prove anything.
    """
    credentials = read_credentials(request.scope["headers"])
    if services.directory.loaded and not services.directory.snapshot.has_admin:
        raise NotReady
    if not credentials:
        raise TokenMissing("Sign in, or send a Bodhi API token as `Authorization: Bearer <token>`.")
    if not any(looks_like_session(credential) for credential in credentials):
        try:
            return services.authenticator.principal(request.scope["headers"])
        except TokenUnknown:
            return await services.authenticator.principal_after_look(request.scope["headers"])
    if len(credentials) > 1:
        raise TokensConflict("The request carries a session and another credential. Send one.")
    return await services.sessions.principal(credentials[0])


SignedInPrincipal = Annotated[Principal, Depends(signed_in)]


def at_least(role: Role) -> Callable[[Principal], Awaitable[Principal]]:
    """Make a guard that lets in a role and those above it. A token counts with the lesser of its scope and owner."""

    async def guard(principal: SignedInPrincipal) -> Principal:
        if principal.role < role:
            raise RoleTooLow(
                f"This needs the role {role.wire}; yours, or your token's scope, is {principal.role.wire}."
            )
        return principal

    return guard


async def by_session(principal: SignedInPrincipal) -> Principal:
    """Let in people who signed in, and no token.

    Raises:
        Forbidden: an API token was shown.
    """
    if principal.token_id is not None:
        raise Forbidden("API tokens cannot create or revoke API tokens. Sign in, or use `bodhi token` on the host.")
    return principal


Public = Annotated[None, Depends(public)]
SignedIn = SignedInPrincipal
PowerUser = Annotated[Principal, Depends(at_least(Role.POWER_USER))]
Manager = Annotated[Principal, Depends(at_least(Role.MANAGER))]
Admin = Annotated[Principal, Depends(at_least(Role.ADMIN))]
SessionOnly = Annotated[Principal, Depends(by_session)]
