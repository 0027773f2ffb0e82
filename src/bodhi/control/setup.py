"""The first Admin, by the setup code. Codes and their file are identity's."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, SecretStr

from bodhi.control.given import Given
from bodhi.control.guards import Public
from bodhi.control.schemas import Body
from bodhi.control.services import reload
from bodhi.control.session import Begun, begun, opening
from bodhi.core.credential import Secret
from bodhi.core.errors import Conflict, SetupCodeWrong, TooManyAttempts
from bodhi.identity.throttle import SETUP_CODE
from bodhi.storage.users import list_users

router = APIRouter(tags=["setup"])


class SetupState(BaseModel):
    """Whether Bodhi waits for its first Admin."""

    needed: bool


class Claim(Body):
    """The code that `bodhi serve` printed, and the account to create."""

    code: str
    username: str
    password: SecretStr
    bearer: bool = False
    """Whether a program asks, which is shown the session's secret; a browser gets a cookie instead."""


@router.get("/setup")
async def state(_: Public, services: Given) -> SetupState:
    """Tell whether the first Admin is still to be created."""
    async with services.store.read() as connection:
        return SetupState(needed=not await list_users(connection, limit=1))


@router.post("/setup", status_code=201)
async def claim(actor: Public, services: Given, request: Request, response: Response, body: Claim) -> Begun:
    """Create the first Admin with the setup code, and sign them in. Works once."""
    how = opening(request, actor, "setup", bearer=body.bearer)
    password = Secret(body.password.get_secret_value())
    try:
        await services.throttle.take(SETUP_CODE, actor.address)
        user, opened = await services.setup.claim(body.code, body.username, password, how, services.sessions)
    except (SetupCodeWrong, TooManyAttempts, Conflict) as error:
        services.refusals.note(actor, "setup.claim", error.code)
        raise
    await reload(services)
    return begun(services, response, user, opened)
