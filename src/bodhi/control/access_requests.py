"""Requests for a role: a person who has none asks, Managers and Admins answer. The rules are identity's."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed
from bodhi.control.noting import noted
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.schemas import Body, Time
from bodhi.control.services import reload
from bodhi.core.principal import Role
from bodhi.identity.links import MAX_NOTE
from bodhi.identity.people import read_role
from bodhi.storage.access_requests import AccessRequest, latest_of, list_access_requests

State = Literal["pending", "approved", "rejected"]

router = APIRouter(tags=["people"])


class Asking(Body):
    """What goes with a request."""

    note: str = Field(default="", max_length=MAX_NOTE)
    """Why; Managers and Admins read it."""


class Approval(Body):
    """The role to give."""

    role: str
    """`user`, `power_user`, `manager` or `admin`, and not above one's own."""


class OwnRequest(BaseModel):
    """One's own request, and what became of it."""

    id: str
    note: str
    state: State
    role: str | None
    """The role that was given."""
    created_at: Time
    decided_at: Time | None


class RequestShown(OwnRequest):
    """A request, with who asked and who answered."""

    user_id: str
    user_name: str
    decided_by_name: str | None


class Mine(BaseModel):
    """One's own latest request."""

    request: OwnRequest | None
    """Null for somebody who never asked."""


@router.get("/access-requests")
async def list_all(
    _: Allowed,
    services: Given,
    state: Annotated[State | None, Query(description="Only requests in this state.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[RequestShown]:
    """List requests for a role, oldest first."""
    async with services.store.read() as connection:
        rows, more = cut(await list_access_requests(connection, state, after=cursor, limit=limit + 1), limit)
    return Page(data=[_shown(row) for row in rows], next_cursor=rows[-1].id if more else None)


@router.post("/access-requests", status_code=201)
async def ask(principal: Allowed, actor: Acting, services: Given, body: Asking) -> OwnRequest:
    """Ask for a role, as somebody who has none."""
    return _own(await services.requests.ask(principal, actor, body.note))


@router.get("/access-requests/mine")
async def mine(principal: Allowed, services: Given) -> Mine:
    """Show what became of one's own latest request."""
    async with services.store.read() as connection:
        request = await latest_of(connection, principal.user_id)
    return Mine(request=_own(request) if request else None)


@router.post("/access-requests/{request_id}/approve")
async def approve(principal: Allowed, actor: Acting, services: Given, request_id: str, body: Approval) -> RequestShown:
    """Give the person who asked a role. They sign in again, and have it."""
    role = read_role(body.role, lowest=Role.USER)
    with noted(services, actor, "access_request.approve"):
        request = await services.requests.approve(principal, actor, request_id, role)
    await reload(services)
    return _shown(request)


@router.post("/access-requests/{request_id}/reject")
async def reject(principal: Allowed, actor: Acting, services: Given, request_id: str) -> RequestShown:
    """Answer a request with no. The person may ask again."""
    with noted(services, actor, "access_request.reject"):
        return _shown(await services.requests.reject(principal, actor, request_id))


def _own(request: AccessRequest) -> OwnRequest:
    return OwnRequest.model_validate(_fields(request))


def _shown(request: AccessRequest) -> RequestShown:
    further = {
        "user_id": request.user_id,
        "user_name": request.user_name,
        "decided_by_name": request.decided_by_name,
    }
    return RequestShown.model_validate(_fields(request) | further)


def _fields(request: AccessRequest) -> dict[str, object]:
    return {
        "id": request.id,
        "note": request.note,
        "state": request.state,
        "role": request.role.wire if request.role else None,
        "created_at": request.created_at,
        "decided_at": request.decided_at,
    }
