"""Signing in and out, and who is asking."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, SecretStr

from bodhi.control.guards import Acting, Allowed, Public
from bodhi.control.schemas import Body, Time
from bodhi.control.services import Given, Services, reload
from bodhi.core.audit import Act, Actor
from bodhi.core.credential import Secret
from bodhi.core.session import ABSOLUTE_SECONDS
from bodhi.identity import sign_in as ways
from bodhi.identity.sign_in import BEARER, COOKIE, Opening
from bodhi.storage.sessions import delete_sessions
from bodhi.storage.users import User

router = APIRouter(tags=["session"])


class SignIn(Body):
    """A user name and a password."""

    username: str
    password: SecretStr
    bearer: bool = False
    """Whether a program asks, which is shown the session's secret; a browser gets a cookie instead."""


class Me(BaseModel):
    """Who is asking."""

    user_id: str
    username: str
    role: str
    """What may be done: for a token the lesser of its scope and its owner's role."""
    token_id: str | None
    token_name: str | None


class Begun(BaseModel):
    """A session that has just begun."""

    session: str | None
    """For programs: send it as `Authorization: Bearer`. It is not shown again. Null where a cookie carries it."""
    expires_at: Time
    user: Me


def opening(request: Request, actor: Actor, method: str, *, bearer: bool) -> Opening:
    """Describe how and from where a session is opened."""
    agent = dict(request.scope["headers"]).get(b"user-agent", b"").decode("latin-1")
    carried_by = BEARER if bearer else COOKIE
    return Opening(method=method, carried_by=carried_by, address=actor.address, user_agent=agent or None)


def begun(services: Services, response: Response, user: User, opened: ways.Opened) -> Begun:
    """Describe a new session to the one who opened it, and give a browser its cookie."""
    me = Me(user_id=user.id, username=user.name, role=user.role.wire, token_id=None, token_name=None)
    shown = None
    if opened.session.carried_by == BEARER:
        shown = opened.secret.reveal()
    else:
        response.headers["set-cookie"] = services.browser.session_cookie(opened.secret, ABSOLUTE_SECONDS)
    return Begun(session=shown, expires_at=opened.session.expires_at, user=me)


@router.post("/session", status_code=201)
async def sign_in(actor: Public, services: Given, request: Request, response: Response, body: SignIn) -> Begun:
    """Sign in."""
    how = opening(request, actor, "password", bearer=body.bearer)
    user, opened = await services.sessions.sign_in(body.username, Secret(body.password.get_secret_value()), how)
    return begun(services, response, user, opened)


@router.get("/session")
async def me(principal: Allowed) -> Me:
    """Tell who is asking."""
    return Me(
        user_id=principal.user_id,
        username=principal.user_name,
        role=principal.role.wire,
        token_id=principal.token_id,
        token_name=principal.token_name,
    )


@router.delete("/session", status_code=204)
async def sign_out(principal: Allowed, actor: Acting, services: Given, response: Response) -> None:
    """Sign out."""
    async with services.store.write() as connection:
        await delete_sessions(connection, principal.user_id, only=principal.session_id)
        act = Act(action="session.close", subject_id=principal.user_id, subject_name=principal.user_name)
        await services.audit.append(connection, actor, act)
    await reload(services)
    response.headers["set-cookie"] = services.browser.ended_cookie()
