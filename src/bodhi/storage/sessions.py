"""Repository of sign-in sessions, by the MAC of their secret. Making and checking secrets is identity's."""

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.errors import Conflict
from bodhi.storage.tables import sessions, users
from bodhi.storage.users import User, read_user


async def insert_session(
    connection: AsyncConnection, mac: bytes, user_id: str, created_at: float, expires_at: float
) -> None:
    """Store a new session.

    Raises:
        Conflict: the user does not exist, or the session does already.
    """
    values = {"mac": mac, "user_id": user_id, "created_at": created_at, "expires_at": expires_at}
    try:
        await connection.execute(insert(sessions).values(values))
    except IntegrityError as error:
        raise Conflict("The session's user does not exist, or the session does already.") from error


async def find_session(connection: AsyncConnection, mac: bytes, now: float) -> User | None:
    """Return the user of a session that has not expired, unless the user is disabled."""
    query = (
        select(users)
        .join_from(sessions, users)
        .where(sessions.c.mac == mac, sessions.c.expires_at > now, users.c.disabled.is_(False))
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else read_user(row)


async def delete_session(connection: AsyncConnection, mac: bytes) -> bool:
    """End a session, and tell whether there was one."""
    return (await connection.execute(delete(sessions).where(sessions.c.mac == mac))).rowcount > 0


async def purge_sessions(connection: AsyncConnection, now: float) -> int:
    """Remove the expired sessions and return how many there were."""
    return (await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))).rowcount
