"""Whether the process lives, and whether it should be sent calls, as the API describes it; the rule is `plain`'s."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from bodhi.control import plain
from bodhi.control.given import Given
from bodhi.control.guards import Public

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """One word."""

    status: plain.Status


@router.get("/livez")
async def live(_: Public, services: Given) -> Health:
    """Tell that the process answers."""
    return Health(status=plain.live(services)[1])


@router.get("/readyz")
@router.get("/bodhi/v1/health")
async def ready(_: Public, services: Given, response: Response) -> Health:
    """Tell whether calls can be served; `degraded` means from memory, while the store does not answer."""
    response.status_code, word = plain.ready(services)
    return Health(status=word)
