"""The effective settings, for Admins to look at. They are read at the start, by `app`, which hands them in."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from bodhi import __version__
from bodhi.control.capture import CapturePolicyShown, shown_policy
from bodhi.control.given import Given
from bodhi.control.guards import Allowed
from bodhi.storage.policies import read_capture_policy

router = APIRouter(tags=["settings"])


class SettingShown(BaseModel):
    """One setting. Of a secret, no more is shown than that it is set."""

    name: str
    env: str
    """The environment variable that sets it."""
    group: str
    """The heading that it belongs under."""
    doc: str
    value: str | None
    """As it would be set; null where it is empty."""
    default: str | None
    source: Literal["default", "environment", "file", "command line"]
    """Where the value comes from."""
    restart: bool
    """Whether a change needs a restart of Bodhi."""


class Policies(BaseModel):
    """What Admins decide while Bodhi runs."""

    capture: CapturePolicyShown


class SettingsShown(BaseModel):
    """How this process is configured."""

    version: str
    """Bodhi's own."""
    data: list[SettingShown]
    policies: Policies


@router.get("/settings")
async def list_settings(_principal: Allowed, services: Given) -> SettingsShown:
    """List the effective settings and where each value comes from. They are changed where Bodhi is started."""
    async with services.store.read() as connection:
        policy = await read_capture_policy(connection)
    # Nothing is read again while Bodhi runs.
    shown = [SettingShown.model_validate({**setting, "restart": True}) for setting in services.settings]
    return SettingsShown(
        version=__version__, data=shown, policies=Policies(capture=await shown_policy(services, policy))
    )
