"""Repository of sign-in sessions, by the MAC of their secret. Making and checking secrets is identity's."""

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.errors import Conflict
from bodhi.storage.tables import sessions, tokens, users
from bodhi.storage.users import User, read_user
from bodhi.storage.version import bump_config_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in of one person. Times are Unix seconds."""

    id: str
    mac: bytes = field(repr=False)
    user_id: str
    method: str
    """How they proved who they are: `password`, `oidc`, `setup` or `invite`."""
    carried_by: str
    """`cookie` or `bearer`; a secret works only the way it was given out for."""
    created_at: float
    authenticated_at: float
    """When they last proved it."""
    seen_at: float
    expires_at: float
    address: str | None = None
    user_agent: str | None = None


async def insert_session(connection: AsyncConnection, session: Session) -> None:
    """Store a new session.

    Raises:
        Conflict: the user does not exist, or the session does already.
    """
    try:
        await connection.execute(insert(sessions).values(asdict(session)))
    except IntegrityError as error:
        raise Conflict("The session's user does not exist, or the session does already.") from error


async def find_session(
    connection: AsyncConnection, mac: bytes, now: float, *, idle_since: float
) -> tuple[Session, User] | None:
    """Return a session that has not expired and was seen since a time, with its user, unless the user is disabled."""
    query = (
        select(sessions)
        .join_from(sessions, users)
        .where(
            sessions.c.mac == mac,
            sessions.c.expires_at > now,
            sessions.c.seen_at > idle_since,
            users.c.disabled.is_(False),
        )
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    user = (await connection.execute(select(users).where(users.c.id == row.user_id))).one()
    return _session(row), read_user(user)


async def get_session(connection: AsyncConnection, session_id: str) -> Session | None:
    """Return one session by id, whether or not it is over."""
    row = (await connection.execute(select(sessions).where(sessions.c.id == session_id))).one_or_none()
    return None if row is None else _session(row)


async def lock_user(connection: AsyncConnection, user_id: str) -> User | None:
    """Return a user, whom nobody else changes until the transaction ends.

    Opening and ending sessions both begin with it, so that no session of a moment ago survives an account's end.
    """
    row = (await connection.execute(select(users).where(users.c.id == user_id).with_for_update())).one_or_none()
    return None if row is None else read_user(row)


async def list_sessions(
    connection: AsyncConnection, user_id: str, now: float, *, idle_since: float, limit: int | None = None
) -> list[Session]:
    """Return the live sessions of one user, newest first."""
    query = (
        select(sessions)
        .where(sessions.c.user_id == user_id, sessions.c.expires_at > now, sessions.c.seen_at > idle_since)
        .order_by(sessions.c.created_at.desc(), sessions.c.id.desc())
        .limit(limit)
    )
    return [_session(row) for row in await connection.execute(query)]


async def touch_session(connection: AsyncConnection, session_id: str, seen_at: float) -> None:
    """Note that a session was used."""
    await connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen_at=seen_at))


async def confirm_session(
    connection: AsyncConnection, session_id: str, at: float, mac: bytes | None = None
) -> Session | None:
    """Note that the person behind a session has proved again who they are, and return it as it is then, if it exists.

    Args:
        connection: in a transaction of the main database.
        session_id: which.
        at: when.
        mac: of the secret that takes the place of the one before.
    """
    changed: dict[str, Any] = {"authenticated_at": at, "seen_at": at}
    if mac is not None:
        changed["mac"] = mac
    statement = update(sessions).where(sessions.c.id == session_id).values(changed).returning(sessions)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _session(row)


async def delete_sessions(
    connection: AsyncConnection, user_id: str, *, only: str | None = None, but: str | None = None
) -> list[str]:
    """End sessions of one user, and the chat tokens made for them; return their ids.

    Args:
        connection: in a transaction of the main database.
        user_id: whose.
        only: the id of the one to end; all by default.
        but: the id of one to leave.
    """
    await bump_config_version(connection)
    await lock_user(connection, user_id)
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if only is not None:
        statement = statement.where(sessions.c.id == only)
    if but is not None:
        statement = statement.where(sessions.c.id != but)
    return list((await connection.execute(statement.returning(sessions.c.id))).scalars())


async def purge_sessions(connection: AsyncConnection, now: float, *, idle_since: float) -> int:
    """Remove the sessions that have expired or were not used since a time, and return how many there were."""
    old = delete(sessions).where((sessions.c.expires_at <= now) | (sessions.c.seen_at <= idle_since))
    return (await connection.execute(old)).rowcount


async def trim_chat_tokens(connection: AsyncConnection, session_id: str, now: float, *, keep: int) -> None:
    """Remove a session's chat tokens that have expired, and of the others all but the newest."""
    newest = (
        select(tokens.c.id)
        .where(tokens.c.session_id == session_id)
        .order_by(tokens.c.created_at.desc(), tokens.c.id.desc())
        .limit(keep)
    )
    surplus = delete(tokens).where(
        tokens.c.session_id == session_id, or_(tokens.c.expires_at <= now, tokens.c.id.not_in(newest))
    )
    await connection.execute(surplus)


async def purge_chat_tokens(connection: AsyncConnection, now: float) -> int:
    """Remove the chat tokens that have expired, and return how many there were. Snapshots may keep them a while."""
    old = delete(tokens).where(tokens.c.session_id.is_not(None), tokens.c.expires_at <= now)
    return (await connection.execute(old)).rowcount


def _session(row: Row[Any]) -> Session:
    return Session(**{**row._mapping, "mac": bytes(row.mac)})  # noqa: SLF001 # SQLAlchemy's public name for a row's columns
