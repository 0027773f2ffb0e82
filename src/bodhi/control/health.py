"""Whether the process lives, and whether it should be sent calls. Says only ok, degraded or not ready, to anybody."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from bodhi.control.guards import Public
from bodhi.control.services import Given

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """One word."""

    status: Literal["ok", "degraded", "not_ready"]


@router.get("/livez")
async def live(_: Public) -> Health:
    """Tell that the process answers."""
    return Health(status="ok")


@router.get("/readyz")
@router.get("/bodhi/v1/health")
async def ready(_: Public, services: Given, response: Response) -> Health:
    """Tell whether calls can be served; `degraded` means from memory, while the store does not answer."""
    if not services.directory.loaded or services.is_stopping():
        response.status_code = 503
        return Health(status="not_ready")
    return Health(status="ok" if services.directory.stale_since is None else "degraded")
