"""Signing in and out, and who is asking."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, SecretStr

from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed, Public
from bodhi.control.schemas import Body, Time
from bodhi.control.services import Services, reload
from bodhi.core.audit import Act, Actor
from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidField, SignInFailed, StoreUnavailable, TooManyAttempts
from bodhi.core.session import CONFIRMED_SECONDS
from bodhi.identity import sign_in as ways
from bodhi.identity.chat_tokens import mint_chat_token
from bodhi.identity.sign_in import BEARER, COOKIE, Opening
from bodhi.storage.sessions import Session, delete_sessions, get_session
from bodhi.storage.users import User, find_user, get_user

router = APIRouter(tags=["session"])

REFUSALS = (SignInFailed, TooManyAttempts)
"""Failures that somebody who guesses causes."""


class SignIn(Body):
    """A user name and a password."""

    username: str
    password: SecretStr
    bearer: bool = False
    """Whether a program asks, which is shown the session's secret; a browser gets a cookie instead."""


class Proof(Body):
    """One's own password, once more."""

    password: SecretStr


class NewPassword(Body):
    """One's own password, and the one that takes its place."""

    current_password: SecretStr
    new_password: SecretStr


class Me(BaseModel):
    """Who is asking."""

    user_id: str
    username: str
    role: str
    """What may be done: for a token the lesser of its scope and its owner's role."""
    token_id: str | None = None
    token_name: str | None = None
    scope: str | None = None
    """A token's scope; null for a session."""
    session_id: str | None = None
    method: str | None = None
    """How the session was opened: `password`, `oidc`, `setup` or `invite`."""
    expires_at: Time | None = None
    """When the session ends at the latest."""
    confirmed_until: Time | None = None
    """Until when the session may do what asks for a recent proof of identity."""
    has_password: bool
    """Whether the account can sign in and confirm with a password."""
    reads_captures: bool
    """Whether captured prompts and completions may be read."""


class Begun(BaseModel):
    """A session that has just begun, or got a new secret."""

    session: str | None
    """For programs: send it as `Authorization: Bearer`. It is not shown again. Null where a cookie carries it."""
    expires_at: Time
    user: Me


class ChatToken(BaseModel):
    """A token for a page's model calls, to be kept in memory only."""

    token: str
    expires_at: Time


def opening(request: Request, actor: Actor, method: str, *, bearer: bool) -> Opening:
    """Describe how and from where a session is opened."""
    agent = dict(request.scope["headers"]).get(b"user-agent", b"").decode("latin-1")
    carried_by = BEARER if bearer else COOKIE
    return Opening(method=method, carried_by=carried_by, address=actor.address, user_agent=agent or None)


def begun(services: Services, response: Response, user: User, opened: ways.Opened) -> Begun:
    """Describe a session to the one who opened it, and give a browser its cookie."""
    shown, session = None, opened.session
    if session.carried_by == BEARER:
        shown = opened.secret.reveal()
    else:
        left = session.expires_at - services.clock.now()
        response.headers["set-cookie"] = services.browser.session_cookie(opened.secret, left)
    return Begun(session=shown, expires_at=session.expires_at, user=_of_session(user, session))


@router.post("/session", status_code=201)
async def sign_in(actor: Public, services: Given, request: Request, response: Response, body: SignIn) -> Begun:
    """Sign in."""
    how = opening(request, actor, "password", bearer=body.bearer)
    try:
        user, opened = await services.sessions.sign_in(body.username, Secret(body.password.get_secret_value()), how)
    except REFUSALS as error:
        services.refusals.note(actor, "session.open", error.code, await _known_name(services, body.username))
        raise
    return begun(services, response, user, opened)


@router.get("/session")
async def me(principal: Allowed, services: Given) -> Me:
    """Tell who is asking."""
    async with services.store.read() as connection:
        user = await get_user(connection, principal.user_id)
        session = await get_session(connection, principal.session_id) if principal.session_id else None
    if user is not None and session is not None:
        return _of_session(user, session)
    return Me(
        user_id=principal.user_id,
        username=principal.user_name,
        role=principal.role.wire,
        token_id=principal.token_id,
        token_name=principal.token_name,
        scope=principal.scope,
        has_password=user is not None and user.password_hash is not None,
        reads_captures=False,
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


@router.post("/session/confirm")
async def confirm(_: Allowed, actor: Acting, services: Given, response: Response, body: Proof) -> Begun:
    """Prove again who one is, by password. The session gets a new secret."""
    try:
        user, opened = await services.sessions.confirm(actor, Secret(body.password.get_secret_value()))
    except REFUSALS as error:
        services.refusals.note(actor, "session.confirm", error.code, actor.user_name)
        raise
    return begun(services, response, user, opened)


@router.post("/session/password")
async def change_password(_: Allowed, actor: Acting, services: Given, response: Response, body: NewPassword) -> Begun:
    """Set another password for oneself. One's other sessions end, and this one gets a new secret."""
    current, wanted = (Secret(each.get_secret_value()) for each in (body.current_password, body.new_password))
    try:
        user, opened = await services.sessions.change_password(actor, current, wanted)
    except InvalidField as error:
        raise InvalidField(error.message, param="new_password") from None
    except REFUSALS as error:
        services.refusals.note(actor, "user.password", error.code, actor.user_name)
        raise
    await reload(services)
    return begun(services, response, user, opened)


@router.post("/session/chat-token", status_code=201)
async def chat_token(principal: Allowed, actor: Acting, services: Given) -> ChatToken:
    """Get a short-lived token for model calls. It ends with the session, and opens nothing else."""
    secret, grant = await mint_chat_token(services.mint, actor, principal)
    await reload(services)
    return ChatToken(token=secret.reveal(), expires_at=grant.expires_at or grant.created_at)


def _of_session(user: User, session: Session) -> Me:
    return Me(
        user_id=user.id,
        username=user.name,
        role=user.role.wire,
        session_id=session.id,
        method=session.method,
        expires_at=session.expires_at,
        confirmed_until=session.authenticated_at + CONFIRMED_SECONDS,
        has_password=user.password_hash is not None,
        reads_captures=user.reads_captures,
    )


async def _known_name(services: Services, typed: str) -> str | None:
    """Return the name of the account that was meant. What is nobody's name may be a password in the wrong field."""
    try:
        async with services.store.read() as connection:
            user = await find_user(connection, typed.strip())
    except StoreUnavailable:
        return None
    return user.name if user else None
