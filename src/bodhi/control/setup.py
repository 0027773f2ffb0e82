"""The first Admin, by the setup code. Codes and their file are identity's."""

from fastapi import APIRouter
from pydantic import BaseModel, SecretStr

from bodhi.control.guards import Public
from bodhi.control.schemas import Body
from bodhi.control.services import Given, reload
from bodhi.control.session import Opened, opened
from bodhi.core.credential import Secret
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


@router.get("/setup")
async def state(_: Public, services: Given) -> SetupState:
    """Tell whether the first Admin is still to be created."""
    async with services.store.read() as connection:
        return SetupState(needed=not await list_users(connection, limit=1))


@router.post("/setup", status_code=201)
async def claim(_: Public, services: Given, body: Claim) -> Opened:
    """Create the first Admin with the setup code, and sign them in. Works once."""
    user = await services.setup.claim(body.code, body.username, Secret(body.password.get_secret_value()))
    await reload(services)
    return opened(services, user, await services.sessions.open(user))
