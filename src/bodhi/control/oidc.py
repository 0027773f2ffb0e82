"""Signing in with an OpenID Connect provider, as a browser sees it. The flow itself is identity's."""

import logging
from collections.abc import Sequence
from html import escape
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, SecretStr

from bodhi.control.given import Given
from bodhi.control.guards import Public, check_page
from bodhi.control.schemas import Body
from bodhi.control.services import Services, reload
from bodhi.control.session import opening
from bodhi.core.audit import Actor
from bodhi.core.errors import (
    BodhiError,
    CallerError,
    Conflict,
    IdentityProviderUnavailable,
    IdentityRefused,
    InvalidField,
    NotReady,
    Unauthenticated,
    UnknownObject,
)
from bodhi.identity.oidc.flow import FLOW_SECONDS, METHOD, OidcSignIn, Purpose, WayBack
from bodhi.identity.sign_in import COOKIE
from bodhi.identity.throttle import OIDC_START, SETUP_CODE

log = logging.getLogger(__name__)
router = APIRouter(tags=["oidc"])

HOME = "/ui/"
"""Where a browser ends up; a fixed path, so that no link can send anybody elsewhere."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Bodhi: not signed in</title>
</head>
<body>
<h1>You are not signed in</h1>
<p>{message}</p>
<p><a href="{home}">Back to Bodhi</a></p>
<p><small>{code}</small></p>
</body>
</html>
"""


_HTML = {"text/html": {"schema": {"type": "string"}}}


class OidcState(BaseModel):
    """Whether there is an identity provider to sign in with."""

    configured: bool
    name: str | None
    """What the button says."""


class StartOidc(Body):
    """What the way to the identity provider is for."""

    purpose: Literal["sign_in", "setup", "confirm"] = "sign_in"
    """`setup` makes the first Admin, `confirm` proves again who has signed in."""
    code: SecretStr | None = None
    """The setup code, for `setup`."""


class OidcStarted(BaseModel):
    """Where the browser has to go."""

    url: str


@router.get("/oidc")
async def oidc_state(_: Public, services: Given) -> OidcState:
    """Tell whether one can sign in with OpenID Connect."""
    oidc = services.oidc
    return OidcState(configured=oidc is not None, name=oidc.name if oidc else None)


@router.post("/oidc/start")
async def start(actor: Public, services: Given, request: Request, response: Response, body: StartOidc) -> OidcStarted:
    """Begin to sign in at the identity provider: the answer says where, and sets a cookie for the way back."""
    oidc, purpose = _configured(services), Purpose(body.purpose)
    try:
        await services.throttle.take(OIDC_START, actor.address)
        session_id = await _own_session(request, services) if purpose is Purpose.CONFIRM else None
        if purpose is Purpose.SETUP:
            await services.throttle.take(SETUP_CODE, actor.address)
            _check_code(services, body.code)
    except CallerError as error:
        services.refusals.note(actor, "setup.claim" if purpose is Purpose.SETUP else "oidc.start", error.code)
        raise
    if purpose is Purpose.SIGN_IN and services.directory.loaded and not services.directory.snapshot.has_admin:
        raise NotReady
    started = await oidc.start(purpose, session_id)
    response.headers["set-cookie"] = services.browser.flow_cookie(started.cookie, FLOW_SECONDS)
    return OidcStarted(url=started.url)


@router.get(
    "/oidc/callback",
    response_class=HTMLResponse,
    responses={
        303: {"description": "Signed in; on to Bodhi's pages, with the session's cookie."},
        **{
            status: {"description": "A page that says why not.", "content": _HTML}
            for status in (400, 401, 404, 409, 503)
        },
    },
)
async def way_back(actor: Public, services: Given, request: Request) -> Response:
    """Take the browser back from the identity provider: on to Bodhi's pages, or to a page that says why not."""
    try:
        answer = await _finished(actor, services, request)
    except BodhiError as error:
        if isinstance(error, IdentityProviderUnavailable):
            # For whoever runs Bodhi: what the provider did wrong, which never holds a part of what it sent.
            log.warning("sign-in with OpenID Connect failed: %s", error.message)
        if isinstance(error, CallerError | IdentityProviderUnavailable):
            services.refusals.note(actor, "session.open", error.code)
        answer = _page(error)
    answer.headers.append("set-cookie", services.browser.ended_flow_cookie())
    return answer


async def _finished(actor: Actor, services: Services, request: Request) -> Response:
    oidc = _configured(services)
    back = _read_way_back(request.query_params.multi_items(), services.browser.flow_of(request.scope["headers"]))
    try:
        finished = await oidc.finish(back, opening(request, actor, METHOD, bearer=False))
    except Conflict:
        services.setup.close()
        raise
    if finished.purpose is Purpose.SETUP:
        services.setup.close()
    await reload(services)
    answer = RedirectResponse(HOME, status_code=303)
    left = finished.opened.session.expires_at - services.clock.now()
    answer.headers.append("set-cookie", services.browser.session_cookie(finished.opened.secret, left))
    return answer


def _configured(services: Services) -> OidcSignIn:
    if services.oidc is None:
        raise UnknownObject("Sign-in with OpenID Connect is not configured here.")
    return services.oidc


async def _own_session(request: Request, services: Services) -> str | None:
    """Return the session that this browser's cookie carries.

    Raises:
        Unauthenticated: there is none.
        CrossSite: another site's page asks.
    """
    headers = request.scope["headers"]
    cookie = services.browser.session_of(headers)
    if cookie is None:
        raise Unauthenticated("Only a browser that is signed in can confirm its session.")
    check_page(request, services, by_cookie=True)
    return (await services.sessions.principal(cookie, COOKIE)).session_id


def _check_code(services: Services, code: SecretStr | None) -> None:
    """Refuse whoever does not hold the setup code, before anything goes to the provider."""
    if code is None:
        raise InvalidField("The setup code is missing.", param="code")
    services.setup.check(code.get_secret_value())


def _read_way_back(parameters: Sequence[tuple[str, str]], cookie: bytes | None) -> WayBack:
    """Read the parameters of the authorization response, each of which may occur once (RFC 6749 section 3.1)."""
    names = [name for name, _ in parameters]
    if len(names) != len(set(names)):
        raise IdentityRefused("The answer of the identity provider says a thing twice. Begin to sign in again.")
    given = dict(parameters)
    return WayBack(
        state=given.get("state", ""),
        code=given.get("code", ""),
        issuer=given.get("iss"),
        error=given.get("error"),
        error_description=given.get("error_description"),
        cookie=cookie,
    )


def _page(error: BodhiError) -> HTMLResponse:
    page = _PAGE.format(message=escape(error.message), home=HOME, code=escape(error.code))
    return HTMLResponse(page, error.status, {"x-bodhi-error": error.code})
