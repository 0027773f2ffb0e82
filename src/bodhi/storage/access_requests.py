"""Repository of requests for a role, by people who have none. Who may ask, and who decides, is identity's."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.errors import Conflict
from bodhi.core.principal import ROLES, Role
from bodhi.storage.paging import page
from bodhi.storage.sessions import lock_user
from bodhi.storage.tables import access_requests, users
from bodhi.storage.text import is_storable

PENDING = "pending"
APPROVED = "approved"
REJECTED = "rejected"
STATES = (PENDING, APPROVED, REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """One request. Times are Unix seconds."""

    id: str
    user_id: str
    user_name: str
    note: str
    state: str = PENDING
    role: Role | None = None
    """The role that was given."""
    created_at: float
    decided_at: float | None = None
    decided_by: str | None = None
    decided_by_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of a request, and by whom."""

    state: str
    role: Role | None = None
    at: float
    by: str | None
    by_name: str | None


async def insert_access_request(connection: AsyncConnection, request: AccessRequest) -> None:
    """Store a new request.

    Raises:
        Conflict: the user does not exist, or has one that waits already.
    """
    # The user's row lock makes the requests of one person take turns.
    if await lock_user(connection, request.user_id) is None:
        raise Conflict("Your account does not exist any more.")
    if await pending_of(connection, request.user_id) is not None:
        raise Conflict("Your request is waiting already. A Manager or Admin will decide.")
    values = {
        "id": request.id,
        "user_id": request.user_id,
        "note": request.note,
        "state": request.state,
        "created_at": request.created_at,
    }
    await connection.execute(insert(access_requests).values(values))


async def pending_of(connection: AsyncConnection, user_id: str) -> AccessRequest | None:
    """Return the request of a user that waits."""
    query = _requests().where(access_requests.c.user_id == user_id, access_requests.c.state == PENDING)
    return _request((await connection.execute(query)).one_or_none())


async def latest_of(connection: AsyncConnection, user_id: str) -> AccessRequest | None:
    """Return the newest request of a user, whatever became of it."""
    query = page(_requests(), access_requests, "created_at", after=None, limit=1, newest_first=True)
    return _request((await connection.execute(query.where(access_requests.c.user_id == user_id))).one_or_none())


async def get_access_request(connection: AsyncConnection, request_id: str) -> AccessRequest | None:
    """Return one request."""
    if not is_storable(request_id):
        return None
    return _request((await connection.execute(_requests().where(access_requests.c.id == request_id))).one_or_none())


async def list_access_requests(
    connection: AsyncConnection, state: str | None = None, *, after: str | None = None, limit: int | None = None
) -> list[AccessRequest]:
    """Return the requests, oldest first: all, or those in a state."""
    query = page(_requests(), access_requests, "created_at", after=after, limit=limit)
    if state is not None:
        query = query.where(access_requests.c.state == state)
    return [_read(row) for row in await connection.execute(query)]


async def decide_access_request(connection: AsyncConnection, request_id: str, decision: Decision) -> bool:
    """Note what became of a request, and tell whether it was still waiting."""
    values = {
        "state": decision.state,
        "role": None if decision.role is None else decision.role.wire,
        "decided_at": decision.at,
        "decided_by": decision.by,
        "decided_by_name": decision.by_name,
    }
    waiting = access_requests.c.id == request_id, access_requests.c.state == PENDING
    return (await connection.execute(update(access_requests).where(*waiting).values(values))).rowcount > 0


def _requests() -> Select[Any]:
    return select(access_requests, users.c.name.label("user_name")).join_from(access_requests, users)


def _request(row: Row[Any] | None) -> AccessRequest | None:
    return None if row is None else _read(row)


def _read(row: Row[Any]) -> AccessRequest:
    return AccessRequest(**{**row._mapping, "role": ROLES.get(row.role)})  # noqa: SLF001 # SQLAlchemy's public name for a row's columns
