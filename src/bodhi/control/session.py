"""Signing in and out, and who is asking."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, SecretStr

from bodhi.control.guards import Public, SessionOnly, SignedIn
from bodhi.control.schemas import Body, Time
from bodhi.control.services import Given, Services
from bodhi.core.credential import Secret
from bodhi.identity.credentials import read_credentials
from bodhi.identity.sign_in import SESSION_SECONDS
from bodhi.storage.users import User

router = APIRouter(tags=["session"])


class SignIn(Body):
    """A user name and a password."""

    username: str
    password: SecretStr


class Me(BaseModel):
    """Who is asking."""

    user_id: str
    username: str
    role: str
    """What may be done: for a token the lesser of its scope and its owner's role."""
    token_id: str | None
    token_name: str | None


class Opened(BaseModel):
    """A session that has just begun."""

    session: str
    """Send it as `Authorization: Bearer`. It is not shown again."""
    expires_at: Time
    user: Me


def opened(services: Services, user: User, secret: Secret) -> Opened:
    """Describe a new session to the one who opened it."""
    me = Me(user_id=user.id, username=user.name, role=user.role.wire, token_id=None, token_name=None)
    return Opened(session=secret.reveal(), expires_at=services.clock.now() + SESSION_SECONDS, user=me)


@router.post("/session", status_code=201)
async def sign_in(_: Public, services: Given, body: SignIn) -> Opened:
    """Sign in."""
    user, secret = await services.sessions.sign_in(body.username, Secret(body.password.get_secret_value()))
    return opened(services, user, secret)


@router.get("/session")
async def me(principal: SignedIn) -> Me:
    """Tell who is asking."""
    return Me(
        user_id=principal.user_id,
        username=principal.user_name,
        role=principal.role.wire,
        token_id=principal.token_id,
        token_name=principal.token_name,
    )


@router.delete("/session", status_code=204)
async def sign_out(_: SessionOnly, services: Given, request: Request) -> None:
    """Sign out."""
    await services.sessions.sign_out(read_credentials(request.scope["headers"])[0])
