"""Who may call an endpoint: a guard is part of each endpoint's signature, and `access` says whom it lets in.

A caller shows an API token (bearer, `x-api-key` or `x-goog-api-key`), or a session: as bearer token, or in the cookie
of one of Bodhi's own pages. `?key=` means nothing here. What proves identity is identity's.
"""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer

from bodhi.control.access import BY_ENDPOINT, PREFIX, Access, Confirm
from bodhi.control.browser import check_content_type
from bodhi.control.given import Given
from bodhi.control.services import Services
from bodhi.core.audit import Actor
from bodhi.core.errors import (
    ConfirmationNeeded,
    CrossSite,
    RoleTooLow,
    ScopeTooNarrow,
    SessionNeeded,
    TokenMissing,
    TokensConflict,
    TokenUnknown,
)
from bodhi.core.principal import MODEL_CALLS, Principal
from bodhi.core.session import CONFIRMED_SECONDS
from bodhi.identity.credentials import read_credentials
from bodhi.identity.sign_in import BEARER, COOKIE, looks_like_session

_Bearer = Annotated[
    object, Security(HTTPBearer(scheme_name="bearer", description="A session or an API token.", auto_error=False))
]
_ApiKey = Annotated[
    object,
    Security(APIKeyHeader(scheme_name="api_key", name="x-api-key", description="An API token.", auto_error=False)),
]
_Cookie = Annotated[
    object,
    Security(
        APIKeyCookie(
            scheme_name="cookie", name="bodhi_session", description="The session of a browser.", auto_error=False
        )
    ),
]


def access_of(request: Request) -> Access:
    """Return the row of the endpoint that serves a request: by the route that was matched, never by the path."""
    return BY_ENDPOINT[request.method, PREFIX + request.scope["route"].path]


async def public(request: Request, services: Given) -> Actor:
    """Let anybody in, unless a page of another site sends them where none should.

    Raises:
        CrossSite: another site's page asks.
    """
    row = BY_ENDPOINT.get((request.method, PREFIX + request.scope["route"].path))
    if row is None or not row.way_back:
        check_page(request, services, by_cookie=False)
    return Actor(address=_address(request, services))


async def allowed(
    request: Request, services: Given, _bearer: _Bearer, _api_key: _ApiKey, _cookie: _Cookie
) -> Principal:
    """Let in whom the endpoint's row names. The last three parameters only describe, in OpenAPI, what to send.

    Raises:
        Unauthenticated: nothing, or nothing valid, was shown.
        CrossSite: another site's page asks.
        Forbidden: the role, the token's scope or the age of the proof does not do.
    """
    principal = await _prove(request, services)
    check_access(access_of(request), principal, services.clock.now())
    return principal


async def is_still(request: Request, services: Services, principal: Principal) -> bool:
    """Tell whether who asked could ask again, with the rights they had. It is no use of their session.

    Raises:
        BodhiError: as `allowed` does.
    """
    now = await _prove(request, services, notes_use=False)
    check_access(access_of(request), now, services.clock.now())
    return (now.user_id, now.role) == (principal.user_id, principal.role)


def check_access(access: Access, principal: Principal, now: float) -> None:
    """Refuse a principal whom a row does not let in.

    Raises:
        SessionNeeded: the endpoint takes no API tokens.
        ScopeTooNarrow: it takes some, and not this one.
        RoleTooLow: the principal's role is below the row's, or a token's owner has no role.
        ConfirmationNeeded: the person's last proof of identity is too old.
    """
    if access.role is None:
        return
    if principal.scope is not None and principal.scope not in access.scopes:
        if not access.scopes:
            raise SessionNeeded
        raise ScopeTooNarrow
    if principal.role < access.role or (principal.scope is not None and principal.role < MODEL_CALLS):
        raise RoleTooLow(
            f"This needs the role {access.role.wire}; yours, or your token's scope, is {principal.role.wire}."
        )
    if access.confirm is Confirm.YES:
        check_confirmed(principal, now)


def check_confirmed(principal: Principal, now: float) -> None:
    """Refuse a session whose person has not lately proved who they are. Tokens prove it with every request.

    Raises:
        ConfirmationNeeded: it was longer ago than ten minutes.
    """
    proved = principal.authenticated_at
    # A proof that seems to lie ahead was given before the clock was set back, so nothing says how old it is.
    if principal.token_id is None and (proved is None or abs(now - proved) > CONFIRMED_SECONDS):
        raise ConfirmationNeeded


def check_page(request: Request, services: Services, *, by_cookie: bool) -> None:
    """Refuse what another site's page sends, and any body that such a page could send without asking first.

    Raises:
        CrossSite: another site's page asks.
        InvalidJson: there is a body that is not JSON.
    """
    headers = request.scope["headers"]
    try:
        services.browser.check_page(request.method, headers, by_cookie=by_cookie)
    except CrossSite as error:
        services.refusals.note(Actor(address=_address(request, services)), "session.cross_site", error.code)
        raise
    check_content_type(request.method, headers)


async def acting(request: Request, services: Given, principal: "Allowed") -> Actor:
    """Return who acts and from where, for the audit trail."""
    return Actor(
        user_id=principal.user_id,
        user_name=principal.user_name,
        token_id=principal.token_id,
        session_id=principal.session_id,
        address=_address(request, services),
    )


async def _prove(request: Request, services: Services, *, notes_use: bool = True) -> Principal:
    """Find out who is asking. Raises as `allowed` does."""
    headers = request.scope["headers"]
    credentials = read_credentials(headers)
    cookie = None if credentials else services.browser.session_of(headers)
    check_page(request, services, by_cookie=cookie is not None)
    if cookie is not None:
        return await services.sessions.principal(cookie, COOKIE, notes_use=notes_use)
    if not credentials:
        raise TokenMissing("Sign in, or send a Bodhi API token as `Authorization: Bearer <token>`.")
    if not any(looks_like_session(credential) for credential in credentials):
        try:
            return services.authenticator.principal(headers)
        except TokenUnknown:
            return await services.authenticator.principal_after_look(headers)
    if len(credentials) > 1:
        raise TokensConflict("The request carries a session and another credential. Send one.")
    return await services.sessions.principal(credentials[0], BEARER, notes_use=notes_use)


def _address(request: Request, services: Services) -> str | None:
    client = request.scope.get("client")
    return services.browser.address(client[0] if client else None, request.scope["headers"])


Public = Annotated[Actor, Depends(public)]
"""Anybody; the value says from where, for the audit trail."""
Allowed = Annotated[Principal, Depends(allowed)]
"""Whom the endpoint's row in `access` lets in."""
Acting = Annotated[Actor, Depends(acting)]
"""The same caller as the audit trail names them."""
