"""One's own sessions: where one is signed in, and ending that. Signing in and out is `session`'s."""

from fastapi import APIRouter
from pydantic import BaseModel

from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed
from bodhi.control.schemas import Time
from bodhi.control.services import Services, reload
from bodhi.core.audit import Act, Actor
from bodhi.core.errors import UnknownObject
from bodhi.core.principal import Principal
from bodhi.core.session import IDLE_SECONDS
from bodhi.storage.sessions import Session, delete_sessions, list_sessions
from bodhi.storage.text import is_storable

MOST_SHOWN = 500
NOT_THERE = "You have no such session, or it ended before."

router = APIRouter(tags=["session"])


class SessionShown(BaseModel):
    """One place where one is signed in."""

    id: str
    current: bool
    """Whether it is the session that asks."""
    method: str
    """How it was opened: `password`, `oidc`, `setup` or `invite`."""
    carried_by: str
    """`cookie` for a browser, `bearer` for a program."""
    created_at: Time
    seen_at: Time
    """When it was last used, to the minute."""
    expires_at: Time
    """When it ends at the latest; without use it ends earlier."""
    address: str | None
    """From where it was opened."""
    user_agent: str | None


class Sessions(BaseModel):
    """Where one is signed in, newest first, at most 500."""

    data: list[SessionShown]


@router.get("/sessions")
async def list_own(principal: Allowed, services: Given) -> Sessions:
    """List one's own sessions that have not ended."""
    now = services.clock.now()
    async with services.store.read() as connection:
        found = await list_sessions(connection, principal.user_id, now, idle_since=now - IDLE_SECONDS, limit=MOST_SHOWN)
    return Sessions(data=[_shown(session, principal) for session in found])


@router.delete("/sessions", status_code=204)
async def end_others(principal: Allowed, actor: Acting, services: Given) -> None:
    """End all of one's own sessions but the one that asks."""
    await _end(services, principal, actor, but=principal.session_id)


@router.delete("/sessions/{session_id}", status_code=204)
async def end_one(principal: Allowed, actor: Acting, services: Given, session_id: str) -> None:
    """End one of one's own sessions."""
    await _end(services, principal, actor, only=session_id)


async def _end(
    services: Services, principal: Principal, actor: Actor, *, only: str | None = None, but: str | None = None
) -> None:
    if only is not None and not is_storable(only):
        raise UnknownObject(NOT_THERE)
    async with services.store.write() as connection:
        ended = await delete_sessions(connection, principal.user_id, only=only, but=but)
        if only is not None and not ended:
            raise UnknownObject(NOT_THERE)
        if ended:
            act = Act(
                action="session.close",
                subject_id=principal.user_id,
                subject_name=principal.user_name,
                before={"sessions": sorted(ended)},
            )
            await services.audit.append(connection, actor, act)
    await reload(services)


def _shown(session: Session, principal: Principal) -> SessionShown:
    return SessionShown(
        id=session.id,
        current=session.id == principal.session_id,
        method=session.method,
        carried_by=session.carried_by,
        created_at=session.created_at,
        seen_at=session.seen_at,
        expires_at=session.expires_at,
        address=session.address,
        user_agent=session.user_agent,
    )
